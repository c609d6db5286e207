/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/unwind_row.h"

#include <dwarf.h>
#include <stdlib.h>
#include <uthash.h>

#include "symbols/child/remote.h"
#include "symbols/dwarf_info.h"
#include "symbols/image.h"
#include "symbols/sources/view.h"

/* libdw interprets the tables' program for every question, which takes a microsecond or two. A
 * stack is made of places that were seen before, so the answers are kept, up to some megabytes. */
#define ROWS_MAX 16384

struct kept_row {
	uint64_t address;
	bool exists;
	struct unwind_row row;
	UT_hash_handle hh;
};

struct unwind_rows {
	struct kept_row *by_address;
	bool debug_opened;
	Dwarf_CFI *debug; /* .debug_frame; the Dwarf's own. NULL: none */
};

static void forget(struct unwind_rows *rows)
{
	struct kept_row *row, *next;
	HASH_ITER (hh, rows->by_address, row, next) {
		HASH_DEL(rows->by_address, row);
		free(row);
	}
}

void unwind_rows_free(struct image *image)
{
	if (!image->rows)
		return;
	forget(image->rows);
	free(image->rows);
	image->rows = NULL;
}

/* --- from libdw's form ------------------------------------------------------------------------ */

/* The frame's address plus a constant, or what has to be computed. */
static struct row_rule rule_of(Dwarf_Op *ops, size_t n_ops)
{
	bool is_value = n_ops && ops[n_ops - 1].atom == DW_OP_stack_value;
	size_t n = n_ops - is_value;
	struct row_rule rule = {.kind = is_value ? ROW_IS : ROW_AT};
	bool from_cfa = n && ops[0].atom == DW_OP_call_frame_cfa;
	if (from_cfa && n == 1)
		return rule;
	if (from_cfa && n == 2 && ops[1].atom == DW_OP_plus_uconst) {
		rule.offset = (int64_t)ops[1].number;
		return rule;
	}
	return (struct row_rule){.kind = ROW_COMPUTED, .ops = ops, .n_ops = n_ops};
}

static bool read_rule(Dwarf_Frame *frame, int number, struct row_rule *ret)
{
	Dwarf_Op memory[3], *ops = NULL;
	size_t n_ops = 0;
	if (dwarf_frame_register(frame, number, memory, &ops, &n_ops) != 0)
		return false;
	if (!n_ops) {
		ret->kind = ops ? ROW_UNDEFINED : ROW_SAME;
		return true;
	}
	*ret = rule_of(ops, n_ops);
	/* A register's value in another register: it is in our memory, which does not last. */
	if (ret->kind == ROW_COMPUTED && ops == memory)
		ret->kind = ROW_UNDEFINED;
	return true;
}

static bool read_cfa(Dwarf_Frame *frame, struct unwind_row *row)
{
	Dwarf_Op *ops = NULL;
	size_t n_ops = 0;
	if (dwarf_frame_cfa(frame, &ops, &n_ops) != 0 || !n_ops)
		return false;
	row->cfa.kind = ROW_IS;
	if (n_ops == 1 && ops->atom == DW_OP_bregx) {
		row->cfa_register = ops->number;
		row->cfa.offset = (int64_t)ops->number2;
	} else if (n_ops == 1 && ops->atom >= DW_OP_breg0 && ops->atom <= DW_OP_breg31) {
		row->cfa_register = ops->atom - DW_OP_breg0;
		row->cfa.offset = (int64_t)ops->number;
	} else {
		row->cfa = (struct row_rule){.kind = ROW_COMPUTED, .ops = ops, .n_ops = n_ops};
	}
	return row->cfa.kind == ROW_COMPUTED || row->cfa_register < STACK_REGISTERS;
}

/* Registers that a function leaves as they were unless its rules say otherwise (psABI
 * x86-64, 3.2.1; AAPCS64, 6.1.1). libdw tells no rule and "undefined" apart for no register of
 * x86-64. */
static bool is_preserved(const struct image *image, int number)
{
	if (image->file.header.e_machine == EM_X86_64)
		return number == 3 || number == 6 || (number >= 12 && number <= 15);
	return number >= 19 && number <= 29;
}

static bool read_row(const struct image *image, Dwarf_Frame *frame, struct unwind_row *row)
{
	Dwarf_Addr start, end;
	row->return_register = dwarf_frame_info(frame, &start, &end, &row->is_signal);
	if (row->return_register < 0 || row->return_register >= STACK_REGISTERS ||
	    !read_cfa(frame, row))
		return false;
	for (int i = 0; i < STACK_REGISTERS; i++) {
		if (!read_rule(frame, i, &row->rules[i]))
			return false;
		if (row->rules[i].kind == ROW_UNDEFINED && is_preserved(image, i))
			row->rules[i].kind = ROW_SAME;
	}
	return true;
}

