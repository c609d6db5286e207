/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where DWARF finds a parameter when its function is entered.
 *
 * A location list says which place is meant at which addresses, so the range that covers the first
 * instruction counts. A single expression is meant for the whole function; what it says of the
 * frame is true only behind the prologue, except above the return address.
 */
#include <dwarf.h>

#include <string.h>

#include "symbols/dwarf_attributes.h"
#include "symbols/dwarf_info.h"

bool dwarf_op_constant(const Dwarf_Op *op, int64_t *ret)
{
	if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31) {
		*ret = op->atom - DW_OP_lit0;
		return true;
	}
	switch (op->atom) {
	case DW_OP_const1u:
	case DW_OP_const1s:
	case DW_OP_const2u:
	case DW_OP_const2s:
	case DW_OP_const4u:
	case DW_OP_const4s:
	case DW_OP_const8u:
	case DW_OP_const8s:
	case DW_OP_constu:
	case DW_OP_consts:
		*ret = (int64_t)op->number;
		return true;
	default:
		return false;
	}
}

/* DWARF numbers registers up to 31 by one-byte operations; more than 64 no general one has. */
#define REGISTERS_MAX 128

static struct parameter_place register_place(enum place_kind kind, Dwarf_Word reg, int64_t offset)
{
	if (reg >= REGISTERS_MAX)
		return (struct parameter_place){.kind = PLACE_UNKNOWN};
	return (struct parameter_place){.kind = kind, .reg = (uint16_t)reg, .offset = offset};
}

/* Does the function's frame begin at the canonical frame address (gcc, Go)? */
static bool frame_is_cfa(Dwarf_Die *function, uint64_t address)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	size_t n_ops;
	return dwarf_attr_integrate(function, DW_AT_frame_base, &attribute) &&
	       dwarf_getlocation_addr(&attribute, address, &ops, &n_ops, 1) == 1 && n_ops == 1 &&
	       ops[0].atom == DW_OP_call_frame_cfa;
}

/* Registers and memory: one operation, and the two that tell registers by number. */
static struct parameter_place place_of_op(const Dwarf_Op *op)
{
	if (op->atom >= DW_OP_reg0 && op->atom <= DW_OP_reg31)
		return register_place(PLACE_REGISTER, op->atom - DW_OP_reg0, 0);
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31)
		return register_place(PLACE_MEMORY, op->atom - DW_OP_breg0, (int64_t)op->number);
	switch (op->atom) {
	case DW_OP_regx:
		return register_place(PLACE_REGISTER, op->number, 0);
	case DW_OP_bregx:
		return register_place(PLACE_MEMORY, op->number, (int64_t)op->number2);
	case DW_OP_call_frame_cfa:
		return (struct parameter_place){.kind = PLACE_MEMORY, .reg = PLACE_CFA};
	default:
		return (struct parameter_place){.kind = PLACE_UNKNOWN};
	}
}

/* "..., DW_OP_stack_value": the value itself, which lies nowhere. */
static struct parameter_place computed_place(const Dwarf_Op *op)
{
	struct parameter_place place = place_of_op(op);
	int64_t constant;
	if (dwarf_op_constant(op, &constant))
		return (struct parameter_place){.kind = PLACE_CONSTANT, .offset = constant};
	if (place.kind != PLACE_MEMORY || place.reg == PLACE_CFA)
		return (struct parameter_place){.kind = PLACE_NOWHERE};
	place.kind = PLACE_SUM;
	return place;
}

static struct parameter_place read_expression(Dwarf_Die *function, uint64_t address,
					      Dwarf_Attribute *attribute, const Dwarf_Op *ops,
					      size_t n_ops);

/* One piece of several: what is before the DW_OP_piece. Nothing: that part is nowhere. */
static struct place_piece read_piece(Dwarf_Die *function, uint64_t address,
				     Dwarf_Attribute *attribute, const Dwarf_Op *ops, size_t n_ops,
				     uint64_t size)
{
	struct parameter_place place = {.kind = PLACE_NOWHERE};
	if (n_ops)
		place = read_expression(function, address, attribute, ops, n_ops);
	if (place.kind == PLACE_SUM || place.kind == PLACE_PIECES)
		place.kind = PLACE_UNKNOWN;
	return (struct place_piece){.kind = place.kind,
				    .reg = place.reg,
				    .size = (uint16_t)size,
				    .offset = place.offset};
}

static struct parameter_place read_pieces(Dwarf_Die *function, uint64_t address,
					  Dwarf_Attribute *attribute, const Dwarf_Op *ops,
					  size_t n_ops)
{
	struct parameter_place place = {.kind = PLACE_PIECES};
	size_t start = 0;
	for (size_t i = 0; i < n_ops; i++) {
		if (ops[i].atom == DW_OP_bit_piece || place.n_pieces == PLACE_PIECES_MAX ||
		    (ops[i].atom == DW_OP_piece && ops[i].number > UINT16_MAX))
			return (struct parameter_place){.kind = PLACE_PIECES};
		if (ops[i].atom != DW_OP_piece)
			continue;
		place.pieces[place.n_pieces++] = read_piece(function, address, attribute,
							    ops + start, i - start, ops[i].number);
		start = i + 1;
	}
	return place;
}

