/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/clone.c — what clone3() gives back: behind two members of the structure that it is given.
 */
#include <linux/sched.h>

#include "kernel/making.h"

static const struct type descriptor_type = {.kind = TYPE_FD, .size = 4, .name = "int"};
static const struct type number_type = {.kind = TYPE_INT, .size = 4, .name = "pid_t"};
static const struct type flags_type = {.kind = TYPE_HEX, .size = 8, .name = "__u64"};
static const struct type outputs_type = {.kind = TYPE_STRUCT, .name = "struct clone_args"};

/* The same words as in the structure's own copy, at the return, where the outputs are. */
static void add_flags(struct making *making, uint8_t reg, struct value *value)
{
	struct ops ops = {0};
	*value = (struct value){.name = "flags", .type = &flags_type};
	add_field(&ops, reg, offsetof(struct clone_args, flags), 8);
	add_op(&ops, (struct fetch_op){.code = FETCH_INT, .size = 8});
	place_slot(making, &ops, true, value);
}

/* `offset`: of the member that leads there, which means something with this flag alone. */
static void add_output(struct making *making, uint8_t reg, size_t offset, struct value *value)
{
	struct ops ops = {0};
	value->in_blob = value->boxed = true;
	add_field(&ops, reg, offset, 8);
	add_op(&ops,
	       (struct fetch_op){.code = FETCH_BYTES, .flags = FETCH_NULL_OK, .imm = sizeof(int)});
	place_slot(making, &ops, true, value);
}

struct err *add_clone_outputs(struct making *making, uint32_t index, struct value *copy)
{
	uint8_t reg = argument_registers[index];
	struct value *values = arena_array(making->arena, 4, sizeof(*values));
	struct value *after = values, *outputs = values + 1, *flags = values + 3;
	if (!values)
		return &err_nomem;
	if (is_overwritten(index, true))
		return NULL;
	add_flags(making, reg, flags);
	outputs[0] = (struct value){.name = "pidfd",
				    .type = &descriptor_type,
				    .shown_if = flags,
				    .shown_if_bits = CLONE_PIDFD};
	outputs[1] = (struct value){.name = "parent_tid",
				    .type = &number_type,
				    .shown_if = flags,
				    .shown_if_bits = CLONE_PARENT_SETTID};
	add_output(making, reg, offsetof(struct clone_args, pidfd), &outputs[0]);
	add_output(making, reg, offsetof(struct clone_args, parent_tid), &outputs[1]);
	*after = (struct value){.name = "",
				.type = &outputs_type,
				.slot = VALUE_NO_SLOT,
				.at_return = true,
				.filled_by = FILLED_BY_SUCCESS,
				.members = outputs,
				.n_members = 2,
				.shown_if = flags,
				.shown_if_bits = CLONE_PIDFD | CLONE_PARENT_SETTID};
	copy->after = after;
	return NULL;
}
