/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where DWARF finds parameters, in place of the calling convention or beside it.
 *
 * Nothing is run at the function's first instruction yet, so an argument can only be in a register
 * that calls use, above the return address, or where such a register leads. A place elsewhere is
 * one of a later time: compilers are not exact about the first instructions (LLVM counts the
 * prologue to a range that begins behind it).
 */
#include <elf.h>
#include <string.h>

#include "probe/regs.h"
#include "uprobe/args.h"

#define NO_REGISTER 0xff

/* psABI x86-64, figure 3.36, "DWARF Register Number Mapping"; those that calls use. */
static const uint8_t x86_registers[] = {
	X86_RAX,     X86_RDX,	  X86_RCX, X86_RBX, X86_RSI, X86_RDI,
	NO_REGISTER, NO_REGISTER, X86_R8,  X86_R9,  X86_R10, X86_R11,
};
#define X86_DWARF_RSP	7
#define X86_DWARF_XMM0	17
#define X86_DWARF_XMM15 32

/* AADWARF64, 4.1. */
#define ARM64_DWARF_SP	31
#define ARM64_DWARF_V0	64
#define ARM64_DWARF_V31 95

static const char *const xmm_names[] = {
	"in xmm0",  "in xmm1",	"in xmm2",  "in xmm3",	"in xmm4",  "in xmm5",
	"in xmm6",  "in xmm7",	"in xmm8",  "in xmm9",	"in xmm10", "in xmm11",
	"in xmm12", "in xmm13", "in xmm14", "in xmm15",
};

static const char optimised_out[] = "optimised out";
static const char in_pieces_text[] = "in several places";
static const char in_vector[] = "in a floating-point register";

/* The register that may hold an argument, as the fetch plan counts; NO_REGISTER: it may not. */
static uint8_t argument_register(unsigned int machine, uint16_t reg, bool go)
{
	if (machine == EM_AARCH64)
		return reg < (go ? 16 : 9) ? (uint8_t)(ARM64_X0 + reg) : NO_REGISTER;
	uint8_t ret = reg < sizeof(x86_registers) ? x86_registers[reg] : NO_REGISTER;
	bool is_gos = ret == X86_RAX || ret == X86_RBX || ret == X86_R10 || ret == X86_R11;
	return is_gos && !go ? NO_REGISTER : ret;
}

static const char *vector_name(unsigned int machine, uint16_t reg)
{
	if (machine == EM_AARCH64)
		return reg >= ARM64_DWARF_V0 && reg <= ARM64_DWARF_V31 ? in_vector : NULL;
	return reg >= X86_DWARF_XMM0 && reg <= X86_DWARF_XMM15 ? xmm_names[reg - X86_DWARF_XMM0]
							       : NULL;
}

static struct fetch_source in_memory(unsigned int machine, const struct parameter_place *place,
				     const char *otherwise, bool go)
{
	bool is_arm = machine == EM_AARCH64;
	uint8_t stack = is_arm ? ARM64_SP : X86_RSP;
	if (place->reg == PLACE_CFA) { /* the return address is below it on x86-64 */
		struct fetch_source source =
			args_at(stack, (uint64_t)place->offset + (is_arm ? 0 : 8));
		if (place->is_address)
			source.ops[source.n_ops++] =
				(struct fetch_op){.code = FETCH_DEREF, .size = 8};
		return source;
	}
	if (place->reg == (is_arm ? ARM64_DWARF_SP : X86_DWARF_RSP))
		return place->exact && place->offset >= (is_arm ? 0 : 8)
			       ? args_at(stack, (uint64_t)place->offset)
			       : args_unavailable(otherwise);
	uint8_t reg = argument_register(machine, place->reg, go);
	return reg == NO_REGISTER ? args_unavailable(otherwise)
				  : args_at(reg, (uint64_t)place->offset);
}

static struct fetch_source constant(int64_t number)
{
	struct fetch_source source = {.n_ops = 1};
	source.ops[0] = (struct fetch_op){.code = FETCH_CONST, .size = 8, .imm = number};
	return source;
}

static struct fetch_source in_register(unsigned int machine, const struct parameter_place *place,
				       const struct type *type, const char *otherwise, bool go)
{
	const char *vector = vector_name(machine, place->reg);
	uint8_t reg = argument_register(machine, place->reg, go);
	if (vector)
		return args_unavailable(vector);
	/* One register does not hold it: what is said is not understood. */
	bool is_wide = type->size > 8 && type->kind != TYPE_BYTES;
	if (reg == NO_REGISTER || is_wide || type->kind == TYPE_FLOAT)
		return args_unavailable(otherwise);
	return args_in_register(reg, type);
}

