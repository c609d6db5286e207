/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/process/holder.h — children that close our probes by ending.
 *
 * Taking a trap out of a target's memory, the kernel gives up when a fatal signal waits for the
 * process that asks (fatal_signal_pending() in __get_user_pages(), mm/gup.c), and tries no more:
 * the target would meet its end at that trap. So the last ones to close the probes are children
 * that have copies of our descriptors: signals do not reach a process that is ending already.
 *
 * There are several of them, each with its share: at each descriptor the kernel waits until no
 * processor can be in our program any more, tens of milliseconds, and so they wait at the same
 * time.
 */
#ifndef UTRAIL_CLI_PROCESS_HOLDER_H
#define UTRAIL_CLI_PROCESS_HOLDER_H

#include <stddef.h>
#include <sys/types.h>

#define HOLDERS_MAX 4

struct holders {
	pid_t pids[HOLDERS_MAX];
	size_t count; /* 0: there are none, for want of memory; what we close is closed at once */
	int pipe;     /* as long as it is open, they hold on; they end with us, however we end */
};

/* Of `fds` each gets its share; of all else all have copies. Close the descriptors in between. */
struct holders holders_start(const int *fds, size_t count);
/* The children begin to close their copies. */
void holders_release(struct holders *holders);
/* Waits until they have. */
void holders_end(struct holders *holders);

#endif
