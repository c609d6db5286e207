/* SPDX-License-Identifier: Apache-2.0 */
/* output/writer.h — what the formats share, inside this folder. */
#ifndef UTRAIL_OUTPUT_WRITER_H
#define UTRAIL_OUTPUT_WRITER_H

#include "output/buffer.h"
#include "output/clock.h"
#include "output/labels.h"
#include "output/number.h"
#include "output/output.h"
#include "output/shown.h"
#include "output/tally.h"

struct output;

/* One format. Each call appends at most one line, and in text those of a stack, and does not end
 * it; nothing appended: no line. */
struct writer {
	struct err *(*begin)(struct output *output, const struct output_header *header);
	struct err *(*opened)(struct output *output, const struct stream_event *event);
	struct err *(*event)(struct output *output, const struct stream_event *event,
			     bool was_opened);
	struct err *(*cost)(struct output *output, const struct output_cost *cost);
	/* All rows, whole lines. */
	struct err *(*tallies)(struct output *output, const struct tally_list *list,
			       const struct tally_layout *layout);
	struct err *(*end)(struct output *output, const struct output_summary *summary);
};

extern const struct writer text_writer;
extern const struct writer json_writer;

struct output {
	struct output_options options;
	const struct writer *writer;
	struct buffer buffer;
	/* Text only */
	struct clock clock;
	uint64_t line_time_ns; /* of the line before */
	struct labels labels;
	/* The numbers of the thread that came last, as they are written; 0 bytes: nobody's. */
	uint32_t tgid, tid;
	size_t task_length;
	char task[2 * NUMBER_MAX];
	/* JSON only */
	struct buffer scratch; /* names and texts on their way into an object; never written */
	int real_precision;    /* digits that the numbers of this line need */
	bool nomem;
};

/* text_value.c: "name=value, …" and one value */
void text_arguments(struct output *output, const struct shown_scope *scope,
		    bool (*chosen)(const struct value *value));
/* What of a system call was not shown with its entry. */
void text_rest_of_call(struct output *output, const struct shown_scope *scope);
void text_shown(struct output *output, const struct shown_scope *scope, const struct shown *shown);

/* text_changes.c: " [st->count: 1 -> 2]"; nothing when nothing has changed */
void text_changes(struct output *output, const struct shown_scope *scope);

/* text_stack.c: the lines below an event; nothing for NULL */
void text_stack(struct output *output, const struct stack *stack);

/* text_parts.c: a key and a value of a map: 1: "one" */
void text_entry(struct output *output, const struct shown_scope *scope, const struct shown *entry);
/* text_argv.c: what an exec was given */
void text_argv(struct output *output, const struct stream_event *event);

/* sched.c: what it was blocked in, and how long; false: it is no event of `sched` */
bool text_sched(struct output *output, const struct stream_event *event);

/* text_where.c: {cpu 0.000001000, waiting 0.000000000, blocked 0.000002000 (futex ...)}; nothing
 * when it was not asked for */
void text_where(struct output *output, const struct stream_event *event);
/* "read", "page fault"; in `name` where it has no name */
#define SYSCALL_NAME_MAX 48
const char *output_syscall_name(const struct output *output, int32_t number,
				char name[static SYSCALL_NAME_MAX]);

/* What is shown as the name of a system call whose site has many: "syscall_0x309",
 * "[32-bit] read"; NULL: the site's. */
const char *output_number_name(const struct output *output, const struct stream_event *event,
			       char name[static SYSCALL_NAME_MAX]);

/* text_view.c: the fields of a view's event, and where it belongs */
void text_view(struct output *output, const struct stream_event *event);
/* text_signal.c: --- SIGCHLD {…} --- */
void text_signal(struct output *output, const struct stream_event *event);

/* tally.c */
struct err *text_tallies(struct output *output, const struct tally_list *list,
			 const struct tally_layout *layout) must_check;

/* Colours; nothing when they are off. */
enum text_color {
	COLOR_OFF,
	COLOR_DIM,
	COLOR_BOLD,
	COLOR_CYAN,
	COLOR_GREEN,
	COLOR_RED,
};
void text_color(struct output *output, enum text_color color);
void text_unsigned(struct buffer *buffer, uint64_t number);
/* "srv:handle" */
void text_label(struct buffer *buffer, const struct probe *probe);
/* " <0.000012>" */
void text_duration(struct buffer *buffer, uint64_t duration_ns);

static inline struct shown_scope output_scope(const struct output *output,
					      const struct stream_event *event, bool opening)
{
	const struct output_options *options = &output->options;
	return shown_scope(event, opening, options->array_limit ?: options->string_limit,
			   options->finder.find ? &options->finder : NULL);
}

#endif
