/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handler of signals gets the registers of what it interrupts by its third argument, a
 * ucontext_t. Profilers and crash handlers take the stack pointer or the frame pointer from there,
 * and read the stack: they would find the trampoline in place of return addresses.
 *
 * Each handler has its address taken somewhere (handlers.h). So all functions of which that is
 * true, in files that set handlers, are followed for as long as something points into their third
 * argument, in a register or on the stack, and into what they call with it.
 *
 * Many functions have a structure for a third argument. A handler that reads the place of RSP or
 * RBP in a context, or hands the context on, is believed to be one when it is set right where its
 * address is taken. Of any other function, RIP must be read, too, and nothing may contradict: a
 * fourth argument, or a member that is no register.
 */
#include "uprobe/interrupted.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "uprobe/handlers.h"

/* Places in a ucontext_t of x86-64: arch/x86/include/uapi/asm/{ucontext,sigcontext}.h. */
#define CONTEXT_REGISTERS 0x28
#define CONTEXT_RBP	  0x78
#define CONTEXT_RSP	  0xa0
#define CONTEXT_RIP	  0xa8
#define CONTEXT_FLAGS	  0xb0
#define CONTEXT_END	  0x3c8

/* Of one function, and how many are followed from a handler. */
#define WINDOW	      8192
#define STEPS_MAX     16384
#define FUNCTIONS_MAX 64
/* Of all of a file; those that get here need less than a hundredth of it. */
#define STEPS_TOTAL  (1u << 24)
#define SLOTS	     6

#define REG_DX	     2
#define REG_SP	     4
#define REG_BP	     5
#define REG_SI	     6
#define NOTHING	     INT32_MIN

#define FOUND_STACK  1u
#define FOUND_CODE   2u
#define FOUND_HANDED 8u
#define FOUND_OTHER  4u /* it is none: its members lie elsewhere, or there are more arguments */

/* In which registers functions get their arguments, and what a call leaves undefined. */
static const uint8_t arguments[] = {7, 6, 2, 1, 8, 9};
static const uint8_t clobbered[] = {0, 1, 2, 6, 7, 8, 9, 10, 11};

/* The fourth argument, and those behind it. */
#define FRESH (1u << 1 | 1u << 8 | 1u << 9)

/* A place on the stack, from what was the stack pointer at the entry. */
struct slot {
	int64_t place;
	int32_t value;
};

/* How far behind the start of a context registers and slots point; NOTHING: to something else. */
struct state {
	int32_t regs[16];
	struct slot slots[SLOTS];
	int64_t sp, bp;
	unsigned int fresh; /* registers with arguments that handlers do not have */
};

struct path {
	size_t at;
	struct state state;
};

/* A function that gets a context: in that register, pointing so far behind its start. */
struct holder {
	size_t at;
	uint8_t reg;
	int32_t value;
};

struct search {
	ZydisDecoder zydis;
	const struct decoder *decoder;
	const struct code_part *text;
	size_t start;	       /* of the function that is followed */
	uint32_t seen[WINDOW]; /* of each byte of it: what held a context there */
	size_t touched;	       /* so much of that is not 0 */
	ARRAY_OF(struct path) pending;
	struct holder holders[FUNCTIONS_MAX];
	size_t n_holders;
	unsigned int steps, total;
	bool is_set, is_stored; /* see struct handler */
	unsigned int found;	/* places of a context that were read */
};

struct instruction_parts {
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	struct decoded decoded;
};

static bool decode_parts(const struct search *search, size_t at, struct instruction_parts *ret)
{
	const struct code_part *text = search->text;
	return decode(search->decoder, text->bytes + at, text->size - at, text->address + at,
		      &ret->decoded) &&
	       ZYAN_SUCCESS(ZydisDecoderDecodeFull(&search->zydis, text->bytes + at,
						   text->size - at, &ret->insn, ret->operands));
}

/* The number of a general register or a part of one; -1: it is none. */
static int number_of(ZydisRegister reg)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
	bool is_general = whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15;
	return is_general ? (int)(whole - ZYDIS_REGISTER_RAX) : -1;
}

