/* SPDX-License-Identifier: Apache-2.0 */
/* A prototype as bytes: its types, each behind those that it refers to, then itself. */
#include <string.h>

#include "common/array.h"
#include "symbols/answers.h"
#include "symbols/name_map.h"

/* Whoever adds a member writes it, and reads it: answers_read.c. */
_Static_assert(sizeof(struct type) == 96, "a member of struct type is not written");
_Static_assert(sizeof(struct type_form) == 40, "a member of struct type_form is not written");
_Static_assert(sizeof(struct type_member) == 24, "a member of struct type_member is not written");
_Static_assert(sizeof(struct type_condition) == 32,
	       "a member of struct type_condition is not written");
_Static_assert(sizeof(struct parameter_place) == 88,
	       "a member of struct parameter_place is not written");
_Static_assert(sizeof(struct prototype) == 64, "a member of struct prototype is not written");

void answer_put(struct answer_bytes *to, const void *bytes, size_t size)
{
	void *items = to->items;
	bool fits = array_grow(&items, &to->capacity, to->count + size, 1);
	to->items = items;
	to->failed |= !fits;
	if (!fits || !size)
		return;
	memcpy(to->items + to->count, bytes, size);
	to->count += size;
}

static void put_u32(struct answer_bytes *to, uint32_t value)
{
	answer_put(to, &value, sizeof(value));
}

static void put_u64(struct answer_bytes *to, uint64_t value)
{
	answer_put(to, &value, sizeof(value));
}

static void put_u8(struct answer_bytes *to, uint8_t value)
{
	answer_put(to, &value, sizeof(value));
}

void answer_put_text(struct answer_bytes *to, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	to->failed |= length > ANSWER_TEXT_MAX;
	put_u32(to, text ? (uint32_t)length : UINT32_MAX);
	answer_put(to, text, length);
}

struct writer {
	struct answer_bytes types;
	struct name_map known; /* by address of the type: its number, 0 while it is being written */
	struct arena keys;
	uint32_t count;
};

static uint32_t put_type(struct writer *writer, const struct type *type, int depth);

static void put_form(struct answer_bytes *to, const struct type *type, uint32_t item)
{
	const struct type_form *form = type->form;
	put_u8(to, form != NULL);
	if (!form)
		return;
	put_u8(to, (uint8_t)form->kind);
	put_u32(to, form->data);
	put_u32(to, form->length);
	put_u8(to, form->length_before);
	put_u8(to, form->has_short);
	put_u32(to, item);
	answer_put_text(to, form->none);
	put_u8(to, form->variants != NULL);
	for (uint32_t i = 0; form->variants && i < type->n_members; i++) {
		put_u64(to, form->variants[i].value);
		put_u8(to, form->variants[i].is_default);
	}
}

static void put_members(struct answer_bytes *to, const struct type *type, const uint32_t *numbers)
{
	put_u32(to, type->n_members);
	put_u8(to, type->members != NULL);
	for (uint32_t i = 0; type->members && i < type->n_members; i++) {
		const struct type_member *member = &type->members[i];
		answer_put_text(to, member->name);
		put_u32(to, numbers[i]);
		put_u32(to, member->offset);
		put_u8(to, member->bit_size);
		put_u8(to, member->bit_offset);
	}
	put_u8(to, type->conditions != NULL);
	for (uint32_t i = 0; type->conditions && i < type->n_members; i++) {
		const struct type_condition *condition = &type->conditions[i];
		put_u32(to, condition->offset);
		put_u64(to, condition->mask);
		put_u64(to, condition->value);
		put_u8(to, condition->is_not);
	}
}

static void put_enumerators(struct answer_bytes *to, const struct type *type)
{
	put_u32(to, type->n_enumerators);
	for (uint32_t i = 0; i < type->n_enumerators; i++) {
		answer_put_text(to, type->enumerators[i].name);
		put_u64(to, (uint64_t)type->enumerators[i].value);
		put_u64(to, (uint64_t)type->enumerators[i].mask);
	}
}

