/* SPDX-License-Identifier: Apache-2.0 */
/* output/text_changes.c — [st->count: 1 -> 2, st->name: "old" -> "new"] */
#include <string.h>

#include "output/changes.h"
#include "output/escape.h"
#include "output/writer.h"

struct writing {
	struct output *output;
	const struct shown_scope *scope;
	bool started;
};

static void begin(struct writing *writing)
{
	buffer_put_string(&writing->output->buffer, writing->started ? ", " : " [");
	writing->started = true;
}

/* Both are written, and taken back when they are the same. */
static bool put_pair(void *context, const struct changes_pair *pair, bool take)
{
	struct writing *writing = context;
	struct buffer *buffer = &writing->output->buffer;
	size_t start = buffer->used;
	bool had_started = writing->started;
	begin(writing);
	escape_name(buffer, pair->path);
	buffer_put_literal(buffer, ": ");
	if (pair->why_not) {
		buffer_put_literal(buffer, "<not compared: ");
		buffer_put_string(buffer, pair->why_not);
		buffer_put_char(buffer, '>');
		return true;
	}
	size_t first = buffer->used;
	text_shown(writing->output, writing->scope, pair->before);
	size_t length = buffer->used - first;
	buffer_put_literal(buffer, " -> ");
	size_t second = buffer->used;
	text_shown(writing->output, writing->scope, pair->after);
	bool differs = buffer->nomem || buffer->used - second != length ||
		       memcmp(buffer->data + first, buffer->data + second, length) != 0;
	if (differs && take)
		return true;
	buffer->used = start;
	writing->started = had_started;
	return differs;
}

void text_changes(struct output *output, const struct shown_scope *scope)
{
	struct writing writing = {.output = output, .scope = scope};
	const struct changes_visitor visitor = {&writing, put_pair};
	bool more;
	if (!changes_known(scope->event))
		return;
	changes_walk(scope, &visitor, &more);
	if (more)
		buffer_put_literal(&output->buffer, ", ...");
	if (writing.started)
		buffer_put_char(&output->buffer, ']');
}
