/* SPDX-License-Identifier: Apache-2.0 */
/* Variables in scope at a place inside of a function: from where DWARF has them to fetch plans. */
#include <elf.h>

#include "common/cleanup.h"
#include "probe/regs.h"
#include "symbols/variables.h"
#include "uprobe/adding.h"
#include "uprobe/args.h"

#define NO_REGISTER 0xff

/* psABI x86-64, figure 3.36, "DWARF Register Number Mapping". */
static const uint8_t x86_registers[] = {
	X86_RAX, X86_RDX, X86_RCX, X86_RBX, X86_RSI, X86_RDI, X86_RBP, X86_RSP, X86_R8,
	X86_R9,	 X86_R10, X86_R11, X86_R12, X86_R13, X86_R14, X86_R15, X86_RIP,
};

static const char *const xmm_names[] = {
	"in xmm0",  "in xmm1",	"in xmm2",  "in xmm3",	"in xmm4",  "in xmm5",
	"in xmm6",  "in xmm7",	"in xmm8",  "in xmm9",	"in xmm10", "in xmm11",
	"in xmm12", "in xmm13", "in xmm14", "in xmm15",
};
#define X86_DWARF_XMM0 17

/* AADWARF64, 4.1: x0 to x30 and sp are 0 to 31, as in a fetch plan. */
#define ARM64_DWARF_REGISTERS 32

static uint8_t register_of(unsigned int machine, uint16_t reg)
{
	if (machine == EM_AARCH64)
		return reg < ARM64_DWARF_REGISTERS ? (uint8_t)reg : NO_REGISTER;
	return reg < sizeof(x86_registers) ? x86_registers[reg] : NO_REGISTER;
}

static const char *why_not_register(unsigned int machine, uint16_t reg)
{
	if (machine == EM_X86_64 && reg >= X86_DWARF_XMM0 &&
	    (size_t)(reg - X86_DWARF_XMM0) < array_size(xmm_names))
		return xmm_names[reg - X86_DWARF_XMM0];
	return "in a register that probes do not see";
}

/* Where the program stands when the probe is hit: the register that holds that leads to the rest of
 * the file, wherever it is mapped. */
static void add_address(unsigned int machine, uint64_t here, uint64_t wanted,
			struct fetch_source *to)
{
	uint8_t pc = machine == EM_AARCH64 ? ARM64_PC : X86_RIP;
	to->ops[to->n_ops++] = (struct fetch_op){.code = FETCH_REG, .reg = pc, .size = 8};
	to->ops[to->n_ops++] =
		(struct fetch_op){.code = FETCH_ADD, .imm = (int64_t)(wanted - here)};
}

static void add_step(unsigned int machine, uint64_t here, const struct variable_step *step,
		     struct fetch_source *to)
{
	struct fetch_op op = {.size = 8};
	switch (step->kind) {
	case STEP_REGISTER:
		op.code = FETCH_REG;
		op.reg = register_of(machine, step->reg);
		if (op.reg == NO_REGISTER)
			to->unavailable = why_not_register(machine, step->reg);
		break;
	case STEP_CONSTANT:
		op.code = FETCH_CONST;
		op.imm = step->number;
		break;
	case STEP_ADDRESS:
		add_address(machine, here, (uint64_t)step->number, to);
		return;
	case STEP_ADD_REGISTER:
		op.code = FETCH_INDEX;
		op.imm = 1;
		op.reg = register_of(machine, step->reg);
		if (op.reg == NO_REGISTER)
			to->unavailable = why_not_register(machine, step->reg);
		break;
	case STEP_ADD:
		op.code = FETCH_ADD;
		op.imm = step->number;
		break;
	case STEP_READ:
		op.code = FETCH_DEREF;
		break;
	}
	to->ops[to->n_ops++] = op;
}

_Static_assert(VARIABLE_STEPS_MAX + 2 <= FETCH_SOURCE_OPS, "a source has room for all steps");

