/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The place of the return address is known at each instruction from how the stack pointer moved
 * since the entry, and from the frame pointer where there is one. Compilers keep both easy to
 * follow. Where they do not (a realigned stack), the frame pointer still tells, or nobody asks.
 */
#include "uprobe/return_slot.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

#define WORD	8 /* bytes of a push */
#define REG_SP	4
#define REG_BP	5
#define UNKNOWN INT64_MIN
/* How many bytes behind a prologue are looked at: no function that walks frames is that long. */
#define FRAME_WINDOW 4096
/* The compiler may put a few instructions between the two of a prologue. */
#define PROLOGUE_DISTANCE 48
/* Decoding that starts this far before a byte has found the boundaries when it gets there. */
#define SYNC_DISTANCE 48

/* How far above the registers the return address lies, or UNKNOWN; and above the bound of a loop
 * that touches each page of a large frame: lea -0x9000(%rsp),%r11; 1: sub $0x1000,%rsp; ...; cmp
 * %r11,%rsp */
struct frame {
	int64_t sp, bp, bound;
};

struct path {
	size_t offset;
	struct frame frame;
};

struct slot_search {
	const struct decoder *decoder;
	const struct code_part *text;
	bool *visited; /* one for each byte */
	ARRAY_OF(struct path) pending;
	struct frame at_switch; /* where an indirect jump was met first */
	bool has_switch;
};

static bool is_push(const ZydisDecodedInstruction *insn, const struct operand *o)
{
	return decode_is_opcode(insn, 0x50 | (insn->opcode & 7)) || decode_is_opcode(insn, 0x68) ||
	       decode_is_opcode(insn, 0x6a) || decode_is_opcode(insn, 0x9c) ||
	       (decode_is_opcode(insn, 0xff) && (o->reg & 7) == 6);
}

static bool is_pop(const ZydisDecodedInstruction *insn)
{
	return decode_is_opcode(insn, 0x58 | (insn->opcode & 7)) || decode_is_opcode(insn, 0x8f) ||
	       decode_is_opcode(insn, 0x9d);
}

/* Register from register: mov %from,%to, in both encodings. */
static bool moves(const ZydisDecodedInstruction *insn, const struct operand *o, uint8_t *from,
		  uint8_t *to)
{
	if (!o->is_register || !insn->raw.rex.W)
		return false;
	bool store = decode_is_opcode(insn, 0x89);
	*from = store ? o->reg : o->rm;
	*to = store ? o->rm : o->reg;
	return store || decode_is_opcode(insn, 0x8b);
}

/* Does it use the return address, or hand out its place? */
static bool uses_slot(const ZydisDecodedInstruction *insn, const struct operand *o,
		      const struct frame *frame)
{
	uint8_t from, to;
	if (o->has_base && o->rm == REG_SP && frame->sp != UNKNOWN && o->displacement == frame->sp)
		return true;
	/* The frame pointer points to the caller's one, which lies below the return address. */
	if (o->has_base && o->rm == REG_BP && frame->bp != UNKNOWN &&
	    (o->displacement == frame->bp || o->displacement == frame->bp - WORD))
		return true;
	if (moves(insn, o, &from, &to) && to != REG_SP) {
		if (from == REG_SP && to != REG_BP && frame->sp == 0)
			return true;
		if (from == REG_BP && frame->bp != UNKNOWN)
			return true;
	}
	if (frame->sp != 0)
		return false;
	return is_pop(insn) || (decode_is_opcode(insn, 0x54) && !insn->raw.rex.B); /* push %rsp */
}

/* add, sub, and: of a constant and the stack pointer. */
static bool step_arithmetic(const ZydisDecodedInstruction *insn, const struct operand *o,
			    struct frame *frame)
{
	if (!o->is_register || o->rm != REG_SP ||
	    (!decode_is_opcode(insn, 0x81) && !decode_is_opcode(insn, 0x83)))
		return false;
	int64_t value = insn->raw.imm[0].value.s;
	switch (o->reg & 7) {
	case 0:
		frame->sp = frame->sp == UNKNOWN ? UNKNOWN : frame->sp - value;
		break;
	case 5:
		frame->sp = frame->sp == UNKNOWN ? UNKNOWN : frame->sp + value;
		break;
	case 7: /* cmp */
		break;
	default:
		frame->sp = UNKNOWN;
	}
	return true;
}

static bool step_lea(const ZydisDecodedInstruction *insn, const struct operand *o,
		     struct frame *frame)
{
	if (!decode_is_opcode(insn, 0x8d))
		return false;
	int64_t base = !o->has_base	 ? UNKNOWN
		       : o->rm == REG_SP ? frame->sp
		       : o->rm == REG_BP ? frame->bp
					 : UNKNOWN;
	int64_t place = base == UNKNOWN ? UNKNOWN : base - o->displacement;
	if (o->reg == REG_SP)
		frame->sp = place;
	else if (o->reg == REG_BP)
		frame->bp = UNKNOWN; /* it points to a variable */
	else if (o->rm == REG_SP)
		frame->bound = place;
	return true;
}

