/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/json.c — JSON Lines, version 1: one object a line, written when the event is whole.
 *
 * The output is strict UTF-8. jansson escapes what JSON demands; characters that a terminal would
 * obey or hide (DEL, C1 and bidi controls, ...) are valid in JSON, so they are replaced on the way
 * out by \uXXXX, which every reader turns back into the same character.
 */
#include "output/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "output/escape.h"
#include "output/names.h"

/* --- one line -------------------------------------------------------------------------------- */

static void put_unit(struct buffer *buffer, uint32_t unit)
{
	char *to = buffer_reserve(buffer, 6);
	to[0] = '\\';
	to[1] = 'u';
	for (int i = 0; i < 4; i++)
		to[2 + i] = "0123456789abcdef"[unit >> (12 - 4 * i) & 15];
	buffer->used += 6;
}

static void put_code(struct buffer *buffer, uint32_t code)
{
	if (code < 0x10000) {
		put_unit(buffer, code);
		return;
	}
	put_unit(buffer, 0xd800 + ((code - 0x10000) >> 10)); /* a pair of UTF-16 surrogates */
	put_unit(buffer, 0xdc00 + (code & 0x3ff));
}

static size_t ascii_run(const char *bytes, size_t size)
{
	size_t n = 0;
	while (n < size && (unsigned char)bytes[n] < 0x7f)
		n++;
	return n;
}

/* Takes jansson's pieces, which never cut a character. Beyond ASCII there are only strings. */
static int put_piece(const char *bytes, size_t size, void *data)
{
	struct buffer *buffer = data;
	for (size_t at = 0; at < size;) {
		size_t plain = ascii_run(bytes + at, size - at);
		buffer_put(buffer, bytes + at, plain);
		at += plain;
		if (at == size)
			break;
		uint32_t code;
		size_t length = utf8_decode(bytes + at, size - at, &code);
		if (!length)
			return -1;
		if (code_is_printable(code))
			buffer_put_short(buffer, bytes + at, length);
		else
			put_code(buffer, code);
		at += length;
	}
	return 0;
}

struct err *json_put_line(struct output *output, json_t *object)
{
	size_t flags = JSON_COMPACT;
	if (output->real_precision)
		flags |= JSON_REAL_PRECISION((size_t)output->real_precision);
	bool is_whole = object && !output->nomem;
	if (is_whole && json_dump_callback(object, put_piece, &output->buffer, flags) != 0)
		is_whole = false;
	json_decref(object);
	output->real_precision = 0;
	output->nomem = false;
	return is_whole ? NULL : &err_nomem;
}

/* --- what events have in common -------------------------------------------------------------- */

static json_t *line_begin(struct output *output, const char *type)
{
	json_t *line = json_object();
	json_set(output, line, "type", json_string_nocheck(type));
	return line;
}

static void set_user(struct output *output, json_t *line, const struct stream_task *task)
{
	char tty[NAMES_MAX];
	if (!output->options.show_user)
		return;
	json_set(output, line, "uid", json_integer(task->uid));
	json_set(output, line, "tty",
		 task->tty ? json_string_nocheck(names_tty(task->tty, tty)) : json_null());
}

static bool has_duration(const struct stream_event *event)
{
	if (event->kind == STREAM_VIEW)
		return event->view_flags & EVENT_VIEW_DURATION;
	if (event->kind == STREAM_PROBE && event->site->probe->kind == PROBE_SCHED)
		return true;
	return (event->kind == STREAM_CALL || event->kind == STREAM_SYSCALL) &&
	       (event->ending == ENDING_RETURNED || event->ending == ENDING_TAIL_CALL ||
		event->ending == ENDING_KILLED);
}

/* type, time_ns, dur_ns, pid, tid, comm, cpu */
static json_t *event_begin(struct output *output, const char *type,
			   const struct stream_event *event)
{
	const struct stream_task *task = event->task;
	json_t *line = line_begin(output, type);
	json_set(output, line, "time_ns", json_decimal(event->time_ns));
	if (has_duration(event))
		json_set(output, line, "dur_ns", json_decimal(event->duration_ns));
	json_set(output, line, "pid", json_integer(task->tgid));
	json_set(output, line, "tid", json_integer(task->tid));
	json_set(output, line, "comm",
		 json_bytes(output, task->comm, strnlen(task->comm, sizeof(task->comm)), false));
	set_user(output, line, task);
	json_set(output, line, "cpu", json_integer(event->cpu));
	return line;
}