/* At the function's first instruction, registers are what they were at its entry: that what is
 * told of the entry is told of now. */
static struct parameter_place entry_place(Dwarf_Attribute *attribute, const Dwarf_Op *op,
					  bool is_value)
{
	Dwarf_Attribute inner;
	Dwarf_Op *ops;
	size_t n_ops;
	struct parameter_place place = {.kind = PLACE_UNKNOWN};
	if (dwarf_getlocation_attr(attribute, op, &inner) == 0 &&
	    dwarf_getlocation(&inner, &ops, &n_ops) == 0 && n_ops == 1)
		place = place_of_op(&ops[0]);
	if (!is_value || place.kind != PLACE_REGISTER)
		return (struct parameter_place){.kind = PLACE_UNKNOWN};
	return place;
}

/* Its bytes stand in the debug information. */
static struct parameter_place implicit_place(Dwarf_Attribute *attribute, const Dwarf_Op *op)
{
	Dwarf_Block block;
	struct parameter_place place = {.kind = PLACE_CONSTANT, .is_bytes = true};
	if (dwarf_getlocation_implicit_value(attribute, op, &block) != 0 ||
	    block.length > sizeof(place.offset))
		return (struct parameter_place){.kind = PLACE_UNKNOWN};
	memcpy(&place.offset, block.data, block.length);
	return place;
}

static struct parameter_place read_expression(Dwarf_Die *function, uint64_t address,
					      Dwarf_Attribute *attribute, const Dwarf_Op *ops,
					      size_t n_ops)
{
	if (!n_ops)
		return (struct parameter_place){.kind = PLACE_NOWHERE};
	for (size_t i = 0; i < n_ops; i++)
		if (ops[i].atom == DW_OP_piece || ops[i].atom == DW_OP_bit_piece)
			return read_pieces(function, address, attribute, ops, n_ops);
	if (ops[0].atom == DW_OP_entry_value || ops[0].atom == DW_OP_GNU_entry_value)
		return entry_place(attribute, &ops[0],
				   n_ops == 2 && ops[1].atom == DW_OP_stack_value);
	if (n_ops == 1 && ops[0].atom == DW_OP_fbreg && frame_is_cfa(function, address))
		return (struct parameter_place){
			.kind = PLACE_MEMORY, .reg = PLACE_CFA, .offset = (int64_t)ops[0].number};
	if (n_ops == 1 && ops[0].atom == DW_OP_implicit_value)
		return implicit_place(attribute, &ops[0]);
	if (n_ops == 1)
		return place_of_op(&ops[0]);
	if (n_ops == 2 && ops[1].atom == DW_OP_stack_value)
		return computed_place(&ops[0]);
	return (struct parameter_place){.kind = PLACE_UNKNOWN};
}

/* Is the attribute one expression, and no list of them? */
static bool is_single(Dwarf_Attribute *attribute)
{
	switch (dwarf_whatform(attribute)) {
	case DW_FORM_exprloc:
	case DW_FORM_block:
	case DW_FORM_block1:
	case DW_FORM_block2:
	case DW_FORM_block4:
		return true;
	default:
		return false;
	}
}

/* A number that the parameter is in every call; text and structures are not understood. */
static struct parameter_place constant_place(Dwarf_Attribute *attribute)
{
	Dwarf_Word number;
	Dwarf_Sword with_sign;
	unsigned int form = dwarf_whatform(attribute);
	if (form == DW_FORM_sdata || form == DW_FORM_implicit_const) {
		if (dwarf_formsdata(attribute, &with_sign) == 0)
			return (struct parameter_place){.kind = PLACE_CONSTANT,
							.offset = with_sign};
	} else if (dwarf_formudata(attribute, &number) == 0) {
		return (struct parameter_place){.kind = PLACE_CONSTANT, .offset = (int64_t)number};
	}
	return (struct parameter_place){.kind = PLACE_NOWHERE};
}

/*
 * "DW_OP_fbreg -20": below the frame's base, where nothing is stored yet at the entry, whatever the
 * base is. All parameters of code that is not optimised are there, and libdw takes a tenth of the
 * time of a plan for ten thousand functions to say so.
 */
static bool is_below_frame(Dwarf_Attribute *attribute)
{
	Dwarf_Block block;
	if (!is_single(attribute) || dwarf_formblock(attribute, &block) != 0 || block.length < 2 ||
	    block.length > 11 || block.data[0] != DW_OP_fbreg)
		return false;
	/* A number of seven bits a byte; the last one has the sign in its bit 6. */
	for (Dwarf_Word i = 1; i + 1 < block.length; i++)
		if (!(block.data[i] & 0x80))
			return false;
	return (block.data[block.length - 1] & 0xc0) == 0x40;
}

