/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/operations.h — fetch operations, one after the other, for one slot. Private to kernel/. */
#ifndef UTRAIL_KERNEL_OPERATIONS_H
#define UTRAIL_KERNEL_OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/fetch.h"

struct ops {
	struct fetch_op items[FETCH_OPS_MAX];
	uint32_t count;
	bool full;
};

static inline void add_op(struct ops *ops, struct fetch_op op)
{
	if (ops->count < FETCH_OPS_MAX)
		ops->items[ops->count++] = op;
	else
		ops->full = true;
}

static inline void add_register(struct ops *ops, uint8_t reg)
{
	add_op(ops, (struct fetch_op){.code = FETCH_REG, .reg = reg, .size = 8});
}

/* acc = the `size` bytes at `offset` of the structure that the register leads to. */
static inline void add_field(struct ops *ops, uint8_t reg, size_t offset, uint8_t size)
{
	add_register(ops, reg);
	if (offset)
		add_op(ops, (struct fetch_op){.code = FETCH_ADD, .imm = (int64_t)offset});
	add_op(ops, (struct fetch_op){.code = FETCH_DEREF, .size = size});
}

static inline void add_length(struct ops *ops, uint8_t flags, int64_t limit)
{
	add_op(ops, (struct fetch_op){.code = FETCH_LENGTH,
				      .flags = FETCH_LENGTH_SIGNED | flags,
				      .imm = limit});
}

static inline void add_bytes(struct ops *ops, uint8_t reg, uint8_t flags, int64_t size)
{
	add_register(ops, reg);
	add_op(ops,
	       (struct fetch_op){.code = FETCH_BYTES, .flags = FETCH_NULL_OK | flags, .imm = size});
}

#endif
