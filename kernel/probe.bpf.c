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
#include "kernel/probe.bpf.h"
#include "probe/rate.bpf.h"
#include "stream/cost.bpf.h"

/* Not stream_wants_current(): what it may call at a change of user is not for any context. */
static __always_inline bool wants(__u64 id)
{
	__u32 tgid = id >> 32;
	if (!tracing)
		return false;
	if (only_process)
		return tgid == only_process;
	if (filter_by_process)
		return bpf_map_lookup_elem(&targets, &tgid);
	return tgid != own_process && tgid != 0;
}

/* Number of a free area of this CPU, which is the caller's then; KERNEL_AREAS: there is none. */
static __always_inline __u32 claim(enum fetch_form form)
{
	for (__u32 level = 0; level < KERNEL_AREAS; level++) {
		__u32 key = level;
		struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &key);
		if (!area || area->busy)
			continue;
		/* The old kernels do not preempt us, and who interrupts us has ended before we go
		 * on.
		 */
		if (form == FETCH_OLD)
			area->busy = 1;
		else if (__sync_lock_test_and_set(&area->busy, 1))
			continue;
		return level;
	}
	return KERNEL_AREAS;
}

static __always_inline void fill_header(struct kernel_area *area, struct event_header *header,
					__u32 kind, __u32 size, __u32 site_id)
{
	struct scratch *scratch = &area->scratch;
	header->time_ns = scratch->time_ns;
	header->tgid = scratch->id >> 32;
	header->tid = (__u32)scratch->id;
	header->site_id = site_id;
	header->kind = kind;
	header->size = size;
	/* Not from the CPU's sequence, which a program that we interrupt may be counting up. */
	header->sequence = area->attempts++;
	header->cpu = bpf_get_smp_processor_id();
	header->depth = scratch->depth;
	header->span = scratch->top.number;
	header->unavailable = 0;
}

static __always_inline bool is_announced(__u32 tid, __u64 began_ns)
{
	__u64 *known = bpf_map_lookup_elem(&kernel_threads, &tid);
	return known && *known == began_ns;
}

/* Who the thread is, once. What does not fit into the map is told with every hit. */
static __always_inline void announce(struct kernel_area *area)
{
	struct scratch *scratch = &area->scratch;
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 began_ns = BPF_CORE_READ(task, start_boottime);
	__u32 tid = (__u32)scratch->id;
	struct {
		struct event_header header;
		struct event_task task;
	} *record = (void *)scratch->payload;
	if (scratch->announced || is_announced(tid, began_ns))
		return;
	fill_header(area, &record->header, EVENT_TASK, sizeof(*record), 0);
	record->header.depth = 0;
	record->header.span = 0;
	stream_describe_task(&record->task);
	if (stream_send_life(record, sizeof(*record)))
		bpf_map_update_elem(&kernel_threads, &tid, &began_ns, BPF_ANY);
	else
		stream_count_loss(0, LOSS_BOOKKEEPING);
}

/* How deep the thread is in user functions, as far as its state is there. */
static __always_inline void look_at_thread(struct scratch *scratch, __u64 id, enum stream_form form)
{
	struct scratch *thread = stream_scratch(id, form, false);
	scratch->depth = thread ? thread->depth : 0;
	scratch->top.number = thread && thread->depth ? thread->top.number : 0;
	scratch->announced = thread ? thread->announced : 0;
}

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
static __always_inline void build(struct kernel_area *area, struct site *site, __u32 site_id,
				  __u32 level, enum fetch_form form)
{
	struct scratch *scratch = &area->scratch;
	enum stream_form stream = fetch_stream(form);
	scratch->time_ns = bpf_ktime_get_boot_ns();
	look_at_thread(scratch, scratch->id, stream);
	if ((site->flags & SITE_INSIDE) && !scratch->depth)
		return;
	if (!rate_allows(site_id, scratch->time_ns, stream)) {
		stream_count_loss(site_id, LOSS_SUPPRESSED);
		return;
	}
	cost_begin(scratch, site_id, false);
	announce(area);
	fetch_begin(scratch, 0);
	if (site->entry_plan)
		kernel_fetch(site->entry_plan, level);
	emit(area, site_id);
	cost_end(scratch, true);
}

/* What lies at the context. */
enum context_is {
	CONTEXT_RECORD,
	CONTEXT_WORDS,
	CONTEXT_REGISTERS,
};

/* Of a raw tracepoint the words at the context are the registers of the plan; of others the address
 * of the context is the first one. More words than it has do no harm: they are on the stack. */
static __always_inline int on_hit(void *ctx, __u32 site_id, enum context_is kind,
				  enum fetch_form form)
{
	__u64 id = stream_current_id();
	if (!wants(id))
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
	if (kind == CONTEXT_REGISTERS)
		read_kernel(area->scratch.regs, REGS_USED * sizeof(__u64), ctx);
	else if (kind == CONTEXT_WORDS)
		read_kernel(area->scratch.regs, KERNEL_WORDS_MAX * sizeof(__u64), ctx);
	else
		area->scratch.regs[0] = (__u64)ctx;
	build(area, site, site_id, level, form);
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
