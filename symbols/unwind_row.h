/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/unwind_row.h — the unwind tables' rules for one address, and what they yield. Private to
 * symbols/.
 */
#ifndef UTRAIL_SYMBOLS_UNWIND_ROW_H
#define UTRAIL_SYMBOLS_UNWIND_ROW_H

#include <elfutils/libdw.h>

#include "symbols/stack.h"

/* Registers of a frame; those that a caller's frame does not tell are not known. */
struct frame_state {
	uint64_t values[STACK_REGISTERS];
	uint64_t known; /* bit n: values[n] is */
	uint64_t pc, cfa;
};

/* Reads a word of the stack; false: it was not copied. */
struct frame_memory {
	void *context;
	bool (*read)(void *context, uint64_t address, uint64_t *ret);
	bool failed; /* a read did: the copy ends too early */
};

enum row_kind {
	ROW_UNDEFINED,
	ROW_SAME,
	ROW_AT,	      /* in memory, at the frame's address plus `offset` */
	ROW_IS,	      /* the frame's address plus `offset` */
	ROW_COMPUTED, /* `ops` */
};

struct row_rule {
	enum row_kind kind;
	int64_t offset;
	Dwarf_Op *ops;
	size_t n_ops;
};

struct unwind_row {
	struct row_rule cfa; /* COMPUTED, or IS: register `cfa_register` plus `offset` */
	uint64_t cfa_register;
	int return_register;
	bool is_signal; /* the caller did not call: it was interrupted */
	struct row_rule rules[STACK_REGISTERS];
};

/* Read once for each address; NULL: there are no tables for it. */
const struct unwind_row *image_unwind_row(struct image *image, uint64_t address);

enum step_result {
	STEP_DONE,
	STEP_LAST, /* the tables say that nobody called this */
	STEP_FAILED,
};

/*
 * The frame of the caller. *ret_slot: where the return address was read, 0 when not in memory.
 * Unknown registers and hostile expressions fail.
 */
enum step_result unwind_row_step(const struct unwind_row *row, const struct frame_state *from,
				 struct frame_memory *memory, struct frame_state *ret,
				 uint64_t *ret_slot);

/* unwind_eval.c: an expression; false: it cannot be computed. `push_cfa`: it may ask for that.
 * *ret_is_value: the result is the value itself, not its address. */
bool unwind_evaluate(const Dwarf_Op *ops, size_t n_ops, const struct frame_state *state,
		     struct frame_memory *memory, uint64_t *ret, bool *ret_is_value);

#endif
