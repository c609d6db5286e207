/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An optimiser may rid a function of a result that nobody uses, or of half of it, and rustc does
 * not say whether it optimised: docs/decisions/0035. The instructions may prove that it did not:
 *
 * - What was put into a register and is not read until the `ret` was put there for the caller; what
 *   is of no use, no optimiser leaves in. Between the two there is no call and no branch, so that
 *   this is known without the rest of the function.
 * - To give 8 bytes of stack back, LLVM takes the first register that is free: %rax, unless that
 *   has the result, then %rcx.
 * - A parameter that is stored in its place in the frame and never read again is stored for
 *   debuggers alone: nobody has optimised here.
 */
#include "uprobe/result_proof.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "uprobe/code.h"

#define TEXT_MAX       (1u << 16)
#define PARAMETERS_MAX 16
/* Of a block that several jump to: the epilogue. */
#define EPILOGUE_MAX 32
/* DWARF's numbers. */
#define DWARF_RDI 5
#define DWARF_RBP 6
#define DWARF_RSP 7

/* A register of the result. */
enum state {
	STATE_OPEN,
	STATE_WRITTEN,	     /* and not read since */
	STATE_WRITTEN_FLAGS, /* the same, by what may have been meant to set flags */
};

struct results {
	enum state rax, rdx;
	bool popped; /* %rax was left out when stack was given back */
};

/* A parameter in the frame. */
struct spill {
	ZydisRegister base;
	int64_t at, end;
	bool is_stored, is_used;
};

struct search {
	ZydisDecoder zydis;
	const uint8_t *bytes;
	size_t size;
	struct results results;
	uint8_t proof;
	bool rdi_known; /* is it an argument? */
	struct spill spills[PARAMETERS_MAX];
	size_t n_spills;
	bool stores_began, stack_moves;
};

struct step {
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	size_t at;
};

static ZydisRegister whole(ZydisRegister reg)
{
	return ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
}

/* --- what is given back ----------------------------------------------------------------------- */

