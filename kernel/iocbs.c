/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/iocbs.c — what io_submit() is given: an array of pointers to structures. */
#include <linux/aio_abi.h>

#include "kernel/making.h"

/* That are read, and of which what is to be written is, too: a plan has no room for many more. */
#define IOCBS_MAX  8
#define WRITES_MAX 4

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

/* acc = a member of one of them. */
static void add_member(struct ops *ops, uint8_t reg, uint32_t i, size_t offset, uint8_t size)
{
	add_op(ops, (struct fetch_op){.code = FETCH_DEREF,
				      .reg = reg,
				      .size = sizeof(struct iocb *),
				      .flags = FETCH_FROM_REG,
				      .imm = (int64_t)(i * sizeof(struct iocb *))});
	add_op(ops, (struct fetch_op){.code = FETCH_DEREF, .size = size, .imm = (int64_t)offset});
}

/* What it has the kernel write. Those of other commands have nothing there yet. */
static void add_buffer(struct making *making, uint8_t reg, uint32_t i, struct value *value)
{
	uint32_t limit = making->entry.options.string_limit;
	struct ops ops = {0};
	add_member(&ops, reg, i, offsetof(struct iocb, aio_nbytes), 8);
	add_length(&ops, 0, limit);
	add_member(&ops, reg, i, offsetof(struct iocb, aio_buf), 8);
	add_op(&ops, (struct fetch_op){.code = FETCH_BYTES, .flags = FETCH_NULL_OK, .imm = limit});
	place_slot(making, &ops, false, value);
}

/* With -y. */
static void add_file(struct making *making, uint8_t reg, uint32_t i, struct value *value)
{
	struct ops ops = {0};
	struct value file;
	if (!making->entry.options.files)
		return;
	add_member(&ops, reg, i, offsetof(struct iocb, aio_fildes), 4);
	add_op(&ops, (struct fetch_op){.code = FETCH_FILE});
	place_slot(making, &ops, false, &file);
	value->file_slot = file.slot + 1;
}

/* The order in structs.tbl. */
enum iocb_member {
	IOCB_DATA,
	IOCB_COMMAND,
	IOCB_FILE,
	IOCB_BUFFER,
	IOCB_BYTES,
	IOCB_OFFSET,
	IOCB_MEMBERS
};

/* What `member` is, by the command: nothing of those that have neither bytes nor a place. */
static struct err *add_choices(struct making *making, const struct value *members,
			       const struct value *written, struct value *member)
{
	struct value_choice *choices = arena_array(making->arena, 3, sizeof(*choices));
	if (!choices)
		return &err_nomem;
	choices[0].key = IOCB_CMD_FSYNC;
	choices[1].key = IOCB_CMD_FDSYNC;
	choices[2] = (struct value_choice){.key = IOCB_CMD_PWRITE, .value = written};
	member->chosen_by = &members[IOCB_COMMAND];
	member->choices = choices;
	member->n_choices = written ? 3 : 2;
	return NULL;
}

/* Of an iocb whose own bytes are in its slot. */
static struct err *add_members(struct making *making, uint8_t reg, uint32_t i, struct value *iocb)
{
	static const struct type bytes = {.kind = TYPE_BYTES, .size = 8, .name = "void *"};
	const struct type *type = iocb->type;
	struct value *members = arena_array(making->arena, IOCB_MEMBERS + 1, sizeof(*members));
	struct value *written = i < WRITES_MAX && members ? &members[IOCB_MEMBERS] : NULL;
	struct err *e = NULL;
	if (!members)
		return &err_nomem;
	for (uint32_t m = 0; m < IOCB_MEMBERS && m < type->n_members; m++)
		members[m] = (struct value){.name = type->members[m].name,
					    .type = type->members[m].type,
					    .slot = iocb->slot,
					    .in_blob = true,
					    .offset = type->members[m].offset,
					    .unavailable = iocb->unavailable};
	if (written) {
		*written = (struct value){.name = members[IOCB_BUFFER].name, .type = &bytes};
		add_buffer(making, reg, i, written);
		add_file(making, reg, i, &members[IOCB_FILE]);
	}
	for (uint32_t m = IOCB_BUFFER; !e && m < IOCB_MEMBERS; m++)
		e = add_choices(making, members, m == IOCB_BUFFER ? written : NULL, &members[m]);
	iocb->members = members;
	iocb->n_members = IOCB_MEMBERS;
	return e;
}

/* What one of them leads to. One that is not there has an address that nobody meant: that it cannot
 * be read means nothing. */
static void add_iocb(struct making *making, uint32_t index, uint32_t i, struct value *value)
{
	struct ops ops = {0};
	add_op(&ops, (struct fetch_op){.code = FETCH_DEREF,
				       .reg = argument_registers[index],
				       .size = sizeof(struct iocb *),
				       .flags = FETCH_FROM_REG,
				       .imm = (int64_t)(i * sizeof(struct iocb *))});
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
	struct err *e = NULL;
	add_pointers(making, index, argument_registers[argument->length_arg - 1], copy);
	for (uint32_t i = 0; !e && i < IOCBS_MAX; i++) {
		struct value *element = &elements[i], *iocb = &elements[IOCBS_MAX + i];
		*iocb = (struct value){.name = "", .type = pointer->target};
		add_iocb(making, index, i, iocb);
		e = add_members(making, argument_registers[index], i, iocb);
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
	return e;
}
