/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe/perf_probe.h — one probe in user space, as kernels before uprobe_multi (6.6) have it: an
 * event of the PMU "uprobe", and our program on it.
 *
 * Takes CAP_SYS_ADMIN (perf_uprobe_event_init() of kernel/events/core.c). The file is given by
 * descriptor, so what was checked is what is probed. Never `inherit`: forks of the target would
 * fail (EFAULT).
 */
#ifndef UTRAIL_UPROBE_PERF_PROBE_H
#define UTRAIL_UPROBE_PERF_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct perf_probe {
	int file, program;
	uint64_t offset;
	uint64_t semaphore; /* of a marker: its offset in the file; 0: none */
	uint64_t cookie;    /* where there are no cookies (before 5.15), it is not used */
	pid_t pid;	    /* 0: every process */
	bool as_return;
	bool has_cookie;
};

/* Both descriptors are the caller's, and the probe lasts until the last of them is closed; without
 * a cookie *ret_link is -1. Returns 0, or a negative errno. */
int perf_probe_open(const struct perf_probe *probe, int *ret_event, int *ret_link);

#endif