/* Up to eight bytes of a piece, from `offset` on. */
static void add_part(unsigned int machine, uint64_t here, const struct variable_place *piece,
		     uint32_t offset, struct fetch_source *to)
{
	struct fetch_source part = {.unavailable = piece->unavailable};
	uint32_t size = piece->size - offset < 8 ? piece->size - offset : 8;
	for (uint32_t i = 0; i < piece->n_steps && part.n_ops <= FETCH_PART_OPS; i++)
		add_step(machine, here, &piece->steps[i], &part);
	if (!piece->is_value && offset)
		part.ops[part.n_ops++] = (struct fetch_op){.code = FETCH_ADD, .imm = offset};
	if (!piece->is_value)
		part.ops[part.n_ops++] =
			(struct fetch_op){.code = FETCH_DEREF, .size = (uint8_t)size};
	if (!part.unavailable && piece->is_value && offset)
		part.unavailable = "in a register";
	if (!part.unavailable && !piece->is_value && !compile_is_scalar_size(size))
		part.unavailable = "in several places";
	if (!part.unavailable && part.n_ops > FETCH_PART_OPS)
		part.unavailable = "computed in too many steps";
	fetch_add_part(to, size, part.ops, part.unavailable ? 0 : part.n_ops, part.unavailable);
}

/* What the compiler has taken apart. */
static struct fetch_source source_of_pieces(unsigned int machine, uint64_t here,
					    const struct variable *variable)
{
	struct fetch_source source = {0};
	for (uint32_t i = 0; i < variable->n_pieces; i++)
		for (uint32_t at = 0; at < variable->pieces[i].size; at += 8)
			if (!source.unavailable)
				add_part(machine, here, &variable->pieces[i], at, &source);
	if (source.unavailable)
		return args_unavailable(source.unavailable);
	return args_has_part(&source) ? source : args_unavailable(source.parts[0].unavailable);
}

static struct fetch_source source_of(unsigned int machine, uint64_t here,
				     const struct variable *variable)
{
	const struct variable_place *place = &variable->place;
	struct fetch_source source = {.is_address = !place->is_value};
	const struct type *type = variable->type;
	if (variable->n_pieces)
		return source_of_pieces(machine, here, variable);
	if (place->unavailable)
		return args_unavailable(place->unavailable);
	/* A lone register: cut to the type, as what is above means nothing. */
	const struct variable_step *first = &place->steps[0];
	bool is_register = place->is_value && place->n_steps == 1 && first->kind == STEP_REGISTER;
	bool is_one = type->kind != TYPE_STRUCT && type->kind != TYPE_ARRAY && type->size <= 8;
	if (is_register && register_of(machine, first->reg) != NO_REGISTER && is_one)
		return args_in_register(register_of(machine, first->reg), type);
	for (uint32_t i = 0; i < place->n_steps; i++)
		add_step(machine, here, &place->steps[i], &source);
	if (place->is_value && !is_one && !source.unavailable)
		return args_unavailable("in a register");
	return source.unavailable ? args_unavailable(source.unavailable) : source;
}

static void builder_deinit(struct plan_builder *builder)
{
	plan_builder_deinit(builder);
}

static struct err *compile(struct adding *adding, const struct variable_list *variables,
			   uint64_t here, struct condition_name *names, struct place *ret)
{
	unsigned int machine = image_machine(adding->image);
	_cleanup_(builder_deinit) struct plan_builder builder;
	plan_builder_init(&builder, &adding->set->arena, &adding->set->options);
	struct err *e = NULL;
	for (size_t i = 0; !e && i < variables->count; i++) {
		const struct variable *variable = &variables->items[i];
		struct fetch_source source = source_of(machine, here, variable);
		names[i] = (struct condition_name){
			.name = variable->name, .type = variable->type, .source = source};
		if (source.n_parts)
			names[i].source.unavailable = "it is in several places";
		e = plan_add_value(&builder, variable->name, variable->type, &source, NULL);
		plan_add_place(&builder, values_pc(machine), variable->type);
	}
	return e ?: plan_finish(&builder, &ret->values.entry_plan, &ret->values.arguments);
}

struct err *locals_find(struct adding *adding, uint64_t address, size_t outwards, unsigned int line,
			struct place *ret)
{
	struct variable_list variables;
	struct err *e = image_variables_at(adding->image, address, outwards, line, &variables);
	if (e)
		return e;
	struct condition_name *names =
		arena_array(&adding->set->arena, variables.count + 1, sizeof(*names));
	if (!names)
		return &err_nomem;
	ret->names = names;
	ret->n_names = variables.count;
	return variables.count ? compile(adding, &variables, address, names, ret) : NULL;
}
