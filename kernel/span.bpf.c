/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/span.bpf.c — a function of the kernel as a span: `kernel:NAME`.
 *
 * Two programs serve a function, at its entry and at its return: of fentry and fexit a copy for
 * each function, with arguments and result as words at the context; of kprobe and kretprobe one for
 * all where there are cookies (5.15), with the registers there.
 */
#include "kernel/span.bpf.h"
#include "kernel/stack.bpf.h"

static __always_inline bool emit(struct kernel_area *area, __u32 kind, __u32 site_id, __u64 frame,
				 __u64 entry_time_ns, __u32 flags)
{
	struct scratch *scratch = &area->scratch;
	struct {
		struct event_header header;
		struct event_kernel kernel;
	} *head = stream_head(scratch, sizeof(*head));
	fill_header(area, &head->header, kind, sizeof(*head) + scratch->position, site_id);
	head->header.unavailable = scratch->unavailable;
	head->kernel.entry_time_ns = entry_time_ns;
	head->kernel.frame = frame;
	head->kernel.flags = flags;
	head->kernel.reserved = 0;
	return stream_emit(scratch, sizeof(*head));
}

/* False: the call is not followed, and was counted. */
static __always_inline bool begin(void *ctx, struct kernel_area *area, struct site *site,
				  __u32 site_id, __u32 level, const struct kernel_call_key *key,
				  enum fetch_form form)
{
	struct scratch *scratch = &area->scratch;
	struct kernel_call call = {.time_ns = scratch->time_ns, .id = scratch->id};
	look_at_thread(scratch, scratch->id, fetch_stream(form));
	if (!hit_passes(scratch, site, site_id, level, &call.filter, form))
		return false;
	call.parent = scratch->depth ? scratch->top.site_id : 0;
	/* What does not come back needs no place. */
	if ((site->flags & SITE_HAS_RETURN) &&
	    bpf_map_update_elem(&kernel_calls, key, &call, BPF_ANY)) {
		stream_count_loss(site_id, LOSS_NO_STORAGE);
		return false;
	}
	if (summing)
		return sum_add_begun(scratch, site_id);
	announce(area);
	fetch_begin(scratch, 0);
	if (site->entry_plan)
		kernel_fetch(site->entry_plan, level);
	send_stacks(ctx, area, site, site_id, form);
	if (emit(area, EVENT_KERNEL_ENTRY, site_id, key->frame, call.time_ns, 0))
		return true;
	stream_count_loss(site_id, LOSS_RING_FULL);
	return false;
}

static __always_inline int on_entry(void *ctx, __u32 site_id, __u64 frame, enum context_is kind,
				    enum fetch_form form)
{
	__u64 id = stream_current_id();
	if (!stream_wants_process(id >> 32))
		return 0;
	struct site *site = bpf_map_lookup_elem(&sites, &site_id);
	if (!site || !site->kind)
		return 0;
	struct kernel_call_key key = call_key(frame, site_id);
	__u32 level = claim(form);
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	bool followed = false;
	if (area) {
		area->scratch.id = id;
		area->scratch.time_ns = bpf_ktime_get_boot_ns();
		cost_begin(&area->scratch, site_id, false);
		take_registers(&area->scratch, ctx, kind);
		followed = begin(ctx, area, site, site_id, level, &key, form);
		cost_end(&area->scratch, true);
		area->busy = 0;
	} else {
		stream_count_loss(site_id, LOSS_PROBE_BUSY);
	}
	/* A thread that ended inside of such a call may have left one there. */
	if (!followed)
		bpf_map_delete_elem(&kernel_calls, &key);
	return 0;
}

/* Of a call that its condition or its rate leaves out after all; else 0. */
static __always_inline __u32 judge_return(struct scratch *scratch, struct site *site, __u32 site_id,
					  __u32 level, const struct kernel_call *call,
					  enum fetch_form form)
{
	if (form == FETCH_OLD || !has_filters || !call->filter)
		return 0;
	scratch->filter.text = FILTER_TEXT;
	scratch->filter.returned = 1;
	scratch->filter.no_result = 0;
	scratch->filter.began_ns = call->time_ns;
	scratch->filter.at = call->filter - 1;
	scratch->filter.unknown = 0;
	fetch_begin(scratch, FILTER_TEXT);
	if (kernel_filter(site->filter, level) == FILTER_FAILS)
		return EVENT_RETURN_FORGOTTEN;
	return rate_allows(site_id, scratch->time_ns, fetch_stream(form))
		       ? 0
		       : EVENT_RETURN_FORGOTTEN | EVENT_RETURN_SUPPRESSED;
}

static __always_inline void count_forgotten(__u32 site_id, __u32 forgotten)
{
	stream_count_loss(site_id,
			  forgotten & EVENT_RETURN_SUPPRESSED ? LOSS_SUPPRESSED : LOSS_FILTERED);
}

