/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a prototype, when all of it makes sense. */
#include <string.h>

#include "symbols/answers.h"

void answer_get(struct answer_reader *from, void *to, size_t size)
{
	from->failed |= size > (size_t)(from->end - from->at);
	if (from->failed) {
		memset(to, 0, size);
		return;
	}
	memcpy(to, from->at, size);
	from->at += size;
}

static uint32_t get_u32(struct answer_reader *from)
{
	uint32_t value;
	answer_get(from, &value, sizeof(value));
	return value;
}

static uint64_t get_u64(struct answer_reader *from)
{
	uint64_t value;
	answer_get(from, &value, sizeof(value));
	return value;
}

static uint8_t get_u8(struct answer_reader *from)
{
	uint8_t value;
	answer_get(from, &value, sizeof(value));
	return value;
}

static bool get_bool(struct answer_reader *from)
{
	uint8_t value = get_u8(from);
	from->failed |= value > 1;
	return value == 1;
}

const char *answer_get_text(struct answer_reader *from)
{
	uint32_t length = get_u32(from);
	if (from->failed || length == UINT32_MAX)
		return NULL;
	from->failed |= length > ANSWER_TEXT_MAX || length > (size_t)(from->end - from->at) ||
			memchr(from->at, '\0', length);
	char *text =
		from->failed ? NULL : arena_substring(from->arena, (const char *)from->at, length);
	from->failed |= !text;
	from->at += text ? length : 0;
	return text;
}

static const char *get_name(struct answer_reader *from)
{
	const char *name = answer_get_text(from);
	from->failed |= !name;
	return name;
}

/* Memory for so many things that take at least `least` bytes each in what is left. */
static void *get_array(struct answer_reader *from, uint32_t count, size_t size, size_t least)
{
	from->failed |= count > (size_t)(from->end - from->at) / least;
	void *items = from->failed ? NULL : arena_array(from->arena, (size_t)count + 1, size);
	from->failed |= !items;
	return items;
}

/* --- types ------------------------------------------------------------------------------------ */

struct types {
	struct type *items; /* [0]: number 1 */
	uint8_t *depths;
	uint32_t count; /* that are complete */
	uint8_t depth;	/* of what the one at hand refers to */
};

/* Of those that were read before; `is_needed`: there must be one. */
static const struct type *get_type(struct answer_reader *from, struct types *types, bool is_needed)
{
	uint32_t number = get_u32(from);
	from->failed |= number > types->count || (is_needed && !number);
	if (from->failed || !number)
		return NULL;
	if (types->depths[number - 1] > types->depth)
		types->depth = types->depths[number - 1];
	return &types->items[number - 1];
}

static void get_variants(struct answer_reader *from, const struct type *type,
			 struct type_form *form)
{
	bool has = get_bool(from);
	from->failed |= has && !type->members;
	from->failed |= form->kind == FORM_VARIANTS && !has;
	if (!has || from->failed)
		return;
	struct type_variant *variants = get_array(from, type->n_members, sizeof(*variants), 9);
	for (uint32_t i = 0; !from->failed && i < type->n_members; i++) {
		variants[i].value = get_u64(from);
		variants[i].is_default = get_bool(from);
	}
	form->variants = variants;
}

static void get_form(struct answer_reader *from, struct types *types, struct type *type)
{
	if (!get_bool(from))
		return;
	struct type_form *form = arena_alloc(from->arena, sizeof(*form));
	from->failed |= !form || type->kind != TYPE_STRUCT;
	if (from->failed)
		return;
	form->kind = get_u8(from);
	from->failed |= form->kind < FORM_TEXT || form->kind > FORM_VARIANTS;
	form->data = get_u32(from);
	form->length = get_u32(from);
	form->length_before = get_u8(from);
	form->has_short = get_bool(from);
	form->item = get_type(from, types, form->kind != FORM_TEXT && form->kind != FORM_VARIANTS);
	bool divides = form->kind == FORM_ITEMS || form->kind == FORM_RANGE;
	from->failed |= divides && form->item && !form->item->size;
	form->none = answer_get_text(from);
	from->failed |= form->kind == FORM_OPTIONAL && !form->none;
	get_variants(from, type, form);
	type->form = form;
}

static void get_conditions(struct answer_reader *from, struct type *type)
{
	bool has = get_bool(from);
	from->failed |= has && !type->members;
	if (!has || from->failed)
		return;
	struct type_condition *items = get_array(from, type->n_members, sizeof(*items), 21);
	for (uint32_t i = 0; !from->failed && i < type->n_members; i++) {
		items[i].offset = get_u32(from);
		items[i].mask = get_u64(from);
		items[i].value = get_u64(from);
		items[i].is_not = get_bool(from);
	}
	type->conditions = items;
}

