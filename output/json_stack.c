/* SPDX-License-Identifier: Apache-2.0 */
/* output/json_stack.c — the member "stack" of an event: see docs/event-format.md. */
#include <inttypes.h>

#include "output/json.h"

/* Addresses are for people and their tools: hexadecimal. */
static json_t *json_hex(uint64_t number)
{
	return json_sprintf("0x%" PRIx64, number);
}

static json_t *json_build_id(const struct image *image)
{
	const uint8_t *id;
	char text[2 * 64 + 1];
	size_t size = image_build_id(image, &id);
	size = size < 64 ? size : 64;
	for (size_t i = 0; i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	return json_stringn_nocheck(text, 2 * size);
}

static void set_line(struct output *output, json_t *object, const struct code_line *line)
{
	if (line->symbol)
		json_set(output, object, "symbol", json_text(output, line->symbol));
	if (line->file)
		json_set(output, object, "file", json_text(output, line->file));
	if (line->file && line->line)
		json_set(output, object, "line", json_integer(line->line));
}

static void append(struct output *output, json_t *array, json_t *item)
{
	if (json_array_append_new(array, item) != 0)
		output->nomem = true;
}

static json_t *json_inlined(struct output *output, const struct code_place *place)
{
	json_t *array = json_array();
	for (size_t i = 0; i < place->n_inlined; i++) {
		json_t *object = json_object();
		set_line(output, object, &place->inlined[i]);
		append(output, array, object);
	}
	return array;
}

static json_t *json_frame(struct output *output, const struct stack_frame *frame)
{
	const struct code_place *place = frame->place;
	json_t *object = json_object();
	json_set(output, object, "ip", json_hex(frame->address));
	json_set(output, object, "module", json_text(output, frame->module));
	if (frame->image && image_build_id(frame->image, &(const uint8_t *){NULL}))
		json_set(output, object, "build_id", json_build_id(frame->image));
	if (frame->has_offset)
		json_set(output, object, "offset", json_hex(frame->offset));
	if (frame->is_signal)
		json_set(output, object, "signal", json_true());
	if (!place)
		return object;
	set_line(output, object, &place->own);
	if (place->own.symbol)
		json_set(output, object, "symbol_offset", json_unsigned(frame->place_offset));
	if (place->n_inlined)
		json_set(output, object, "inlined", json_inlined(output, place));
	return object;
}

void json_stack(struct output *output, json_t *line, const struct stack *stack)
{
	json_t *array = json_array();
	for (size_t i = 0; i < stack->n_frames; i++)
		append(output, array, json_frame(output, &stack->frames[i]));
	if (stack->cut) {
		json_t *end = json_object();
		json_set(output, end, "cut", json_text(output, stack->cut));
		append(output, array, end);
	}
	json_set(output, line, "stack", array);
}
