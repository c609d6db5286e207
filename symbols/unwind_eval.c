/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/unwind_eval.c — DWARF expressions in unwind tables (DWARF 5, 2.5 and 6.4.2).
 *
 * Compilers write them where a rule is no register plus a constant: linkage tables (.plt), signal
 * frames, realigned stacks. They come from files, so every step is checked and counted.
 */
#include <dwarf.h>

#include "symbols/dwarf_info.h"
#include "symbols/unwind_row.h"

#define DEPTH_MAX 64
#define STEPS_MAX 1000

struct machine {
	uint64_t stack[DEPTH_MAX];
	size_t depth;
	bool failed;
	const struct frame_state *state;
	struct frame_memory *memory;
};

static void push(struct machine *machine, uint64_t value)
{
	if (machine->depth == DEPTH_MAX)
		machine->failed = true;
	else
		machine->stack[machine->depth++] = value;
}

static uint64_t pop(struct machine *machine)
{
	if (machine->depth)
		return machine->stack[--machine->depth];
	machine->failed = true;
	return 0;
}

static uint64_t pick(struct machine *machine, uint64_t from_top)
{
	if (from_top < machine->depth)
		return machine->stack[machine->depth - 1 - from_top];
	machine->failed = true;
	return 0;
}

static uint64_t get_register(struct machine *machine, uint64_t number)
{
	if (number < STACK_REGISTERS && machine->state->known >> number & 1)
		return machine->state->values[number];
	machine->failed = true;
	return 0;
}

static uint64_t load(struct machine *machine, uint64_t address, uint64_t size)
{
	uint64_t value = 0;
	if (!size || size > 8 ||
	    !machine->memory->read(machine->memory->context, address, &value)) {
		machine->failed = machine->memory->failed = true;
		return 0;
	}
	return size == 8 ? value : value & ((1ULL << (8 * size)) - 1);
}

static uint64_t divide(struct machine *machine, uint64_t left, uint64_t right, bool rest)
{
	if (!right || (!rest && right == UINT64_MAX && left == 1ULL << 63)) {
		machine->failed = true;
		return 0;
	}
	return rest ? left % right : (uint64_t)((int64_t)left / (int64_t)right);
}

static uint64_t shift(int atom, uint64_t value, uint64_t bits)
{
	if (bits > 63)
		return atom == DW_OP_shra && (int64_t)value < 0 ? UINT64_MAX : 0;
	if (atom == DW_OP_shl)
		return value << bits;
	return atom == DW_OP_shr ? value >> bits : (uint64_t)((int64_t)value >> bits);
}

/* Two operands, one result. False: another operation. */
static bool binary(struct machine *machine, int atom)
{
	if (!(atom >= DW_OP_and && atom <= DW_OP_shra && atom != DW_OP_neg && atom != DW_OP_not &&
	      atom != DW_OP_plus_uconst) &&
	    atom != DW_OP_xor && !(atom >= DW_OP_eq && atom <= DW_OP_ne))
		return false;
	uint64_t right = pop(machine), left = pop(machine);
	int64_t a = (int64_t)left, b = (int64_t)right;
	uint64_t result = 0;
	switch (atom) {
	case DW_OP_and:
		result = left & right;
		break;
	case DW_OP_or:
		result = left | right;
		break;
	case DW_OP_xor:
		result = left ^ right;
		break;
	case DW_OP_plus:
		result = left + right;
		break;
	case DW_OP_minus:
		result = left - right;
		break;
	case DW_OP_mul:
		result = left * right;
		break;
	case DW_OP_div:
	case DW_OP_mod:
		result = divide(machine, left, right, atom == DW_OP_mod);
		break;
	case DW_OP_shl:
	case DW_OP_shr:
	case DW_OP_shra:
		result = shift(atom, left, right);
		break;
	case DW_OP_eq:
		result = a == b;
		break;
	case DW_OP_ne:
		result = a != b;
		break;
	case DW_OP_lt:
		result = a < b;
		break;
	case DW_OP_le:
		result = a <= b;
		break;
	case DW_OP_gt:
		result = a > b;
		break;
	case DW_OP_ge:
		result = a >= b;
		break;
	default:
		machine->failed = true;
	}
	push(machine, result);
	return true;
}

/* What moves values about on the machine's own stack. False: another operation. */
static bool rearrange(struct machine *machine, const Dwarf_Op *op)
{
	uint64_t first, second, third;
	switch (op->atom) {
	case DW_OP_dup:
		push(machine, pick(machine, 0));
		return true;
	case DW_OP_over:
		push(machine, pick(machine, 1));
		return true;
	case DW_OP_pick:
		push(machine, pick(machine, op->number));
		return true;
	case DW_OP_drop:
		pop(machine);
		return true;
	case DW_OP_swap:
		first = pop(machine);
		second = pop(machine);
		push(machine, first);
		push(machine, second);
		return true;
	case DW_OP_rot:
		first = pop(machine);
		second = pop(machine);
		third = pop(machine);
		push(machine, first);
		push(machine, third);
		push(machine, second);
		return true;
	default:
		return false;
	}
}

static bool constant(struct machine *machine, const Dwarf_Op *op)
{
	int64_t value;
	if (!dwarf_op_constant(op, &value))
		return false;
	push(machine, (uint64_t)value);
	return true;
}

static void operate(struct machine *machine, const Dwarf_Op *op)
{
	if (binary(machine, op->atom) || rearrange(machine, op) || constant(machine, op))
		return;
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31) {
		push(machine, get_register(machine, op->atom - DW_OP_breg0) + op->number);
		return;
	}
	switch (op->atom) {
	case DW_OP_nop:
		break;
	case DW_OP_bregx:
		push(machine, get_register(machine, op->number) + op->number2);
		break;
	case DW_OP_call_frame_cfa:
		push(machine, machine->state->cfa);
		break;
	case DW_OP_plus_uconst:
		push(machine, pop(machine) + op->number);
		break;
	case DW_OP_neg:
		push(machine, -pop(machine));
		break;
	case DW_OP_not:
		push(machine, ~pop(machine));
		break;
	case DW_OP_deref:
		push(machine, load(machine, pop(machine), 8));
		break;
	case DW_OP_deref_size:
		push(machine, load(machine, pop(machine), op->number));
		break;
	default:
		machine->failed = true;
	}
}

/* The operation that a branch leads to; n_ops: the end. */
static size_t target_of(const Dwarf_Op *ops, size_t n_ops, const Dwarf_Op *branch)
{
	uint64_t wanted = branch->offset + 3 + (uint64_t)(int16_t)branch->number;
	size_t i = 0;
	while (i < n_ops && ops[i].offset < wanted)
		i++;
	return i;
}

bool unwind_evaluate(const Dwarf_Op *ops, size_t n_ops, const struct frame_state *state,
		     struct frame_memory *memory, uint64_t *ret, bool *ret_is_value)
{
	struct machine machine = {.state = state, .memory = memory};
	*ret_is_value = false;
	for (size_t i = 0, steps = 0; i < n_ops && !machine.failed; steps++) {
		const Dwarf_Op *op = &ops[i++];
		if (steps == STEPS_MAX)
			return false;
		if (op->atom == DW_OP_stack_value && i == n_ops)
			*ret_is_value = true;
		else if (op->atom == DW_OP_skip || (op->atom == DW_OP_bra && pop(&machine)))
			i = target_of(ops, n_ops, op);
		else if (op->atom != DW_OP_bra)
			operate(&machine, op);
	}
	*ret = pop(&machine);
	return !machine.failed;
}
