/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/shell/events.h — from the stream's events to what they say of shells: which line was read, by
 * whom, for what.
 */
#ifndef UTRAIL_CLI_SHELL_EVENTS_H
#define UTRAIL_CLI_SHELL_EVENTS_H

#include "cli/shell/find.h"
#include "common/err.h"
#include "output/output.h"
#include "stream/stream.h"
#include "target/selection.h"

struct shell_events;

/* `places` grows while tracing; both outlive this. Of users that are not chosen nothing is told. */
struct err *shell_events_create(const struct shell_places *places,
				const struct selection *selection,
				struct shell_events **ret) must_check;
void shell_events_destroy(struct shell_events *events); /* NULL is fine */
struct stream_sink shell_events_sink(struct shell_events *events, struct output *output);
uint64_t shell_events_count(const struct shell_events *events);

/* A shell runs already. `shared`: its lines are read by a library, which others use, too. */
struct err *shell_events_found(struct shell_events *events, uint32_t pid, const char *name,
			       bool shared) must_check;
/* A process has mapped a shell's program. */
struct err *shell_events_image(struct shell_events *events, uint32_t pid, uint64_t time_ns,
			       const char *name) must_check;
struct err *shell_events_finish(struct shell_events *events) must_check;

#endif
