/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/argument.h — what an argument of a system call is, as compile_tables.py writes it down.
 *
 * Apart from syscalls.h because the generated files that include the kernel's own headers include
 * this: no header of the C library here.
 */
#ifndef UTRAIL_KERNEL_ARGUMENT_H
#define UTRAIL_KERNEL_ARGUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols/type.h"

/* How it is read, where the type does not say it. */
enum syscall_shape {
	SHAPE_PLAIN,	/* the word; with TYPE_POINTER, a copy of what the type's target says */
	SHAPE_STRINGS,	/* pointers to strings, up to a NULL */
	SHAPE_COUNT,	/* pointers, up to a NULL, only counted */
	SHAPE_BUFFERS,	/* struct iovec, and what they lead to */
	SHAPE_HEADED,	/* a structure, and as many bytes behind it as length_arg says */
	SHAPE_MESSAGE,	/* struct msghdr, and what it leads to */
	SHAPE_MESSAGES, /* struct mmsghdr, of each the same; length_arg says how many */
	SHAPE_BITS,	/* a set of numbers below what length_arg says */
	SHAPE_BITMAP,	/* the same, in as many bytes */
	SHAPE_PAGES,	/* a byte for each page of as many bytes of memory as length_arg says */
	SHAPE_ENTRIES,	/* directory entries, only counted */
	SHAPE_SOCKET,	/* a descriptor, of which the protocol is read, too */
	SHAPE_MASK,	/* a pointer to a set of signals, and its size: pselect6 */
};

#define SYSCALL_LENGTH_RESULT (-1)

struct syscall_choices;

struct syscall_argument {
	const char *name;
	const struct type *type;
	bool at_return; /* an output: the bytes behind the pointer are there when the call is over
			 */
	uint8_t filled_by; /* at_return: enum value_filled_by */
	/* Of bytes, elements or buffers: 1-based argument with their number, or
	 * SYSCALL_LENGTH_RESULT: the return value. 0: the type says it. */
	int8_t length_arg;
	/* Of bytes: 1-based argument with the size of the buffer, which the result may exceed. */
	uint8_t at_most_arg;
	uint8_t shape; /* enum syscall_shape */
	bool both;     /* an input, which the call may change */
	/* It depends on this argument, 1-based; 0: it does not. */
	uint8_t chosen_by;
	const struct syscall_choices *choices;
};

struct syscall_choice {
	uint64_t key;
	const struct syscall_argument *argument; /* without a name; NULL: not shown */
};

struct syscall_choices {
	const struct syscall_choice *items;
	size_t count;
};

#endif
