/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/probe.bpf.c — what runs at a probe in the kernel: tracepoints, and
 * functions by kprobes.
 *
 * One program serves all sites of a kind where the kernel hands a number of ours to it (the BPF
 * cookie: 5.15 at tracepoints, 6.10 at raw ones); else user space loads a copy of it for each site.
 *
 * A tracepoint's record lies at the context, where the format file says; a raw one's arguments are
 * words there. Both are read by address, never at an offset of the context: the verifier would hold
 * the furthest one against every tracepoint that has fewer.
 */
#include "kernel/hit.bpf.h"
#include "kernel/stack.bpf.h"
#include "stream/sums.bpf.h"

static __always_inline void emit(struct kernel_area *area, __u32 site_id)
{
	struct scratch *scratch = &area->scratch;
	struct event_header *header = stream_head(scratch, sizeof(*header));
	fill_header(area, header, EVENT_INSTANT, sizeof(*header) + scratch->position, site_id);
	header->unavailable = scratch->unavailable;
	if (!stream_emit(scratch, sizeof(*header)))
		stream_count_loss(site_id, LOSS_RING_FULL);
}

/* The hit of `site`, in an area that is ours; what its plan names is in the registers. */
static __always_inline void build(void *ctx, struct kernel_area *area, struct site *site,
				  __u32 site_id, __u32 level, enum fetch_form form)
{
	struct scratch *scratch = &area->scratch;
	enum stream_form stream = fetch_stream(form);
	scratch->time_ns = bpf_ktime_get_boot_ns();
	look_at_thread(scratch, scratch->id, stream);
	if (!hit_passes(scratch, site, site_id, level, NULL, form))
		return;
	if (summing) {
		sum_add_begun(scratch, site_id);
		return;
	}
	cost_begin(scratch, site_id, false);
	announce(area);
	fetch_begin(scratch, 0);
	if (site->entry_plan)
		kernel_fetch(site->entry_plan, level);
	send_stacks(ctx, area, site, site_id, form);
	emit(area, site_id);
	cost_end(scratch, true);
}

static __always_inline int on_hit(void *ctx, __u32 site_id, enum context_is kind,
				  enum fetch_form form)
{
	__u64 id = stream_current_id();
	if (!stream_wants_process(id >> 32))
		return 0;
	struct site *site = bpf_map_lookup_elem(&sites, &site_id);
	if (!site || !site->kind)
		return 0;
	__u32 level = claim(form);
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	if (!area) {
		stream_count_loss(site_id, LOSS_PROBE_BUSY);
		return 0;
	}
	area->scratch.id = id;
	take_registers(&area->scratch, ctx, kind);
	build(ctx, area, site, site_id, level, form);
	area->busy = 0;
	return 0;
}

SEC("tracepoint")
int point_hit(void *ctx)
{
	return on_hit(ctx, (__u32)bpf_get_attach_cookie(ctx), CONTEXT_RECORD, FETCH_ATOMIC);
}

SEC("tracepoint")
int old_point_hit(void *ctx)
{
	return on_hit(ctx, old_site_id, CONTEXT_RECORD, FETCH_OLD);
}

SEC("raw_tp")
int raw_hit(void *ctx)
{
	return on_hit(ctx, (__u32)bpf_get_attach_cookie(ctx), CONTEXT_WORDS, FETCH_ATOMIC);
}

/* From 5.12 to 6.9: no cookie, but all else. */
SEC("raw_tp")
int raw_copy_hit(void *ctx)
{
	return on_hit(ctx, old_site_id, CONTEXT_WORDS, FETCH_ATOMIC);
}

SEC("raw_tp")
int old_raw_hit(void *ctx)
{
	return on_hit(ctx, old_site_id, CONTEXT_WORDS, FETCH_OLD);
}

SEC("kprobe")
int function_hit(void *ctx)
{
	return on_hit(ctx, (__u32)bpf_get_attach_cookie(ctx), CONTEXT_REGISTERS, FETCH_ATOMIC);
}

SEC("kprobe")
int old_function_hit(void *ctx)
{
	return on_hit(ctx, old_site_id, CONTEXT_REGISTERS, FETCH_OLD);
}

/* fentry: and fexit:, of which each function has a copy of its own. The arguments are words, and
 * at the end the result is behind them. The function named here stands for the one that the copy is
 * for. */
SEC("fentry/vfs_read")
int fentry_hit(void *ctx)
{
	return on_hit(ctx, old_site_id, CONTEXT_WORDS, FETCH_ATOMIC);
}

SEC("fexit/vfs_read")
int fexit_hit(void *ctx)
{
	return on_hit(ctx, old_site_id, CONTEXT_WORDS, FETCH_ATOMIC);
}

SEC("fentry/vfs_read")
int old_fentry_hit(void *ctx)
{
	return on_hit(ctx, old_site_id, CONTEXT_WORDS, FETCH_OLD);
}

SEC("fexit/vfs_read")
int old_fexit_hit(void *ctx)
{
	return on_hit(ctx, old_site_id, CONTEXT_WORDS, FETCH_OLD);
}
