/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a debug build of Rust gets its parameters from.
 *
 * Which registers they come in is known to rustc alone, and its debug information tells of their
 * places in the frame, where nothing is at the first instruction. But it is the function itself
 * that puts them there, before anything else: the instructions up to the first call or jump are
 * followed, and what is stored in a parameter's place first is what it was called with. Only what
 * was moved there unchanged counts, and an instruction that is not known ends it all.
 */
#include "uprobe/prologue.h"

#include <elf.h>
#include <string.h>

#include "common/array.h"
#include "uprobe/code.h"

#define PROLOGUE_BYTES 512
#define STORES_MAX     64
/* As the instruction set numbers them. */
#define REG_SP	   4
#define REG_BP	   5
#define VECTORS	   16
#define DWARF_XMM0 17
#define UNKNOWN	   INT64_MIN
#define FRAME_MAX  (INT64_C(1) << 32)

/* As the entry had it. */
enum origin_kind {
	ORIGIN_NONE,
	ORIGIN_REGISTER, /* the low bytes of `reg` */
	ORIGIN_STACK,	 /* memory at `offset` from the canonical frame address */
	ORIGIN_VECTOR,
};

struct origin {
	enum origin_kind kind;
	uint8_t reg, size;
	int64_t offset;
};

/* Into the frame; `at` counts from the stack pointer at the entry. */
struct store {
	int64_t at;
	uint8_t size;
	struct origin from;
};

struct prologue {
	struct decoder decoder;
	struct origin registers[16];
	bool is_changed[VECTORS]; /* vector registers */
	int64_t sp, bp;		  /* from the stack pointer at the entry */
	struct store stores[STORES_MAX];
	size_t n_stores;
};

static const struct origin none;

static void begin(struct prologue *p)
{
	static const uint8_t arguments[] = {7, 6, 2, 1, 8, 9}; /* rdi, rsi, rdx, rcx, r8, r9 */
	memset(p->registers, 0, sizeof(p->registers));
	memset(p->is_changed, 0, sizeof(p->is_changed));
	for (size_t i = 0; i < sizeof(arguments); i++)
		p->registers[arguments[i]] =
			(struct origin){.kind = ORIGIN_REGISTER, .reg = arguments[i], .size = 8};
	p->sp = 0;
	p->bp = UNKNOWN;
	p->n_stores = 0;
}

/* --- what instructions do --------------------------------------------------------------------- */

static struct origin low_part(struct origin from, uint8_t size)
{
	if (from.size < size)
		return none;
	from.size = size;
	return from;
}

static bool store(struct prologue *p, int64_t at, uint8_t size, struct origin from)
{
	if (p->n_stores == STORES_MAX)
		return false;
	p->stores[p->n_stores++] = (struct store){at, size, low_part(from, size)};
	return true;
}

static void set(struct prologue *p, uint8_t reg, struct origin from)
{
	p->registers[reg] = from;
	if (reg == REG_BP)
		p->bp = UNKNOWN;
}

/* What was stored there last, or what the caller has put there. */
static struct origin load(const struct prologue *p, int64_t at, uint8_t size)
{
	for (size_t i = p->n_stores; i-- > 0;) {
		const struct store *stored = &p->stores[i];
		if (at + size <= stored->at || at >= stored->at + stored->size)
			continue;
		return at == stored->at ? low_part(stored->from, size) : none;
	}
	/* The return address is at 0. */
	if (at < 8)
		return none;
	return (struct origin){.kind = ORIGIN_STACK, .size = size, .offset = at - 8};
}

/* Is the operand in the frame? */
static bool in_frame(const struct prologue *p, const struct operand *o, int64_t *ret)
{
	int64_t base = o->rm == REG_SP ? p->sp : o->rm == REG_BP ? p->bp : UNKNOWN;
	if (!o->is_memory || !o->has_base || base == UNKNOWN)
		return false;
	*ret = base + o->displacement;
	return true;
}

/* Of an operand of one byte: %ah and the like are others without a REX prefix. */
static bool is_low(const ZydisDecodedInstruction *insn, uint8_t size, uint8_t reg)
{
	return size > 1 || reg < 4 || insn->attributes & ZYDIS_ATTRIB_HAS_REX;
}

