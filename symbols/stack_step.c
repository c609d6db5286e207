/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/stack_step.h"

#include <string.h>

#include "symbols/image.h"

static bool read_copy(void *context, uint64_t address, uint64_t *ret)
{
	struct stack_walk *walk = context;
	const struct stack_request *request = walk->request;
	uint64_t at = address - request->from;
	if (address < request->from || request->size < sizeof(*ret) ||
	    at > request->size - sizeof(*ret)) {
		walk->missing = address;
		return false;
	}
	memcpy(ret, (const char *)request->bytes + at, sizeof(*ret));
	return true;
}

void stack_walk_init(struct stack_walk *walk, const struct stack_request *request)
{
	*walk = (struct stack_walk){.request = request, .memory = {.read = read_copy}};
	walk->memory.context = walk;
}

/* The outermost span comes first: where several share a slot (tail calls), it saw the original. */
/* Pointer authentication signs the bits above the address (Arm ARM, D8.10). */
static uint64_t without_signature(uint64_t address)
{
#if defined(__aarch64__)
	return address & ((1ULL << 48) - 1);
#else
	return address;
#endif
}

uint64_t stack_repaired(const struct stack_request *request, uint64_t slot, uint64_t found)
{
	for (size_t i = 0; slot && i < request->n_repairs; i++)
		if (request->repairs[i].slot == slot)
			return request->repairs[i].original;
	return without_signature(found);
}

/* --- is it plausible? ------------------------------------------------------------------------- */

#if defined(__x86_64__)
#define CALL_BYTES 7

/* CALL rel32 is E8; CALL r/m64 is FF /2, of 2 to 7 bytes without prefixes (Intel SDM, volume 2). */
static bool ends_with_call(const uint8_t *bytes)
{
	static const int lengths[] = {2, 3, 4, 6, 7};
	if (bytes[CALL_BYTES - 5] == 0xe8)
		return true;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const uint8_t *at = bytes + CALL_BYTES - lengths[i];
		if (at[0] == 0xff && (at[1] >> 3 & 7) == 2)
			return true;
	}
	return false;
}
#elif defined(__aarch64__)
#define CALL_BYTES 4

/* BL, BLR and BLRAA to BLRABZ (Arm ARM, C6.2). */
static bool ends_with_call(const uint8_t *bytes)
{
	uint32_t word;
	memcpy(&word, bytes, sizeof(word));
	return word >> 26 == 0x25 || (word & 0xfffffc1f) == 0xd63f0000 ||
	       (word & 0xfefff800) == 0xd63f0800;
}
#endif

bool stack_is_return_address(const struct stack_request *request, uint64_t address)
{
	struct stack_code code;
	uint8_t bytes[CALL_BYTES];
	if (!address || !request->find(request->context, address - 1, &code))
		return false;
	/* Code that was made at run time cannot be read. */
	if (!code.image || !code.has_offset)
		return true;
	return code.offset + 1 >= CALL_BYTES &&
	       elf_file_read(&code.image->file, code.offset + 1 - CALL_BYTES, bytes,
			     sizeof(bytes)) &&
	       ends_with_call(bytes);
}

/* --- ways to step ----------------------------------------------------------------------------- */

/* Nothing but the return address has been stored yet. */
static enum step_result step_from_entry(struct stack_walk *walk, const struct frame_state *state,
					struct frame_state *ret, uint64_t *ret_slot)
{
	*ret = *state;
	*ret_slot = 0;
	ret->cfa = state->values[REGISTER_SP];
#if defined(__x86_64__)
	*ret_slot = ret->cfa;
	ret->cfa += sizeof(uint64_t);
	if (!read_copy(walk, *ret_slot, &ret->pc)) {
		walk->memory.failed = true;
		return STEP_FAILED;
	}
#else
	(void)walk;
	ret->pc = state->values[REGISTER_RETURN];
#endif
	ret->values[REGISTER_SP] = ret->cfa;
	return STEP_DONE;
}

/* A frame's address leads to the caller's frame, and, one word further, to the return address. */
static enum step_result step_by_frame(struct stack_walk *walk, const struct frame_state *state,
				      struct frame_state *ret, uint64_t *ret_slot)
{
	const struct stack_request *request = walk->request;
	uint64_t fp = state->values[REGISTER_FP], next, pc;
	if (!(state->known >> REGISTER_FP & 1) || fp < state->values[REGISTER_SP] || fp & 7 ||
	    !read_copy(walk, fp, &next) || !read_copy(walk, fp + 8, &pc))
		return STEP_FAILED;
	*ret_slot = fp + 8;
	pc = stack_repaired(request, *ret_slot, pc);
	/* Where a call can be seen in front of it, the caller need not have a frame of its own. */
	struct stack_code code;
	bool is_chain = !next || next > fp;
	if (!stack_is_return_address(request, pc) ||
	    (!is_chain && (!request->find(request->context, pc - 1, &code) || !code.image)))
		return STEP_FAILED;
	*ret = (struct frame_state){.pc = pc, .cfa = fp + 16};
	ret->values[REGISTER_FP] = next;
	ret->values[REGISTER_SP] = fp + 16;
	ret->known = 1ULL << REGISTER_FP | 1ULL << REGISTER_SP;
	return STEP_DONE;
}

static enum step_result step_by_tables(struct stack_walk *walk, const struct unwind_row *row,
				       const struct frame_state *state, struct frame_state *ret,
				       uint64_t *ret_slot)
{
	enum step_result result = unwind_row_step(row, state, &walk->memory, ret, ret_slot);
	if (result != STEP_DONE)
		return result;
	if (!(ret->known >> REGISTER_SP & 1)) {
		ret->values[REGISTER_SP] = ret->cfa;
		ret->known |= 1ULL << REGISTER_SP;
	}
	ret->pc = without_signature(ret->pc);
	/* The stack grows down; from a signal's frame on it may be another one. */
	if (!row->is_signal && ret->values[REGISTER_SP] < state->values[REGISTER_SP])
		return STEP_FAILED;
	return STEP_DONE;
}

/*
 * The file's first instructions, which nobody calls, and which some loaders have no tables for
 * (glibc's RTLD_START). What they call returns to right behind them.
 */
#define START_BYTES 128

static bool is_start(const struct stack_code *code)
{
	uint64_t entry = code->image ? code->image->file.header.e_entry : 0;
	return entry && code->address >= entry && code->address - entry < START_BYTES;
}

enum step_result stack_step(struct stack_walk *walk, const struct frame_state *state,
			    const struct stack_code *code, bool first, struct frame_state *ret,
			    bool *ret_signal)
{
	const struct stack_request *request = walk->request;
	const struct unwind_row *row = NULL;
	enum step_result result = STEP_FAILED;
	uint64_t slot = 0;
	*ret_signal = false;
	walk->memory.failed = false;
	if (first && request->at_entry) {
		result = step_from_entry(walk, state, ret, &slot);
	} else {
		if (code->image && request->method != STACK_BY_FRAMES)
			row = image_unwind_row(code->image, code->address);
		if (row) {
			result = step_by_tables(walk, row, state, ret, &slot);
			*ret_signal = row->is_signal;
		} else if (is_start(code)) {
			result = STEP_LAST;
		} else if (request->method != STACK_BY_TABLES) {
			result = step_by_frame(walk, state, ret, &slot);
		}
	}
	if (result == STEP_DONE)
		ret->pc = stack_repaired(request, slot, ret->pc);
	return result;
}