/* "DW_OP_reg5", and nothing else: a byte, as where parameters stay in their registers. */
static bool is_one_register(Dwarf_Attribute *attribute, Dwarf_Word *ret)
{
	Dwarf_Block block;
	if (!is_single(attribute) || dwarf_formblock(attribute, &block) != 0 || block.length != 1 ||
	    block.data[0] < DW_OP_reg0 || block.data[0] > DW_OP_reg31)
		return false;
	*ret = block.data[0] - DW_OP_reg0;
	return true;
}

/* The register that the function's frame is told from; false: it is something else. */
static bool frame_register(struct dwarf_attributes *function, uint16_t *ret)
{
	Dwarf_Attribute storage;
	Dwarf_Op *ops;
	size_t n_ops;
	Dwarf_Attribute *base = dwarf_attributes_own(function, DW_AT_frame_base, &storage);
	if (!base || dwarf_getlocation(base, &ops, &n_ops) != 0 || n_ops != 1 ||
	    ops[0].atom < DW_OP_reg0 || ops[0].atom > DW_OP_reg31)
		return false;
	*ret = (uint16_t)(ops[0].atom - DW_OP_reg0);
	return true;
}

static struct parameter_place later_place(struct dwarf_attributes *function, const Dwarf_Op *ops,
					  size_t n_ops, Dwarf_Addr since)
{
	struct parameter_place place = {.kind = PLACE_UNKNOWN};
	bool is_address = n_ops == 2 && ops[1].atom == DW_OP_deref;
	if ((n_ops != 1 && !is_address) || since > UINT16_MAX)
		return place;
	if (ops[0].atom != DW_OP_fbreg)
		place = place_of_op(&ops[0]);
	else if (frame_register(function, &place.reg))
		place = register_place(PLACE_MEMORY, place.reg, (int64_t)ops[0].number);
	if (place.kind != PLACE_MEMORY || place.reg == PLACE_CFA)
		return (struct parameter_place){.kind = PLACE_UNKNOWN};
	place.kind = PLACE_LATER;
	place.is_address = is_address;
	place.since = (uint16_t)since;
	return place;
}

struct parameter_place dwarf_place_later(struct dwarf_attributes *function,
					 struct dwarf_attributes *parameter, uint64_t address)
{
	Dwarf_Attribute storage, *attribute;
	Dwarf_Addr base, start, end, first = UINT64_MAX;
	Dwarf_Op *ops;
	size_t n_ops;
	ptrdiff_t at = 0;
	struct parameter_place ret = {.kind = PLACE_UNKNOWN};
	attribute = parameter ? dwarf_attributes_own(parameter, DW_AT_location, &storage) : NULL;
	if (!attribute)
		return ret;
	if (is_single(attribute))
		return dwarf_getlocation(attribute, &ops, &n_ops) == 0
			       ? later_place(function, ops, n_ops, 0)
			       : ret;
	while ((at = dwarf_getlocations(attribute, at, &base, &start, &end, &ops, &n_ops)) > 0)
		if (start > address && start < first) {
			first = start;
			ret = later_place(function, ops, n_ops, start - address);
		}
	return ret;
}

struct parameter_place dwarf_place_of(struct dwarf_attributes *function,
				      struct dwarf_attributes *parameter, uint64_t address)
{
	Dwarf_Attribute storage, *attribute;
	Dwarf_Op *ops;
	size_t n_ops;
	Dwarf_Word reg;
	attribute = parameter ? dwarf_attributes_own(parameter, DW_AT_const_value, &storage) : NULL;
	if (attribute)
		return constant_place(attribute);
	attribute = parameter ? dwarf_attributes_own(parameter, DW_AT_location, &storage) : NULL;
	if (!attribute)
		return (struct parameter_place){.kind = PLACE_NOWHERE};
	if (is_below_frame(attribute))
		return (struct parameter_place){.kind = PLACE_UNKNOWN};
	if (is_one_register(attribute, &reg))
		return register_place(PLACE_REGISTER, reg, 0);
	int found = dwarf_getlocation_addr(attribute, address, &ops, &n_ops, 1);
	if (found < 0)
		return (struct parameter_place){.kind = PLACE_UNKNOWN};
	struct parameter_place place = {.kind = PLACE_NOWHERE};
	if (found > 0)
		place = read_expression(function->die, address, attribute, ops, n_ops);
	place.exact = !is_single(attribute);
	/* Below the return address nothing is stored yet. */
	if (place.kind == PLACE_MEMORY && place.reg == PLACE_CFA && place.offset < 0)
		place.kind = PLACE_UNKNOWN;
	return place;
}
