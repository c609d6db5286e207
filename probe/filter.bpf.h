/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/filter.bpf.h — asking the condition of a site: what the programs see of
 * probe/filter.bpf.c.
 */
#ifndef UTRAIL_PROBE_FILTER_BPF_H
#define UTRAIL_PROBE_FILTER_BPF_H

#include "probe/fetch.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct filter_plan);
} filters __weak SEC(".maps");

/* Global functions, defined in probe/filter.bpf.c; all return an enum filter_answer. */
extern int filter_run_sleepable(const struct filter_plan *plan, struct scratch *scratch);
/* After it, when something was absent: the passes that follow; `answer` is that of the one before.
 */
extern int filter_rest(const struct filter_plan *plan, struct scratch *scratch, __u32 from,
		       int answer);
extern int filter_run_atomic(const struct filter_plan *plan, struct scratch *scratch);
extern int filter_run_old(__u32 filter_id);

/* Texts are read to where no entry that waits has its slots. */
#define FILTER_TEXT EVENT_KEPT_MAX

/* In scratch.syscall_filter: something could not be read, all is to be asked again. */
#define FILTER_AGAIN 255

/* Runs the filter from operation `from` on (or FILTER_ALONE); when it waits, scratch->filter.at is
 * where it does. `form` is a constant. */
static __always_inline int filter_run(struct scratch *scratch, __u32 filter_id, __u32 from,
				      enum fetch_form form)
{
	fetch_begin(scratch, scratch->filter.text);
	scratch->filter.at = from;
	scratch->filter.unknown = 0;
	if (form == FETCH_OLD)
		return filter_run_old(filter_id);
	struct filter_plan *plan = bpf_map_lookup_elem(&filters, &filter_id);
	if (!plan)
		return FILTER_PASSES;
	if (form == FETCH_ATOMIC)
		return filter_run_atomic(plan, scratch);
	int answer = filter_run_sleepable(plan, scratch);
	return scratch->absent.count ? filter_rest(plan, scratch, from, answer) : answer;
}

/* At the entry of a call, or at a place that is hit. */
static __always_inline int filter_entry(struct scratch *scratch, __u32 filter_id,
					enum fetch_form form)
{
	scratch->filter.text = FILTER_TEXT;
	scratch->filter.returned = 0;
	return filter_run(scratch, filter_id, 0, form);
}

/* At the return. `began_ns` 0: the entry was not seen. */
static __always_inline int filter_return(struct scratch *scratch, __u32 filter_id, __u32 from,
					 __u64 began_ns, bool has_result, enum fetch_form form)
{
	scratch->filter.text = FILTER_TEXT;
	scratch->filter.returned = 1;
	scratch->filter.no_result = !has_result;
	scratch->filter.began_ns = began_ns;
	return filter_run(scratch, filter_id, from, form);
}

#endif
