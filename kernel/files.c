/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/files.c — with -y: what descriptors stand for that lie in what a call is given, or gives
 * back. As many as there are, so each list of them has one slot.
 */
#include "kernel/making.h"

/* select()'s sets have no more, whatever the program says: FD_SETSIZE. */
#define FILES_SET_BITS 1024

void add_files(struct making *making, struct ops *ops, const struct files_place *place,
	       struct value *value)
{
	struct value list = {.slot = VALUE_NO_SLOT};
	if (!making->entry.options.files || ops->full)
		return;
	add_op(ops, (struct fetch_op){.code = FETCH_FILE,
				      .flags = FETCH_LIST,
				      .size = place->where,
				      .imm = place->stride});
	place_slot(making, ops, place->at_return, &list);
	value->files_slot = list.slot + 1;
	value->files_at_return = place->at_return;
}

void add_set_files(struct making *making, uint32_t index, const struct syscall_argument *argument,
		   struct value *value)
{
	const struct files_place place = {.where = FILES_IN_SET};
	struct ops ops = {0};
	add_op(&ops, (struct fetch_op){.code = FETCH_REG,
				       .reg = argument_registers[argument->length_arg - 1],
				       .size = 4,
				       .flags = FETCH_SIGNED});
	add_length(&ops, 0, FILES_SET_BITS);
	add_register(&ops, argument_registers[index]);
	add_files(making, &ops, &place, value);
}

/* Where the structure has a descriptor. False: nowhere. */
static bool find_fd(const struct type *type, uint32_t *ret)
{
	for (uint32_t i = 0; type->kind == TYPE_STRUCT && i < type->n_members; i++) {
		const struct type_member *member = &type->members[i];
		if (member->type->kind != TYPE_FD || member->type->size != 4)
			continue;
		*ret = member->offset;
		return true;
	}
	return false;
}

void add_element_files(struct making *making, uint32_t index,
		       const struct syscall_argument *argument, struct value *copy)
{
	const struct type *type = argument->type->target;
	bool is_array = type->kind == TYPE_ARRAY && type->target && argument->length_arg > 0;
	bool is_input = type->kind == TYPE_STRUCT && !argument->at_return;
	const struct type *element = is_array ? type->target : type;
	const struct files_place place = {.where = FILES_IN_ELEMENTS, .stride = element->size};
	struct ops ops = {0};
	uint32_t offset;
	if ((!is_array && !is_input) || !find_fd(element, &offset))
		return;
	if (is_array)
		add_op(&ops, (struct fetch_op){.code = FETCH_REG,
					       .reg = argument_registers[argument->length_arg - 1],
					       .size = 4});
	else
		add_op(&ops, (struct fetch_op){.code = FETCH_CONST, .imm = 1});
	add_length(&ops, 0, FETCH_LIST_MAX);
	add_register(&ops, argument_registers[index]);
	if (offset)
		add_op(&ops, (struct fetch_op){.code = FETCH_ADD, .imm = offset});
	add_files(making, &ops, &place, copy);
}
