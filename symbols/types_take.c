/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/types_wire.h"

#include <stdlib.h>
#include <string.h>

/*
 * Who uses a type walks it, members and what they point to, along every way. A type that is met
 * twice is walked twice: thirty structures with two members each are enough for a walk that never
 * ends. Real ones are far below these limits, as who builds them has a budget.
 */
#define WEIGHT_MAX (1u << 22)
#define DEPTH_MAX  220

/* As who reads DWARF takes (dwarf_prototype.c), and others have room for. */
#define PARAMETERS_MAX 255

void type_reader_deinit(struct type_reader *reader)
{
	free(reader->weights);
	free(reader->depths);
}

static const char *take_text(struct type_reader *reader)
{
	const char *text = wire_keep_text(reader->from, reader->arena);
	reader->from->bad |= text && strlen(text) > TYPES_TEXT_MAX;
	return text;
}

/* The same where there must be one: never NULL. */
static const char *take_name(struct type_reader *reader)
{
	const char *name = take_text(reader);
	reader->from->bad |= !name;
	return name ? name : "";
}

/* Which one is being made: what it refers to adds to it. */
struct making {
	uint64_t weight;
	unsigned int depth;
};

static const struct type *take_reference(struct type_reader *reader, bool needed,
					 struct making *making)
{
	uint32_t number = wire_take_u32(reader->from);
	if (number > reader->made || (needed && !number)) {
		reader->from->bad = true;
		return NULL;
	}
	if (!number)
		return NULL;
	if (making) {
		making->weight += reader->weights[number - 1];
		if (reader->depths[number - 1] >= making->depth)
			making->depth = reader->depths[number - 1] + 1u;
	}
	return &reader->types[number - 1];
}

static void *take_array(struct type_reader *reader, size_t count, size_t size)
{
	void *array = reader->from->bad ? NULL : arena_array(reader->arena, count, size);
	reader->from->bad |= !array;
	return array;
}

static void take_members(struct type_reader *reader, struct type *type, struct making *making)
{
	struct wire *from = reader->from;
	bool any = wire_take_bool(from);
	type->n_members = (uint32_t)wire_take_u64(from);
	/* A structure has those that it says it has; elements of an array are but counted. */
	from->bad |= type->kind == TYPE_STRUCT ? !any && type->n_members : any;
	from->bad |= any && type->n_members > from->size - from->at;
	if (!any || from->bad)
		return;
	struct type_member *members = take_array(reader, type->n_members + 1UL, sizeof(*members));
	for (uint32_t i = 0; members && i < type->n_members && !from->bad; i++) {
		members[i].name = take_name(reader);
		members[i].type = take_reference(reader, true, making);
		members[i].offset = wire_take_u32(from);
		members[i].bit_size = wire_take_u8(from);
		members[i].bit_offset = wire_take_u8(from);
		from->bad |= members[i].bit_size > 64 || members[i].bit_offset > 63;
	}
	type->members = members;
}

static void take_enumerators(struct type_reader *reader, struct type *type)
{
	struct wire *from = reader->from;
	size_t count = wire_take_count(from, 20);
	struct enumerator *items = count ? take_array(reader, count, sizeof(*items)) : NULL;
	for (size_t i = 0; items && i < count && !from->bad; i++) {
		items[i].name = take_name(reader);
		items[i].value = (int64_t)wire_take_u64(from);
		items[i].mask = (int64_t)wire_take_u64(from);
	}
	type->enumerators = items;
	type->n_enumerators = items ? (uint32_t)count : 0;
}

static void take_conditions(struct type_reader *reader, struct type *type)
{
	struct wire *from = reader->from;
	if (!wire_take_bool(from))
		return;
	from->bad |= !type->members;
	struct type_condition *items = take_array(reader, type->n_members, sizeof(*items));
	for (uint32_t i = 0; items && i < type->n_members && !from->bad; i++) {
		items[i].offset = wire_take_u32(from);
		items[i].mask = wire_take_u64(from);
		items[i].value = wire_take_u64(from);
		items[i].is_not = wire_take_bool(from);
	}
	type->conditions = items;
}

/* Each kind needs what whoever shows it does not ask for. */
static bool is_whole_form(const struct type *type, const struct type_form *form)
{
	if (type->kind != TYPE_STRUCT)
		return false;
	switch (form->kind) {
	case FORM_TEXT:
		return true;
	case FORM_ITEMS:
	case FORM_RANGE:
		return form->item && form->item->size; /* it divides */
	case FORM_OWNER:
		return form->item;
	case FORM_OPTIONAL:
	case FORM_WEAK:
		return form->item && form->none;
	case FORM_BIT_SET:
		return true;
	case FORM_VARIANTS:
		return form->variants && type->members;
	case FORM_COUNT:
		return form->none;
	case FORM_BITS:
		return form->none && form->item;
	case FORM_NODES:
		return form->none && form->item && form->item->size && form->nodes &&
		       (!form->nodes->is_map || (form->item->kind == TYPE_STRUCT &&
						 form->item->n_members == 2 && !form->item->form));
	}
	return false;
}

