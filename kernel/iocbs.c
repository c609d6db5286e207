/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/iocbs.c — what io_submit() is given: an array of pointers to structures. */
#include <linux/aio_abi.h>

#include "kernel/making.h"

/* That are read: a plan has no room for many more. */
#define IOCBS_MAX 8

/* The pointers, as many as there are. */
static void add_pointers(struct making *making, uint32_t index, uint8_t count_reg,
			 struct value *value)
{
	struct ops ops = {0};
	add_op(&ops, (struct fetch_op){.code = FETCH_CONST});
	add_op(&ops, (struct fetch_op){.code = FETCH_INDEX,
				       .reg = count_reg,
				       .size = 4,
				       .imm = sizeof(struct iocb *)});
	add_length(&ops, 0, IOCBS_MAX * sizeof(struct iocb *));
	add_bytes(&ops, argument_registers[index], 0, IOCBS_MAX * sizeof(struct iocb *));
	place_slot(making, &ops, false, value);
}

/* What one of them leads to. One that is not there has an address that nobody meant: that it cannot
 * be read means nothing. */
static void add_iocb(struct making *making, uint32_t index, uint32_t i, struct value *value)
{
	struct ops ops = {0};
	add_field(&ops, argument_registers[index], i * sizeof(struct iocb *), 8);
	add_op(&ops, (struct fetch_op){.code = FETCH_BYTES,
				       .flags = FETCH_NULL_OK | FETCH_MAYBE,
				       .imm = sizeof(struct iocb)});
	place_slot(making, &ops, false, value);
}

struct err *add_iocbs(struct making *making, uint32_t index,
		      const struct syscall_argument *argument, struct value *copy)
{
	struct value *elements =
		arena_array(making->arena, (size_t)2 * IOCBS_MAX, sizeof(*elements));
	struct type *pointer = arena_array(making->arena, 1, sizeof(*pointer));
	if (!elements || !pointer)
		return &err_nomem;
	*pointer = (struct type){.kind = TYPE_POINTER,
				 .size = sizeof(struct iocb *),
				 .name = "struct iocb *",
				 .target = copy->type->target};
	add_pointers(making, index, argument_registers[argument->length_arg - 1], copy);
	for (uint32_t i = 0; i < IOCBS_MAX; i++) {
		struct value *element = &elements[i], *iocb = &elements[IOCBS_MAX + i];
		*iocb = (struct value){.name = "", .type = pointer->target};
		add_iocb(making, index, i, iocb);
		*element = (struct value){.name = "",
					  .type = pointer,
					  .slot = copy->slot,
					  .in_blob = true,
					  .offset = i * (uint32_t)sizeof(struct iocb *),
					  .unavailable = copy->unavailable,
					  .copy = iocb};
	}
	copy->members = elements;
	copy->n_members = IOCBS_MAX;
	copy->counted_by = &making->items[argument->length_arg - 1];
	return NULL;
}