static uint8_t size_of(const ZydisDecodedInstruction *insn, bool is_byte)
{
	if (is_byte)
		return 1;
	if (insn->raw.rex.W)
		return 8;
	return insn->attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE ? 2 : 4;
}

static bool move_out(struct prologue *p, const ZydisDecodedInstruction *insn,
		     const struct operand *o, uint8_t size)
{
	int64_t at;
	struct origin from = p->registers[o->reg];
	if (!is_low(insn, size, o->reg))
		return false;
	if (o->is_memory)
		return in_frame(p, o, &at) && store(p, at, size, from);
	if (o->rm == REG_SP || !is_low(insn, size, o->rm))
		return false;
	set(p, o->rm, low_part(from, size));
	if (o->reg == REG_SP && o->rm == REG_BP && size == 8)
		p->bp = p->sp;
	return true;
}

static bool move_in(struct prologue *p, const ZydisDecodedInstruction *insn,
		    const struct operand *o, uint8_t size)
{
	int64_t at;
	struct origin from = none;
	if (o->reg == REG_SP || !is_low(insn, size, o->reg) ||
	    (o->is_register && !is_low(insn, size, o->rm)))
		return false;
	if (o->is_register)
		from = low_part(p->registers[o->rm], size);
	else if (in_frame(p, o, &at))
		from = load(p, at, size);
	set(p, o->reg, from);
	if (o->is_register && o->rm == REG_SP && o->reg == REG_BP && size == 8)
		p->bp = p->sp;
	return true;
}

/* Some number is the result; the stack pointer must stay known. */
static bool compute(struct prologue *p, const struct operand *o, bool to_rm, uint8_t size)
{
	int64_t at;
	uint8_t reg = to_rm ? o->rm : o->reg;
	if (to_rm && o->is_memory)
		return in_frame(p, o, &at) && store(p, at, size, none);
	if (reg == REG_SP)
		return false;
	if (size == 1) /* also %ah, which is above another one's */
		set(p, reg & 3, none);
	set(p, reg, none);
	return true;
}

/* Group 1: add, or, adc, sbb, and, sub, xor, cmp with a number. */
static bool add_number(struct prologue *p, const ZydisDecodedInstruction *insn,
		       const struct operand *o, uint8_t size)
{
	int64_t number = insn->raw.imm[0].value.s;
	unsigned int operation = o->reg & 7;
	if (operation == 7)
		return true;
	if (o->is_register && o->rm == REG_SP) {
		p->sp += operation == 0 ? number : -number;
		return size == 8 && (operation == 0 || operation == 5);
	}
	/* The one bit of a bool. */
	if (operation == 4 && size == 1 && number == 1 && o->is_register &&
	    is_low(insn, size, o->rm)) {
		p->registers[o->rm] = low_part(p->registers[o->rm], 1);
		return true;
	}
	return compute(p, o, true, size);
}

static bool push(struct prologue *p, const ZydisDecodedInstruction *insn)
{
	uint8_t reg = (insn->opcode & 7) | (insn->raw.rex.B ? 8 : 0);
	p->sp -= 8;
	/* No argument: it makes room, or saves what the caller has there. */
	if (p->registers[reg].kind == ORIGIN_NONE)
		return true;
	return store(p, p->sp, 8, p->registers[reg]);
}

static bool step_one_byte(struct prologue *p, const ZydisDecodedInstruction *insn)
{
	const struct operand o = decode_operand(insn);
	uint8_t opcode = insn->opcode, size = size_of(insn, !(opcode & 1));
	uint8_t low = (opcode & 7) | (insn->raw.rex.B ? 8 : 0);
	if ((opcode & 0xf8) == 0x50)
		return push(p, insn);
	if ((opcode & 0xf0) == 0xb0) { /* mov $number, %reg */
		size = size_of(insn, opcode < 0xb8);
		return compute(p, &(struct operand){.is_register = true, .rm = low}, true, size);
	}
	/* The eight computations in six forms each; the last one compares. */
	if (opcode < 0x40 && (opcode & 7) < 4)
		return (opcode & 0xf8) == 0x38 || compute(p, &o, !(opcode & 2), size);
	switch (opcode) {
	case 0x24: /* and $1, %al */
		return add_number(p, insn, &(struct operand){.is_register = true, .reg = 4}, 1);
	case 0x3c:
	case 0x3d:
	case 0x84:
	case 0x85:
	case 0xa8:
	case 0xa9:
		return true;
	case 0x90: /* nop, or xchg %r8,%rax */
		return !insn->raw.rex.B;
	case 0x63: /* movslq */
		return compute(p, &o, false, 8);
	case 0x80:
	case 0x81:
	case 0x83:
		return add_number(p, insn, &o, size);
	case 0x88:
	case 0x89:
		return move_out(p, insn, &o, size);
	case 0x8a:
	case 0x8b:
		return move_in(p, insn, &o, size);
	case 0x8d:
		return compute(p, &o, false, 8);
	case 0xc6:
	case 0xc7:
		return compute(p, &o, true, size);
	default:
		return false;
	}
}

