/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where DWARF has variables in the middle of a function. The locations are expressions for a stack
 * machine; those that work on one value (a register or a constant, sums, reads) become steps, which
 * is nearly all that compilers write.
 */
#include "symbols/variables.h"

#include <dwarf.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/child/remote.h"
#include "symbols/dwarf_info.h"
#include "symbols/image.h"
#include "symbols/unwind_row.h"

#define REGISTERS_MAX 128

/* What a location may refer to. */
struct frame {
	struct image *image;
	uint64_t address;
	Dwarf_Die function; /* the real one, whose frame it is */
	bool has_function;
	bool in_base; /* of the frame: which cannot refer to itself */
};

/* --- expressions -------------------------------------------------------------------------------
 */

static const char computed[] = "computed in a way that is not understood";
static const char optimised_out[] = "optimised out";

static bool add_step(struct variable_place *to, enum variable_step_kind kind, uint64_t reg,
		     int64_t number)
{
	if (to->n_steps == VARIABLE_STEPS_MAX || reg >= REGISTERS_MAX) {
		to->unavailable = computed;
		return false;
	}
	to->steps[to->n_steps++] = (struct variable_step){kind, (uint16_t)reg, number};
	return true;
}

static bool add_number(struct variable_place *to, int64_t number)
{
	return !number || add_step(to, STEP_ADD, 0, number);
}

/* The stack pointer before the call, by the unwind tables. */
static bool add_cfa(const struct frame *frame, struct variable_place *to)
{
	const struct unwind_row *row = image_unwind_row(frame->image, frame->address);
	if (!row || row->cfa.kind != ROW_IS) {
		to->unavailable = "the unwind tables do not tell where the frame is";
		return false;
	}
	return add_step(to, STEP_REGISTER, row->cfa_register, 0) && add_number(to, row->cfa.offset);
}

static bool read_ops(const struct frame *frame, Dwarf_Attribute *attribute, const Dwarf_Op *ops,
		     size_t n_ops, struct variable_place *to);

static bool add_frame_base(const struct frame *frame, struct variable_place *to)
{
	struct frame inner = *frame;
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	size_t n_ops;
	to->unavailable = "nothing tells where the frame is";
	if (!frame->has_function || frame->in_base ||
	    !dwarf_attr_integrate(&inner.function, DW_AT_frame_base, &attribute) ||
	    dwarf_getlocation_addr(&attribute, frame->address, &ops, &n_ops, 1) != 1 || !n_ops)
		return false;
	to->unavailable = NULL;
	inner.in_base = true;
	if (n_ops == 1 && ops[0].atom >= DW_OP_reg0 && ops[0].atom <= DW_OP_reg31)
		return add_step(to, STEP_REGISTER, ops[0].atom - DW_OP_reg0, 0);
	return read_ops(&inner, &attribute, ops, n_ops, to);
}

/* Bytes that stand in the debug information itself. */
static bool add_implicit(Dwarf_Attribute *attribute, const Dwarf_Op *op, struct variable_place *to)
{
	Dwarf_Block block;
	int64_t number = 0;
	if (dwarf_getlocation_implicit_value(attribute, op, &block) != 0 ||
	    block.length > sizeof(number)) {
		to->unavailable = computed;
		return false;
	}
	memcpy(&number, block.data, block.length);
	to->is_value = true;
	return add_step(to, STEP_CONSTANT, 0, number);
}

static bool is_based(const Dwarf_Op *op)
{
	return op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31;
}

