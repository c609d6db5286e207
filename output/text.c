/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/text.c — one event, one line: who, when, how deep, what, result and duration.
 *
 *	[4242/4250] 12:00:01.000130 |  openat(AT_FDCWD, "/srv/www/index", O_RDONLY) = 7 <0.000012>
 *
 * A span that contains others has two lines: its entry, and later its name again with the result.
 */
#include <string.h>
#include <sys/wait.h>

#include "output/escape.h"
#include "output/names.h"
#include "output/number.h"
#include "output/writer.h"

/* --- the left side --------------------------------------------------------------------------- */

static void make_task(struct output *output, const struct stream_task *task)
{
	char *to = output->task;
	*to++ = '[';
	to = number_unsigned(to, task->tgid);
	*to++ = '/';
	to = number_unsigned(to, task->tid);
	*to++ = ']';
	output->task_length = (size_t)(to - output->task);
	output->tgid = task->tgid;
	output->tid = task->tid;
}

/* srv[4242/4250] uid=0 pts/3 */
static void put_task(struct output *output, const struct stream_task *task)
{
	struct buffer *buffer = &output->buffer;
	if (output->options.show_comm)
		escape_put(buffer, task->comm, strnlen(task->comm, sizeof(task->comm)), "[]");
	if (!output->task_length || output->tgid != task->tgid || output->tid != task->tid)
		make_task(output, task);
	memcpy(buffer_reserve(buffer, sizeof(output->task)), output->task, sizeof(output->task));
	buffer->used += output->task_length;
	if (!output->options.show_user)
		return;
	char tty[NAMES_MAX];
	buffer_put_literal(buffer, " uid=");
	text_unsigned(buffer, task->uid);
	buffer_put_char(buffer, ' ');
	buffer_put_string(buffer, names_tty(task->tty, tty));
}

/* A loss and what was missed are nobody's, all other lines name their thread. */
static void put_left(struct output *output, const struct stream_event *event, uint64_t time_ns)
{
	struct buffer *buffer = &output->buffer;
	text_color(output, COLOR_DIM);
	size_t before = buffer->used;
	if (event->kind != STREAM_LOST && event->kind != STREAM_SUPPRESSED &&
	    event->kind != STREAM_MISSED) {
		put_task(output, event->task);
		if (output->options.time != TIME_NONE)
			buffer_put_char(buffer, ' ');
	}
	clock_put(&output->clock, buffer, time_ns);
	if (event->late)
		buffer_put_char(buffer, '~');
	bool is_empty = buffer->used == before;
	text_color(output, COLOR_OFF);
	if (!is_empty)
		buffer_put_char(buffer, ' ');
	for (unsigned int i = 0; i < event->depth; i++)
		buffer_put_literal(buffer, "|  ");
	output->line_time_ns = time_ns;
}

static const char *owner_of(const struct probe *probe)
{
	return probe->kind == PROBE_USDT      ? probe->provider
	       : probe->kind == PROBE_SYSCALL ? NULL
					      : probe->module;
}

/* srv:render, app:lookup, openat */
void text_label(struct buffer *buffer, const struct probe *probe)
{
	const char *owner = owner_of(probe);
	if (owner && *owner) {
		escape_name(buffer, owner);
		buffer_put_char(buffer, ':');
	}
	escape_name(buffer, probe->name);
}

static void put_label(struct output *output, const struct probe *probe)
{
	struct buffer *buffer = &output->buffer;
	const char *owner = owner_of(probe);
	if (labels_put(&output->labels, buffer, probe->name, owner))
		return;
	size_t start = buffer->used;
	text_label(buffer, probe);
	labels_keep(&output->labels, buffer, start, probe->name, owner);
}

static void put_name(struct output *output, const struct stream_event *event)
{
	enum text_color color = event->kind == STREAM_USDT	? COLOR_CYAN
				: event->kind == STREAM_SYSCALL ? COLOR_OFF
								: COLOR_BOLD;
	char number[SYSCALL_NAME_MAX];
	if (color != COLOR_OFF)
		text_color(output, color);
	const char *name = output_number_name(output, event, number);
	if (name)
		buffer_put_string(&output->buffer, name);
	else
		put_label(output, event->site->probe);
	if (color != COLOR_OFF)
		text_color(output, COLOR_OFF);
}