/* Stores of vector registers, whose values are not read but told of. */
static bool store_vector(struct prologue *p, const ZydisDecodedInstruction *insn)
{
	const struct operand o = decode_operand(insn);
	struct origin from = {.kind = ORIGIN_VECTOR, .reg = o.reg, .size = 16};
	uint8_t size = 16;
	int64_t at;
	for (unsigned int i = 0; insn->opcode == 0x11 && i < insn->raw.prefix_count; i++)
		size = insn->raw.prefixes[i].value == 0xf3   ? 4
		       : insn->raw.prefixes[i].value == 0xf2 ? 8
							     : size;
	if (!o.is_memory || !in_frame(p, &o, &at))
		return false;
	return store(p, at, size, p->is_changed[o.reg] ? none : from);
}

static bool step_two_bytes(struct prologue *p, const ZydisDecodedInstruction *insn)
{
	const struct operand o = decode_operand(insn);
	uint8_t opcode = insn->opcode;
	switch (opcode) {
	case 0x1e: /* endbr64 */
	case 0x1f:
		return true;
	case 0x10:
	case 0x28: /* loads of vectors */
	case 0x57:
		p->is_changed[o.reg] = true;
		return true;
	case 0x11:
	case 0x29:
		return store_vector(p, insn);
	case 0xb6: /* movz, movs */
	case 0xb7:
	case 0xbe:
	case 0xbf:
		return compute(p, &o, false, 8);
	default:
		return (opcode & 0xf0) == 0x90 && compute(p, &o, true, 1); /* set... */
	}
}

static bool step(struct prologue *p, const ZydisDecodedInstruction *insn)
{
	if (insn->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY)
		return false;
	if (insn->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT)
		return step_one_byte(p, insn);
	return insn->opcode_map == ZYDIS_OPCODE_MAP_0F && step_two_bytes(p, insn);
}

/* Does it make room on the stack, or move to another one? */
static bool changes_stack(const ZydisDecodedInstruction *insn)
{
	const struct operand o = decode_operand(insn);
	bool to_rm = decode_is_opcode(insn, 0x81) || decode_is_opcode(insn, 0x83) ||
		     decode_is_opcode(insn, 0x29) || decode_is_opcode(insn, 0x89);
	bool to_reg = decode_is_opcode(insn, 0x2b) || decode_is_opcode(insn, 0x8b) ||
		      decode_is_opcode(insn, 0x8d);
	bool is_add =
		!decode_is_opcode(insn, 0x29) && !decode_is_opcode(insn, 0x89) && (o.reg & 7) == 0;
	if (decode_is_opcode(insn, 0x50 | (insn->opcode & 7)))
		return true;
	return (to_rm && o.is_register && o.rm == REG_SP && !is_add) || (to_reg && o.reg == REG_SP);
}

/*
 * Is the frame as large as it will be, behind `at`? A large one is made page by page, in a loop or
 * by a call.
 */
static bool is_frame_done(const struct prologue *p, const uint8_t *bytes, size_t size, size_t at)
{
	ZydisDecodedInstruction insn;
	struct decoded decoded;
	if (at >= size || !decode_raw(&p->decoder, bytes + at, size - at, at, &decoded, &insn))
		return false;
	if (decoded.flow == FLOW_BRANCH && decoded.target <= at)
		return false;
	while (at < size && decode_raw(&p->decoder, bytes + at, size - at, at, &decoded, &insn)) {
		if (changes_stack(&insn))
			return false;
		at += insn.length;
	}
	return true;
}

