/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/making.h — making the plans and values of one system call: what the files that know some
 * shape of argument share. Private to kernel/. */
#ifndef UTRAIL_KERNEL_MAKING_H
#define UTRAIL_KERNEL_MAKING_H

#include "kernel/operations.h"
#include "kernel/registers.h"
#include "kernel/table.h"

/* Bytes of an array whose length another argument says; what is beyond is cut. */
#define ARRAY_BYTES_MAX 1024

struct making {
	struct arena *arena;
	const struct syscall_info *call;
	struct plan_builder entry, leave;
	struct value *items;
	int result_file_slot; /* as in struct value */
	int netlink_slot;     /* the same */
};

static inline struct plan_builder *builder_of(struct making *making, bool at_return)
{
	return at_return ? &making->leave : &making->entry;
}

/* arm64: the result takes the place of the first argument. */
static inline bool is_overwritten(uint32_t index, bool at_return)
{
	return at_return && argument_registers[index] == RESULT_REGISTER;
}

extern const char making_overwritten[]; /* why a value is unavailable then */

/* The operations' slot becomes the value's. */
void place_slot(struct making *making, const struct ops *ops, bool at_return, struct value *value);
/* The word as it is in the register, whatever it leads to. */
void add_word(struct making *making, uint32_t index, struct value *value);
/* A value for what lies behind a pointer; the caller says in which slot. */
struct value *new_copy(struct making *making, const struct syscall_argument *argument);
/* After the operations that give the number of iovecs: how many of them, and of their bytes. */
void limit_buffers(struct ops *ops, bool at_return);
/* Buffers, whose first iovec is where the operations lead. */
void add_buffers_at(struct making *making, struct ops *ops, bool at_return, struct value *value);

/* Bytes of it that are read; 0: another argument says it. */
uint32_t copied_size(const struct type *type);

/* kernel/choices.c */
struct err *add_chosen(struct making *making, uint32_t index,
		       const struct syscall_argument *argument, struct value *value) must_check;
struct err *add_result_choices(struct making *making, struct value *value) must_check;

/* kernel/files.c: where descriptors are. */
struct files_place {
	uint8_t where; /* enum fetch_files */
	bool at_return;
	uint32_t stride; /* bytes of an element */
};
/* With -y, what they stand for; the operations give the length and the address. */
void add_files(struct making *making, struct ops *ops, const struct files_place *place,
	       struct value *value);
void add_set_files(struct making *making, uint32_t index, const struct syscall_argument *argument,
		   struct value *value);
/* Of an array's elements, or of a structure; nothing where they have none. They are those of the
 * entry: by the return, somebody may have closed one. */
void add_element_files(struct making *making, uint32_t index,
		       const struct syscall_argument *argument, struct value *copy);

/* kernel/clone.c: `copy` is the structure's. */
struct err *add_clone_outputs(struct making *making, uint32_t index, struct value *copy) must_check;

/* kernel/iocbs.c: `copy` is the array's. */
struct err *add_iocbs(struct making *making, uint32_t index,
		      const struct syscall_argument *argument, struct value *copy) must_check;

/* kernel/messages.c */
struct err *add_message(struct making *making, uint32_t index,
			const struct syscall_argument *argument, struct value *value) must_check;
struct err *add_headed(struct making *making, uint32_t index,
		       const struct syscall_argument *argument, struct value *value) must_check;
struct err *add_messages(struct making *making, uint32_t index,
			 const struct syscall_argument *argument, struct value *value) must_check;

/* kernel/sets.c */
void add_bits(struct making *making, uint32_t index, const struct syscall_argument *argument,
	      struct value *value);
struct err *add_count(struct making *making, uint32_t index,
		      const struct syscall_argument *argument, struct value *value) must_check;
struct err *add_entries(struct making *making, uint32_t index,
			const struct syscall_argument *argument, struct value *value) must_check;
/* The one argument of rt_sigreturn, which no register has. */
void add_frame(struct making *making, struct value *value);
struct err *add_mask(struct making *making, uint32_t index, const struct syscall_argument *argument,
		     struct value *value) must_check;

#endif
