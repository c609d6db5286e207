/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* probe/rate.bpf.h — is there room for one more event of this site? See probe/rate.bpf.c. */
#ifndef UTRAIL_PROBE_RATE_BPF_H
#define UTRAIL_PROBE_RATE_BPF_H

#include "stream/stream.bpf.h"

#include "probe/rate.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rate_row);
} rates __weak SEC(".maps");

/* Does any site have a limit? */
extern const volatile bool has_rates;

/* Global functions. */
extern int rate_allows_preemptible(__u32 site_id, __u64 now_ns);
extern int rate_allows_old(__u32 site_id, __u64 now_ns);

/* False: it is to be suppressed, and to be counted as that. `form` is a constant. */
static __always_inline bool rate_allows(__u32 site_id, __u64 now_ns, enum stream_form form)
{
	if (!has_rates)
		return true;
	return form == STREAM_OLD ? rate_allows_old(site_id, now_ns)
				  : rate_allows_preemptible(site_id, now_ns);
}

#endif