/* Up to the first call or jump, or to an offset; false: it did not get there, or the frame may be
 * another one. */
static bool run(struct prologue *p, const uint8_t *bytes, size_t size, size_t end)
{
	ZydisDecodedInstruction insn;
	struct decoded decoded;
	size_t at = 0;
	begin(p);
	while (at < size && (!end || at < end)) {
		if (!decode_raw(&p->decoder, bytes + at, size - at, at, &decoded, &insn) ||
		    decoded.flow != FLOW_NEXT || !step(p, &insn))
			break;
		at += insn.length;
	}
	return end ? at == end : is_frame_done(p, bytes, size, at);
}

/* --- what a place tells then ------------------------------------------------------------------ */

static uint16_t dwarf_number(uint8_t reg)
{
	static const uint8_t numbers[] = {0, 2, 1, 3, 7, 6, 4, 5};
	return reg < sizeof(numbers) ? numbers[reg] : reg;
}

static struct place_piece piece_of(const struct store *stored)
{
	struct place_piece piece = {.kind = PLACE_UNKNOWN, .size = stored->size};
	switch (stored->from.kind) {
	case ORIGIN_REGISTER:
		piece.kind = PLACE_REGISTER;
		piece.reg = dwarf_number(stored->from.reg);
		break;
	case ORIGIN_STACK:
		piece.kind = PLACE_MEMORY;
		piece.reg = PLACE_CFA;
		piece.offset = stored->from.offset;
		break;
	case ORIGIN_VECTOR:
		piece.kind = PLACE_REGISTER;
		piece.reg = DWARF_XMM0 + stored->from.reg;
		break;
	case ORIGIN_NONE:
		break;
	}
	return piece;
}

/* The stores into [at, at + size), of each byte the first one, in the order of their places. False:
 * one is half outside, or there are too many. */
static bool first_stores(const struct prologue *p, int64_t at, uint32_t size, struct store *ret,
			 size_t *ret_count)
{
	size_t count = 0;
	for (size_t i = 0; i < p->n_stores; i++) {
		const struct store *stored = &p->stores[i];
		int64_t end = stored->at + stored->size;
		size_t place = 0;
		if (end <= at || stored->at >= at + size)
			continue;
		if (stored->at < at || end > at + size)
			return false;
		while (place < count && ret[place].at < stored->at)
			place++;
		bool is_again = (place && ret[place - 1].at + ret[place - 1].size > stored->at) ||
				(place < count && ret[place].at < end);
		if (is_again)
			continue;
		if (count == PLACE_PIECES_MAX)
			return false;
		memmove(&ret[place + 1], &ret[place], (count - place) * sizeof(*ret));
		ret[place] = *stored;
		count++;
	}
	*ret_count = count;
	return true;
}

static bool add_piece(struct parameter_place *to, struct place_piece piece)
{
	if (to->n_pieces == PLACE_PIECES_MAX)
		return false;
	to->pieces[to->n_pieces++] = piece;
	return true;
}

/* Gaps are padding. */
static struct parameter_place stored_place(const struct prologue *p, int64_t at, uint32_t size)
{
	struct store stores[PLACE_PIECES_MAX + 1];
	struct parameter_place place = {.kind = PLACE_PIECES, .exact = true};
	const struct parameter_place unknown = {.kind = PLACE_UNKNOWN};
	size_t count;
	if (!first_stores(p, at, size, stores, &count))
		return unknown;
	if (!count && at >= 8) /* where the caller has put it, and there it stays */
		return (struct parameter_place){
			.kind = PLACE_MEMORY, .exact = true, .reg = PLACE_CFA, .offset = at - 8};
	if (!count)
		return unknown;
	if (count == 1 && stores[0].at == at && stores[0].size == size) {
		const struct place_piece whole = piece_of(&stores[0]);
		return (struct parameter_place){.kind = whole.kind,
						.exact = true,
						.reg = whole.reg,
						.offset = whole.offset};
	}
	for (size_t i = 0; i < count; i++) {
		const struct place_piece gap = {.size = (uint16_t)(stores[i].at - at),
						.kind = stores[i].at - at < 8 ? PLACE_NOWHERE
									      : PLACE_UNKNOWN};
		if ((gap.size && !add_piece(&place, gap)) ||
		    !add_piece(&place, piece_of(&stores[i])))
			return unknown;
		at = stores[i].at + stores[i].size;
	}
	return place;
}

