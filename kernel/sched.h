/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/sched.h — `sched`: each time that a thread was off its CPU, and `sched:runq`: how long it
 * waited for one. What the programs hand to fetch plans and conditions, as registers.
 */
#ifndef UTRAIL_KERNEL_SCHED_H
#define UTRAIL_KERNEL_SCHED_H

enum sched_register {
	SCHED_DURATION, /* nanoseconds, as all times here */
	SCHED_BLOCKED,
	SCHED_WAITING,
	SCHED_PREEMPTED, /* 1: it could have run on */
	SCHED_IN,	 /* number of the system call, BLOCKED_OUTSIDE */
	SCHED_ON,	 /* enum blocked_on */
	SCHED_LOCK,	 /* futex: its address */
	SCHED_WAKER_PID, /* 0: nobody was seen to wake it */
	SCHED_WAKER_TID,
	SCHED_WAKER, /* address of its name; 0: nobody */
	SCHED_COMM,  /* address of the thread's own */
	SCHED_REGISTERS,
};

#ifndef __bpf__
#include "common/err.h"
#include "probe/probe.h"

/* Adds the site of `sched:off` (`sched`, `sched:*` name that alone) or `sched:runq`. */
struct err *sched_add_probe(struct probe_set *set, const struct spec *spec) must_check;
/* Of `sched:off` (or, `is_runq`, of `sched:runq`); NULL: there is none. */
const struct probe_site *sched_site(const struct probe_set *set, bool is_runq);
#endif

#endif