static bool reads(const struct step *step, ZydisRegister reg)
{
	for (unsigned int i = 0; i < step->insn.operand_count; i++) {
		const ZydisDecodedOperand *o = &step->operands[i];
		if (o->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    (whole(o->mem.base) == reg || whole(o->mem.index) == reg))
			return true;
		if (o->type == ZYDIS_OPERAND_TYPE_REGISTER && whole(o->reg.value) == reg &&
		    o->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
			return true;
	}
	return false;
}

/* Is a change of this register all that it does, but for flags? */
static bool only_writes(const struct step *step, ZydisRegister reg)
{
	bool ret = false;
	for (unsigned int i = 0; i < step->insn.operand_count; i++) {
		const ZydisDecodedOperand *o = &step->operands[i];
		bool is_flags = o->type == ZYDIS_OPERAND_TYPE_REGISTER &&
				ZydisRegisterGetClass(o->reg.value) == ZYDIS_REGCLASS_FLAGS;
		if (is_flags || !(o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		if (o->type != ZYDIS_OPERAND_TYPE_REGISTER || whole(o->reg.value) != reg ||
		    o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
			return false;
		ret = true;
	}
	return ret;
}

static bool writes(const struct step *step, ZydisRegister reg)
{
	for (unsigned int i = 0; i < step->insn.operand_count; i++) {
		const ZydisDecodedOperand *o = &step->operands[i];
		if (o->type == ZYDIS_OPERAND_TYPE_REGISTER && whole(o->reg.value) == reg &&
		    o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			return true;
	}
	return false;
}

/*
 * Assembler in the source may have instructions of no bytes or none at all, and is handed what it
 * asks for: std::hint::black_box() an address in the frame, a static marker its arguments for a
 * nop.
 */
static bool is_for_assembler(const struct step *step)
{
	return step->insn.mnemonic == ZYDIS_MNEMONIC_NOP ||
	       (step->insn.mnemonic == ZYDIS_MNEMONIC_LEA &&
		(reads(step, ZYDIS_REGISTER_RSP) || reads(step, ZYDIS_REGISTER_RBP))) ||
	       (step->insn.mnemonic == ZYDIS_MNEMONIC_MOV &&
		(step->operands[1].reg.value == ZYDIS_REGISTER_RSP ||
		 step->operands[1].reg.value == ZYDIS_REGISTER_RBP));
}

static enum state next_state(const struct step *step, ZydisRegister reg, enum state state)
{
	const ZydisAccessedFlags *flags = step->insn.cpu_flags;
	bool tests = flags && flags->tested;
	bool sets = flags && (flags->modified || flags->set_0 || flags->set_1 || flags->undefined);
	if (reads(step, reg) || (tests && state == STATE_WRITTEN_FLAGS))
		state = STATE_OPEN;
	if (is_for_assembler(step))
		return writes(step, reg) || step->insn.mnemonic == ZYDIS_MNEMONIC_NOP ? STATE_OPEN
										      : state;
	if (only_writes(step, reg))
		return sets ? STATE_WRITTEN_FLAGS : STATE_WRITTEN;
	if (writes(step, reg))
		return STATE_OPEN;
	return sets && state == STATE_WRITTEN_FLAGS ? STATE_WRITTEN : state;
}

static bool is_pop(const struct step *step, ZydisRegister reg)
{
	return step->insn.mnemonic == ZYDIS_MNEMONIC_POP && step->operands[0].reg.value == reg;
}

static bool ends_block(const ZydisDecodedInstruction *insn)
{
	switch (insn->meta.category) {
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_SYSTEM:
		return true;
	default:
		return insn->mnemonic == ZYDIS_MNEMONIC_UD2;
	}
}

/* Of an instruction behind which the next one follows. */
static struct results next_results(const struct step *step, struct results results)
{
	results.rax = next_state(step, ZYDIS_REGISTER_RAX, results.rax);
	results.rdx = next_state(step, ZYDIS_REGISTER_RDX, results.rdx);
	/* Then only registers of the caller are restored. */
	if (is_pop(step, ZYDIS_REGISTER_RCX))
		results.popped = true;
	else if (step->insn.mnemonic != ZYDIS_MNEMONIC_POP)
		results.popped = false;
	return results;
}

static uint8_t proof_of(struct results results)
{
	return (results.rax || results.popped ? RESULT_PROOF_RAX : 0) |
	       (results.rdx ? RESULT_PROOF_RDX : 0);
}

static bool decode_step(const struct search *search, size_t at, struct step *ret)
{
	ret->at = at;
	return at < search->size &&
	       ZYAN_SUCCESS(ZydisDecoderDecodeFull(&search->zydis, search->bytes + at,
						   search->size - at, &ret->insn, ret->operands));
}

/* Where a jump leads, from the function's start; or beyond its end. */
static size_t target_of(const struct search *search, const struct step *step)
{
	const ZydisDecodedOperand *o = &step->operands[0];
	int64_t to = (int64_t)step->at + step->insn.length + o->imm.value.s;
	bool is_inside = o->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && o->imm.is_relative && to >= 0 &&
			 (uint64_t)to < search->size;
	return is_inside ? (size_t)to : search->size;
}

/* The block that is jumped to: does it end with `ret`? */
static uint8_t proof_behind(const struct search *search, size_t at, struct results results)
{
	struct step step;
	for (int i = 0; i < EPILOGUE_MAX && decode_step(search, at, &step); i++) {
		if (step.insn.meta.category == ZYDIS_CATEGORY_RET)
			return proof_of(results);
		if (ends_block(&step.insn))
			return 0;
		results = next_results(&step, results);
		at += step.insn.length;
	}
	return 0;
}

static void follow_results(struct search *search, const struct step *step)
{
	if (!ends_block(&step->insn)) {
		search->results = next_results(step, search->results);
		return;
	}
	if (step->insn.meta.category == ZYDIS_CATEGORY_RET)
		search->proof |= proof_of(search->results);
	else if (step->insn.meta.category == ZYDIS_CATEGORY_UNCOND_BR)
		search->proof |= proof_behind(search, target_of(search, step), search->results);
	search->results = (struct results){0};
}

/* What is read before it is written has come from the caller. */
static void follow_rdi(struct search *search, const struct step *step)
{
	if (search->rdi_known)
		return;
	if (reads(step, ZYDIS_REGISTER_RDI))
		search->proof |= RESULT_PROOF_HIDDEN;
	search->rdi_known = search->proof & RESULT_PROOF_HIDDEN ||
			    writes(step, ZYDIS_REGISTER_RDI) || ends_block(&step->insn);
}

/* --- what is stored for debuggers ------------------------------------------------------------- */

static void begin_spills(struct search *search, const struct prototype *prototype)
{
	for (uint32_t i = 0; prototype->places && i < prototype->n_parameters; i++) {
		const struct parameter_place *place = &prototype->places[i];
		uint32_t size = prototype->parameters[i].type->size;
		bool is_spill = place->kind == PLACE_LATER && !place->since && !place->is_address &&
				(place->reg == DWARF_RBP || place->reg == DWARF_RSP) && size &&
				size <= 16;
		if (!is_spill || search->n_spills == PARAMETERS_MAX)
			continue;
		search->spills[search->n_spills++] = (struct spill){
			.base = place->reg == DWARF_RSP ? ZYDIS_REGISTER_RSP : ZYDIS_REGISTER_RBP,
			.at = place->offset,
			.end = place->offset + size};
	}
}

static void follow_operand(struct search *search, const ZydisDecodedOperand *o)
{
	int64_t at = o->mem.disp.value, end = at + (o->size / 8 ?: 1);
	bool is_store = o->mem.type == ZYDIS_MEMOP_TYPE_MEM &&
			!(o->actions & ZYDIS_OPERAND_ACTION_MASK_READ);
	for (size_t i = 0; i < search->n_spills; i++) {
		struct spill *spill = &search->spills[i];
		if (o->mem.base != spill->base)
			continue;
		if (o->mem.index != ZYDIS_REGISTER_NONE)
			spill->is_used = true;
		else if (at >= spill->at && end <= spill->end && is_store)
			spill->is_stored = search->stores_began = true;
		else if (at < spill->end && end > spill->at)
			spill->is_used = true;
	}
}

/* Behind that, offsets from the stack pointer mean something else: a push, room for more. */
static bool lowers_stack(const struct step *step)
{
	const ZydisDecodedOperand *o = &step->operands[0];
	bool is_sp = step->insn.operand_count && o->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		     o->reg.value == ZYDIS_REGISTER_RSP &&
		     o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
	return step->insn.mnemonic == ZYDIS_MNEMONIC_PUSH ||
	       (is_sp && step->insn.mnemonic != ZYDIS_MNEMONIC_ADD &&
		step->insn.mnemonic != ZYDIS_MNEMONIC_POP);
}

static void follow_spills(struct search *search, const struct step *step)
{
	if (search->stores_began && lowers_stack(step))
		search->stack_moves = true;
	for (unsigned int i = 0; i < step->insn.operand_count; i++) {
		const ZydisDecodedOperand *o = &step->operands[i];
		bool is_named = o->visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT;
		if (o->type == ZYDIS_OPERAND_TYPE_MEMORY && is_named)
			follow_operand(search, o);
	}
}

static bool has_dead_spill(const struct search *search)
{
	for (size_t i = 0; i < search->n_spills && !search->stack_moves; i++)
		if (search->spills[i].is_stored && !search->spills[i].is_used)
			return true;
	return false;
}

uint8_t result_proof_find(unsigned int machine, const uint8_t *bytes, size_t size,
			  const struct prototype *prototype)
{
	struct search search = {.bytes = bytes, .size = size};
	struct step step;
	size_t at = 0;
	if (machine != EM_X86_64 ||
	    ZYAN_FAILED(ZydisDecoderInit(&search.zydis, ZYDIS_MACHINE_MODE_LONG_64,
					 ZYDIS_STACK_WIDTH_64)))
		return 0;
	begin_spills(&search, prototype);
	for (; decode_step(&search, at, &step); at += step.insn.length) {
		follow_results(&search, &step);
		follow_rdi(&search, &step);
		follow_spills(&search, &step);
	}
	/* What was not seen may use it. */
	if (at == size && has_dead_spill(&search))
		search.proof |= RESULT_PROOF_UNOPTIMISED;
	return search.proof;
}

struct err *result_proof_use(struct image *image, const struct function *function,
			     struct prototype *prototype)
{
	size_t size = function->size;
	if (!prototype->is_rust || !prototype_may_drop_result(prototype) || !size ||
	    size > TEXT_MAX)
		return NULL;
	_cleanup_free_ uint8_t *bytes = malloc(size);
	if (!bytes)
		return &err_nomem;
	struct err *e = code_read_text(image, function->address, bytes, &size);
	if (e)
		return e;
	if (size == function->size)
		prototype->result_proof =
			result_proof_find(image_machine(image), bytes, size, prototype);
	return NULL;
}

/* Does it begin in %rdi? */
static bool is_in_rdi(const struct parameter_place *place)
{
	switch (place->kind) {
	case PLACE_REGISTER:
	case PLACE_MEMORY:
		return place->exact && place->reg == DWARF_RDI;
	case PLACE_PIECES:
		return place->exact && place->n_pieces && place->pieces[0].kind == PLACE_REGISTER &&
		       place->pieces[0].reg == DWARF_RDI;
	default:
		return false;
	}
}

static bool is_known(const struct parameter_place *place)
{
	return place->exact && (place->kind == PLACE_REGISTER || place->kind == PLACE_MEMORY ||
				(place->kind == PLACE_PIECES && place->n_pieces));
}

void result_proof_settle(struct prototype *prototype)
{
	bool all_known = true;
	for (uint32_t i = 0; prototype->result_proof && i < prototype->n_parameters; i++) {
		const struct parameter_place *place = &prototype->places[i];
		if (is_in_rdi(place))
			prototype->result_proof |= RESULT_PROOF_SEEN;
		all_known &= is_known(place) || !prototype->parameters[i].type->size;
	}
	if (!all_known || prototype->result_proof & RESULT_PROOF_SEEN)
		prototype->result_proof &= ~RESULT_PROOF_HIDDEN;
}