/* Its time is not taken from the function's around it: that of the system call is already. */
static __always_inline void sum_end(struct scratch *scratch, __u32 site_id,
				    const struct kernel_call *call, __u32 forgotten,
				    enum stream_form form)
{
	__u64 ns = scratch->time_ns - call->time_ns;
	if (forgotten) {
		sum_take_back(call->parent, site_id);
		count_forgotten(site_id, forgotten);
		return;
	}
	struct sum_row *row = sum_row(call->parent, site_id, false);
	if (row)
		sum_add_time(row, ns, ns, form);
}

static __always_inline void end(struct kernel_area *area, struct site *site, __u32 site_id,
				__u32 level, __u64 frame, const struct kernel_call *call,
				enum fetch_form form)
{
	struct scratch *scratch = &area->scratch;
	__u32 forgotten = judge_return(scratch, site, site_id, level, call, form);
	if (summing) {
		sum_end(scratch, site_id, call, forgotten, fetch_stream(form));
		return;
	}
	look_at_thread(scratch, scratch->id, fetch_stream(form));
	fetch_begin(scratch, 0);
	if (site->return_plan && !forgotten)
		kernel_fetch(site->return_plan, level);
	if (!emit(area, EVENT_KERNEL_RETURN, site_id, frame, call->time_ns, forgotten))
		stream_count_loss(site_id, LOSS_RETURN_RING_FULL);
	else if (forgotten)
		count_forgotten(site_id, forgotten);
}

static __always_inline int on_return(void *ctx, __u32 site_id, __u64 frame, enum context_is kind,
				     enum fetch_form form)
{
	if (!tracing)
		return 0;
	struct kernel_call_key key = call_key(frame, site_id);
	struct kernel_call *found = bpf_map_lookup_elem(&kernel_calls, &key);
	struct site *site = bpf_map_lookup_elem(&sites, &site_id);
	if (!found || !site)
		return 0;
	struct kernel_call call = *found;
	bpf_map_delete_elem(&kernel_calls, &key);
	__u32 level = claim(form);
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	if (!area) {
		stream_count_loss(site_id, LOSS_RETURN_BUSY);
		return 0;
	}
	/* An exec may have changed it since. */
	area->scratch.id = call.id;
	area->scratch.time_ns = bpf_ktime_get_boot_ns();
	cost_begin(&area->scratch, site_id, true);
	take_registers(&area->scratch, ctx, kind);
	end(area, site, site_id, level, frame, &call, form);
	cost_end(&area->scratch, true);
	area->busy = 0;
	return 0;
}

/* The stack pointer, of registers at the context; it is read at a constant offset. */
static __always_inline __u64 stack_pointer(struct pt_regs *ctx)
{
	return ((__u64 *)ctx)[REG_SP];
}

/* The functions named here stand for those that the copies are for. */
SEC("fentry/vfs_read")
int span_fentry(void *ctx)
{
	return on_entry(ctx, old_site_id, address_of(ctx), CONTEXT_WORDS, FETCH_ATOMIC);
}

SEC("fexit/vfs_read")
int span_fexit(void *ctx)
{
	return on_return(ctx, old_site_id, address_of(ctx), CONTEXT_WORDS, FETCH_ATOMIC);
}

SEC("fentry/vfs_read")
int old_span_fentry(void *ctx)
{
	return on_entry(ctx, old_site_id, address_of(ctx), CONTEXT_WORDS, FETCH_OLD);
}

SEC("fexit/vfs_read")
int old_span_fexit(void *ctx)
{
	return on_return(ctx, old_site_id, address_of(ctx), CONTEXT_WORDS, FETCH_OLD);
}

SEC("kprobe")
int span_kprobe(struct pt_regs *ctx)
{
	return on_entry(ctx, (__u32)bpf_get_attach_cookie(ctx), stack_pointer(ctx),
			CONTEXT_REGISTERS, FETCH_ATOMIC);
}

SEC("kprobe")
int span_kretprobe(struct pt_regs *ctx)
{
	return on_return(ctx, (__u32)bpf_get_attach_cookie(ctx),
			 stack_pointer(ctx) - RETURN_SP_ADJUST, CONTEXT_REGISTERS, FETCH_ATOMIC);
}

SEC("kprobe")
int old_span_kprobe(struct pt_regs *ctx)
{
	return on_entry(ctx, old_site_id, stack_pointer(ctx), CONTEXT_REGISTERS, FETCH_OLD);
}

SEC("kprobe")
int old_span_kretprobe(struct pt_regs *ctx)
{
	return on_return(ctx, old_site_id, stack_pointer(ctx) - RETURN_SP_ADJUST, CONTEXT_REGISTERS,
			 FETCH_OLD);
}
