/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/types_wire.h"

/* A new member of these must travel, too: here and in types_take.c. */
_Static_assert(sizeof(struct type) == 96, "struct type has changed");
_Static_assert(sizeof(struct type_member) == 24, "struct type_member has changed");
_Static_assert(sizeof(struct type_condition) == 32, "struct type_condition has changed");
_Static_assert(sizeof(struct type_form) == 48, "struct type_form has changed");
_Static_assert(sizeof(struct type_nodes) == 16, "struct type_nodes has changed");
_Static_assert(sizeof(struct enumerator) == 24, "struct enumerator has changed");
_Static_assert(sizeof(struct prototype) == 64, "struct prototype has changed");
_Static_assert(sizeof(struct parameter_place) == 88, "struct parameter_place has changed");
_Static_assert(sizeof(struct variable) == 632, "struct variable has changed");

/* Who builds types goes less deep. */
#define NESTING_MAX 200

static void put_text(struct wire *wire, const char *text)
{
	wire_put_cut(wire, text, TYPES_TEXT_MAX);
}

static uint32_t number_of(struct type_writer *writer, const struct type *type);

void type_writer_deinit(struct type_writer *writer)
{
	wire_deinit(&writer->records);
	wire_deinit(&writer->rest);
	name_map_deinit(&writer->numbers);
	arena_deinit(&writer->arena);
}

/* What a type refers to comes before it; these are the numbers. */
struct references {
	uint32_t target, item;
	uint32_t *members;
};

static void put_members(struct wire *wire, const struct type *type, const uint32_t *numbers)
{
	for (uint32_t i = 0; i < type->n_members; i++) {
		const struct type_member *member = &type->members[i];
		put_text(wire, member->name);
		wire_put_u32(wire, numbers[i]);
		wire_put_u32(wire, member->offset);
		wire_put_u8(wire, member->bit_size);
		wire_put_u8(wire, member->bit_offset);
	}
}

static void put_conditions(struct wire *wire, const struct type *type)
{
	wire_put_u8(wire, type->conditions != NULL);
	for (uint32_t i = 0; type->conditions && i < type->n_members; i++) {
		const struct type_condition *condition = &type->conditions[i];
		wire_put_u32(wire, condition->offset);
		wire_put_u64(wire, condition->mask);
		wire_put_u64(wire, condition->value);
		wire_put_u8(wire, condition->is_not);
	}
}

static void put_nodes(struct wire *wire, const struct type_nodes *nodes)
{
	wire_put_u8(wire, nodes ? (uint8_t)nodes->kind : 0);
	if (!nodes)
		return;
	wire_put_u8(wire, nodes->is_map);
	wire_put_u8(wire, nodes->is_set);
	wire_put_u8(wire, nodes->has_count);
	wire_put_u8(wire, nodes->ends_null);
	wire_put_u8(wire, nodes->end);
	for (size_t i = 0; i < sizeof(nodes->links); i++)
		wire_put_u8(wire, nodes->links[i]);
	wire_put_u32(wire, nodes->value);
}

static void put_form(struct wire *wire, const struct type *type, uint32_t item)
{
	const struct type_form *form = type->form;
	wire_put_u8(wire, form ? (uint8_t)form->kind : 0);
	if (!form)
		return;
	wire_put_u32(wire, form->data);
	wire_put_u32(wire, form->length);
	wire_put_u8(wire, form->length_before);
	wire_put_u8(wire, form->has_short);
	wire_put_u8(wire, form->skip);
	wire_put_u32(wire, item);
	put_text(wire, form->none);
	put_nodes(wire, form->nodes);
	wire_put_u8(wire, form->variants != NULL);
	for (uint32_t i = 0; form->variants && i < type->n_members; i++) {
		wire_put_u64(wire, form->variants[i].value);
		wire_put_u8(wire, form->variants[i].is_default);
	}
}

static void put_enumerators(struct wire *wire, const struct type *type)
{
	wire_put_u64(wire, type->n_enumerators);
	for (uint32_t i = 0; i < type->n_enumerators; i++) {
		put_text(wire, type->enumerators[i].name);
		wire_put_u64(wire, (uint64_t)type->enumerators[i].value);
		wire_put_u64(wire, (uint64_t)type->enumerators[i].mask);
	}
}

static void put_record(struct wire *wire, const struct type *type,
		       const struct references *references)
{
	wire_put_u8(wire, (uint8_t)type->kind);
	wire_put_u32(wire, type->size);
	put_text(wire, type->name);
	wire_put_u8(wire, (uint8_t)type->length_arg);
	wire_put_u8(wire, (uint8_t)type->most_arg);
	wire_put_u8(wire, type->length_bytes);
	wire_put_u8(wire, type->is_out);
	wire_put_u8(wire, type->out_if_ok);
	wire_put_u8(wire, type->in_memory);
	wire_put_u8(wire, type->abbreviated);
	wire_put_u8(wire, type->length_size);
	wire_put_u8(wire, type->in_halves);
	wire_put_u8(wire, type->is_code);
	wire_put_u8(wire, type->is_big_endian);
	wire_put_u8(wire, (uint8_t)type->prefix);
	wire_put_u8(wire, (uint8_t)type->sign);
	wire_put_u32(wire, references->target);
	wire_put_u8(wire, type->members != NULL);
	wire_put_u64(wire, type->n_members);
	if (type->members)
		put_members(wire, type, references->members);
	put_enumerators(wire, type);
	put_conditions(wire, type);
	put_form(wire, type, references->item);
}