static bool is_whole(const ZydisDecodedOperand *operand)
{
	return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->size == 64 &&
	       number_of(operand->reg.value) >= 0;
}

static bool holds_any(const struct state *state)
{
	for (size_t i = 0; i < array_size(state->regs); i++)
		if (state->regs[i] != NOTHING)
			return true;
	for (size_t i = 0; i < SLOTS; i++)
		if (state->slots[i].value != NOTHING)
			return true;
	return false;
}

static uint32_t mask_of(const struct state *state)
{
	uint32_t mask = 1u << 31; /* never 0 */
	for (unsigned int i = 0; i < array_size(state->regs); i++)
		mask |= state->regs[i] != NOTHING ? 1u << i : 0;
	for (unsigned int i = 0; i < SLOTS; i++)
		mask |= state->slots[i].value != NOTHING ? 1u << (16 + i) : 0;
	return mask;
}

/* --- the stack -------------------------------------------------------------------------------- */

static bool place_of(const struct state *state, const ZydisDecodedOperand *operand, int64_t *ret)
{
	int base = number_of(operand->mem.base);
	if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || (base != REG_SP && base != REG_BP) ||
	    operand->mem.index != ZYDIS_REGISTER_NONE)
		return false;
	*ret = (base == REG_SP ? state->sp : state->bp) + operand->mem.disp.value;
	return true;
}

static void slot_set(struct state *state, int64_t place, int32_t value)
{
	struct slot *empty = NULL;
	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *slot = &state->slots[i];
		if (slot->value != NOTHING && slot->place != place)
			continue;
		slot->value = NOTHING;
		empty = slot;
	}
	if (empty && value != NOTHING)
		*empty = (struct slot){place, value};
}

static int32_t slot_get(const struct state *state, int64_t place)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (state->slots[i].value != NOTHING && state->slots[i].place == place)
			return state->slots[i].value;
	return NOTHING;
}

/* --- one instruction -------------------------------------------------------------------------- */

static bool covers(int64_t at, int64_t size, int64_t place)
{
	return at <= place && at + size >= place + 8;
}

/* Which of a context's places it reads or writes as a whole. */
static unsigned int places_of(const struct state *state, const struct instruction_parts *parts,
			      const ZydisDecodedOperand *operand)
{
	int base = number_of(operand->mem.base);
	if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY ||
	    operand->mem.type != ZYDIS_MEMOP_TYPE_MEM || base < 0 || state->regs[base] == NOTHING ||
	    parts->decoded.flow != FLOW_NEXT)
		return 0;
	int64_t at = state->regs[base] + operand->mem.disp.value;
	int64_t size = operand->size / 8;
	if (operand->mem.index != ZYDIS_REGISTER_NONE) /* by the register's number */
		return at <= CONTEXT_REGISTERS && operand->mem.scale == 8 && size == 8 ? FOUND_STACK
										       : 0;
	if (at >= CONTEXT_REGISTERS && at < CONTEXT_FLAGS && (size < 4 || at % 4))
		return FOUND_OTHER;
	bool stack = covers(at, size, CONTEXT_RBP) || covers(at, size, CONTEXT_RSP);
	return (stack ? FOUND_STACK : 0) | (covers(at, size, CONTEXT_RIP) ? FOUND_CODE : 0);
}

static void forget(struct state *state, int reg)
{
	state->regs[reg] = NOTHING;
	state->fresh &= ~(1u << reg);
}

