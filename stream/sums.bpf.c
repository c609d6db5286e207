/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* stream/sums.bpf.c — `utrail stat`: calls of functions, added up when they begin and end. */
#include "stream/sums.bpf.h"

const volatile bool summing = false;

/* Kernels before 6.8 verify global functions that nobody calls, too. Without `summing` the maps
 * are not there, so each of these ends at once then. */

/* The frame is the one that the span will have, if it has one. */
static __always_inline int begin(struct scratch *scratch, __u32 site_id, enum stream_form form)
{
	if (tell_where) {
		struct where_frame *frame = where_frame(scratch->id, scratch->depth, form);
		if (!frame) {
			stream_count_loss(site_id, LOSS_NO_STORAGE);
			return 0;
		}
		frame->blocked_ns = scratch->where_now.blocked_ns;
		frame->waited_ns = scratch->where_now.waited_ns;
	}
	return sum_add_begun(scratch, site_id);
}

__noinline int sum_begin(struct scratch *scratch, __u32 site_id)
{
	return summing && scratch ? begin(scratch, site_id, STREAM_PREEMPTIBLE) : 0;
}

__noinline int sum_begin_old(__u32 site_id)
{
	struct scratch *scratch = stream_scratch(stream_current_id(), STREAM_OLD, false);
	return summing && scratch ? begin(scratch, site_id, STREAM_OLD) : 0;
}

/* Its time is inside of what is the top then, whether it counts itself or not. */
static __always_inline void step_out(struct scratch *scratch, __u64 ns, enum stream_form form)
{
	scratch->inner_ns = 0;
	if (!scratch->depth)
		return;
	if (form == STREAM_OLD)
		spans_load_top_old();
	else
		spans_load_top(scratch);
	scratch->inner_ns += ns;
}

static __always_inline int close_top(struct scratch *scratch, __u32 forgotten,
				     enum stream_form form)
{
	__u64 ns = scratch->time_ns - scratch->top.time_ns;
	__u64 self_ns = ns > scratch->inner_ns ? ns - scratch->inner_ns : 0;
	__u32 site_id = scratch->top.site_id;
	bool counted = scratch->top.number != 0;
	step_out(scratch, ns, form);
	if (!counted)
		return 0;
	if (forgotten) {
		sum_take_back(sum_parent(scratch), site_id);
		stream_count_loss(site_id, forgotten & EVENT_RETURN_SUPPRESSED ? LOSS_SUPPRESSED
									       : LOSS_FILTERED);
		return 0;
	}
	struct sum_row *row = sum_row(sum_parent(scratch), site_id, false);
	if (!row)
		return 0;
	sum_add_time(row, ns, self_ns, form);
	struct where_frame *frame =
		tell_where ? where_frame(scratch->id, scratch->depth, form) : NULL;
	if (frame)
		sum_add_where(scratch, row, frame->blocked_ns, frame->waited_ns);
	return 0;
}

__noinline int sum_close(struct scratch *scratch, __u32 forgotten)
{
	return summing && scratch ? close_top(scratch, forgotten, STREAM_PREEMPTIBLE) : 0;
}

__noinline int sum_close_old(__u32 forgotten)
{
	struct scratch *scratch = stream_scratch(stream_current_id(), STREAM_OLD, false);
	return summing && scratch ? close_top(scratch, forgotten, STREAM_OLD) : 0;
}

static __always_inline int add_unwound(struct scratch *scratch, __u32 site_id)
{
	struct sum_row *row = sum_row(sum_parent(scratch), site_id, false);
	if (row)
		__sync_fetch_and_add(&row->unwound, 1);
	return 0;
}

__noinline int sum_unwound(struct scratch *scratch, __u32 site_id)
{
	return summing && scratch ? add_unwound(scratch, site_id) : 0;
}

__noinline int sum_unwound_old(__u32 site_id)
{
	struct scratch *scratch = stream_scratch(stream_current_id(), STREAM_OLD, false);
	return summing && scratch ? add_unwound(scratch, site_id) : 0;
}
