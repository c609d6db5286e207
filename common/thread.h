/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/thread.h — work for another processor while a trace starts.
 *
 * Who traces has one thread: capabilities belong to threads, and children are forked. Others live
 * no longer than until all is loaded, and touch what they were given alone; signals are not for
 * them.
 */
#ifndef UTRAIL_COMMON_THREAD_H
#define UTRAIL_COMMON_THREAD_H

struct thread;

/* NULL: there can be none (memory, RLIMIT_NPROC), and nothing was done. */
struct thread *thread_start(void (*work)(void *context), void *context);
/* Waits until the work is done. NULL is fine. */
void thread_join(struct thread *thread);

#endif
