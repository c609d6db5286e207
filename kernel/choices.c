/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/choices.c — arguments and results that another argument decides on: choices.tbl. */
#include "kernel/making.h"

/* The slots with what the pointer leads to, for those numbers of the other argument for which it
 * is one. */
struct copies {
	struct value entry, leave;
	bool is_buffer; /* the argument is a buffer whatever the other one says: the same slot */
};

/* The first member says what was asked for. */
static uint32_t asked_size(const struct type *type)
{
	return type->n_members > 1 ? type->members[0].offset + type->members[0].type->size
				   : type->size;
}

/* Bytes that are read of what the pointer leads to; 0: none then. */
static uint64_t size_at(const struct syscall_argument *argument, bool at_return)
{
	if (argument->type->kind != TYPE_POINTER || !argument->type->target)
		return 0;
	if (argument->both && argument->at_return && !at_return)
		return asked_size(argument->type->target);
	return argument->at_return == at_return ? copied_size(argument->type->target) : 0;
}

static void add_chosen_copy(struct making *making, uint32_t index,
			    const struct syscall_argument *argument, bool at_return,
			    struct value *ret)
{
	struct ops ops = {0};
	uint32_t key = argument->chosen_by - 1U, n_found = 0;
	add_op(&ops, (struct fetch_op){.code = FETCH_CONST});
	add_length(&ops, 0, 0);
	for (size_t i = 0; i < argument->choices->count; i++) {
		const struct syscall_choice *choice = &argument->choices->items[i];
		uint64_t size = choice->argument ? size_at(choice->argument, at_return) : 0;
		if (!size)
			continue;
		add_op(&ops, (struct fetch_op){.code = FETCH_LENGTH,
					       .reg = argument_registers[key],
					       .size = 4,
					       .flags = FETCH_WHEN,
					       .imm = (int64_t)(choice->key << 32 | size)});
		n_found++;
	}
	if (!n_found)
		return;
	add_bytes(&ops, argument_registers[index], FETCH_MAYBE, 0);
	place_slot(making, &ops, at_return, ret);
	if (is_overwritten(key, at_return) || is_overwritten(index, at_return))
		ret->unavailable = making_overwritten;
}

static struct err *choose_value(struct making *making, const struct syscall_argument *argument,
				const struct copies *copies, const struct value *base,
				struct value *ret);

static struct err *add_choices(struct making *making, const struct syscall_argument *argument,
			       const struct copies *copies, const struct value *base,
			       struct value *ret)
{
	const struct syscall_choices *from = argument->choices;
	struct value_choice *choices = arena_array(making->arena, from->count, sizeof(*choices));
	struct value *values = arena_array(making->arena, from->count, sizeof(*values));
	struct err *e = NULL;
	if (!choices || !values)
		return &err_nomem;
	for (size_t i = 0; !e && i < from->count; i++) {
		choices[i].key = from->items[i].key;
		if (!from->items[i].argument)
			continue;
		e = choose_value(making, from->items[i].argument, copies, base, &values[i]);
		choices[i].value = &values[i];
	}
	ret->chosen_by = &making->items[argument->chosen_by - 1];
	ret->choices = choices;
	ret->n_choices = from->count;
	return e;
}

/* What a call that failed was asked for. */
static struct err *add_asked(struct making *making, const struct copies *copies, struct value *copy)
{
	struct type *type = arena_array(making->arena, 1, sizeof(*type));
	struct value *asked = arena_array(making->arena, 1, sizeof(*asked));
	if (!type || !asked)
		return &err_nomem;
	*type = *copy->type;
	type->n_members = 1;
	type->size = asked_size(copy->type);
	*asked = (struct value){.name = copy->name,
				.type = type,
				.slot = copies->entry.slot,
				.unavailable = copies->entry.unavailable};
	copy->instead = asked;
	return NULL;
}

/* `base` as one of the choices has it. */
static struct err *choose_value(struct making *making, const struct syscall_argument *argument,
				const struct copies *copies, const struct value *base,
				struct value *ret)
{
	const struct value *from = argument->at_return ? &copies->leave : &copies->entry;
	*ret = *base;
	ret->chosen_by = NULL;
	if (!copies->is_buffer || argument->type->kind == TYPE_POINTER)
		ret->type = argument->type;
	if (argument->type->kind == TYPE_POINTER && argument->type->target) {
		struct value *copy = new_copy(making, argument);
		if (!copy)
			return &err_nomem;
		if (copies->is_buffer)
			from = base;
		copy->name = base->name;
		copy->slot = from->slot;
		copy->at_return = from->at_return;
		copy->unavailable = from->unavailable;
		ret->copy = copy;
		struct err *e = argument->both ? add_asked(making, copies, copy) : NULL;
		if (e)
			return e;
		if (copies->is_buffer)
			*ret = *copy;
	}
	return argument->choices ? add_choices(making, argument, copies, base, ret) : NULL;
}

struct err *add_chosen(struct making *making, uint32_t index,
		       const struct syscall_argument *argument, struct value *value)
{
	struct copies copies = {.is_buffer = value->type->kind == TYPE_BYTES};
	if (!copies.is_buffer) {
		copies.entry.slot = copies.leave.slot = VALUE_NO_SLOT;
		add_chosen_copy(making, index, argument, false, &copies.entry);
		add_chosen_copy(making, index, argument, true, &copies.leave);
	}
	struct value base = *value;
	return add_choices(making, argument, &copies, &base, value);
}

struct err *add_result_choices(struct making *making, struct value *value)
{
	struct copies none = {0};
	struct value base = *value;
	return add_choices(making, &making->call->result, &none, &base, value);
}