static void step_frame_pointer(const ZydisDecodedInstruction *insn, const struct operand *o,
			       struct frame *frame)
{
	uint8_t from, to;
	if (moves(insn, o, &from, &to)) {
		int64_t place = from == REG_SP ? frame->sp : from == REG_BP ? frame->bp : UNKNOWN;
		if (to == REG_SP)
			frame->sp = place;
		else if (to == REG_BP) /* with more on the stack than itself: a variable */
			frame->bp = from == REG_SP && place == WORD ? place : UNKNOWN;
		return;
	}
	bool loads = decode_is_opcode(insn, 0x8b) || decode_is_opcode(insn, 0x33);
	bool stores = decode_is_opcode(insn, 0x89) || decode_is_opcode(insn, 0x31);
	if ((loads && o->reg == REG_BP) || (stores && o->is_register && o->rm == REG_BP) ||
	    (decode_is_opcode(insn, 0xb8 | REG_BP) && !insn->raw.rex.B))
		frame->bp = UNKNOWN;
}

/* The loop over a large frame ends where its bound says. */
static bool step_bound(const ZydisDecodedInstruction *insn, const struct operand *o,
		       struct frame *frame)
{
	if (!o->is_register || !decode_is_opcode(insn, 0x39) || o->rm != REG_SP)
		return false;
	frame->sp = frame->bound;
	return true;
}

static void step(const ZydisDecodedInstruction *insn, const struct operand *o, struct frame *frame)
{
	if (is_push(insn, o)) {
		frame->sp += frame->sp == UNKNOWN ? 0 : WORD;
	} else if (is_pop(insn)) {
		frame->sp -= frame->sp == UNKNOWN ? 0 : WORD;
		if (decode_is_opcode(insn, 0x58 | REG_BP) && !insn->raw.rex.B)
			frame->bp = UNKNOWN;
	} else if (decode_is_opcode(insn, 0xc9)) { /* leave */
		frame->sp = frame->bp == UNKNOWN ? UNKNOWN : frame->bp - WORD;
		frame->bp = UNKNOWN;
	} else if (decode_is_opcode(insn, 0xc8)) { /* enter */
		frame->bp = frame->sp == UNKNOWN ? UNKNOWN : frame->sp + WORD;
		frame->sp = frame->bp == UNKNOWN ? UNKNOWN
						 : frame->bp + (int64_t)insn->raw.imm[0].value.u;
	} else if (!step_arithmetic(insn, o, frame) && !step_lea(insn, o, frame) &&
		   !step_bound(insn, o, frame)) {
		step_frame_pointer(insn, o, frame);
	}
}

static struct err *add_path(struct slot_search *search, uint64_t target, struct frame frame)
{
	if (target < search->text->address || target - search->text->address >= search->text->size)
		return NULL;
	struct path *path = array_push(&search->pending);
	if (!path)
		return &err_nomem;
	*path = (struct path){.offset = target - search->text->address, .frame = frame};
	return NULL;
}

static struct err *note_jump(struct slot_search *search, const struct decoded *decoded,
			     const struct frame *frame)
{
	switch (decoded->flow) {
	case FLOW_BRANCH:
	case FLOW_JUMP:
		return add_path(search, decoded->target, *frame);
	case FLOW_JUMP_INDIRECT:
		if (!search->has_switch)
			search->at_switch = *frame;
		search->has_switch = true;
		return NULL;
	default:
		return NULL;
	}
}

static bool ends(const struct decoded *decoded)
{
	return decoded->flow == FLOW_JUMP || decoded->flow == FLOW_JUMP_INDIRECT ||
	       decoded->flow == FLOW_RETURN || decoded->flow == FLOW_STOP;
}

static struct err *follow(struct slot_search *search, struct path path, bool *ret)
{
	const struct code_part *text = search->text;
	struct frame *frame = &path.frame;
	for (size_t at = path.offset; at < text->size && !search->visited[at];) {
		ZydisDecodedInstruction insn;
		struct decoded decoded;
		if (!decode_raw(search->decoder, text->bytes + at, text->size - at,
				text->address + at, &decoded, &insn)) {
			search->visited[at] = true;
			return NULL;
		}
		memset(search->visited + at, true, decoded.length);
		const struct operand o = decode_operand(&insn);
		*ret = uses_slot(&insn, &o, frame);
		if (*ret)
			return NULL;
		step(&insn, &o, frame);
		struct err *e = note_jump(search, &decoded, frame);
		if (e || ends(&decoded))
			return e;
		at += decoded.length;
	}
	return NULL;
}

/* Where only the table of a switch leads, the frame is what it was at the jump. */
static struct err *follow_gaps(struct slot_search *search, bool *ret)
{
	struct err *e = NULL;
	for (size_t at = 0; !e && !*ret && search->has_switch && at < search->text->size; at++) {
		if (search->visited[at])
			continue;
		e = follow(search, (struct path){at, search->at_switch}, ret);
		while (!e && !*ret && search->pending.count)
			e = follow(search, search->pending.items[--search->pending.count], ret);
	}
	return e;
}

