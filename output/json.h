/* SPDX-License-Identifier: Apache-2.0 */
/* output/json.h — values as JSON, inside this folder. See docs/event-format.md for the forms. */
#ifndef UTRAIL_OUTPUT_JSON_H
#define UTRAIL_OUTPUT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/writer.h"

/* All return a new reference, NULL when out of memory. */

/* "…", {"b64":"…"}, and with truncated {"str":"…","truncated":true}, {"b64":…,"truncated":true} */
json_t *json_bytes(struct output *output, const char *bytes, size_t length, bool truncated);
json_t *json_text(struct output *output, const char *text);
/* A number, or a string when it is beyond 2^53. */
json_t *json_unsigned(uint64_t number);
json_t *json_signed(int64_t number);
/* Always a string: times. */
json_t *json_decimal(uint64_t number);
/* "srv:handle"; NULL: task life */
json_t *json_label(struct output *output, const struct probe *probe);
json_t *json_unavailable(struct output *output, const char *why);
json_t *json_shown(struct output *output, const struct shown_scope *scope,
		   const struct shown *shown);
json_t *json_arguments(struct output *output, const struct shown_scope *scope);

/* Arguments of an exec, with a NUL behind each; flags: enum event_exec_flags. */
json_t *json_argv(struct output *output, const char *bytes, size_t size, uint32_t flags);

/*
 * Sets a member, taking over the reference; want of memory (also `value` NULL) is noted in
 * output->nomem. json_set_unique() is for names that the target chose: they are made valid, and
 * unique by a number behind them; `fallback` and the place name what has no name.
 */
void json_set(struct output *output, json_t *object, const char *key, json_t *value);
void json_set_unique(struct output *output, json_t *object, const char *name, const char *fallback,
		     size_t place, json_t *value);

/* json_signal.c: what its siginfo_t says. */
void json_signal(struct output *output, json_t *line, const struct stream_event *event);
/* name, context, depth, inside, args: of a view of the kernel. */
void json_view(struct output *output, json_t *line, const struct stream_event *event);

/* json_tally.c: a row of -c. */
struct tally;
json_t *json_tally(struct output *output, const struct tally *row);

/* json_where.c: the member "where". */
void json_where(struct output *output, json_t *line, const struct stream_where *where);

/* json_changes.c: the member "changes", when they were looked for. */
void json_changes(struct output *output, json_t *line, const struct shown_scope *scope);

/* json_stack.c: the member "stack". */
void json_stack(struct output *output, json_t *line, const struct stack *stack);

/* Appends the object, without the new line, and releases it. */
struct err *json_put_line(struct output *output, json_t *object) must_check;

/* output/sched.c: what an event of `sched` has more. */
void json_sched(struct output *output, json_t *line, const struct stream_event *event);

#endif
