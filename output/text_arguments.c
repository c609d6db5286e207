/* SPDX-License-Identifier: Apache-2.0 */
/* output/text_arguments.c — what stands between a call's parentheses, whole or in two halves. */
#include "output/escape.h"
#include "output/writer.h"

/* Behind which a system call is cut off, as strace does it; NULL: it is whole. */
static const char *cut_mark(const struct shown_scope *scope)
{
	const struct stream_event *event = scope->event;
	if (event->kind != STREAM_SYSCALL)
		return NULL;
	if (scope->opening || event->ending == ENDING_KILLED)
		return " <unfinished ...>";
	return event->ending == ENDING_OPEN ? " <detached ...>" : NULL;
}

/* Argument `index`, as this call means it; NULL: it has none there. */
static const struct value *choose(const struct shown_scope *scope, size_t index,
				  bool (*chosen)(const struct value *value))
{
	const struct value *value = &scope->event->site->arguments.items[index];
	return chosen && !chosen(value) ? NULL : value_choose(value, scope->event->arguments);
}

/* Strace writes it when the call has returned, whatever it is then. */
static bool is_of_return(const struct value *value)
{
	return value->at_return || (value->copy && value->copy->at_return) ||
	       (value->n_members && value->members[0].at_return);
}

/* "name=" */
static void put_argument_name(struct output *output, const char *name)
{
	static const char is_argument[] = "=";
	struct buffer *buffer = &output->buffer;
	if (labels_put(&output->labels, buffer, name, is_argument) || argument_name_is_bare(name))
		return;
	size_t start = buffer->used;
	escape_name(buffer, name);
	buffer_put_char(buffer, '=');
	labels_keep(&output->labels, buffer, start, name, is_argument);
}

static void put_argument(struct output *output, const struct shown_scope *scope,
			 const struct value *value)
{
	struct shown shown;
	if (scope->event->kind != STREAM_SYSCALL)
		put_argument_name(output, value->name);
	shown_value(scope, value, scope->event->arguments, &shown);
	text_shown(output, scope, &shown);
}

/* The thread was killed in a call: what strace had written by then is closed. */
static void put_mark(struct buffer *buffer, const struct shown_scope *scope, const char *mark,
		     bool is_cut)
{
	bool is_killed = !scope->opening && scope->event->ending == ENDING_KILLED;
	if (!is_killed || is_cut)
		buffer_put_string(buffer, mark);
	if (is_killed)
		buffer_put_char(buffer, ')');
}

void text_arguments(struct output *output, const struct shown_scope *scope,
		    bool (*chosen)(const struct value *value))
{
	struct buffer *buffer = &output->buffer;
	const char *mark = cut_mark(scope);
	bool is_first = true, is_cut = false;
	buffer_put_char(buffer, '(');
	for (size_t i = 0; !is_cut && i < scope->event->site->arguments.count; i++) {
		const struct value *value = choose(scope, i, chosen);
		if (!value)
			continue;
		if (!is_first)
			buffer_put_literal(buffer, ", ");
		is_first = false;
		is_cut = mark && is_of_return(value);
		if (!is_cut)
			put_argument(output, scope, value);
	}
	if (mark)
		put_mark(buffer, scope, mark, is_cut);
	else
		buffer_put_char(buffer, ')');
}

/* Does it lead to what may not have been in memory? */
static bool is_in_memory(const struct shown *shown)
{
	return shown->kind == SHOWN_STRING || shown->kind == SHOWN_WIDE ||
	       shown->kind == SHOWN_STRUCT || shown->kind == SHOWN_ARRAY ||
	       shown->kind == SHOWN_SOCKADDR;
}

/* What the first half of the line could not have, as it was read when the call was over. */
static void put_found(struct output *output, const struct shown_scope *scope)
{
	struct buffer *buffer = &output->buffer;
	const struct stream_event *event = scope->event;
	struct shown shown;
	bool any = false;
	for (size_t i = 0; event->arguments->again && i < event->site->arguments.count; i++) {
		const struct value *value = choose(scope, i, NULL);
		if (!value || is_of_return(value))
			continue;
		shown_value(scope, value, event->arguments, &shown);
		if (!is_in_memory(&shown))
			continue;
		buffer_put_string(buffer, any ? ", " : " /* ");
		any = true;
		escape_name(buffer, value->name);
		buffer_put_char(buffer, '=');
		text_shown(output, scope, &shown);
	}
	if (any)
		buffer_put_literal(buffer, " */");
}

void text_rest_of_call(struct output *output, const struct shown_scope *scope)
{
	struct buffer *buffer = &output->buffer;
	const char *mark = cut_mark(scope);
	bool is_cut = false, is_first = true;
	put_found(output, scope);
	for (size_t i = 0; i < scope->event->site->arguments.count; i++) {
		const struct value *value = choose(scope, i, NULL);
		is_cut |= value && is_of_return(value);
		if (!value || !is_cut || mark)
			continue;
		if (!is_first)
			buffer_put_literal(buffer, ", ");
		is_first = false;
		put_argument(output, scope, value);
	}
	if (mark)
		put_mark(buffer, scope, mark, is_cut);
	else
		buffer_put_char(buffer, ')');
}