/* What a whole register is loaded with, or has added to it; false: something else, or nothing. */
static bool new_value(const struct state *state, const struct instruction_parts *parts,
		      int32_t *ret)
{
	const ZydisDecodedOperand *to = &parts->operands[0], *from = &parts->operands[1];
	bool is_memory = from->type == ZYDIS_OPERAND_TYPE_MEMORY;
	bool is_add = parts->insn.mnemonic == ZYDIS_MNEMONIC_ADD &&
		      from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
	int64_t place;
	if (!is_whole(to))
		return false;
	if (parts->insn.mnemonic == ZYDIS_MNEMONIC_MOV && is_whole(from)) {
		*ret = state->regs[number_of(from->reg.value)];
		return true;
	}
	if (parts->insn.mnemonic == ZYDIS_MNEMONIC_MOV && place_of(state, from, &place)) {
		*ret = slot_get(state, place);
		return true;
	}
	if (!is_add && parts->insn.mnemonic != ZYDIS_MNEMONIC_LEA)
		return false;
	int base = is_add ? number_of(to->reg.value) : is_memory ? number_of(from->mem.base) : -1;
	if (base < 0 || state->regs[base] == NOTHING ||
	    (!is_add && from->mem.index != ZYDIS_REGISTER_NONE))
		return false;
	int64_t value = state->regs[base] + (is_add ? from->imm.value.s : from->mem.disp.value);
	*ret = value >= 0 && value < CONTEXT_END ? (int32_t)value : NOTHING;
	return true;
}

/* A move, or the address of a member; false: it is neither. */
static bool step_pointer(struct state *state, const struct instruction_parts *parts)
{
	const ZydisDecodedOperand *to = &parts->operands[0], *from = &parts->operands[1];
	int64_t place;
	int32_t value;
	if (new_value(state, parts, &value)) {
		forget(state, number_of(to->reg.value));
		state->regs[number_of(to->reg.value)] = value;
		return true;
	}
	if (parts->insn.mnemonic != ZYDIS_MNEMONIC_MOV || !is_whole(from) ||
	    !place_of(state, to, &place))
		return false;
	slot_set(state, place, state->regs[number_of(from->reg.value)]);
	return true;
}

/* The stack pointer of functions that compilers make; a realigned one is only another number. */
static void step_stack(struct state *state, const struct instruction_parts *parts)
{
	const ZydisDecodedOperand *to = &parts->operands[0], *from = &parts->operands[1];
	bool to_sp = is_whole(to) && number_of(to->reg.value) == REG_SP;
	bool is_immediate = from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
	switch (parts->insn.mnemonic) {
	case ZYDIS_MNEMONIC_PUSH:
		state->sp -= 8;
		slot_set(state, state->sp,
			 is_whole(to) ? state->regs[number_of(to->reg.value)] : NOTHING);
		break;
	case ZYDIS_MNEMONIC_POP:
		if (is_whole(to))
			state->regs[number_of(to->reg.value)] = slot_get(state, state->sp);
		state->sp += 8;
		break;
	case ZYDIS_MNEMONIC_SUB:
		state->sp -= to_sp && is_immediate ? from->imm.value.s : 0;
		break;
	case ZYDIS_MNEMONIC_ADD:
		state->sp += to_sp && is_immediate ? from->imm.value.s : 0;
		break;
	case ZYDIS_MNEMONIC_MOV:
		if (is_whole(to) && is_whole(from) && number_of(to->reg.value) == REG_BP &&
		    number_of(from->reg.value) == REG_SP)
			state->bp = state->sp;
		break;
	default:
		break;
	}
}

