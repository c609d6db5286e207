/* SPDX-License-Identifier: Apache-2.0 */
/* output/text_parts.c — what the lines of all kinds of events are made of. */
#include "output/number.h"
#include "output/writer.h"

void text_color(struct output *output, enum text_color color)
{
	/* ECMA-48 SGR; bright variants are not for all terminals */
	static const char *const sequences[] = {
		[COLOR_OFF] = "\033[0m",   [COLOR_DIM] = "\033[2m",    [COLOR_BOLD] = "\033[1m",
		[COLOR_CYAN] = "\033[36m", [COLOR_GREEN] = "\033[32m", [COLOR_RED] = "\033[31m",
	};
	if (output->options.color)
		buffer_put_string(&output->buffer, sequences[color]);
}

void text_unsigned(struct buffer *buffer, uint64_t number)
{
	char *to = buffer_reserve(buffer, NUMBER_MAX);
	buffer->used += (size_t)(number_unsigned(to, number) - to);
}

void text_duration(struct buffer *buffer, uint64_t duration_ns)
{
	buffer_put_literal(buffer, " <");
	clock_put_duration(buffer, duration_ns);
	buffer_put_char(buffer, '>');
}

void text_entry(struct output *output, const struct shown_scope *scope, const struct shown *entry)
{
	struct shown part;
	const char *name;
	for (uint32_t i = 0; i < entry->count; i++) {
		shown_part(scope, entry, i, &part, &name);
		if (i)
			buffer_put_literal(&output->buffer, ": ");
		text_shown(output, scope, &part);
	}
}
