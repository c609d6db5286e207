/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/holder.h — a child that closes our probes by ending.
 *
 * Taking a trap out of a target's memory, the kernel gives up when a fatal signal waits for the
 * process that asks (fatal_signal_pending() in __get_user_pages(), mm/gup.c), and tries no more:
 * the target would meet its end at that trap. So the last one to close the probes is a child that
 * has copies of all our descriptors: signals do not reach a process that is ending already.
 */
#ifndef UTRAIL_CLI_HOLDER_H
#define UTRAIL_CLI_HOLDER_H

#include <sys/types.h>

struct holder {
	pid_t pid; /* 0: there is none, for want of memory; what we close is closed at once */
	int pipe;  /* as long as it is open, the child holds on; it ends with us, however we end */
};

/* Close the descriptors in between. */
struct holder holder_start(void);
/* Waits until the child has closed its copies. */
void holder_end(struct holder *holder);

#endif
