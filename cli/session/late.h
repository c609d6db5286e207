/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/session/late.h — what the target maps while it is traced (dlopen, exec) is probed, too.
 *
 * The kernel tells of a mapping when it is made, and the file's code may run a moment later, before
 * our probes are in place: that time is a gap, and is told as one. A file that is known already has
 * none, because probes belong to files: the kernel puts them into every new mapping itself.
 */
#ifndef UTRAIL_CLI_SESSION_LATE_H
#define UTRAIL_CLI_SESSION_LATE_H

#include "cli/kernel/kernel.h"
#include "cli/options/options.h"
#include "cli/plan/plan.h"
#include "common/err.h"
#include "stream/stream.h"

struct late;
struct waker;

/* All of them outlive it. From here on no mapping is missed. */
struct late_parts {
	const struct options *options;
	struct plan *plan;
	struct kernel *kernel;
	struct stream *stream;
	const struct process_view *view; /* we have no rights of our own by then */
	struct waker *waker;		 /* NULL: nobody is stopped for a new file */
};
struct err *late_open(const struct late_parts *parts, struct late **ret) must_check;
void late_close(struct late *late); /* NULL is fine */

int late_fd(const struct late *late); /* readable when there is something to take */
/* Probes what was mapped. Only errors that end the trace: what cannot be probed is said. */
struct err *late_take(struct late *late) must_check;
/* A process has come to match a selection: probes what it has mapped already. pid 0: it is not
 * known which. */
struct err *late_joined(struct late *late, pid_t pid, uint64_t time_ns) must_check;
/* What was mapped after the plan was made and before tracing began; no gap, nothing was promised
 * for that time. */
struct err *late_catch_up(struct late *late) must_check;
/* Were more calls open at once than the kernel's return probes follow? Then `ret` instructions are
 * probed from now on. */
struct err *late_look_at_depth(struct late *late) must_check;

#endif