/* --- the right side -------------------------------------------------------------------------- */

/* -1 ENOENT (No such file or directory) */
static void put_failure(struct output *output, int errnum)
{
	struct buffer *buffer = &output->buffer;
	const char *name = names_errno(errnum), *text = names_errno_text(errnum);
	text_color(output, COLOR_RED);
	/* The caller does not see a -1 when the kernel runs the call again. */
	buffer_put_string(buffer, names_errno_restarts(errnum) ? "? " : "-1 ");
	if (name) {
		buffer_put_string(buffer, name);
	} else {
		buffer_put_literal(buffer, "errno ");
		text_unsigned(buffer, (uint64_t)errnum);
	}
	if (text) {
		buffer_put_literal(buffer, " (");
		buffer_put_string(buffer, text);
		buffer_put_char(buffer, ')');
	}
	text_color(output, COLOR_OFF);
}

static void put_result(struct output *output, const struct shown_scope *scope)
{
	struct shown result;
	if (!shown_result(scope, &result))
		return;
	buffer_put_literal(&output->buffer, " = ");
	if (scope->failed)
		put_failure(output, (int)-scope->event->syscall_result);
	else
		text_shown(output, scope, &result);
}

static void put_no_result(struct output *output, const char *why)
{
	buffer_put_literal(&output->buffer, " = ");
	text_color(output, COLOR_RED);
	buffer_put_string(&output->buffer, why);
	text_color(output, COLOR_OFF);
}

/* The end of a signal's handler: it does come back, with the result of what was broken off. */
static bool is_handler_end(const struct stream_event *event)
{
	return strcmp(event->site->probe->name, "rt_sigreturn") == 0;
}

static void put_ending(struct output *output, const struct shown_scope *scope)
{
	switch (scope->event->ending) {
	case ENDING_RETURNED:
		put_result(output, scope);
		text_changes(output, scope);
		text_duration(&output->buffer, scope->event->duration_ns);
		text_where(output, scope->event);
		break;
	case ENDING_RETURNED_ALONE:
		put_result(output, scope);
		buffer_put_string(&output->buffer, scope->event->in_parent
							   ? " <began in its parent>"
							   : " <began before tracing>");
		break;
	case ENDING_TAIL_CALL:
		buffer_put_literal(&output->buffer, " = <tail call>");
		text_duration(&output->buffer, scope->event->duration_ns);
		text_where(output, scope->event);
		break;
	case ENDING_UNWOUND:
		put_no_result(output, "<no return seen>");
		break;
	case ENDING_LOST:
		put_no_result(output, "<return lost>");
		break;
	case ENDING_OPEN:
		/* Of a system call, it is said among the arguments. */
		if (scope->event->kind != STREAM_SYSCALL)
			buffer_put_literal(&output->buffer, " = <still running>");
		break;
	case ENDING_UNKNOWN:
		if (scope->event->kind == STREAM_SYSCALL && !is_handler_end(scope->event))
			buffer_put_literal(&output->buffer, " = ?");
		break;
	case ENDING_KILLED:
		buffer_put_literal(&output->buffer, " = ?");
		break;
	}
}

/* --- kinds of event -------------------------------------------------------------------------- */

static bool ends_only(const struct stream_event *event)
{
	return event->site->probe->kind == PROBE_URETPROBE ||
	       event->site->probe->kind == PROBE_KRETPROBE ||
	       event->ending == ENDING_RETURNED_ALONE;
}

/* When it is not known when the span ended, then not before what was shown last. */
static uint64_t closing_time(const struct output *output, const struct stream_event *event)
{
	enum stream_ending ending = event->ending;
	if (ending == ENDING_RETURNED || ending == ENDING_RETURNED_ALONE ||
	    ending == ENDING_TAIL_CALL || ending == ENDING_KILLED)
		return event->time_ns + event->duration_ns;
	return event->time_ns > output->line_time_ns ? event->time_ns : output->line_time_ns;
}

static bool is_output_argument(const struct value *value)
{
	return value->at_return;
}