/* One operation that begins: it needs nothing on the stack. */
static bool begin(const struct frame *frame, Dwarf_Attribute *attribute, const Dwarf_Op *op,
		  struct variable_place *to)
{
	int64_t number;
	if (dwarf_op_constant(op, &number))
		return add_step(to, STEP_CONSTANT, 0, number);
	if (is_based(op))
		return add_step(to, STEP_REGISTER, op->atom - DW_OP_breg0, 0) &&
		       add_number(to, (int64_t)op->number);
	switch (op->atom) {
	case DW_OP_bregx:
		return add_step(to, STEP_REGISTER, op->number, 0) &&
		       add_number(to, (int64_t)op->number2);
	case DW_OP_fbreg:
		return add_frame_base(frame, to) && add_number(to, (int64_t)op->number);
	case DW_OP_call_frame_cfa:
		return add_cfa(frame, to);
	case DW_OP_addr:
		return add_step(to, STEP_ADDRESS, 0, (int64_t)op->number);
	case DW_OP_implicit_value:
		return add_implicit(attribute, op, to);
	case DW_OP_entry_value:
	case DW_OP_GNU_entry_value:
		to->unavailable = "only the caller still has it";
		return false;
	case DW_OP_GNU_implicit_pointer:
	case DW_OP_implicit_pointer:
		to->unavailable = "optimised out: a pointer to what has no address";
		return false;
	case DW_OP_form_tls_address:
	case DW_OP_GNU_push_tls_address:
		to->unavailable = "thread-local";
		return false;
	default:
		to->unavailable = computed;
		return false;
	}
}

/* One that works on what is there; *index moves over what the next one adds. */
static bool go_on(const Dwarf_Op *ops, size_t n_ops, size_t *index, struct variable_place *to)
{
	const Dwarf_Op *op = &ops[*index];
	int64_t number;
	if (op->atom == DW_OP_plus_uconst)
		return add_number(to, (int64_t)op->number);
	if (op->atom == DW_OP_deref)
		return add_step(to, STEP_READ, 0, 0);
	if (op->atom == DW_OP_nop)
		return true;
	if (is_based(op) && *index + 1 < n_ops && ops[*index + 1].atom == DW_OP_plus) {
		++*index;
		return add_step(to, STEP_ADD_REGISTER, op->atom - DW_OP_breg0, 0) &&
		       add_number(to, (int64_t)op->number);
	}
	if (dwarf_op_constant(op, &number) && *index + 1 < n_ops) {
		unsigned int next = ops[*index + 1].atom;
		++*index;
		if (next == DW_OP_plus)
			return add_number(to, number);
		if (next == DW_OP_minus)
			return add_number(to, (int64_t) - (uint64_t)number);
	}
	to->unavailable = computed;
	return false;
}

static bool read_ops(const struct frame *frame, Dwarf_Attribute *attribute, const Dwarf_Op *ops,
		     size_t n_ops, struct variable_place *to)
{
	for (size_t i = 0; i < n_ops; i++) {
		if (i && ops[i].atom == DW_OP_stack_value && i + 1 == n_ops) {
			to->is_value = true;
			return true;
		}
		if (!(i ? go_on(ops, n_ops, &i, to) : begin(frame, attribute, &ops[i], to)))
			return false;
	}
	return true;
}

static bool is_register(const Dwarf_Op *op, uint64_t *ret)
{
	bool is_short = op->atom >= DW_OP_reg0 && op->atom <= DW_OP_reg31;
	*ret = is_short ? (uint64_t)(op->atom - DW_OP_reg0) : op->number;
	return is_short || op->atom == DW_OP_regx;
}

static void read_place(const struct frame *frame, Dwarf_Attribute *attribute, const Dwarf_Op *ops,
		       size_t n_ops, struct variable_place *to)
{
	uint64_t reg;
	if (!n_ops) {
		to->unavailable = optimised_out;
		return;
	}
	if (n_ops == 1 && is_register(&ops[0], &reg)) {
		to->is_value = true;
		add_step(to, STEP_REGISTER, reg, 0);
		return;
	}
	read_ops(frame, attribute, ops, n_ops, to);
}

/* Each DW_OP_piece ends what is told of some bytes; nothing told: they are nowhere. */
static void read_pieces(const struct frame *frame, Dwarf_Attribute *attribute, const Dwarf_Op *ops,
			size_t n_ops, struct variable *to)
{
	size_t start = 0;
	for (size_t i = 0; i < n_ops; i++) {
		if (ops[i].atom == DW_OP_bit_piece || to->n_pieces == PLACE_PIECES_MAX ||
		    (ops[i].atom == DW_OP_piece &&
		     (!ops[i].number || ops[i].number > UINT16_MAX))) {
			to->place.unavailable = "in several places";
			to->n_pieces = 0;
			return;
		}
		if (ops[i].atom != DW_OP_piece)
			continue;
		struct variable_place *piece = &to->pieces[to->n_pieces++];
		piece->size = (uint16_t)ops[i].number;
		read_place(frame, attribute, ops + start, i - start, piece);
		start = i + 1;
	}
}