/* Only when .eh_frame has nothing: opening the debug information takes its time. */
static Dwarf_Frame *debug_frame_at(struct image *image, uint64_t address)
{
	struct unwind_rows *rows = image->rows;
	Dwarf_Frame *frame = NULL;
	if (!rows->debug_opened) {
		struct dwarf_info *info = dwarf_info_part(image);
		bool has_frames = info && debug_view_need(info->view, ".debug_frame");
		rows->debug_opened = true;
		rows->debug = has_frames ? dwarf_getcfi(info->dwarf) : NULL;
	}
	if (!rows->debug || dwarf_cfi_addrframe(rows->debug, address, &frame) != 0)
		return NULL;
	return frame;
}

static struct kept_row *add_row(struct image *image, uint64_t address)
{
	struct unwind_rows *rows = image->rows;
	if (HASH_COUNT(rows->by_address) >= ROWS_MAX)
		forget(rows);
	struct kept_row *kept = calloc(1, sizeof(*kept));
	if (!kept)
		return NULL;
	kept->address = address;
	if (image->remote) {
		kept->exists = remote_unwind_row(image, address, &kept->row);
	} else {
		Dwarf_Frame *frame = image_frame_at(image, address);
		frame = frame ? frame : debug_frame_at(image, address);
		kept->exists = frame && read_row(image, frame, &kept->row);
		free(frame);
	}
	HASH_ADD(hh, rows->by_address, address, sizeof(kept->address), kept);
	return kept;
}

const struct unwind_row *image_unwind_row(struct image *image, uint64_t address)
{
	struct kept_row *kept = NULL;
	if (!image->rows)
		image->rows = calloc(1, sizeof(*image->rows));
	if (!image->rows)
		return NULL;
	HASH_FIND(hh, image->rows->by_address, &address, sizeof(address), kept);
	if (!kept)
		kept = add_row(image, address);
	return kept && kept->exists ? &kept->row : NULL;
}

/* --- a step ----------------------------------------------------------------------------------- */

static bool read_word(struct frame_memory *memory, uint64_t address, uint64_t *ret)
{
	if (memory->read(memory->context, address, ret))
		return true;
	memory->failed = true;
	return false;
}

static bool find_cfa(const struct unwind_row *row, const struct frame_state *from,
		     struct frame_memory *memory, uint64_t *ret)
{
	bool is_value;
	if (row->cfa.kind == ROW_COMPUTED)
		return unwind_evaluate(row->cfa.ops, row->cfa.n_ops, from, memory, ret, &is_value);
	*ret = from->values[row->cfa_register] + (uint64_t)row->cfa.offset;
	return from->known >> row->cfa_register & 1;
}

/* *ret_slot: where it is in memory; 0: it is not. */
static bool apply(const struct row_rule *rule, const struct frame_state *from,
		  struct frame_memory *memory, uint64_t *ret, uint64_t *ret_slot)
{
	bool is_value = rule->kind == ROW_IS;
	uint64_t result = from->cfa + (uint64_t)rule->offset;
	*ret_slot = 0;
	if (rule->kind == ROW_COMPUTED &&
	    !unwind_evaluate(rule->ops, rule->n_ops, from, memory, &result, &is_value))
		return false;
	*ret = result;
	if (is_value)
		return true;
	*ret_slot = result;
	return read_word(memory, result, ret);
}

enum step_result unwind_row_step(const struct unwind_row *row, const struct frame_state *from,
				 struct frame_memory *memory, struct frame_state *ret,
				 uint64_t *ret_slot)
{
	struct frame_state here = *from;
	struct frame_state caller = {0};
	uint64_t slot, return_bit = 1ULL << row->return_register;
	*ret_slot = 0;
	if (row->rules[row->return_register].kind == ROW_UNDEFINED)
		return STEP_LAST;
	if (!find_cfa(row, from, memory, &here.cfa))
		return STEP_FAILED;
	for (int i = 0; i < STACK_REGISTERS; i++) {
		const struct row_rule *rule = &row->rules[i];
		uint64_t bit = 1ULL << i;
		if (rule->kind == ROW_SAME) {
			caller.values[i] = from->values[i];
			caller.known |= from->known & bit;
			continue;
		}
		/* One that cannot be had matters only when it is asked for. */
		bool outer_failure = memory->failed;
		if (rule->kind == ROW_UNDEFINED ||
		    !apply(rule, &here, memory, &caller.values[i], &slot)) {
			memory->failed = outer_failure || (memory->failed && bit == return_bit);
			continue;
		}
		caller.known |= bit;
		if (bit == return_bit)
			*ret_slot = slot;
	}
	if (!(caller.known & return_bit))
		return STEP_FAILED;
	caller.pc = caller.values[row->return_register];
	caller.cfa = here.cfa;
	*ret = caller;
	return STEP_DONE;
}