static bool has_output_argument(const struct value_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].at_return)
			return true;
	}
	return false;
}

/* The line that closes a span tells what was not known when it opened. */
static void put_closing(struct output *output, const struct stream_event *event)
{
	struct shown_scope scope = output_scope(output, event, false);
	put_left(output, event, closing_time(output, event));
	put_name(output, event);
	if (event->ending == ENDING_RETURNED && has_output_argument(&event->site->arguments) &&
	    event->site->probe->kind != PROBE_URETPROBE)
		text_arguments(output, &scope, is_output_argument);
	put_ending(output, &scope);
}

/* <... read resumed>"x", 1) = 1 <0.302969> */
static void put_resumed(struct output *output, const struct stream_event *event)
{
	struct shown_scope scope = output_scope(output, event, false);
	put_left(output, event, closing_time(output, event));
	buffer_put_literal(&output->buffer, "<... ");
	put_name(output, event);
	buffer_put_literal(&output->buffer, " resumed>");
	text_rest_of_call(output, &scope);
	put_ending(output, &scope);
}

static void put_span(struct output *output, const struct stream_event *event, bool was_opened)
{
	if (was_opened && event->ending == ENDING_UNKNOWN)
		return;
	if (was_opened && event->kind == STREAM_SYSCALL) {
		put_resumed(output, event);
		return;
	}
	if (was_opened || ends_only(event)) {
		put_closing(output, event);
		return;
	}
	struct shown_scope scope = output_scope(output, event, false);
	put_left(output, event, event->time_ns);
	put_name(output, event);
	text_arguments(output, &scope, NULL);
	put_ending(output, &scope);
}

/* One place was hit: an entry or an offset with arguments, or a return with its value alone. */
static void put_instant(struct output *output, const struct stream_event *event)
{
	struct shown_scope scope = output_scope(output, event, false);
	struct shown result;
	put_left(output, event, event->time_ns);
	put_name(output, event);
	if (event->site->probe->kind == PROBE_CPU || text_sched(output, event))
		return;
	bool has_result = ends_only(event) || event->site->probe->kind == PROBE_FEXIT;
	if (!ends_only(event))
		text_arguments(output, &scope, NULL);
	if (has_result && shown_instant_result(&scope, &result)) {
		buffer_put_literal(&output->buffer, " = ");
		text_shown(output, &scope, &result);
	}
}

static void put_exec(struct output *output, const struct stream_event *event)
{
	struct buffer *buffer = &output->buffer;
	const char *filename = event->filename ?: "";
	put_left(output, event, event->time_ns);
	buffer_put_literal(buffer, "exec(");
	text_color(output, COLOR_GREEN);
	escape_quoted(buffer, filename, strlen(filename));
	buffer_put_literal(buffer, ", ");
	text_argv(output, event);
	text_color(output, COLOR_OFF);
	buffer_put_char(buffer, ')');
}

static void put_fork(struct output *output, const struct stream_event *event)
{
	struct buffer *buffer = &output->buffer;
	bool is_thread = event->child_tgid == event->task->tgid;
	put_left(output, event, event->time_ns);
	buffer_put_string(buffer, is_thread ? "new thread = " : "fork() = ");
	text_unsigned(buffer, is_thread ? event->child_tid : event->child_tgid);
}

/* +++ exited with 0 +++, +++ killed by SIGSEGV (core dumped) +++; threads quieter */
static void put_exit(struct output *output, const struct stream_event *event)
{
	struct buffer *buffer = &output->buffer;
	int status = (int)event->exit_code;
	put_left(output, event, event->time_ns);
	if (event->exit_superseded_by) {
		buffer_put_literal(buffer, "+++ superseded by execve in pid ");
		text_unsigned(buffer, event->exit_superseded_by);
		buffer_put_literal(buffer, " +++");
		return;
	}
	if (!event->exit_is_last && !status) {
		buffer_put_literal(buffer, "thread exited");
		return;
	}
	const char *fence = event->exit_is_last ? "+++ " : "thread ";
	buffer_put_string(buffer, fence);
	if (WIFSIGNALED(status)) {
		char signal[NAMES_MAX];
		text_color(output, COLOR_RED);
		buffer_put_literal(buffer, "killed by ");
		buffer_put_string(buffer, names_signal(WTERMSIG(status), signal));
		if (WCOREDUMP(status))
			buffer_put_literal(buffer, " (core dumped)");
		text_color(output, COLOR_OFF);
	} else {
		buffer_put_literal(buffer, "exited with ");
		text_unsigned(buffer, (uint64_t)WEXITSTATUS(status));
	}
	if (event->exit_is_last)
		buffer_put_literal(buffer, " +++");
}