static void step(struct state *state, const struct instruction_parts *parts)
{
	bool is_pop = parts->insn.mnemonic == ZYDIS_MNEMONIC_POP;
	bool is_pointer = step_pointer(state, parts);
	for (size_t i = 0; !is_pointer && !is_pop && i < parts->insn.operand_count; i++) {
		const ZydisDecodedOperand *operand = &parts->operands[i];
		int reg = operand->type == ZYDIS_OPERAND_TYPE_REGISTER
				  ? number_of(operand->reg.value)
				  : -1;
		if (reg >= 0 && (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			forget(state, reg);
		/* What a push or a call writes lies below. */
		int64_t place;
		if (i < parts->insn.operand_count_visible &&
		    (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) &&
		    place_of(state, operand, &place))
			slot_set(state, place, NOTHING);
	}
	step_stack(state, parts);
	for (size_t i = 0; parts->decoded.flow == FLOW_CALL && i < array_size(clobbered); i++)
		forget(state, clobbered[i]);
}

/* Does somebody else get it, to look at it later: in memory, as a copy, in another library? The
 * third argument of what is called may be left from our own. */
static bool hands_on(const struct state *state, const struct instruction_parts *parts)
{
	const ZydisDecodedOperand *to = &parts->operands[0], *from = &parts->operands[1];
	bool is_jump = parts->decoded.flow == FLOW_JUMP_INDIRECT ||
		       (parts->decoded.flow == FLOW_CALL && !parts->decoded.target);
	int64_t place;
	for (size_t i = 0; is_jump && i < array_size(arguments); i++)
		if (arguments[i] != REG_DX && state->regs[arguments[i]] != NOTHING)
			return to->type == ZYDIS_OPERAND_TYPE_MEMORY;
	if (parts->insn.mnemonic == ZYDIS_MNEMONIC_MOVSQ)
		return state->regs[REG_SI] != NOTHING;
	return parts->insn.mnemonic == ZYDIS_MNEMONIC_MOV &&
	       to->type == ZYDIS_OPERAND_TYPE_MEMORY && is_whole(from) &&
	       state->regs[number_of(from->reg.value)] != NOTHING && !place_of(state, to, &place);
}

/* A fourth argument, which handlers do not have? Saving it is no use. */
static bool uses_more(const struct state *state, const struct instruction_parts *parts)
{
	const ZydisDecodedOperand *operands = parts->operands;
	bool is_zeroing = parts->insn.operand_count_visible == 2 &&
			  operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			  operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			  operands[0].reg.value == operands[1].reg.value;
	if (!state->fresh || is_zeroing || parts->insn.mnemonic == ZYDIS_MNEMONIC_PUSH)
		return false;
	for (size_t i = 0; i < parts->insn.operand_count_visible; i++) {
		int reg = -1;
		if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			reg = number_of(operands[i].mem.base);
		else if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
			 (operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_READ))
			reg = number_of(operands[i].reg.value);
		if (reg >= 0 && (state->fresh & 1u << reg))
			return true;
	}
	return false;
}

/* A handler for certain, or a function that knows two of a context's places. */
static bool is_handler(const struct search *search)
{
	unsigned int found = search->found;
	if (found & FOUND_OTHER)
		return false;
	if (found & FOUND_STACK)
		return search->is_set || (found & FOUND_CODE);
	return search->is_stored && (found & FOUND_HANDED);
}

/* --- functions -------------------------------------------------------------------------------- */

static bool is_in_text(const struct search *search, uint64_t address)
{
	return address >= search->text->address &&
	       address - search->text->address < search->text->size;
}

/* What is called, or jumped to, with a context among its arguments. */
static void add_holders(struct search *search, const struct state *state, uint64_t target)
{
	size_t at = target - search->text->address;
	for (size_t i = 0; i < array_size(arguments); i++) {
		struct holder holder = {at, arguments[i], state->regs[arguments[i]]};
		bool is_known = holder.value == NOTHING || search->n_holders == FUNCTIONS_MAX;
		for (size_t k = 0; !is_known && k < search->n_holders; k++)
			is_known = search->holders[k].at == at &&
				   search->holders[k].reg == holder.reg &&
				   search->holders[k].value == holder.value;
		if (!is_known)
			search->holders[search->n_holders++] = holder;
	}
}

static struct err *follow_target(struct search *search, const struct state *state,
				 const struct decoded *decoded)
{
	if (!decoded->target || !is_in_text(search, decoded->target))
		return NULL;
	size_t at = decoded->target - search->text->address;
	bool is_far = at < search->start || at - search->start >= WINDOW;
	if (decoded->flow == FLOW_CALL || is_far) {
		add_holders(search, state, decoded->target);
		return NULL;
	}
	struct path *path = array_push(&search->pending);
	if (!path)
		return &err_nomem;
	*path = (struct path){.at = at, .state = *state};
	return NULL;
}

static bool ends(const struct decoded *decoded)
{
	return decoded->flow == FLOW_JUMP || decoded->flow == FLOW_JUMP_INDIRECT ||
	       decoded->flow == FLOW_RETURN || decoded->flow == FLOW_STOP;
}

static struct err *follow(struct search *search, struct path path)
{
	struct instruction_parts parts;
	struct state *state = &path.state;
	while (path.at - search->start < WINDOW && path.at < search->text->size &&
	       (holds_any(state) || (state->fresh && search->found)) &&
	       search->steps++ < STEPS_MAX) {
		size_t cell = path.at - search->start;
		uint32_t mask = mask_of(state);
		if (!(mask & ~search->seen[cell]) || !decode_parts(search, path.at, &parts))
			return NULL;
		search->seen[cell] |= mask;
		search->touched = cell >= search->touched ? cell + 1 : search->touched;
		for (size_t i = 0; i < parts.insn.operand_count_visible; i++)
			search->found |= places_of(state, &parts, &parts.operands[i]);
		search->found |= hands_on(state, &parts) ? FOUND_HANDED : 0;
		search->found |= uses_more(state, &parts) ? FOUND_OTHER : 0;
		struct err *e = follow_target(search, state, &parts.decoded);
		if (e || (search->found & FOUND_OTHER) || ends(&parts.decoded))
			return e;
		step(state, &parts);
		path.at += parts.decoded.length;
	}
	return NULL;
}

static struct err *follow_holder(struct search *search, const struct holder *holder)
{
	struct path path = {.at = holder->at};
	for (size_t i = 0; i < array_size(path.state.regs); i++)
		path.state.regs[i] = NOTHING;
	for (size_t i = 0; i < SLOTS; i++)
		path.state.slots[i].value = NOTHING;
	path.state.regs[holder->reg] = holder->value;
	path.state.fresh = holder == search->holders ? FRESH : 0;
	search->start = holder->at;
	memset(search->seen, 0, search->touched * sizeof(*search->seen));
	search->touched = 0;
	search->total += search->steps;
	search->steps = 0;
	struct err *e = follow(search, path);
	while (!e && !(search->found & FOUND_OTHER) && search->pending.count)
		e = follow(search, search->pending.items[--search->pending.count]);
	search->pending.count = 0;
	return e;
}

/* From one function whose address is taken, as a handler would be entered. */
static struct err *follow_handler(struct search *search, const struct handler *handler)
{
	search->found = 0;
	search->is_set = handler->is_set;
	search->is_stored = handler->is_stored;
	search->n_holders = 1;
	search->holders[0] = (struct holder){handler->offset - search->text->address, REG_DX, 0};
	struct err *e = NULL;
	for (size_t i = 0; !e && !(search->found & FOUND_OTHER) && i < search->n_holders; i++) {
		e = follow_holder(search, &search->holders[i]);
	}
	return e;
}

/* ---------------------------------------------------------------------------------------------- */

static int compare(const void *left, const void *right)
{
	const struct handler *a = left, *b = right;
	return (a->offset > b->offset) - (a->offset < b->offset) ?: b->is_set - a->is_set ?: b->is_stored - a->is_stored;
}

struct err *interrupted_search(struct image *image, const struct relocations *relocations,
			       const struct decoder *decoder, const struct code_part *text,
			       bool *ret)
{
	struct handlers handlers = {0};
	*ret = false;
	struct search *search = calloc(1, sizeof(*search));
	if (!search)
		return &err_nomem;
	search->decoder = decoder;
	search->text = text;
	ZydisDecoderInit(&search->zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	struct err *e = handlers_find(image, relocations, text, &handlers);
	const struct handler *list = handlers.list.items;
	if (!e && handlers.list.count)
		qsort(handlers.list.items, handlers.list.count, sizeof(*list), compare);
	for (size_t i = 0; !e && !*ret && i < handlers.list.count; i++) {
		if (i && list[i].offset == list[i - 1].offset)
			continue;
		e = follow_handler(search, &list[i]);
		/* What takes too long may be one. */
		*ret = !e && (is_handler(search) || search->total > STEPS_TOTAL);
	}
	free(search->pending.items);
	free(search);
	handlers_deinit(&handlers);
	return e;
}