/* Bytes in the debug information that no register would hold: pieces that are constants. */
static bool read_bytes(Dwarf_Attribute *attribute, const Dwarf_Op *op, struct variable *to)
{
	Dwarf_Block block;
	if (op->atom != DW_OP_implicit_value ||
	    dwarf_getlocation_implicit_value(attribute, op, &block) != 0 ||
	    block.length <= sizeof(int64_t) || block.length > PLACE_PIECES_MAX * sizeof(int64_t))
		return false;
	for (size_t at = 0; at < block.length; at += sizeof(int64_t)) {
		struct variable_place *piece = &to->pieces[to->n_pieces++];
		int64_t number = 0;
		size_t left = block.length - at;
		piece->size = (uint16_t)(left < sizeof(number) ? left : sizeof(number));
		piece->is_value = true;
		memcpy(&number, block.data + at, piece->size);
		add_step(piece, STEP_CONSTANT, 0, number);
	}
	return true;
}

static void read_location(const struct frame *frame, Dwarf_Attribute *attribute,
			  const Dwarf_Op *ops, size_t n_ops, struct variable *to)
{
	for (size_t i = 0; i < n_ops; i++)
		if (ops[i].atom == DW_OP_piece || ops[i].atom == DW_OP_bit_piece) {
			read_pieces(frame, attribute, ops, n_ops, to);
			return;
		}
	if (n_ops != 1 || !read_bytes(attribute, &ops[0], to))
		read_place(frame, attribute, ops, n_ops, &to->place);
}

/* A constant in every call. */
static void read_constant(Dwarf_Attribute *attribute, struct variable_place *to)
{
	Dwarf_Sword number;
	Dwarf_Word word;
	unsigned int form = dwarf_whatform(attribute);
	bool is_signed = form == DW_FORM_sdata || form == DW_FORM_implicit_const;
	to->is_value = true;
	if (is_signed && dwarf_formsdata(attribute, &number) == 0)
		add_step(to, STEP_CONSTANT, 0, number);
	else if (!is_signed && dwarf_formudata(attribute, &word) == 0)
		add_step(to, STEP_CONSTANT, 0, (int64_t)word);
	else
		to->unavailable = computed;
}

static void locate(const struct frame *frame, Dwarf_Die *die, struct variable *to)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	size_t n_ops;
	if (dwarf_attr_integrate(die, DW_AT_const_value, &attribute)) {
		read_constant(&attribute, &to->place);
		return;
	}
	to->place.unavailable = optimised_out;
	if (!dwarf_attr_integrate(die, DW_AT_location, &attribute))
		return;
	int found = dwarf_getlocation_addr(&attribute, frame->address, &ops, &n_ops, 1);
	if (found < 0)
		to->place.unavailable = computed;
	if (found <= 0)
		return;
	to->place.unavailable = NULL;
	read_location(frame, &attribute, ops, n_ops, to);
}

/* --- scopes ------------------------------------------------------------------------------------
 */

struct collection {
	struct dwarf_info *info;
	struct frame frame;
	bool tags;
	size_t outwards;
	unsigned int line;
	struct variable found[VARIABLES_MAX]; /* the innermost scope first */
	size_t starts[VARIABLES_MAX];	      /* of each scope that has some */
	size_t count, n_scopes;
	bool failed;
};

static bool is_known(const struct collection *to, const char *name, size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (!strcmp(to->found[i].name, name))
			return true;
	return false;
}

static bool is_later(const struct collection *to, Dwarf_Die *die)
{
	int line;
	return to->line && dwarf_tag(die) == DW_TAG_variable && dwarf_decl_line(die, &line) == 0 &&
	       line > 0 && (unsigned int)line > to->line;
}

/* What stands for another entry has no type of its own; *storage is that one. */
static Dwarf_Die *origin_of(Dwarf_Die *die, Dwarf_Die *storage)
{
	Dwarf_Attribute attribute;
	if (dwarf_hasattr(die, DW_AT_type) || !dwarf_attr(die, DW_AT_abstract_origin, &attribute) ||
	    !dwarf_formref_die(&attribute, storage))
		return die;
	return storage;
}