static void put_body(struct writer *writer, const struct type *type, int depth)
{
	struct answer_bytes *to = &writer->types;
	uint32_t target = put_type(writer, type->target, depth);
	uint32_t item = type->form ? put_type(writer, type->form->item, depth) : 0;
	uint32_t count = type->members ? type->n_members : 0;
	uint32_t *numbers = calloc((size_t)count + 1, sizeof(*numbers));
	to->failed |= !numbers;
	for (uint32_t i = 0; numbers && i < count; i++)
		numbers[i] = put_type(writer, type->members[i].type, depth);
	if (to->failed) {
		free(numbers);
		return;
	}
	put_u8(to, (uint8_t)type->kind);
	put_u32(to, type->size);
	answer_put_text(to, type->name);
	put_u32(to, target);
	put_members(to, type, numbers);
	free(numbers);
	put_enumerators(to, type);
	put_u8(to, (uint8_t)type->length_arg);
	put_u8(to, (uint8_t)type->most_arg);
	put_u8(to, type->length_bytes);
	put_u8(to, type->is_out);
	put_u8(to, type->out_if_ok);
	put_u8(to, type->in_memory);
	put_u8(to, type->abbreviated);
	put_u8(to, type->length_size);
	put_u8(to, type->in_halves);
	put_u8(to, type->is_code);
	put_form(to, type, item);
}

/* Its number, from 1 on; 0: there is none. One that is met in itself is a circle. */
static uint32_t put_type(struct writer *writer, const struct type *type, int depth)
{
	if (!type || writer->types.failed)
		return 0;
	uint64_t *known = name_map_find(&writer->known, (const char *)&type, sizeof(type));
	if (known && *known)
		return (uint32_t)*known;
	const char *key = arena_copy(&writer->keys, &type, sizeof(type));
	if (known || !key || !depth || writer->count >= ANSWER_TYPES_MAX ||
	    !name_map_add(&writer->known, key, sizeof(type), 0)) {
		writer->types.failed = true;
		return 0;
	}
	put_body(writer, type, depth - 1);
	if (writer->types.failed)
		return 0;
	writer->count++;
	*name_map_find(&writer->known, key, sizeof(type)) = writer->count;
	return writer->count;
}

/* --- the prototype ---------------------------------------------------------------------------- */

static void put_piece(struct answer_bytes *to, const struct place_piece *piece)
{
	put_u8(to, (uint8_t)piece->kind);
	put_u32(to, piece->reg);
	put_u32(to, piece->size);
	put_u64(to, (uint64_t)piece->offset);
}

static void put_place(struct answer_bytes *to, const struct parameter_place *place)
{
	put_u8(to, (uint8_t)place->kind);
	put_u32(to, place->reg);
	put_u8(to, place->exact);
	put_u8(to, place->is_bytes);
	put_u8(to, place->n_pieces);
	put_u64(to, (uint64_t)place->offset);
	for (size_t i = 0; i < PLACE_PIECES_MAX; i++)
		put_piece(to, &place->pieces[i]);
}

static void put_prototype(struct answer_bytes *to, const struct prototype *prototype,
			  const uint32_t *numbers)
{
	uint32_t count = prototype->n_parameters;
	put_u32(to, count);
	for (uint32_t i = 0; i < count; i++) {
		answer_put_text(to, prototype->parameters[i].name);
		put_u32(to, numbers[i]);
	}
	put_u8(to, prototype->places != NULL);
	for (uint32_t i = 0; prototype->places && i < count; i++)
		put_place(to, &prototype->places[i]);
	answer_put_text(to, prototype->no_convention);
	answer_put_text(to, prototype->no_result);
	put_u8(to, prototype->is_optimised);
	put_u8(to, prototype->is_rust);
	put_u8(to, prototype->variadic);
	put_u32(to, numbers[count]);
	answer_put_text(to, prototype->source);
}

bool answer_write_prototype(struct answer_bytes *to, const struct prototype *prototype)
{
	struct writer writer = {0};
	uint32_t count = prototype->n_parameters;
	uint32_t *numbers = calloc((size_t)count + 1, sizeof(*numbers));
	for (uint32_t i = 0; numbers && i < count; i++)
		numbers[i] = put_type(&writer, prototype->parameters[i].type, ANSWER_DEPTH_MAX);
	if (numbers)
		numbers[count] = put_type(&writer, prototype->result, ANSWER_DEPTH_MAX);
	to->failed |= !numbers || writer.types.failed;
	if (!to->failed) {
		put_u32(to, writer.count);
		answer_put(to, writer.types.items, writer.types.count);
		put_prototype(to, prototype, numbers);
	}
	free(numbers);
	free(writer.types.items);
	name_map_deinit(&writer.known);
	arena_deinit(&writer.keys);
	return !to->failed;
}
