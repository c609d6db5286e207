/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/sets.c — arguments that are sets of bits, and lists that are only counted. */
#include <linux/types.h>
#include <stddef.h>
#include <sys/types.h>

#include "kernel/making.h"

/* getdents64() fills in these; include/linux/dirent.h has it for the kernel alone. The older
 * getdents() has no d_type, which does not matter here. */
struct directory_entry {
	__u64 inode, offset;
	__u16 record_length;
};

/* How many bytes the set has. Of bits, the last byte may be one more than the kernel looks at. */
static void add_set_length(struct ops *ops, const struct syscall_argument *argument)
{
	bool is_result = argument->length_arg == SYSCALL_LENGTH_RESULT;
	uint8_t reg = is_result ? RESULT_REGISTER : argument_registers[argument->length_arg - 1];
	struct fetch_op length = {.code = FETCH_REG, .reg = reg, .size = 4};
	if (is_result)
		length.flags = FETCH_SIGNED;
	if (argument->shape == SHAPE_BITS) {
		/* Two bytes, because the upper half of an int's register is anybody's: half a
		 * million bits, and fewer fit. */
		length.shift = 3;
		length.size = 2;
	}
	add_op(ops, length);
	if (argument->shape == SHAPE_BITS)
		add_op(ops, (struct fetch_op){.code = FETCH_ADD, .imm = 1});
	add_length(ops, 0, ARRAY_BYTES_MAX);
}

static void add_set(struct making *making, uint32_t index, const struct syscall_argument *argument,
		    bool at_return, struct value *value)
{
	struct ops ops = {0};
	add_set_length(&ops, argument);
	add_bytes(&ops, argument_registers[index], 0, ARRAY_BYTES_MAX);
	place_slot(making, &ops, at_return, value);
	value->at_most =
		argument->shape == SHAPE_BITS ? &making->items[argument->length_arg - 1] : NULL;
	if (is_overwritten(index, at_return))
		value->unavailable = making_overwritten;
}

void add_bits(struct making *making, uint32_t index, const struct syscall_argument *argument,
	      struct value *value)
{
	add_set(making, index, argument, argument->at_return, value);
	if (!argument->both)
		return;
	/* The sets that calls change are those of select(), of descriptors. */
	add_set_files(making, index, argument, value);
	struct value *after = arena_array(making->arena, 1, sizeof(*after));
	if (!after) {
		value->unavailable = "no memory";
		return;
	}
	*after = (struct value){.name = value->name,
				.type = value->type,
				.slot = VALUE_NO_SLOT,
				.files_slot = value->files_slot};
	add_set(making, index, argument, true, after);
	value->after = after;
}

/* A pointer, and as its copy how many elements the list there has. `ops` say how long it is, `imm`
 * is that of the counting operation. */
static struct err *add_counted(struct making *making, uint32_t index,
			       const struct syscall_argument *argument, struct ops *ops,
			       int64_t imm, struct value *value)
{
	struct value *copy = new_copy(making, argument);
	if (!copy)
		return &err_nomem;
	copy->in_blob = false;
	add_word(making, index, value);
	add_register(ops, argument_registers[index]);
	add_op(ops,
	       (struct fetch_op){.code = FETCH_INT, .size = 8, .flags = FETCH_LIST, .imm = imm});
	place_slot(making, ops, argument->at_return, copy);
	value->copy = copy;
	return NULL;
}

struct err *add_count(struct making *making, uint32_t index,
		      const struct syscall_argument *argument, struct value *value)
{
	struct ops ops = {0};
	add_op(&ops, (struct fetch_op){.code = FETCH_CONST});
	add_length(&ops, 0, 0);
	return add_counted(making, index, argument, &ops, 0, value);
}

struct err *add_entries(struct making *making, uint32_t index,
			const struct syscall_argument *argument, struct value *value)
{
	struct ops ops = {0};
	add_op(&ops, (struct fetch_op){.code = FETCH_REG,
				       .reg = RESULT_REGISTER,
				       .size = 4,
				       .flags = FETCH_SIGNED});
	add_length(&ops, 0, INT32_MAX);
	return add_counted(making, index, argument, &ops,
			   offsetof(struct directory_entry, record_length), value);
}

/* struct __aio_sigset and the like: a pointer to the set, its size. */
struct err *add_mask(struct making *making, uint32_t index, const struct syscall_argument *argument,
		     struct value *value)
{
	const struct type *type = argument->type->target;
	uint8_t reg = argument_registers[index];
	struct value *copy = new_copy(making, argument);
	struct value *members = arena_array(making->arena, 2, sizeof(*members));
	struct ops ops = {0}, set = {0};
	if (!copy || !members)
		return &err_nomem;
	add_word(making, index, value);
	add_bytes(&ops, reg, 0, 2 * sizeof(__u64));
	place_slot(making, &ops, false, copy);
	add_register(&set, reg);
	add_op(&set, (struct fetch_op){.code = FETCH_DEREF, .size = 8, .flags = FETCH_NULL_OK});
	add_op(&set, (struct fetch_op){
			     .code = FETCH_BYTES, .flags = FETCH_NULL_OK, .imm = sizeof(__u64)});
	for (uint32_t i = 0; i < 2; i++)
		members[i] = (struct value){.name = type->members[i].name,
					    .type = type->members[i].type,
					    .slot = copy->slot,
					    .in_blob = true,
					    .offset = type->members[i].offset,
					    .unavailable = copy->unavailable};
	place_slot(making, &set, false, &members[0]);
	copy->members = members;
	copy->n_members = 2;
	value->copy = copy;
	return NULL;
}

/* --- the frame of a signal ----------------------------------------------------------------------
 */

/*
 * What rt_sigreturn goes back to lies at the stack pointer: struct rt_sigframe, of which the kernel
 * has the first word taken off by then on x86-64 (arch/x86/include/asm/sigframe.h), and which
 * begins with a siginfo on arm64 (arch/arm64/kernel/signal.c). uc_sigmask comes behind flags, link
 * and stack of the struct ucontext, and on x86-64 behind the 256 bytes of its registers.
 */
#if defined(__x86_64__)
#define FRAME_REGISTER X86_RSP
#define FRAME_MASK     (40 + 256)
#else
#define FRAME_REGISTER ARM64_SP
#define FRAME_MASK     (128 + 40)
#endif

void add_frame(struct making *making, struct value *value)
{
	static const struct type set = {.kind = TYPE_SIGNAL_SET, .size = 8, .name = "sigset_t"};
	static const struct type_member mask = {.name = "mask", .type = &set};
	static const struct type frame = {.kind = TYPE_STRUCT,
					  .size = 8,
					  .name = "struct rt_sigframe",
					  .members = &mask,
					  .n_members = 1};
	struct ops ops = {0};
	*value = (struct value){.name = "frame", .type = &frame};
	add_register(&ops, FRAME_REGISTER);
	add_op(&ops, (struct fetch_op){.code = FETCH_ADD, .imm = FRAME_MASK});
	add_op(&ops, (struct fetch_op){.code = FETCH_BYTES, .imm = sizeof(__u64)});
	place_slot(making, &ops, false, value);
}