struct err *return_slot_search(const struct decoder *decoder, const struct code_part *text,
			       bool *ret)
{
	*ret = decoder->machine != EM_X86_64;
	if (*ret || !text->size)
		return NULL;
	struct slot_search search = {.decoder = decoder, .text = text};
	search.visited = calloc(text->size, sizeof(*search.visited));
	if (!search.visited)
		return &err_nomem;
	struct err *e = add_path(&search, text->address, (struct frame){0, UNKNOWN, UNKNOWN});
	while (!e && !*ret && search.pending.count)
		e = follow(&search, search.pending.items[--search.pending.count], ret);
	if (!e && !*ret)
		e = follow_gaps(&search, ret);
	free(search.pending.items);
	free(search.visited);
	return e;
}

/* --- whole texts ------------------------------------------------------------------------------ */

/* mov %rsp,%rbp: 48 89 e5, or 48 8b ec. */
static bool makes_frame(const uint8_t *at, size_t left)
{
	return left >= 3 && at[0] == 0x48 &&
	       ((at[1] == 0x89 && at[2] == 0xe5) || (at[1] == 0x8b && at[2] == 0xec));
}

/* A function's end: what follows a return is padding, or the next function. */
static bool is_boundary(const struct code_part *text, size_t at)
{
	static const uint8_t landing[] = {0xf3, 0x0f, 0x1e, 0xfa};
	const uint8_t *bytes = text->bytes + at;
	size_t left = text->size - at;
	if (!((text->address + at) & 15) || !left)
		return true;
	if (left >= sizeof(landing) && !memcmp(bytes, landing, sizeof(landing)))
		return true;
	if (left >= 4 && bytes[0] == 0x55 && makes_frame(bytes + 1, left - 1))
		return true;
	return bytes[0] == 0x90 || bytes[0] == 0xcc || bytes[0] == 0x66 || bytes[0] == 0x0f;
}

/* From behind the prologue on: does it use what the frame pointer leads to? */
static bool function_walks(const struct decoder *decoder, const struct code_part *text, size_t at)
{
	struct frame frame = {UNKNOWN, WORD, UNKNOWN};
	size_t end = text->size - at > FRAME_WINDOW ? at + FRAME_WINDOW : text->size;
	while (at < end) {
		ZydisDecodedInstruction insn;
		struct decoded decoded;
		if (!decode_raw(decoder, text->bytes + at, text->size - at, text->address + at,
				&decoded, &insn))
			return false;
		const struct operand o = decode_operand(&insn);
		if (uses_slot(&insn, &o, &frame))
			return true;
		at += decoded.length;
		if (ends(&decoded) && is_boundary(text, at))
			return false;
		/* The frame is given back at each of several ends; what follows still has it. */
	}
	return false;
}

/* Does %rbp become the frame pointer there? Not when the stack pointer has moved since %rbp was
 * saved: then it points to a variable. */
static bool is_frame_pointer(const struct decoder *decoder, const struct code_part *text, size_t at)
{
	for (size_t start = at > PROLOGUE_DISTANCE ? at - PROLOGUE_DISTANCE : 0; start < at;
	     start++) {
		if (text->bytes[start] != (0x50 | REG_BP))
			continue;
		struct frame frame = {WORD, UNKNOWN, UNKNOWN};
		size_t next = start + 1;
		ZydisDecodedInstruction insn;
		struct decoded decoded;
		while (next < at && decode_raw(decoder, text->bytes + next, text->size - next,
					       text->address + next, &decoded, &insn)) {
			const struct operand o = decode_operand(&insn);
			step(&insn, &o, &frame);
			next += decoded.length;
		}
		if (next == at && frame.sp == WORD)
			return true;
	}
	return false;
}

bool frame_walk_search(const struct decoder *decoder, const struct code_part *text)
{
	if (decoder->machine != EM_X86_64)
		return true;
	for (size_t i = 0; i + 3 <= text->size; i++)
		if (makes_frame(text->bytes + i, text->size - i) &&
		    is_frame_pointer(decoder, text, i) && function_walks(decoder, text, i + 3))
			return true;
	return false;
}

bool is_instruction(const struct decoder *decoder, const struct code_part *text, size_t target)
{
	size_t at = target > SYNC_DISTANCE ? target - SYNC_DISTANCE : 0;
	while (at < target) {
		struct decoded decoded;
		bool ok = decode(decoder, text->bytes + at, text->size - at, text->address + at,
				 &decoded);
		at += ok ? decoded.length : 1;
	}
	return at == target;
}

bool stack_pop_search(const struct decoder *decoder, const struct code_part *text)
{
	if (decoder->machine != EM_X86_64)
		return true;
	const uint8_t *start = text->bytes, *end = text->bytes + text->size;
	for (const uint8_t *at = start; at < end; at++) {
		at = memchr(at, 0x58 | REG_SP, (size_t)(end - at));
		if (!at)
			return false;
		if (is_instruction(decoder, text, (size_t)(at - start)))
			return true;
	}
	return false;
}