static struct err *event_end(struct output *output, json_t *line, const struct stream_event *event)
{
	if (event->where && (has_duration(event) || event->kind == STREAM_SPAN))
		json_where(output, line, event->where);
	if (event->stack)
		json_stack(output, line, event->stack);
	if (event->late)
		json_set(output, line, "late", json_true());
	return json_put_line(output, line);
}

/* module, provider, name, depth */
static void set_probe(struct output *output, json_t *line, const struct stream_event *event)
{
	const struct probe *probe = event->site->probe;
	char number[SYSCALL_NAME_MAX];
	if (event->kind != STREAM_SYSCALL)
		json_set(output, line, "module", json_text(output, probe->module));
	if (event->kind == STREAM_USDT)
		json_set(output, line, "provider", json_text(output, probe->provider));
	if (event->site->wire.flags & SITE_IN_KERNEL)
		json_set(output, line, "kind", json_text(output, probe_kind_name(probe->kind)));
	const char *name = output_number_name(output, event, number);
	json_set(output, line, "name", json_text(output, name ? name : probe->name));
	json_set(output, line, "depth", json_integer(event->depth));
}

/* --- spans and instants ---------------------------------------------------------------------- */

static void set_errno(struct output *output, json_t *line, int errnum)
{
	const char *name = names_errno(errnum);
	json_set(output, line, "ret", json_integer(-1));
	json_set(output, line, "errno", name ? json_string_nocheck(name) : json_integer(errnum));
}

static void set_ending(struct output *output, json_t *line, const struct shown_scope *scope)
{
	static const char *const endings[] = {
		[ENDING_RETURNED] = NULL,	  [ENDING_RETURNED_ALONE] = NULL,
		[ENDING_TAIL_CALL] = "tail call", [ENDING_UNWOUND] = "not seen",
		[ENDING_LOST] = "lost",		  [ENDING_OPEN] = "open",
		[ENDING_UNKNOWN] = NULL,	  [ENDING_KILLED] = "killed",
	};
	struct shown result;
	const char *ending = endings[scope->event->ending];
	if (ending)
		json_set(output, line, "return", json_string_nocheck(ending));
	else if (scope->failed)
		set_errno(output, line, (int)-scope->event->syscall_result);
	else if (shown_result(scope, &result))
		json_set(output, line, "ret", json_shown(output, scope, &result));
}

static struct err *put_span(struct output *output, const struct stream_event *event)
{
	struct shown_scope scope = output_scope(output, event, false);
	json_t *line = event_begin(output, event->kind == STREAM_CALL ? "call" : "syscall", event);
	set_probe(output, line, event);
	if (event->goroutine)
		json_set(output, line, "goroutine", json_integer((json_int_t)event->goroutine));
	if (event->ending == ENDING_RETURNED_ALONE)
		json_set(
			output, line, "began",
			json_string_nocheck(event->in_parent ? "in its parent" : "before tracing"));
	else if (event->site->probe->kind != PROBE_URETPROBE)
		json_set(output, line, "args", json_arguments(output, &scope));
	set_ending(output, line, &scope);
	json_changes(output, line, &scope);
	return event_end(output, line, event);
}

/* What was on a CPU when the clock ticked. */
static struct err *put_sample(struct output *output, const struct stream_event *event)
{
	json_t *line = event_begin(output, "sample", event);
	json_set(output, line, "hz",
		 json_integer((json_int_t)strtoul(event->site->probe->name, NULL, 10)));
	json_set(output, line, "depth", json_integer(event->depth));
	json_set(output, line, "inside",
		 event->inside ? json_label(output, event->inside) : json_null());
	return event_end(output, line, event);
}

/* A time without a CPU. */
static struct err *put_sched(struct output *output, const struct stream_event *event)
{
	json_t *line = event_begin(output, "sched", event);
	json_sched(output, line, event);
	return event_end(output, line, event);
}

