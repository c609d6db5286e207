/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/hit.bpf.h — what all programs at probes in the kernel begin with: is the hit of a traced
 * thread, which area is free for its record, who is the thread.
 */
#ifndef UTRAIL_KERNEL_HIT_BPF_H
#define UTRAIL_KERNEL_HIT_BPF_H

#include "kernel/probe.bpf.h"
#include "probe/filter.bpf.h"
#include "probe/rate.bpf.h"
#include "stream/cost.bpf.h"

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
	scratch->top.site_id = thread && thread->depth ? thread->top.site_id : 0;
	scratch->announced = thread ? thread->announced : 0;
}

/* Says who the current thread is, which has no hit, but is told of later. */
static __always_inline void announce_current(__u64 id, enum fetch_form form)
{
	__u32 level = claim(form);
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	if (!area)
		return;
	area->scratch.id = id;
	area->scratch.time_ns = bpf_ktime_get_boot_ns();
	look_at_thread(&area->scratch, id, fetch_stream(form));
	announce(area);
	area->busy = 0;
}

/* What lies at the context. */
enum context_is {
	CONTEXT_RECORD,
	CONTEXT_WORDS,
	CONTEXT_REGISTERS,
};

/* Of a raw tracepoint and of fentry and fexit the words at the context are the registers of the
 * plan; of others the address of the context is the first one. More words than it has do no harm:
 * they are on the stack. */
static __always_inline void take_registers(struct scratch *scratch, void *ctx, enum context_is kind)
{
	if (kind == CONTEXT_REGISTERS)
		read_kernel(scratch->regs, REGS_USED * sizeof(__u64), ctx);
	else if (kind == CONTEXT_WORDS)
		read_kernel(scratch->regs, KERNEL_WORDS_MAX * sizeof(__u64), ctx);
	else
		scratch->regs[0] = (__u64)ctx;
}

/* What the condition of a site says at a hit, or at the beginning of a call. */
static __always_inline int kernel_filter_entry(struct scratch *scratch, struct site *site,
					       __u32 level, enum fetch_form form)
{
	if (form == FETCH_OLD || !has_filters || !site->filter)
		return FILTER_PASSES;
	scratch->filter.text = FILTER_TEXT;
	scratch->filter.returned = site->flags & SITE_AT_RETURN ? 1 : 0;
	scratch->filter.no_result = 0;
	scratch->filter.began_ns = 0;
	scratch->filter.at = 0;
	scratch->filter.unknown = 0;
	fetch_begin(scratch, FILTER_TEXT);
	return kernel_filter(site->filter, level);
}

/* Is it of interest, by the condition, and by where the thread is, and is there room in its rate?
 * If not, it was counted. `ret_from`: where the condition goes on at the return, + 1; 0: it is
 * decided. NULL: there will be no return. */
static __always_inline bool hit_passes(struct scratch *scratch, struct site *site, __u32 site_id,
				       __u32 level, __u32 *ret_from, enum fetch_form form)
{
	int answer = kernel_filter_entry(scratch, site, level, form);
	if (answer == FILTER_FAILS) {
		stream_count_loss(site_id, LOSS_FILTERED);
		return false;
	}
	if ((site->flags & SITE_INSIDE) && !scratch->depth)
		return false;
	if (answer == FILTER_WAITS && ret_from) {
		*ret_from = scratch->filter.at + 1;
		return true;
	}
	if (rate_allows(site_id, scratch->time_ns, fetch_stream(form)))
		return true;
	stream_count_loss(site_id, LOSS_SUPPRESSED);
	return false;
}

#endif
