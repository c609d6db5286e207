/* SPDX-License-Identifier: Apache-2.0 */
/* output/text_argv.c — what a program was given. */
#include <string.h>

#include "output/escape.h"
#include "output/writer.h"

void text_argv(struct output *output, const struct stream_event *event)
{
	struct buffer *buffer = &output->buffer;
	struct redacted argv = redact_argv(output->options.redact, event->argv, event->argv_size);
	const char *at = argv.bytes, *end = argv.bytes + argv.size;
	if (event->exec_flags & EVENT_EXEC_ARGV_UNREADABLE) {
		buffer_put_literal(buffer, "<not readable>");
		return;
	}
	buffer_put_char(buffer, '[');
	while (at < end) {
		size_t length = strnlen(at, (size_t)(end - at));
		if (at != argv.bytes)
			buffer_put_literal(buffer, ", ");
		escape_quoted(buffer, at, length);
		at += length + 1;
	}
	if (event->exec_flags & EVENT_EXEC_ARGV_TRUNCATED)
		buffer_put_string(buffer, event->argv_size ? ", ..." : "...");
	buffer_put_char(buffer, ']');
}
