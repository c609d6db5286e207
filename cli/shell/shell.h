/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/shell/shell.h — `utrail shell`: what is typed into shells, and what it runs.
 *
 * It is a trace like others, with a plan of its own (the places in shells where a line is read, and
 * task life) and between stream and output one who makes commands of the events: shell_track.h.
 * With -p only the named shells and what they start are traced. Without, the task life of the whole
 * machine is, so that a shell that starts later is followed from its first instruction.
 */
#ifndef UTRAIL_CLI_SHELL_SHELL_H
#define UTRAIL_CLI_SHELL_SHELL_H

#include "cli/kernel/kernel.h"
#include "cli/options/options.h"
#include "cli/plan/plan.h"
#include "common/err.h"
#include "output/output.h"
#include "stream/stream.h"
#include "target/target.h"

struct shell;

/* Fills the plan with the shells that run now; both outlive the shell. */
struct err *shell_plan(const struct options *options, struct plan *plan,
		       struct shell **ret) must_check;
void shell_close(struct shell *shell); /* NULL is fine */

/* For stream_options; what comes of it goes to the output. */
struct stream_sink shell_sink(struct shell *shell, struct output *output);
uint64_t shell_count(const struct shell *shell); /* commands told */

/* From here on no file is missed that turns out to be a shell. */
struct err *shell_watch(struct shell *shell, struct kernel *kernel, struct stream *stream,
			const struct process_view *view) must_check;
int shell_fd(const struct shell *shell); /* readable when there is something to take */
struct err *shell_take(struct shell *shell) must_check;
/* What has started since the plan was made; tracing begins. */
struct err *shell_catch_up(struct shell *shell) must_check;
/* Tells what is still open; the stream is finished. */
struct err *shell_finish(struct shell *shell) must_check;

#endif