/* What the compiler made for itself, as __PRETTY_FUNCTION__; `this` is a parameter. */
static bool is_artificial(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	bool flag = false;
	return dwarf_tag(die) == DW_TAG_variable &&
	       dwarf_attr_integrate(die, DW_AT_artificial, &attribute) &&
	       dwarf_formflag(&attribute, &flag) == 0 && flag;
}

static void take(struct collection *to, Dwarf_Die *die, size_t before)
{
	Dwarf_Die storage;
	const char *name = dwarf_diename(die);
	if (!name || !*name || to->count == VARIABLES_MAX || is_known(to, name, before) ||
	    is_later(to, die) || is_artificial(die))
		return;
	struct variable variable = {.is_parameter = dwarf_tag(die) == DW_TAG_formal_parameter};
	variable.name = dwarf_copy_name(to->info, name);
	variable.type = dwarf_type_of(to->info, origin_of(die, &storage), to->tags);
	if (!variable.name || !variable.type) {
		to->failed = true;
		return;
	}
	locate(&to->frame, die, &variable);
	to->found[to->count++] = variable;
}

static void take_scope(struct collection *to, Dwarf_Die *scope)
{
	size_t before = to->count;
	Dwarf_Die die;
	for (int more = dwarf_child(scope, &die); more == 0 && !to->failed;
	     more = dwarf_siblingof(&die, &die)) {
		int tag = dwarf_tag(&die);
		if (tag == DW_TAG_variable || tag == DW_TAG_formal_parameter)
			take(to, &die, before);
	}
	if (to->count > before)
		to->starts[to->n_scopes++] = before;
}

/* Parameters first, then the variables of the outermost scope. */
static bool put_in_order(const struct collection *from, struct variable_list *ret)
{
	ret->items = arena_array(&from->info->arena, from->count + 1, sizeof(*ret->items));
	if (!ret->items)
		return false;
	for (int round = 0; round < 2; round++)
		for (size_t scope = from->n_scopes; scope > 0; scope--) {
			size_t end = scope < from->n_scopes ? from->starts[scope] : from->count;
			for (size_t i = from->starts[scope - 1]; i < end; i++)
				if (from->found[i].is_parameter == !round)
					ret->items[ret->count++] = from->found[i];
		}
	return true;
}

/* The scopes of the innermost function; the real function around it gives the frame. */
static void walk_scopes(struct collection *to, Dwarf_Die *scopes, int count)
{
	bool inside = true;
	for (int i = 0; i < count && !to->frame.has_function; i++) {
		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram) {
			to->frame.function = scopes[i];
			to->frame.has_function = true;
		}
	}
	for (int i = 0; i < count && inside && !to->failed; i++) {
		int tag = dwarf_tag(&scopes[i]);
		bool is_function = tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine;
		if (to->outwards) {
			to->outwards -= is_function;
			continue;
		}
		take_scope(to, &scopes[i]);
		inside = !is_function;
	}
}

struct err *image_variables_at(struct image *image, uint64_t address, size_t outwards,
			       unsigned int line, struct variable_list *ret)
{
	if (image->remote)
		return remote_variables_at(image, address, outwards, line, ret);
	struct dwarf_info *info = dwarf_info_of(image);
	_cleanup_free_ Dwarf_Die *innermost = NULL;
	_cleanup_free_ Dwarf_Die *scopes = NULL;
	Dwarf_Die unit;
	*ret = (struct variable_list){0};
	if (!info || !dwarf_unit_at(info, address, &unit))
		return NULL;
	_cleanup_free_ struct collection *to = calloc(1, sizeof(*to));
	if (!to)
		return &err_nomem;
	to->info = info;
	to->frame = (struct frame){.image = image, .address = address};
	to->tags = dwarf_unit_is_c(&unit);
	to->outwards = outwards;
	to->line = line;
	/* As in place.c: the scopes of the innermost entry are all of the function at hand. */
	int n = dwarf_getscopes(&unit, address, &innermost);
	n = n > 0 ? dwarf_getscopes_die(&innermost[0], &scopes) : 0;
	if (n > 0 && dwarf_tag(&innermost[0]) != DW_TAG_compile_unit)
		walk_scopes(to, scopes, n);
	return !to->failed && put_in_order(to, ret) ? NULL : &err_nomem;
}
