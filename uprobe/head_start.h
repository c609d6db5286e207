/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe/head_start.h — the kernel's wait before a first probe, begun before there is one.
 *
 * Who puts a probe into files, or takes one out, has the kernel's dup_mmap_sem for writing. To get
 * it takes a grace period of RCU, about as long as all the rest of a start, unless another one had
 * it within the last such period (rcu_sync_enter(), kernel/rcu/sync.c). So a child puts a probe
 * into a file of its own, while there is still work to be done, and takes it out again. No process
 * has that file mapped: none gets a trap.
 *
 * It saves time and nothing else; what does not work is not told.
 */
#ifndef UTRAIL_UPROBE_HEAD_START_H
#define UTRAIL_UPROBE_HEAD_START_H

#include <sys/types.h>

struct head_start {
	pid_t pid; /* 0: there is none */
	int pipe;
};

/* Needs the rights to probe. The child has nothing of ours open, belongs to init soon, and ends
 * with us, however we end. */
struct head_start head_start_begin(void);
/* Probes are near: a grace period that is over is asked for again. Waits for nothing that takes
 * time. What is not begun is fine; this ends it. */
void head_start_end(struct head_start *head_start);

#endif