/* --- 12 events lost: srv:render (ring full) --- */
static void put_lost(struct output *output, const struct stream_event *event)
{
	struct buffer *buffer = &output->buffer;
	bool is_return = event->loss_cause == LOSS_RETURN_RING_FULL ||
			 event->loss_cause == LOSS_MISSED_RETURN;
	put_left(output, event, event->time_ns);
	text_color(output, COLOR_RED);
	buffer_put_literal(buffer, "--- ");
	text_unsigned(buffer, event->loss_count);
	buffer_put_string(buffer, is_return			    ? " return"
				  : event->loss_cause == LOSS_STACK ? " stack"
								    : " event");
	buffer_put_string(buffer, event->loss_count == 1 ? " lost: " : "s lost: ");
	if (event->site)
		text_label(buffer, event->site->probe);
	else
		buffer_put_literal(buffer, "task life");
	buffer_put_literal(buffer, " (");
	buffer_put_string(buffer, loss_cause_name(event->loss_cause));
	buffer_put_literal(buffer, ") ---");
	text_color(output, COLOR_OFF);
}

/* --- 12 events suppressed: srv:render (rate limit) --- */
static void put_suppressed(struct output *output, const struct stream_event *event)
{
	struct buffer *buffer = &output->buffer;
	put_left(output, event, event->time_ns);
	text_color(output, COLOR_DIM);
	buffer_put_literal(buffer, "--- ");
	text_unsigned(buffer, event->loss_count);
	buffer_put_string(buffer, event->loss_count == 1 ? " event" : " events");
	buffer_put_literal(buffer, " suppressed: ");
	text_label(buffer, event->site->probe);
	buffer_put_literal(buffer, " (rate limit) ---");
	text_color(output, COLOR_OFF);
}

/* --- 3 hits missed: system calls (the kernel did not run the probe) --- */
static void put_missed(struct output *output, const struct stream_event *event)
{
	struct buffer *buffer = &output->buffer;
	put_left(output, event, event->time_ns);
	text_color(output, COLOR_RED);
	buffer_put_literal(buffer, "--- ");
	text_unsigned(buffer, event->loss_count);
	buffer_put_string(buffer, event->loss_count == 1 ? " hit" : " hits");
	buffer_put_literal(buffer, " missed: ");
	buffer_put_string(buffer, event->missed_who);
	buffer_put_literal(buffer, " (the kernel did not run the probe) ---");
	text_color(output, COLOR_OFF);
}

static void put_span_key(struct output *output, const struct stream_span *span)
{
	struct buffer *buffer = &output->buffer;
	char number[NUMBER_MAX];
	if (!span->has_key || span->ending == SPAN_NO_KEY)
		return;
	buffer_put_literal(buffer, " (");
	if (span->is_text) {
		struct redacted text =
			redact_text(output->options.redact, span->text, span->text_length);
		escape_quoted(buffer, text.bytes, text.size);
	} else {
		char *end = span->is_hex ? number_hex(number, span->number)
					 : number_signed(number, (int64_t)span->number);
		buffer_put(buffer, number, (size_t)(end - number));
	}
	buffer_put_char(buffer, ')');
}

