/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/view.bpf.h — what the programs of all views of the kernel share (docs/decisions/17).
 *
 * Such a program hooks tracepoints, finds out whose event it is, claims an area of its CPU as
 * probes in the kernel do, describes the event in the area's record, and hands it to view_send().
 * The rest is that of any other probe: condition, rate, plan, ring, losses, sums.
 */
#ifndef UTRAIL_KERNEL_VIEW_BPF_H
#define UTRAIL_KERNEL_VIEW_BPF_H

#include "kernel/kept_stack.bpf.h"
#include "kernel/view_records.h"
#include "stream/sums.bpf.h"

struct view_head {
	__u64 id; /* whose it is; 0: not known */
	__u64 time_ns, began_ns;
	__u32 event; /* enum view_number */
	__u32 flags; /* enum event_view_flags */
	__u32 depth, span;
	__u32 inside; /* site */
	__u32 failed;
	/* In kept_stacks; stack_ns 0: it has no stack. */
	__u64 stack_key, stack_ns;
};

struct view_record {
	struct view_head head;
	union {
		struct tcp_record tcp;
		struct block_record block;
		__u8 bytes[VIEW_RECORD_BYTES];
	};
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KERNEL_AREAS);
	__type(key, __u32);
	__type(value, struct view_record);
} view_records __weak SEC(".maps");

/* The site of each event; 0: nobody asks for it. */
extern const volatile __u32 view_sites[VIEW_NUMBERS];

static __always_inline bool view_is_wanted(__u32 event)
{
	return view_sites[event & (VIEW_NUMBERS - 1)] != 0;
}

static __always_inline void view_count_loss(__u32 event, enum loss_cause cause)
{
	__u32 site_id = view_sites[event & (VIEW_NUMBERS - 1)];
	if (site_id)
		stream_count_loss(site_id, cause);
}

/* The record of a free area; NULL: there is none, and that was counted. To be told, and given back.
 */
static __always_inline struct view_record *view_begin(__u32 event, __u64 id, __u32 *ret_level,
						      enum fetch_form form)
{
	__u32 level = claim(form);
	struct view_record *record = bpf_map_lookup_elem(&view_records, &level);
	if (!record) {
		view_count_loss(event, LOSS_PROBE_BUSY);
		return NULL;
	}
	__builtin_memset(&record->head, 0, sizeof(record->head));
	record->head.id = id;
	record->head.event = event;
	record->head.time_ns = bpf_ktime_get_boot_ns();
	*ret_level = level;
	return record;
}

static __always_inline void view_end(__u32 level)
{
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	if (area)
		area->busy = 0;
}

/* --- from the record to the stream, or to the sums -------------------------------------------- */

static __always_inline __u64 view_duration(const struct view_head *head)
{
	return head->flags & EVENT_VIEW_DURATION ? head->time_ns - head->began_ns : 0;
}

static __always_inline void view_add_up(const struct view_head *head, __u32 site_id,
					enum fetch_form form)
{
	__u64 ns = view_duration(head);
	struct sum_row *row = sum_row(head->inside, site_id, true);
	if (!row) {
		stream_count_loss(site_id, LOSS_TABLE_FULL);
		return;
	}
	__sync_fetch_and_add(&row->begun, 1);
	if (head->failed)
		__sync_fetch_and_add(&row->errors, 1);
	if (head->flags & EVENT_VIEW_DURATION)
		sum_add_time(row, ns, ns, fetch_stream(form));
}

static __always_inline void view_write(struct kernel_area *area, const struct view_head *head,
				       __u32 site_id)
{
	struct scratch *scratch = &area->scratch;
	struct {
		struct event_header header;
		struct event_view view;
	} *record = stream_head(scratch, sizeof(*record));
	fill_header(area, &record->header, EVENT_VIEW, sizeof(*record) + scratch->position,
		    site_id);
	record->header.unavailable = scratch->unavailable;
	record->view.duration_ns = view_duration(head);
	record->view.flags = head->flags | (head->stack_ns ? EVENT_VIEW_STACK : 0);
	record->view.inside = head->inside;
	if (!stream_emit(scratch, sizeof(*record)))
		stream_count_loss(site_id, LOSS_RING_FULL);
}

/* A condition may ask how long it took: that is known already. */
static __always_inline int view_ask(struct scratch *scratch, struct site *site,
				    const struct view_head *head, __u32 level, enum fetch_form form)
{
	if (form == FETCH_OLD || !has_filters || !site->filter)
		return FILTER_PASSES;
	scratch->filter.text = FILTER_TEXT;
	scratch->filter.returned = 1;
	scratch->filter.no_result = 1;
	scratch->filter.began_ns = head->flags & EVENT_VIEW_DURATION ? head->began_ns : 0;
	scratch->filter.at = 0;
	scratch->filter.unknown = 0;
	fetch_begin(scratch, FILTER_TEXT);
	return kernel_filter(site->filter, level);
}

static __always_inline int view_tell(__u32 level, enum fetch_form form)
{
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	struct view_record *record = bpf_map_lookup_elem(&view_records, &level);
	if (!area || !record)
		return 0;
	struct scratch *scratch = &area->scratch;
	struct view_head *head = &record->head;
	__u32 site_id = view_sites[head->event & (VIEW_NUMBERS - 1)];
	struct site *site = bpf_map_lookup_elem(&sites, &site_id);
	if (!site || !site->kind)
		return 0;
	scratch->id = head->id;
	scratch->time_ns = head->time_ns;
	scratch->depth = head->depth;
	scratch->top.number = head->span;
	scratch->top.site_id = head->inside;
	scratch->regs[0] = (__u64)record->bytes;
	if (view_ask(scratch, site, head, level, form) == FILTER_FAILS) {
		stream_count_loss(site_id, LOSS_FILTERED);
		return 0;
	}
	if (!rate_allows(site_id, scratch->time_ns, fetch_stream(form))) {
		stream_count_loss(site_id, LOSS_SUPPRESSED);
		return 0;
	}
	if (summing) {
		view_add_up(head, site_id, form);
		return 0;
	}
	fetch_begin(scratch, 0);
	if (site->entry_plan)
		kernel_fetch(site->entry_plan, level);
	kept_stack_send(site, site_id, level, head->stack_key, head->stack_ns);
	view_write(area, head, site_id);
	return 0;
}

/* Not a global function: the verifier counts eight of them from the program to the end of a path
 * (kernel/path.bpf.c), and allows no more. */
static __always_inline void view_send(__u32 level, enum fetch_form form)
{
	view_tell(level, form);
	view_end(level);
}

/* --- the current thread ------------------------------------------------------------------------
 */

/* Where the current thread is: the event is one of its own. */
static __always_inline void view_look(struct view_head *head, enum fetch_form form)
{
	struct scratch *thread = stream_scratch(head->id, fetch_stream(form), false);
	head->depth = thread ? thread->depth : 0;
	head->span = thread && thread->depth ? thread->top.number : 0;
	head->inside = thread && thread->depth ? thread->top.site_id : 0;
}

/* It may be told of later, where it is not at hand. */
static __always_inline void view_announce(__u64 id, enum fetch_form form)
{
	if (!summing)
		announce_current(id, form);
}

#endif