static struct err *put_instant(struct output *output, const struct stream_event *event)
{
	if (event->site->probe->kind == PROBE_CPU)
		return put_sample(output, event);
	if (event->site->probe->kind == PROBE_SCHED)
		return put_sched(output, event);
	struct shown_scope scope = output_scope(output, event, false);
	struct shown result;
	json_t *line = event_begin(output, event->kind == STREAM_USDT ? "usdt" : "probe", event);
	set_probe(output, line, event);
	enum probe_kind kind = event->site->probe->kind;
	if (kind != PROBE_URETPROBE && kind != PROBE_KRETPROBE)
		json_set(output, line, "args", json_arguments(output, &scope));
	if ((kind == PROBE_URETPROBE || kind == PROBE_KRETPROBE || kind == PROBE_FEXIT) &&
	    shown_instant_result(&scope, &result))
		json_set(output, line, "ret", json_shown(output, &scope, &result));
	return event_end(output, line, event);
}

/* --- task life ------------------------------------------------------------------------------- */

json_t *json_argv(struct output *output, const char *bytes, size_t size, uint32_t flags)
{
	if (flags & EVENT_EXEC_ARGV_UNREADABLE)
		return json_unavailable(output, "not readable");
	json_t *array = json_array();
	struct redacted argv = redact_argv(output->options.redact, bytes, size);
	const char *at = argv.bytes, *end = argv.bytes + argv.size;
	while (at < end) {
		size_t length = strnlen(at, (size_t)(end - at));
		if (json_array_append_new(array, json_bytes(output, at, length, false)) != 0)
			output->nomem = true;
		at += length + 1;
	}
	return array;
}

static struct err *put_exec(struct output *output, const struct stream_event *event)
{
	const struct stream_task *task = event->task;
	json_t *line = event_begin(output, "exec", event);
	json_set(output, line, "depth", json_integer(event->depth));
	json_set(output, line, "ppid", json_integer(task->parent_tgid));
	json_set(output, line, "uid", json_integer(task->uid));
	json_set(output, line, "gid", json_integer(task->gid));
	json_set(output, line, "filename", json_text(output, event->filename));
	json_set(output, line, "argv",
		 json_argv(output, event->argv, event->argv_size, event->exec_flags));
	if (event->exec_flags & EVENT_EXEC_ARGV_TRUNCATED)
		json_set(output, line, "argv_truncated", json_true());
	return event_end(output, line, event);
}

static struct err *put_fork(struct output *output, const struct stream_event *event)
{
	json_t *line = event_begin(output, "fork", event);
	json_set(output, line, "depth", json_integer(event->depth));
	json_set(output, line, "child_pid", json_integer(event->child_tgid));
	json_set(output, line, "child_tid", json_integer(event->child_tid));
	json_set(output, line, "thread", json_boolean(event->child_tgid == event->task->tgid));
	return event_end(output, line, event);
}

static struct err *put_exit(struct output *output, const struct stream_event *event)
{
	char signal[NAMES_MAX];
	int status = (int)event->exit_code;
	json_t *line = event_begin(output, "exit", event);
	json_set(output, line, "depth", json_integer(event->depth));
	json_set(output, line, "thread", json_boolean(!event->exit_is_last));
	if (event->exit_superseded_by)
		json_set(output, line, "superseded_by", json_integer(event->exit_superseded_by));
	if (WIFSIGNALED(status)) {
		const char *name = names_signal(WTERMSIG(status), signal);
		json_set(output, line, "signal", json_string_nocheck(name));
		json_set(output, line, "core_dumped", json_boolean(WCOREDUMP(status)));
	} else {
		json_set(output, line, "status", json_integer(WEXITSTATUS(status)));
	}
	return event_end(output, line, event);
}

static struct err *put_signal(struct output *output, const struct stream_event *event)
{
	json_t *line = event_begin(output, "signal", event);
	json_set(output, line, "depth", json_integer(event->depth));
	json_signal(output, line, event);
	return event_end(output, line, event);
}

static struct err *put_view(struct output *output, const struct stream_event *event)
{
	json_t *line = event_begin(output, probe_kind_name(event->site->probe->kind), event);
	json_view(output, line, event);
	return event_end(output, line, event);
}

/* --- losses, header, summary ----------------------------------------------------------------- */