/* lock ~~ unlock (0x55d1a0) <0.000012>; when it has ended */
static void put_between(struct output *output, const struct stream_event *event)
{
	static const char *const endings[] = {
		[SPAN_WHOLE] = NULL,
		[SPAN_DOUBTFUL] = "<events were lost in between>",
		[SPAN_BEGAN_BEFORE] = "<began before tracing>",
		[SPAN_BEGIN_LOST] = "<its beginning was not seen>",
		[SPAN_OPEN] = "<open>",
		[SPAN_NO_KEY] = "<its key could not be read>",
		[SPAN_TOO_MANY] = "<not followed: too many are open>",
	};
	const struct stream_span *span = event->span;
	put_left(output, event, span->end_tid ? span->end_ns : event->time_ns);
	text_color(output, COLOR_BOLD);
	escape_name(&output->buffer, span->name);
	text_color(output, COLOR_OFF);
	put_span_key(output, span);
	if (span->ending == SPAN_WHOLE) {
		text_duration(&output->buffer, event->duration_ns);
		text_where(output, event);
	} else {
		put_no_result(output, endings[span->ending]);
	}
}

/* --- libfoo: mapped, and probed 1204 us later; what it did before was not seen --- */
static void put_gap(struct output *output, const struct stream_event *event)
{
	struct buffer *buffer = &output->buffer;
	put_left(output, event, event->time_ns);
	text_color(output, COLOR_RED);
	buffer_put_literal(buffer, "--- ");
	escape_put(buffer, event->gap->module, strlen(event->gap->module), "");
	switch (event->gap->kind) {
	case GAP_LATE:
		buffer_put_literal(buffer, ": mapped, and probed ");
		text_unsigned(buffer, event->duration_ns / 1000);
		buffer_put_literal(buffer, " us later; what it did before was not seen ---");
		break;
	case GAP_UNMAPPED:
		buffer_put_literal(buffer, ": mapped, and unmapped before it could be probed; "
					   "what it did was not seen ---");
		break;
	case GAP_OVERWRITTEN:
		buffer_put_literal(buffer, ": probes are gone from its code since then, "
					   "overwritten; what runs there is not seen ---");
		break;
	}
	text_color(output, COLOR_OFF);
}

/* --- the writer ------------------------------------------------------------------------------ */

static struct err *text_begin(struct output *output, const struct output_header *header)
{
	(void)output, (void)header;
	return NULL;
}

static struct err *text_opened(struct output *output, const struct stream_event *event)
{
	if (ends_only(event))
		return NULL;
	struct shown_scope scope = output_scope(output, event, true);
	put_left(output, event, event->time_ns);
	put_name(output, event);
	text_arguments(output, &scope, NULL);
	text_stack(output, event->stack);
	return NULL;
}

static struct err *text_event(struct output *output, const struct stream_event *event,
			      bool was_opened)
{
	switch (event->kind) {
	case STREAM_CALL:
	case STREAM_SYSCALL:
		put_span(output, event, was_opened);
		/* Of a span that was opened, it is there. */
		if (!was_opened)
			text_stack(output, event->stack);
		break;
	case STREAM_PROBE:
	case STREAM_USDT:
		put_instant(output, event);
		text_stack(output, event->stack);
		break;
	case STREAM_VIEW:
		put_left(output, event, event->time_ns);
		put_name(output, event);
		text_view(output, event);
		text_stack(output, event->stack);
		break;
	case STREAM_EXEC:
		put_exec(output, event);
		break;
	case STREAM_FORK:
		put_fork(output, event);
		break;
	case STREAM_EXIT:
		put_exit(output, event);
		break;
	case STREAM_SIGNAL:
		put_left(output, event, event->time_ns);
		text_signal(output, event);
		break;
	case STREAM_LOST:
		put_lost(output, event);
		break;
	case STREAM_SUPPRESSED:
		put_suppressed(output, event);
		break;
	case STREAM_MISSED:
		put_missed(output, event);
		break;
	case STREAM_GAP:
		put_gap(output, event);
		break;
	case STREAM_SPAN:
		put_between(output, event);
		break;
	case STREAM_BLOCKED:
		break;
	}
	return NULL;
}

static struct err *text_cost(struct output *output, const struct output_cost *cost)
{
	(void)output, (void)cost;
	return NULL;
}

static struct err *text_end(struct output *output, const struct output_summary *summary)
{
	(void)output, (void)summary;
	return NULL;
}

const struct writer text_writer = {
	.begin = text_begin,
	.opened = text_opened,
	.event = text_event,
	.cost = text_cost,
	.tallies = text_tallies,
	.end = text_end,
};