static void get_members(struct answer_reader *from, struct types *types, struct type *type)
{
	type->n_members = get_u32(from);
	bool has = get_bool(from);
	from->failed |= has && type->kind != TYPE_STRUCT;
	from->failed |= !has && type->kind == TYPE_STRUCT && type->n_members;
	struct type_member *members =
		has ? get_array(from, type->n_members, sizeof(*members), 14) : NULL;
	for (uint32_t i = 0; has && !from->failed && i < type->n_members; i++) {
		members[i].name = get_name(from);
		members[i].type = get_type(from, types, true);
		members[i].offset = get_u32(from);
		members[i].bit_size = get_u8(from);
		members[i].bit_offset = get_u8(from);
		from->failed |= members[i].bit_size > 64 || members[i].bit_offset > 63;
	}
	type->members = members;
	get_conditions(from, type);
}

static void get_enumerators(struct answer_reader *from, struct type *type)
{
	uint32_t count = get_u32(from);
	if (!count || from->failed)
		return;
	struct enumerator *items = get_array(from, count, sizeof(*items), 20);
	for (uint32_t i = 0; !from->failed && i < count; i++) {
		items[i].name = get_name(from);
		items[i].value = (int64_t)get_u64(from);
		items[i].mask = (int64_t)get_u64(from);
	}
	type->enumerators = items;
	type->n_enumerators = count;
}

static void get_body(struct answer_reader *from, struct types *types, struct type *type)
{
	uint8_t kind = get_u8(from);
	from->failed |= kind > TYPE_COUNT;
	type->kind = kind;
	type->size = get_u32(from);
	type->name = get_name(from);
	type->target = get_type(from, types, false);
	get_members(from, types, type);
	get_enumerators(from, type);
	type->length_arg = (int8_t)get_u8(from);
	type->most_arg = (int8_t)get_u8(from);
	type->length_bytes = get_u8(from);
	type->is_out = get_bool(from);
	type->out_if_ok = get_bool(from);
	type->in_memory = get_bool(from);
	type->abbreviated = get_bool(from);
	type->length_size = get_u8(from);
	type->in_halves = get_bool(from);
	type->is_code = get_bool(from);
	/* Only the kernel's own structures are that, and no DWARF says so. */
	from->failed |= type->length_size || type->in_halves;
	get_form(from, types, type);
}

static void get_types(struct answer_reader *from, struct types *types)
{
	uint32_t count = get_u32(from);
	from->failed |= count > ANSWER_TYPES_MAX;
	types->items = get_array(from, count, sizeof(*types->items), 30);
	types->depths = get_array(from, count, 1, 30);
	while (!from->failed && types->count < count) {
		types->depth = 0;
		get_body(from, types, &types->items[types->count]);
		from->failed |= types->depth >= ANSWER_DEPTH_MAX;
		types->depths[types->count++] = (uint8_t)(types->depth + 1);
	}
}

/* --- the prototype ---------------------------------------------------------------------------- */

static void get_place(struct answer_reader *from, struct parameter_place *place)
{
	uint8_t kind = get_u8(from);
	from->failed |= kind > PLACE_PIECES;
	place->kind = kind;
	place->reg = (uint16_t)get_u32(from);
	place->exact = get_bool(from);
	place->is_bytes = get_bool(from);
	place->n_pieces = get_u8(from);
	from->failed |= place->n_pieces > PLACE_PIECES_MAX;
	place->offset = (int64_t)get_u64(from);
	for (size_t i = 0; i < PLACE_PIECES_MAX; i++) {
		struct place_piece *piece = &place->pieces[i];
		kind = get_u8(from);
		from->failed |= kind >= PLACE_PIECES;
		piece->kind = kind;
		piece->reg = (uint16_t)get_u32(from);
		piece->size = (uint16_t)get_u32(from);
		piece->offset = (int64_t)get_u64(from);
	}
}

static void get_places(struct answer_reader *from, struct prototype *prototype)
{
	if (!get_bool(from))
		return;
	struct parameter_place *places =
		get_array(from, prototype->n_parameters, sizeof(*places), 15);
	for (uint32_t i = 0; !from->failed && i < prototype->n_parameters; i++)
		get_place(from, &places[i]);
	prototype->places = places;
}

const struct prototype *answer_read_prototype(struct answer_reader *from)
{
	struct types types = {0};
	struct prototype *prototype = arena_alloc(from->arena, sizeof(*prototype));
	if (!prototype)
		return NULL;
	get_types(from, &types);
	prototype->n_parameters = get_u32(from);
	struct parameter *parameters =
		get_array(from, prototype->n_parameters, sizeof(*parameters), 8);
	for (uint32_t i = 0; !from->failed && i < prototype->n_parameters; i++) {
		parameters[i].name = get_name(from);
		parameters[i].type = get_type(from, &types, true);
	}
	prototype->parameters = parameters;
	get_places(from, prototype);
	prototype->no_convention = answer_get_text(from);
	prototype->no_result = answer_get_text(from);
	prototype->is_optimised = get_bool(from);
	prototype->is_rust = get_bool(from);
	prototype->variadic = get_bool(from);
	prototype->result = get_type(from, &types, true);
	prototype->source = get_name(from);
	return from->failed ? NULL : prototype;
}