static const struct type_nodes *take_nodes(struct type_reader *reader)
{
	struct wire *from = reader->from;
	uint8_t kind = wire_take_u8(from);
	struct type_nodes *nodes = kind ? take_array(reader, 1, sizeof(*nodes)) : NULL;
	from->bad |= kind > NODES_NUMBERED;
	if (!nodes)
		return NULL;
	nodes->kind = kind;
	nodes->is_map = wire_take_bool(from);
	nodes->is_set = wire_take_bool(from);
	nodes->has_count = wire_take_bool(from);
	nodes->ends_null = wire_take_bool(from);
	nodes->end = wire_take_u8(from);
	for (size_t i = 0; i < sizeof(nodes->links); i++)
		nodes->links[i] = wire_take_u8(from);
	uint32_t value = wire_take_u32(from);
	from->bad |= value > UINT16_MAX;
	nodes->value = (uint16_t)value;
	return nodes;
}

static void take_form(struct type_reader *reader, struct type *type, struct making *making)
{
	struct wire *from = reader->from;
	uint8_t kind = wire_take_u8(from);
	struct type_form *form = kind ? take_array(reader, 1, sizeof(*form)) : NULL;
	if (!form)
		return;
	form->kind = kind;
	form->data = wire_take_u32(from);
	form->length = wire_take_u32(from);
	form->length_before = wire_take_u8(from);
	form->has_short = wire_take_bool(from);
	form->skip = wire_take_u8(from);
	form->item = take_reference(reader, false, making);
	form->none = take_text(reader);
	form->nodes = take_nodes(reader);
	bool any = wire_take_bool(from);
	from->bad |= any && !type->members;
	struct type_variant *variants =
		any ? take_array(reader, type->n_members, sizeof(*variants)) : NULL;
	for (uint32_t i = 0; variants && i < type->n_members && !from->bad; i++) {
		variants[i].value = wire_take_u64(from);
		variants[i].is_default = wire_take_bool(from);
	}
	form->variants = variants;
	from->bad |= !is_whole_form(type, form);
	type->form = form;
}

/* The number of an argument, or what stands for one. */
static int8_t take_argument(struct wire *from, int8_t min)
{
	enum { ARGUMENT_MAX = 64 };
	int8_t number = (int8_t)wire_take_u8(from);
	if (number >= min && number <= ARGUMENT_MAX)
		return number;
	from->bad = true;
	return 0;
}

/* Who shows text counts on the size of its characters. */
static char take_prefix(struct wire *from, const struct type *type)
{
	char prefix = (char)wire_take_u8(from);
	bool has_size = type->size == 2 || type->size == 4;
	from->bad |= prefix && (type->kind != TYPE_CHAR || !has_size || !strchr("LuU", prefix));
	return prefix;
}

static char take_sign(struct wire *from, const struct type *type)
{
	char sign = (char)wire_take_u8(from);
	bool has = type->kind == TYPE_ENUM || type->kind == TYPE_FLAGS ||
		   (type->kind == TYPE_CHAR && type->size == 1);
	from->bad |= sign && (!has || !strchr("+-", sign));
	return sign;
}

static void take_record(struct type_reader *reader, struct type *type, unsigned int depth_max)
{
	struct wire *from = reader->from;
	struct making making = {.weight = 1};
	uint8_t kind = wire_take_u8(from);
	from->bad |= kind > TYPE_COUNT;
	type->kind = kind;
	type->size = wire_take_u32(from);
	type->name = take_name(reader);
	type->length_arg = take_argument(from, LENGTH_RESULT);
	type->most_arg = take_argument(from, 0);
	type->length_bytes = wire_take_u8(from);
	from->bad |= type->length_bytes > sizeof(uint64_t);
	type->is_out = wire_take_bool(from);
	type->out_if_ok = wire_take_bool(from);
	type->in_memory = wire_take_bool(from);
	type->abbreviated = wire_take_bool(from);
	type->length_size = wire_take_u8(from);
	type->in_halves = wire_take_bool(from);
	type->is_code = wire_take_bool(from);
	type->is_big_endian = wire_take_bool(from);
	from->bad |= type->is_big_endian && type->size < 2;
	type->prefix = take_prefix(from, type);
	type->sign = take_sign(from, type);
	/* Only the kernel's own structures are that, and no file says so. */
	from->bad |= type->length_size || type->in_halves;
	type->target = take_reference(reader, false, &making);
	take_members(reader, type, &making);
	take_enumerators(reader, type);
	take_conditions(reader, type);
	take_form(reader, type, &making);
	if (making.weight > WEIGHT_MAX || making.depth > depth_max)
		from->bad = true;
	if (from->bad)
		return;
	reader->weights[reader->made] = (uint32_t)making.weight;
	reader->depths[reader->made] = (uint8_t)making.depth;
	reader->made++;
}

