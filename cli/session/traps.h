/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/session/traps.h — are the probes still there?
 *
 * A probe is a trap in a page that each process has for itself. Who writes over it, or gives that
 * page back, has no probe any more: a debugger that puts back what it found, a program that patches
 * itself, madvise(MADV_DONTNEED); and in text that is mapped MAP_SHARED the kernel puts none
 * (valid_vma() in kernel/events/uprobes.c). The kernel tells nobody. So the processes are looked
 * at, now and then.
 */
#ifndef UTRAIL_CLI_SESSION_TRAPS_H
#define UTRAIL_CLI_SESSION_TRAPS_H

#include "cli/kernel/kernel.h"
#include "cli/plan/plan.h"
#include "common/err.h"
#include "stream/stream.h"

struct traps;

/* All of them outlive it. */
struct traps_parts {
	const struct plan *plan;
	const struct kernel *kernel;
	struct stream *stream;
	const struct process_view *view;
	bool holds; /* the view has our own rights, which are about to go */
};

/* While we have the rights to look at processes. */
struct err *traps_open(const struct traps_parts *parts, uint64_t now_ns,
		       struct traps **ret) must_check;
void traps_close(struct traps *traps); /* NULL is fine */

/*
 * Looks at some processes, when it is time again. What is missing is looked at once more a moment
 * later, before it is told as a gap: a debugger steps over a place by writing to it. `at_once`: it
 * is time, and told at the first look.
 */
struct err *traps_look(struct traps *traps, uint64_t now_ns, bool at_once) must_check;
/* Notes of the plan's processes that somebody else traces. */
struct err *traps_note_debuggers(struct plan *plan) must_check;

#endif
