/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/ending.bpf.h — which system calls are told, by how they end, by their conditions, and by
 * rate. Included by kernel/syscall.bpf.c.
 */
#ifndef UTRAIL_KERNEL_ENDING_BPF_H
#define UTRAIL_KERNEL_ENDING_BPF_H

#include "kernel/status.h"
#include "kernel/tally.bpf.h"
#include "probe/fetch.bpf.h"
#include "probe/filter.bpf.h"
#include "probe/rate.bpf.h"
#include "stream/stream.bpf.h"

/* include/uapi/asm-generic/errno-base.h, errno.h */
#define EINTR	  4
#define EAGAIN	  11
#define ETIMEDOUT 110

/* --- how calls end (-z, -Z, --status) --------------------------------------------------------- */

static __always_inline bool status_is_wanted(__u32 site_id, __u32 status)
{
	if (!statuses || (statuses & status))
		return true;
	stream_count_loss(site_id, LOSS_FILTERED);
	return false;
}

/* What does not come back is not known to be successful; but a signal's handler has returned. */
static __always_inline __u32 status_of_one_way(__u32 number)
{
	return number == sigreturn_number ? STATUS_SUCCESSFUL : STATUS_UNFINISHED;
}

/* Their site is that of calls which do return. One whose end a condition asks for is not told. */
static __always_inline bool is_narrow_exit(const struct scratch *scratch, __u32 number)
{
	return other_calls_site && !summing &&
	       (number == EVENT_NARROW_EXIT || number == EVENT_NARROW_EXIT_GROUP) &&
	       (!has_filters || !scratch->syscall_filter);
}

/* --- conditions ------------------------------------------------------------------------------ */

/* What a condition leaves over may still exceed the rate. */
static __always_inline bool has_room(__u32 site_id, __u64 time_ns, enum fetch_form form)
{
	if (rate_allows(site_id, time_ns, fetch_stream(form)))
		return true;
	stream_count_loss(site_id, LOSS_SUPPRESSED);
	return false;
}

/* Is any call open around it, in the thread or in the goroutine that is there? */
static __always_inline bool ending_is_inside(struct scratch *scratch)
{
	return scratch->depth > 0 || (follows_go && scratch->go.parent);
}

/* False: whatever the call returns, it does not count. */
static __always_inline bool enter_passes(struct scratch *scratch, struct site *site, __u32 site_id,
					 __u32 number, enum fetch_form form)
{
	int answer = FILTER_PASSES;
	scratch->filter.unknown = 0;
	if (site->filter)
		answer = filter_entry(scratch, site->filter, form);
	scratch->syscall_filter = scratch->filter.unknown  ? FILTER_AGAIN
				  : answer == FILTER_WAITS ? scratch->filter.at + 1
							   : 0;
	if (answer == FILTER_FAILS) {
		stream_count_loss(site_id, LOSS_FILTERED);
		return false;
	}
	bool outside = (site->flags & SITE_INSIDE) && !ending_is_inside(scratch);
	bool is_one_way = !(site->flags & SITE_HAS_RETURN);
	if (outside)
		return true;
	if (is_one_way && !status_is_wanted(site_id, status_of_one_way(number)))
		return false;
	if (scratch->syscall_filter || (statuses && !is_one_way))
		return true;
	return has_room(site_id, scratch->time_ns, form);
}

/* The arguments are there from the entry; behind their slots is room for a text. What was not in
 * memory at the entry mostly is by now. */
static __always_inline bool exit_passes(struct scratch *scratch, struct site *site,
					enum fetch_form form)
{
	__u32 from = scratch->syscall_filter;
	/* Nothing of what it asked for is there any more. */
	if (from == FILTER_AGAIN && scratch->execed)
		return has_room(scratch->syscall_site, scratch->time_ns, form);
	scratch->filter.text = scratch->syscall_size;
	scratch->filter.returned = 1;
	scratch->filter.no_result = 0;
	scratch->filter.began_ns = scratch->syscall_time_ns;
	if (filter_run(scratch, site->filter, from == FILTER_AGAIN ? 0 : from - 1, form) !=
	    FILTER_FAILS)
		return has_room(scratch->syscall_site, scratch->time_ns, form);
	stream_count_loss(scratch->syscall_site, LOSS_FILTERED);
	return false;
}

/*
 * Strace never sees that such a call has returned: so it is not told as one that has. A signal that
 * kills a process is turned into SIGKILL for each thread (complete_signal() in kernel/signal.c),
 * but the first thread of a traced one would get the signal itself.
 */
static __always_inline bool is_killed_inside(const struct scratch *scratch, __s64 result)
{
	if (result > -512 && result != -EINTR)
		return false;
	struct task_struct *task = (void *)bpf_get_current_task();
	if (!(BPF_CORE_READ(task, pending.signal.sig[0]) & (1UL << (SIGKILL - 1))))
		return false;
	__u32 why = BPF_CORE_READ(task, signal, group_exit_code) & 0x7f;
	return !why || why == SIGKILL || scratch->id >> 32 != (__u32)scratch->id;
}

static __always_inline bool exit_is_wanted(struct scratch *scratch, struct site *site, __s64 result,
					   enum fetch_form form)
{
	__u32 status = !tally_is_error(result)			       ? STATUS_SUCCESSFUL
		       : statuses && is_killed_inside(scratch, result) ? STATUS_UNFINISHED
								       : STATUS_FAILED;
	if (!status_is_wanted(scratch->syscall_site, status))
		return false;
	if (!has_filters)
		return true;
	if (scratch->syscall_filter)
		return exit_passes(scratch, site, form);
	return !statuses || has_room(scratch->syscall_site, scratch->time_ns, form);
}

#endif