void types_take_all(struct type_reader *reader, struct wire *from, struct arena *arena,
		    const struct type_limits *limits)
{
	enum { RECORD_MIN = 41 };
	*reader = (struct type_reader){.from = from, .arena = arena};
	size_t count = wire_take_count(from, RECORD_MIN);
	from->bad |= limits && count > limits->count;
	if (!count || from->bad)
		return;
	reader->types = take_array(reader, count, sizeof(*reader->types));
	reader->weights = calloc(count, sizeof(*reader->weights));
	reader->depths = calloc(count, sizeof(*reader->depths));
	from->bad |= !reader->weights || !reader->depths;
	for (size_t i = 0; i < count && !from->bad; i++)
		take_record(reader, &reader->types[i], limits ? limits->depth : DEPTH_MAX);
}

/* --- what refers to them ---------------------------------------------------------------------- */

static void take_place(struct wire *from, struct parameter_place *place)
{
	uint8_t kind = wire_take_u8(from);
	from->bad |= kind > PLACE_LATER;
	place->kind = kind;
	place->reg = (uint16_t)wire_take_u32(from);
	place->exact = wire_take_bool(from);
	place->is_bytes = wire_take_bool(from);
	place->offset = (int64_t)wire_take_u64(from);
	place->is_address = wire_take_bool(from);
	place->since = (uint16_t)wire_take_u32(from);
	place->n_pieces = wire_take_u8(from);
	if (place->n_pieces > PLACE_PIECES_MAX) {
		from->bad = true;
		return;
	}
	for (int i = 0; i < place->n_pieces; i++) {
		uint8_t piece = wire_take_u8(from);
		from->bad |= piece >= PLACE_PIECES; /* there are none in pieces */
		place->pieces[i].kind = piece;
		place->pieces[i].reg = (uint16_t)wire_take_u32(from);
		place->pieces[i].size = (uint16_t)wire_take_u32(from);
		place->pieces[i].offset = (int64_t)wire_take_u64(from);
	}
}

static void take_parameters(struct type_reader *reader, struct prototype *prototype)
{
	struct wire *from = reader->from;
	size_t count = wire_take_count(from, 8);
	if (count > PARAMETERS_MAX) {
		from->bad = true;
		return;
	}
	struct parameter *parameters = take_array(reader, count + 1, sizeof(*parameters));
	for (size_t i = 0; parameters && i < count && !from->bad; i++) {
		parameters[i].name = take_name(reader);
		parameters[i].type = take_reference(reader, true, NULL);
		/* Whoever compiles it goes there. */
		from->bad |= !from->bad && (size_t)parameters[i].type->most_arg > count;
	}
	prototype->parameters = parameters;
	prototype->n_parameters = (uint32_t)count;
	if (!wire_take_bool(from))
		return;
	struct parameter_place *places = take_array(reader, count + 1, sizeof(*places));
	for (size_t i = 0; places && i < count && !from->bad; i++)
		take_place(from, &places[i]);
	prototype->places = places;
}

const struct prototype *types_take_prototype(struct type_reader *reader)
{
	struct wire *from = reader->from;
	if (!wire_take_bool(from))
		return NULL;
	struct prototype *prototype = take_array(reader, 1, sizeof(*prototype));
	if (!prototype)
		return NULL;
	take_parameters(reader, prototype);
	prototype->no_convention = take_text(reader);
	prototype->no_result = take_text(reader);
	prototype->is_optimised = wire_take_bool(from);
	prototype->is_rust = wire_take_bool(from);
	prototype->variadic = wire_take_bool(from);
	prototype->result = take_reference(reader, true, NULL);
	prototype->source = take_name(reader);
	return from->bad ? NULL : prototype;
}

static void take_variable_place(struct type_reader *reader, struct variable_place *ret)
{
	struct wire *from = reader->from;
	ret->unavailable = take_text(reader);
	ret->is_value = wire_take_bool(from);
	ret->size = (uint16_t)wire_take_u32(from);
	ret->n_steps = wire_take_u8(from);
	if (ret->n_steps > VARIABLE_STEPS_MAX) {
		from->bad = true;
		ret->n_steps = 0;
	}
	for (uint32_t i = 0; i < ret->n_steps; i++) {
		uint8_t kind = wire_take_u8(from);
		from->bad |= kind > STEP_READ;
		ret->steps[i].kind = kind;
		ret->steps[i].reg = (uint16_t)wire_take_u32(from);
		ret->steps[i].number = (int64_t)wire_take_u64(from);
	}
}

void types_take_variable(struct type_reader *reader, struct variable *ret)
{
	struct wire *from = reader->from;
	ret->name = take_name(reader);
	ret->type = take_reference(reader, true, NULL);
	ret->is_parameter = wire_take_bool(from);
	take_variable_place(reader, &ret->place);
	ret->n_pieces = wire_take_u8(from);
	if (ret->n_pieces > PLACE_PIECES_MAX) {
		from->bad = true;
		ret->n_pieces = 0;
	}
	for (uint32_t i = 0; i < ret->n_pieces; i++)
		take_variable_place(reader, &ret->pieces[i]);
}
