/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/cost.bpf.h — --cost: how often each site was hit, and how long the programs ran for it.
 *
 * Between cost_begin() and cost_end() a thread is in one program only: no other of ours can hit.
 */
#ifndef UTRAIL_STREAM_COST_BPF_H
#define UTRAIL_STREAM_COST_BPF_H

#include "stream/stream.bpf.h"

/* By site. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cost_row);
} costs __weak SEC(".maps");

extern const volatile bool measure_cost;
/* CPU time of traced threads that have ended. */
extern volatile __u64 ended_cpu_ns;

static __always_inline void cost_begin(struct scratch *scratch, __u32 site_id, bool is_trampoline)
{
	if (!measure_cost)
		return;
	scratch->cost_began_ns = bpf_ktime_get_ns();
	scratch->cost_site = site_id;
	scratch->cost_is_return = is_trampoline;
}

/* `is_hit`: not the second part of one that was counted. */
static __always_inline void cost_end(struct scratch *scratch, bool is_hit)
{
	if (!measure_cost)
		return;
	__u32 site_id = scratch->cost_site;
	struct cost_row *row = bpf_map_lookup_elem(&costs, &site_id);
	if (!row)
		return;
	__sync_fetch_and_add(&row->run_ns, bpf_ktime_get_ns() - scratch->cost_began_ns);
	if (is_hit && scratch->cost_is_return)
		__sync_fetch_and_add(&row->returns, 1);
	else if (is_hit)
		__sync_fetch_and_add(&row->hits, 1);
}

#endif