/* As text shows it: srv:render, app:lookup, openat. */
json_t *json_label(struct output *output, const struct probe *probe)
{
	if (!probe)
		return json_string_nocheck("task life");
	const char *owner = probe->kind == PROBE_USDT	   ? probe->provider
			    : probe->kind == PROBE_SYSCALL ? NULL
							   : probe->module;
	if (!owner || !*owner)
		return json_text(output, probe->name);
	json_t *before = json_text(output, owner), *after = json_text(output, probe->name);
	json_t *label = NULL;
	if (json_is_string(before) && json_is_string(after))
		label = json_sprintf("%s:%s", json_string_value(before), json_string_value(after));
	json_decref(before);
	if (label || !after) {
		json_decref(after);
		return label;
	}
	return after;
}

static struct err *put_lost(struct output *output, const struct stream_event *event)
{
	json_t *line = line_begin(output, "lost");
	json_set(output, line, "time_ns", json_decimal(event->time_ns));
	json_set(output, line, "cause", json_text(output, loss_cause_name(event->loss_cause)));
	json_set(output, line, "name", json_label(output, event->site ? event->site->probe : NULL));
	json_set(output, line, "count", json_unsigned(event->loss_count));
	return event_end(output, line, event);
}

static struct err *put_suppressed(struct output *output, const struct stream_event *event)
{
	json_t *line = line_begin(output, "suppressed");
	json_set(output, line, "time_ns", json_decimal(event->time_ns));
	json_set(output, line, "name", json_label(output, event->site ? event->site->probe : NULL));
	json_set(output, line, "count", json_unsigned(event->loss_count));
	return event_end(output, line, event);
}

static struct err *put_missed(struct output *output, const struct stream_event *event)
{
	json_t *line = line_begin(output, "missed");
	json_set(output, line, "time_ns", json_decimal(event->time_ns));
	json_set(output, line, "name", json_text(output, event->missed_who));
	json_set(output, line, "count", json_unsigned(event->loss_count));
	return event_end(output, line, event);
}

static void set_span_key(struct output *output, json_t *line, const struct stream_span *span)
{
	char hex[2 + 16 + 1];
	if (span->is_text) {
		struct redacted text =
			redact_text(output->options.redact, span->text, span->text_length);
		json_set(output, line, "key", json_bytes(output, text.bytes, text.size, false));
	} else if (span->is_hex) {
		snprintf(hex, sizeof(hex), "0x%llx", (unsigned long long)span->number);
		json_set(output, line, "key", json_string_nocheck(hex));
	} else {
		json_set(output, line, "key", json_signed((int64_t)span->number));
	}
}

static struct err *put_between(struct output *output, const struct stream_event *event)
{
	static const char *const endings[] = {
		[SPAN_WHOLE] = NULL,
		[SPAN_DOUBTFUL] = "lost",
		[SPAN_BEGAN_BEFORE] = "",
		[SPAN_BEGIN_LOST] = "",
		[SPAN_OPEN] = "open",
		[SPAN_NO_KEY] = "no key",
		[SPAN_TOO_MANY] = "not followed",
	};
	const struct stream_span *span = event->span;
	const char *ending = endings[span->ending];
	json_t *line = event_begin(output, "span", event);
	json_set(output, line, "name", json_text(output, span->name));
	if (span->has_key && span->ending != SPAN_NO_KEY)
		set_span_key(output, line, span);
	if (span->ending == SPAN_WHOLE)
		json_set(output, line, "dur_ns", json_decimal(event->duration_ns));
	if (span->end_tid)
		json_set(output, line, "end_tid", json_integer(span->end_tid));
	if (ending && *ending)
		json_set(output, line, "end", json_string_nocheck(ending));
	else if (ending)
		json_set(output, line, "began",
			 json_string_nocheck(span->ending == SPAN_BEGAN_BEFORE ? "before tracing"
									       : "not seen"));
	return event_end(output, line, event);
}

static struct err *put_gap(struct output *output, const struct stream_event *event)
{
	json_t *line = event_begin(output, "gap", event);
	json_set(output, line, "module", json_text(output, event->gap->module));
	json_set(output, line, "gap_ns", json_decimal(event->duration_ns));
	if (event->gap->kind != GAP_LATE)
		json_set(output, line, "probed", json_false());
	if (event->gap->kind == GAP_OVERWRITTEN)
		json_set(output, line, "overwritten", json_true());
	return event_end(output, line, event);
}