/* Some bytes of a value that is in several places. */
static void add_piece(unsigned int machine, const struct place_piece *piece, const char *otherwise,
		      bool go, struct fetch_source *to)
{
	const struct parameter_place place = {
		.kind = piece->kind, .reg = piece->reg, .offset = piece->offset, .exact = true};
	static const struct type word = {.kind = TYPE_HEX, .size = 8, .name = ""};
	static const char of_a_time[] = "not there yet";
	const char *why = otherwise ?: of_a_time;
	struct fetch_source source = args_unavailable(why);
	if (piece->kind == PLACE_NOWHERE)
		source = args_unavailable(optimised_out);
	else if (piece->kind == PLACE_REGISTER)
		source = in_register(machine, &place, &word, why, go);
	else if (piece->kind == PLACE_CONSTANT)
		source = constant(piece->offset);
	else if (piece->kind == PLACE_MEMORY && compile_is_scalar_size(piece->size))
		source = in_memory(machine, &place, why, go);
	if (source.is_address)
		source.ops[source.n_ops++] =
			(struct fetch_op){.code = FETCH_DEREF, .size = (uint8_t)piece->size};
	fetch_add_part(to, piece->size, source.ops, source.unavailable ? 0 : source.n_ops,
		       source.unavailable);
}

/* What no piece is told of is nowhere. */
static struct fetch_source in_pieces(unsigned int machine, const struct parameter_place *place,
				     const struct type *type, const char *otherwise, bool go)
{
	struct fetch_source source = {0};
	struct parameter_place spread = *place;
	if (go && !args_go_spread(type, &spread))
		return args_unavailable(otherwise);
	for (uint32_t i = 0; i < place->n_pieces; i++)
		add_piece(machine, &spread.pieces[i], otherwise, go, &source);
	bool has_parts = type->kind == TYPE_STRUCT || type_is_wide_number(type);
	if (!has_parts || source.unavailable || !source.n_parts)
		return args_unavailable(in_pieces_text);
	return args_has_part(&source) ? source : args_unavailable(source.parts[0].unavailable);
}

static struct fetch_source source_of(unsigned int machine, const struct parameter_place *place,
				     const struct type *type, const char *otherwise, bool go)
{
	struct fetch_source source;
	switch (place->kind) {
	case PLACE_NOWHERE:
		return args_unavailable(optimised_out);
	case PLACE_PIECES:
		return in_pieces(machine, place, type, otherwise, go);
	case PLACE_REGISTER:
		return in_register(machine, place, type, otherwise, go);
	case PLACE_MEMORY:
		/* Go keeps room for register arguments above the return address, filled later. */
		if (go && !place->exact)
			break;
		return in_memory(machine, place, otherwise, go);
	case PLACE_SUM:
		source = in_memory(machine, place, otherwise, go);
		source.is_address = false;
		return source;
	case PLACE_CONSTANT:
		if (type->kind == TYPE_STRUCT || type->kind == TYPE_ARRAY ||
		    (type->kind == TYPE_FLOAT && !place->is_bytes) || type->size > 8)
			break;
		return constant(place->offset);
	case PLACE_UNKNOWN:
	case PLACE_LATER: /* what can be known of it is known: uprobe/prologue.c */
		break;
	}
	return args_unavailable(otherwise);
}

/* Callers that see that a part is ignored do not pass it. */
static void drop_parts(const struct parameter_place *place, struct fetch_source *source)
{
	for (uint32_t i = 0, at = 0; i < source->n_parts; i++) {
		if (i >= place->n_pieces || place->pieces[i].kind == PLACE_NOWHERE || at != i * 8)
			source->parts[i].unavailable =
				source->parts[i].unavailable ?: optimised_out;
		at += i < place->n_pieces ? place->pieces[i].size : 0;
	}
	if (!args_has_part(source))
		*source = args_unavailable(source->parts[0].unavailable);
}

/*
 * Beside the convention: DWARF tells where what is passed in an unknown way is, and that a function
 * has registers of its own (ms_abi); single expressions are not that exact.
 */
static void refine(unsigned int machine, const struct prototype *prototype,
		   const struct parameter_place *place, const struct type *type,
		   struct fetch_source *source)
{
	bool lost = args_is_unknown(source);
	if (place->kind == PLACE_NOWHERE) {
		/* A caller that sees that it is ignored does not pass it. */
		if (prototype->is_optimised && !source->unavailable)
			*source = args_unavailable(optimised_out);
		return;
	}
	if (prototype->is_optimised && place->kind == PLACE_PIECES && place->n_pieces)
		drop_parts(place, source);
	if (!lost && (!place->exact || place->kind != PLACE_REGISTER || source->is_address))
		return;
	struct fetch_source located = source_of(machine, place, type, NULL, false);
	if (!located.unavailable)
		*source = located;
}

void args_use_places(unsigned int machine, const struct prototype *prototype,
		     struct fetch_source *sources)
{
	const char *reason = prototype->no_convention;
	static const struct parameter_place unknown;
	for (uint32_t i = 0; i < prototype->n_parameters; i++) {
		const struct parameter_place *place =
			prototype->places ? &prototype->places[i] : &unknown;
		const struct type *type = prototype->parameters[i].type;
		if (reason)
			sources[i] = source_of(machine, place, type, reason, args_is_go(prototype));
		else
			refine(machine, prototype, place, type, &sources[i]);
	}
}
