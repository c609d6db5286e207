/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/text_stack.c — the stack below an event, a line for each call, as strace -k shows it:
 *
 *	 > /usr/bin/srv(parse) [inlined] src/srv.c:12
 *	 > /usr/bin/srv(handle+0x1d) [0x11cd] src/srv.c:40
 *	 > <cut: stack copy ended>
 */
#include <inttypes.h>

#include "output/escape.h"
#include "output/writer.h"

static void put_hex(struct buffer *buffer, uint64_t number)
{
	char text[24];
	buffer_put(buffer, text, (size_t)snprintf(text, sizeof(text), "0x%" PRIx64, number));
}

static void put_source(struct buffer *buffer, const struct code_line *line)
{
	char text[16];
	if (!line->short_file)
		return;
	buffer_put_char(buffer, ' ');
	escape_name(buffer, line->short_file);
	if (line->line)
		buffer_put(buffer, text, (size_t)snprintf(text, sizeof(text), ":%u", line->line));
}

static void put_inlined(struct buffer *buffer, const char *module, const struct code_line *line)
{
	buffer_put_literal(buffer, "\n > ");
	escape_name(buffer, module);
	buffer_put_char(buffer, '(');
	escape_name(buffer, line->symbol);
	buffer_put_literal(buffer, ") [inlined]");
	put_source(buffer, line);
}

static void put_frame(struct buffer *buffer, const struct stack_frame *frame)
{
	const struct code_place *place = frame->place;
	for (size_t i = 0; place && i < place->n_inlined; i++)
		put_inlined(buffer, frame->module, &place->inlined[i]);
	buffer_put_literal(buffer, "\n > ");
	escape_name(buffer, frame->module);
	buffer_put_char(buffer, '(');
	if (place && place->own.symbol) {
		escape_name(buffer, place->own.symbol);
		buffer_put_char(buffer, '+');
		put_hex(buffer, frame->place_offset);
	} else if (frame->is_signal) {
		buffer_put_literal(buffer, "signal handler called");
	}
	buffer_put_literal(buffer, ") [");
	put_hex(buffer, frame->has_offset ? frame->offset : frame->address);
	buffer_put_char(buffer, ']');
	if (place)
		put_source(buffer, &place->own);
}

void text_stack(struct output *output, const struct stack *stack)
{
	struct buffer *buffer = &output->buffer;
	if (!stack)
		return;
	text_color(output, COLOR_DIM);
	for (size_t i = 0; i < stack->n_frames; i++)
		put_frame(buffer, &stack->frames[i]);
	if (stack->cut) {
		buffer_put_literal(buffer, "\n > <");
		escape_name(buffer, stack->cut);
		buffer_put_char(buffer, '>');
	}
	text_color(output, COLOR_OFF);
}