static struct err *json_begin(struct output *output, const struct output_header *header)
{
	json_t *line = line_begin(output, "header");
	json_t *backends = json_object();
	json_set(output, line, "version", json_integer(1));
	json_set(output, line, "realtime_ns", json_decimal(header->realtime_ns));
	json_set(output, line, "boottime_ns", json_decimal(header->boottime_ns));
	for (const char *const *pair = header->backends; pair && pair[0] && pair[1]; pair += 2)
		json_set(output, backends, pair[0], json_text(output, pair[1]));
	json_set(output, line, "backends", backends);
	return json_put_line(output, line);
}

static struct err *json_opened(struct output *output, const struct stream_event *event)
{
	(void)output, (void)event;
	return NULL;
}

static struct err *json_event(struct output *output, const struct stream_event *event,
			      bool was_opened)
{
	(void)was_opened;
	switch (event->kind) {
	case STREAM_CALL:
	case STREAM_SYSCALL:
		return put_span(output, event);
	case STREAM_PROBE:
	case STREAM_USDT:
		return put_instant(output, event);
	case STREAM_VIEW:
		return put_view(output, event);
	case STREAM_EXEC:
		return put_exec(output, event);
	case STREAM_FORK:
		return put_fork(output, event);
	case STREAM_EXIT:
		return put_exit(output, event);
	case STREAM_SIGNAL:
		return put_signal(output, event);
	case STREAM_LOST:
		return put_lost(output, event);
	case STREAM_SUPPRESSED:
		return put_suppressed(output, event);
	case STREAM_MISSED:
		return put_missed(output, event);
	case STREAM_GAP:
		return put_gap(output, event);
	case STREAM_SPAN:
		return put_between(output, event);
	case STREAM_BLOCKED:
		return NULL;
	}
	return NULL;
}

static struct err *json_cost(struct output *output, const struct output_cost *cost)
{
	json_t *line = line_begin(output, "cost");
	json_set(output, line, "name", json_label(output, cost->probe));
	json_set(output, line, "hits", json_unsigned(cost->hits));
	json_set(output, line, "ns_per_hit", json_unsigned(cost->ns_per_hit));
	json_set(output, line, "total_ns", json_decimal(cost->total_ns));
	if (cost->share >= 0) {
		output->real_precision = 3;
		json_set(output, line, "share", json_real(cost->share));
	}
	return json_put_line(output, line);
}

static struct err *json_tallies(struct output *output, const struct tally_list *list,
				const struct tally_layout *layout)
{
	struct err *e = NULL;
	(void)layout;
	for (size_t i = 0; !e && i < list->rows.count; i++) {
		e = json_put_line(output, json_tally(output, &list->rows.items[i]));
		if (!e && i + 1 < list->rows.count)
			e = buffer_end_line(&output->buffer);
	}
	return e;
}

static struct err *json_end(struct output *output, const struct output_summary *summary)
{
	json_t *line = line_begin(output, "summary");
	json_set(output, line, "events", json_unsigned(summary->events));
	json_set(output, line, "lost", json_unsigned(summary->lost));
	json_set(output, line, "missed", json_unsigned(summary->missed));
	if (summary->returns_lost)
		json_set(output, line, "returns_lost", json_unsigned(summary->returns_lost));
	if (summary->stacks_lost)
		json_set(output, line, "stacks_lost", json_unsigned(summary->stacks_lost));
	if (summary->tallied)
		json_set(output, line, "counted", json_unsigned(summary->counted));
	if (summary->filtered)
		json_set(output, line, "filtered", json_unsigned(summary->filtered));
	if (summary->suppressed)
		json_set(output, line, "suppressed", json_unsigned(summary->suppressed));
	if (summary->gaps)
		json_set(output, line, "gaps", json_unsigned(summary->gaps));
	if (summary->overwritten)
		json_set(output, line, "overwritten", json_unsigned(summary->overwritten));
	if (summary->written)
		json_set(output, line, "written", json_unsigned(summary->written));
	if (summary->compat_calls)
		json_set(output, line, "compat_calls", json_unsigned(summary->compat_calls));
	if (summary->compat_programs)
		json_set(output, line, "compat_programs", json_unsigned(summary->compat_programs));
	if (summary->lossless) {
		json_set(output, line, "held", json_unsigned(summary->held));
		json_set(output, line, "held_ns", json_decimal(summary->held_ns));
	}
	return json_put_line(output, line);
}

const struct writer json_writer = {
	.begin = json_begin,
	.opened = json_opened,
	.event = json_event,
	.cost = json_cost,
	.tallies = json_tallies,
	.end = json_end,
};