/* The value is where this leads, from so many bytes on. */
static struct parameter_place led_to(struct origin from, int64_t offset)
{
	if (from.kind == ORIGIN_STACK && from.size == 8 && !offset)
		return (struct parameter_place){.kind = PLACE_MEMORY,
						.exact = true,
						.is_address = true,
						.reg = PLACE_CFA,
						.offset = from.offset};
	if (from.kind != ORIGIN_REGISTER || from.size != 8)
		return (struct parameter_place){.kind = PLACE_UNKNOWN};
	return (struct parameter_place){.kind = PLACE_MEMORY,
					.exact = true,
					.reg = dwarf_number(from.reg),
					.offset = offset};
}

/* As the instruction set numbers it; of those that DWARF has in this order. */
static uint8_t hardware_number(uint16_t reg)
{
	static const uint8_t numbers[] = {0, 2, 1, 3, 6, 7, 5, 4};
	return reg < sizeof(numbers) ? numbers[reg] : (uint8_t)reg;
}

static struct parameter_place find_one(struct prologue *p, const uint8_t *bytes, size_t size,
				       const struct parameter_place *place, const struct type *type)
{
	uint8_t reg = hardware_number(place->reg);
	bool is_near = place->offset > -FRAME_MAX && place->offset < FRAME_MAX;
	if (place->reg >= 16 || !is_near || !type->size || type->size > UINT16_MAX ||
	    !run(p, bytes, size, place->since))
		return (struct parameter_place){.kind = PLACE_UNKNOWN};
	int64_t base = reg == REG_SP ? p->sp : reg == REG_BP ? p->bp : UNKNOWN;
	if (base == UNKNOWN)
		return place->is_address ? (struct parameter_place){.kind = PLACE_UNKNOWN}
					 : led_to(p->registers[reg], place->offset);
	int64_t at = base + place->offset;
	if (place->is_address)
		return led_to(load(p, at, 8), 0);
	/* Of a list it may be a later value than the first. */
	return place->since ? (struct parameter_place){.kind = PLACE_UNKNOWN}
			    : stored_place(p, at, type->size);
}

/* Who optimises leaves some in registers. */
static bool are_all_later(const struct prototype *prototype)
{
	for (uint32_t i = 0; i < prototype->n_parameters; i++)
		if (prototype->places[i].kind != PLACE_LATER)
			return false;
	return prototype->n_parameters;
}

void prologue_find(unsigned int machine, const uint8_t *bytes, size_t size,
		   const struct prototype *prototype, struct parameter_place *places)
{
	struct prologue p;
	bool is_whole = machine == EM_X86_64 && are_all_later(prototype) &&
			decoder_init(&p.decoder, machine);
	for (uint32_t i = 0; i < prototype->n_parameters; i++) {
		if (places[i].kind != PLACE_LATER)
			continue;
		const struct parameter_place later = places[i];
		places[i] = (struct parameter_place){.kind = PLACE_UNKNOWN};
		if (is_whole)
			places[i] =
				find_one(&p, bytes, size, &later, prototype->parameters[i].type);
	}
}

struct err *prologue_use(struct image *image, const struct function *function, struct arena *arena,
			 struct prototype *prototype)
{
	uint8_t bytes[PROLOGUE_BYTES];
	size_t size = function->size < sizeof(bytes) ? function->size : sizeof(bytes);
	if (!prototype->is_rust || !prototype->places || !are_all_later(prototype))
		return NULL;
	struct parameter_place *places =
		arena_copy(arena, prototype->places, prototype->n_parameters * sizeof(*places));
	if (!places)
		return &err_nomem;
	struct err *e = code_read_text(image, function->address, bytes, &size);
	if (e)
		return e;
	prologue_find(image_machine(image), bytes, size, prototype, places);
	prototype->places = places;
	return NULL;
}
