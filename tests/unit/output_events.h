/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/output_events.h — events made by hand, and what the writers make of them. */
#ifndef UTRAIL_TESTS_OUTPUT_EVENTS_H
#define UTRAIL_TESTS_OUTPUT_EVENTS_H

#include "output/output.h"

#define MADE_VALUES 16

/* One event with all that it points to. Fill in through the functions below. */
struct made {
	struct probe probe;
	struct probe_site site;
	struct value values[MADE_VALUES];
	struct value result;
	struct slots arguments, results;
	struct stream_task task;
	struct stream_event event;
	char files[MADE_VALUES][64];
	size_t n_files;
};

extern const struct type type_int, type_long, type_ulong, type_hex, type_mode, type_bool, type_char,
	type_float, type_double, type_pointer, type_string, type_bytes, type_fd, type_errno,
	type_void, type_color, type_open_flags, type_sockaddr, type_chars, type_ints;

/* A call of srv:handle at 12:00:01.000123 UTC (made_options), by srv[4242/4250]. */
struct made *made_event(enum stream_event_kind kind, const char *name);
/* Appends an argument; the returned value may be changed. */
struct value *made_number(struct made *made, const char *name, const struct type *type,
			  uint64_t number);
struct value *made_text(struct made *made, const char *name, const struct type *type,
			const char *bytes, uint32_t length, uint32_t blob_flags);
struct value *made_missing(struct made *made, const char *name, const char *why);
/* What the descriptor `value`, an argument or the result, stood for: as FETCH_FILE reads it.
 * `names` is a literal with a NUL behind each name but the last. */
void made_file(struct made *made, struct value *value, const char *names, size_t size,
	       uint32_t flags);
/* It ended: kind of result, duration 12000 ns. */
void made_result(struct made *made, const struct type *type, uint64_t number);
void made_free(struct made *made);

#define FILE_NAMES(made, value, names, flags) \
	made_file((made), (value), (names), sizeof(names), (flags))
#define TEXT(made, name, literal) \
	made_text((made), (name), &type_string, (literal), sizeof(literal) - 1, 0)

/* No durations, times, colours; JSON or text. */
struct output_options made_options(enum output_format format);

/* What a writer writes, whole, NUL-terminated; free it. */
char *written_event(const struct output_options *options, const struct made *made, bool was_opened);
char *written_opened(const struct output_options *options, const struct made *made);
char *written_all(const struct output_options *options,
		  struct err *(*write)(struct output *output));

#endif