static struct references put_referred(struct type_writer *writer, const struct type *type)
{
	struct references found = {.target = number_of(writer, type->target),
				   .item = type->form ? number_of(writer, type->form->item) : 0};
	size_t count = type->members ? type->n_members : 0;
	found.members = arena_array(&writer->arena, count + 1, sizeof(*found.members));
	if (!found.members)
		writer->records.bad = true;
	for (size_t i = 0; found.members && i < count; i++)
		found.members[i] = number_of(writer, type->members[i].type);
	return found;
}

/* 0: none. */
static uint32_t number_of(struct type_writer *writer, const struct type *type)
{
	uint64_t address = (uintptr_t)type;
	if (!type || writer->records.bad)
		return 0;
	const uint64_t *known =
		name_map_find(&writer->numbers, (const char *)&address, sizeof(address));
	if (known)
		return (uint32_t)*known;
	if (writer->nesting >= NESTING_MAX) {
		writer->records.bad = true;
		return 0;
	}
	writer->nesting++;
	const struct references references = put_referred(writer, type);
	writer->nesting--;
	const char *key = arena_copy(&writer->arena, &address, sizeof(address));
	if (!key || !references.members ||
	    !name_map_add(&writer->numbers, key, sizeof(address), writer->count + 1)) {
		writer->records.bad = true;
		return 0;
	}
	put_record(&writer->records, type, &references);
	return ++writer->count;
}

static void put_place(struct wire *wire, const struct parameter_place *place)
{
	wire_put_u8(wire, (uint8_t)place->kind);
	wire_put_u32(wire, place->reg);
	wire_put_u8(wire, place->exact);
	wire_put_u8(wire, place->is_bytes);
	wire_put_u64(wire, (uint64_t)place->offset);
	wire_put_u8(wire, place->is_address);
	wire_put_u32(wire, place->since);
	wire_put_u8(wire, place->n_pieces);
	for (int i = 0; i < place->n_pieces; i++) {
		const struct place_piece *piece = &place->pieces[i];
		wire_put_u8(wire, (uint8_t)piece->kind);
		wire_put_u32(wire, piece->reg);
		wire_put_u32(wire, piece->size);
		wire_put_u64(wire, (uint64_t)piece->offset);
	}
}

void types_put_prototype(struct type_writer *writer, const struct prototype *prototype)
{
	struct wire *to = &writer->rest;
	wire_put_u8(to, prototype != NULL);
	if (!prototype)
		return;
	wire_put_u64(to, prototype->n_parameters);
	for (uint32_t i = 0; i < prototype->n_parameters; i++) {
		put_text(to, prototype->parameters[i].name);
		wire_put_u32(to, number_of(writer, prototype->parameters[i].type));
	}
	wire_put_u8(to, prototype->places != NULL);
	for (uint32_t i = 0; prototype->places && i < prototype->n_parameters; i++)
		put_place(to, &prototype->places[i]);
	put_text(to, prototype->no_convention);
	put_text(to, prototype->no_result);
	wire_put_u8(to, prototype->is_optimised);
	wire_put_u8(to, prototype->is_rust);
	wire_put_u8(to, prototype->variadic);
	wire_put_u32(to, number_of(writer, prototype->result));
	put_text(to, prototype->source);
}

static void put_variable_place(struct wire *to, const struct variable_place *place)
{
	put_text(to, place->unavailable);
	wire_put_u8(to, place->is_value);
	wire_put_u32(to, place->size);
	wire_put_u8(to, (uint8_t)place->n_steps);
	for (uint32_t i = 0; i < place->n_steps; i++) {
		wire_put_u8(to, (uint8_t)place->steps[i].kind);
		wire_put_u32(to, place->steps[i].reg);
		wire_put_u64(to, (uint64_t)place->steps[i].number);
	}
}

void types_put_variable(struct type_writer *writer, const struct variable *variable)
{
	struct wire *to = &writer->rest;
	put_text(to, variable->name);
	wire_put_u32(to, number_of(writer, variable->type));
	wire_put_u8(to, variable->is_parameter);
	put_variable_place(to, &variable->place);
	wire_put_u8(to, (uint8_t)variable->n_pieces);
	for (uint32_t i = 0; i < variable->n_pieces; i++)
		put_variable_place(to, &variable->pieces[i]);
}

void types_put_all(struct type_writer *writer, struct wire *to)
{
	to->bad |= writer->records.bad || writer->rest.bad;
	wire_put_u64(to, writer->count);
	wire_put_bytes(to, writer->records.bytes, writer->records.size);
	wire_put_bytes(to, writer->rest.bytes, writer->rest.size);
}
