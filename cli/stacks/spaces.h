/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/stacks/spaces.h — what code each traced process has mapped, and had at the time of an event.
 *
 * A stack is looked at some milliseconds after it was taken, and its process may have ended by
 * then, or run another program. So the kernel is asked to tell every mapping, fork and exec with
 * its time (life_watch_open()); what was told is applied only as far as the event at hand goes.
 * Files are opened as soon as they are told of, while somebody still runs them.
 */
#ifndef UTRAIL_CLI_STACKS_SPACES_H
#define UTRAIL_CLI_STACKS_SPACES_H

#include "cli/kernel/kernel.h"
#include "cli/plan/plan.h"
#include "common/err.h"
#include "output/shown.h"
#include "symbols/stack.h"
#include "target/target.h"

struct spaces;

/* All of them outlive it. */
struct spaces_parts {
	const struct plan *plan; /* its images are used where they are the same file */
	const struct kernel *kernel;
	const struct process_view *view;
	bool waits; /* what a process has mapped by now is opened when it is asked for */
	bool data;  /* pointers to anything are asked about, where only some processes are traced */
};

/* Where mappings cannot be watched, *ret_unwatched says why: then each process is looked at when
 * its first stack comes, and that can be too late. NULL: they are watched. */
struct err *spaces_open(const struct spaces_parts *parts, struct spaces **ret,
			struct err **ret_unwatched) must_check;
void spaces_close(struct spaces *spaces); /* NULL is fine */

/* NULL is fine for these three. */
int spaces_fd(const struct spaces *spaces); /* readable when there is something to take; or -1 */
/* Before the events that happened up to now are delivered. */
struct err *spaces_take(struct spaces *spaces) must_check;
/* What the traced processes have mapped now is what they had up to now. Before anything is dropped
 * that reading them takes. */
struct err *spaces_look(struct spaces *spaces) must_check;

/* What was mapped executable there; false: nothing that is known. Times never go back far: what
 * was told for times up to `time_ns` is applied. */
bool spaces_find(struct spaces *spaces, pid_t pid, uint64_t time_ns, uint64_t address,
		 struct stack_code *ret);
/*
 * The same of what a pointer leads to, in a file: what is mapped executable there, or data of a
 * file whose code is near, as the loader puts them together. Also false when the process has had
 * something else in that place since, or may have had it.
 */
bool spaces_find_pointee(struct spaces *spaces, pid_t pid, uint64_t time_ns, uint64_t address,
			 enum shown_leads leads, struct image **ret, uint64_t *ret_address);

#endif
