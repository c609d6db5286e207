/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions as Documentation/bpf/standardization/instruction-set.rst has them. */
#include "cli/kernel/trim_value.h"

#include <string.h>

struct value {
	enum trim_kind kind;
	uint64_t value;
};

static const struct value unknown = {TRIM_UNKNOWN, 0};

static struct value get(const struct trim_state *state, uint8_t reg)
{
	return (struct value){(enum trim_kind)state->kind[reg], state->value[reg]};
}

static void set(struct trim_state *state, uint8_t reg, struct value value)
{
	state->kind[reg] = (uint8_t)value.kind;
	state->value[reg] = value.value;
}

bool trim_meet(struct trim_state *known, const struct trim_state *other)
{
	bool changed = false;
	for (int i = 0; i < MAX_BPF_REG; i++) {
		uint8_t reg = (uint8_t)i;
		struct value a = get(known, reg), b = get(other, reg);
		if (a.kind == TRIM_UNKNOWN || (a.kind == b.kind && a.value == b.value))
			continue;
		set(known, reg, unknown);
		changed = true;
	}
	return changed;
}

/* The second operand: a register, or the number in the instruction. */
static struct value operand(const struct trim_state *state, const struct bpf_insn *insn)
{
	if (BPF_SRC(insn->code) == BPF_X)
		return get(state, insn->src_reg);
	return (struct value){TRIM_NUMBER, (uint64_t)(int64_t)insn->imm};
}

static bool compare(uint8_t operation, uint64_t a, uint64_t b, int64_t signed_a, int64_t signed_b)
{
	switch (operation) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSGT:
		return signed_a > signed_b;
	case BPF_JSGE:
		return signed_a >= signed_b;
	case BPF_JSLT:
		return signed_a < signed_b;
	case BPF_JSLE:
		return signed_a <= signed_b;
	default: /* BPF_JSET */
		return (a & b) != 0;
	}
}

enum trim_way trim_decide(const struct trim_state *state, const struct bpf_insn *insn)
{
	struct value a = get(state, insn->dst_reg), b = operand(state, insn);
	if (a.kind != TRIM_NUMBER || b.kind != TRIM_NUMBER)
		return TRIM_BOTH;
	uint8_t operation = BPF_OP(insn->code);
	bool is_short = BPF_CLASS(insn->code) == BPF_JMP32;
	bool jumps =
		is_short ? compare(operation, (uint32_t)a.value, (uint32_t)b.value,
				   (int32_t)a.value, (int32_t)b.value)
			 : compare(operation, a.value, b.value, (int64_t)a.value, (int64_t)b.value);
	return jumps ? TRIM_JUMPS : TRIM_FALLS;
}

/* `bits`: 32 or 64. */
static struct value calculate(uint8_t operation, struct value a, struct value b, unsigned int bits)
{
	struct value result = {TRIM_NUMBER, 0};
	if (operation == BPF_MOV)
		return b;
	/* An address and a distance. */
	if (operation == BPF_ADD && a.kind == TRIM_PLACE && b.kind == TRIM_NUMBER)
		return (struct value){TRIM_PLACE, a.value + b.value};
	if (a.kind != TRIM_NUMBER || b.kind != TRIM_NUMBER)
		return unknown;
	switch (operation) {
	case BPF_ADD:
		result.value = a.value + b.value;
		return result;
	case BPF_SUB:
		result.value = a.value - b.value;
		return result;
	case BPF_AND:
		result.value = a.value & b.value;
		return result;
	case BPF_OR:
		result.value = a.value | b.value;
		return result;
	case BPF_XOR:
		result.value = a.value ^ b.value;
		return result;
	case BPF_LSH:
		result.value = a.value << (b.value & (bits - 1));
		return result;
	case BPF_RSH:
		result.value = (bits == 32 ? (uint32_t)a.value : a.value) >> (b.value & (bits - 1));
		return result;
	default:
		return unknown;
	}
}

/* With an `off` it is another instruction of newer kernels: a move with a sign. */
static struct value arithmetic(const struct trim_state *state, const struct bpf_insn *insn)
{
	bool is_long = BPF_CLASS(insn->code) == BPF_ALU64;
	if (insn->off)
		return unknown;
	struct value result = calculate(BPF_OP(insn->code), get(state, insn->dst_reg),
					operand(state, insn), is_long ? 64 : 32);
	if (is_long)
		return result;
	if (result.kind != TRIM_NUMBER)
		return unknown;
	result.value = (uint32_t)result.value;
	return result;
}

static struct value load(struct value from, const struct bpf_insn *insn,
			 const struct trim_constants *constants)
{
	static const uint8_t sizes[] = {
		[BPF_B >> 3] = 1, [BPF_H >> 3] = 2, [BPF_W >> 3] = 4, [BPF_DW >> 3] = 8};
	size_t size = sizes[BPF_SIZE(insn->code) >> 3];
	uint64_t at = from.value + (uint64_t)(int64_t)insn->off;
	struct value result = {TRIM_NUMBER, 0};
	if (BPF_MODE(insn->code) != BPF_MEM || from.kind != TRIM_PLACE || at > constants->size ||
	    constants->size - at < size)
		return unknown;
	/* Both architectures that this is for have the lowest byte first. */
	memcpy(&result.value, (const char *)constants->bytes + at, size);
	return result;
}

/* Of two instructions. */
static struct value wide(const struct bpf_insn *insn, const struct trim_constants *constants)
{
	if (insn->src_reg == BPF_PSEUDO_MAP_VALUE && insn->imm == constants->map)
		return (struct value){TRIM_PLACE, (uint32_t)insn[1].imm};
	if (insn->src_reg)
		return unknown;
	return (struct value){TRIM_NUMBER,
			      (uint32_t)insn->imm | (uint64_t)(uint32_t)insn[1].imm << 32};
}

void trim_step(struct trim_state *state, const struct bpf_insn *insn,
	       const struct trim_constants *constants)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		set(state, insn->dst_reg, arithmetic(state, insn));
		return;
	case BPF_LD:
		/* Those that read packets leave their result in r0, and nothing in r1 to r5. */
		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW))
			set(state, insn->dst_reg, wide(insn, constants));
		else
			memset(state->kind, TRIM_UNKNOWN, BPF_REG_6);
		return;
	case BPF_LDX:
		set(state, insn->dst_reg, load(get(state, insn->src_reg), insn, constants));
		return;
	case BPF_STX:
		/* Atomic ones may bring the old value back, or into r0. */
		if (BPF_MODE(insn->code) != BPF_MEM) {
			set(state, insn->src_reg, unknown);
			set(state, BPF_REG_0, unknown);
		}
		return;
	case BPF_JMP:
		if (BPF_OP(insn->code) == BPF_CALL)
			memset(state->kind, TRIM_UNKNOWN, BPF_REG_6);
		return;
	default:
		return;
	}
}
