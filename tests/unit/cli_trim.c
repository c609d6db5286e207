/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs by hand; and made-up ones, which must do the same before and after: a small interpreter
 * runs both, and what they tell on their way, by calls of a helper, is held against each other.
 */
#include <linux/bpf.h>

#include "cli/kernel/trim.h"
#include "common/array.h"
#include "tests/unit/unit.h"

#define MAP 7 /* the constants' */

#define MOV(dst, number)                                       \
	{                                                      \
		BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, number \
	}
#define MOV_REG(dst, src)                                   \
	{                                                   \
		BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0 \
	}
#define PLACE(dst, at)                                                  \
	{BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_VALUE, 0, MAP}, \
	{                                                               \
		0, 0, 0, 0, at                                          \
	}
#define LOAD(dst, src, at)                                 \
	{                                                  \
		BPF_LDX | BPF_MEM | BPF_B, dst, src, at, 0 \
	}
#define IF_EQUAL(dst, n, off)                             \
	{                                                 \
		BPF_JMP | BPF_JEQ | BPF_K, dst, 0, off, n \
	}
#define JUMP(off)                              \
	{                                      \
		BPF_JMP | BPF_JA, 0, 0, off, 0 \
	}
#define CALL(by)                                              \
	{                                                     \
		BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, by \
	}
#define HELP                                   \
	{                                      \
		BPF_JMP | BPF_CALL, 0, 0, 0, 5 \
	}
#define EXIT                                   \
	{                                      \
		BPF_JMP | BPF_EXIT, 0, 0, 0, 0 \
	}

static const uint8_t flags[] = {0, 1, 2, 0xff, 0x80, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
static const struct trim_constants constants = {MAP, flags, sizeof(flags)};

struct record {
	uint32_t at, word, more[2];
};

struct made {
	struct bpf_insn insns[512];
	struct record functions[16], lines[512];
	struct trim_program program;
};

/* A line record for each instruction, and these functions. */
static void make(struct made *made, size_t count, const uint32_t *begins, uint32_t n_functions)
{
	uint32_t n_lines = 0;
	for (uint32_t i = 0; i < n_functions; i++)
		made->functions[i] = (struct record){begins[i], 1000 + i, {0}};
	for (uint32_t i = 0; i < count; i++)
		if (made->insns[i].code)
			made->lines[n_lines++] = (struct record){i, 2000 + i, {0}};
	made->program = (struct trim_program){
		.insns = made->insns,
		.count = count,
		.functions = {made->functions, n_functions, sizeof(struct record)},
		.lines = {made->lines, n_lines, sizeof(struct record)}};
}

static void make_from(struct made *made, const struct bpf_insn *insns, size_t count,
		      const uint32_t *begins, uint32_t n_functions)
{
	memset(made, 0, sizeof(*made));
	memcpy(made->insns, insns, count * sizeof(*insns));
	make(made, count, begins, n_functions);
}

static void assert_insns(const struct made *made, const struct bpf_insn *wanted, size_t count)
{
	assert_int_equal(made->program.count, count);
	assert_memory_equal(made->insns, wanted, count * sizeof(*wanted));
}

/* --- by hand ---------------------------------------------------------------------------------- */

static void what_is_off_goes(void **state)
{
	const struct bpf_insn before[] = {PLACE(1, 0), LOAD(1, 1, 0), IF_EQUAL(1, 0, 1), CALL(2),
					  MOV(0, 3),   EXIT,	      MOV(0, 4),	 EXIT};
	const struct bpf_insn after[] = {PLACE(1, 0), LOAD(1, 1, 0), MOV(0, 3), EXIT};
	const uint32_t begins[] = {0, 7};
	struct made made;
	(void)state;
	make_from(&made, before, array_size(before), begins, 2);
	assert_true(trim(&made.program, &constants));
	assert_insns(&made, after, array_size(after));
	assert_int_equal(made.program.functions.count, 1);
	assert_int_equal(made.functions[0].at, 0);
	/* That of the branch and of the call have gone to what follows, whose own is the last. */
	assert_int_equal(made.program.lines.count, 4);
	assert_int_equal(made.lines[2].at, 3);
	assert_int_equal(made.lines[2].word, 2005);
}

static void what_is_on_stays(void **state)
{
	const struct bpf_insn before[] = {PLACE(1, 0), LOAD(1, 1, 1), IF_EQUAL(1, 0, 1), CALL(2),
					  MOV(0, 3),   EXIT,	      MOV(0, 4),	 EXIT};
	const uint32_t begins[] = {0, 7};
	struct made made;
	(void)state;
	make_from(&made, before, array_size(before), begins, 2);
	assert_true(trim(&made.program, &constants));
	assert_int_equal(made.program.count, array_size(before) - 1);
	assert_int_equal(made.program.functions.count, 2);
	assert_int_equal(made.functions[1].at, 6);
	assert_int_equal(made.functions[1].word, 1001);
	assert_int_equal(made.insns[3].imm, 2);
}

/* The flag is read once, before a branch that nobody knows, and asked for in both of its ways. */
static void a_flag_is_known_behind_a_branch(void **state)
{
	const struct bpf_insn before[] = {PLACE(6, 8), LOAD(6, 6, 0), HELP,	 IF_EQUAL(0, 5, 2),
					  MOV(7, 1),   JUMP(1),	      MOV(7, 2), IF_EQUAL(6, 1, 1),
					  HELP,	       MOV_REG(0, 7), EXIT};
	struct made made;
	const uint32_t begins[] = {0};
	(void)state;
	make_from(&made, before, array_size(before), begins, 1);
	assert_true(trim(&made.program, &constants));
	assert_int_equal(made.program.count, array_size(before) - 2);
	assert_int_equal(made.insns[8].code, BPF_ALU64 | BPF_MOV | BPF_X);
}

/* What differs by the way that was taken is not known. */
static void a_number_of_two_ways_is_none(void **state)
{
	const struct bpf_insn before[] = {HELP,	     IF_EQUAL(0, 5, 2), MOV(7, 1), JUMP(1),
					  MOV(7, 2), IF_EQUAL(7, 1, 1), HELP,	   EXIT};
	struct made made;
	const uint32_t begins[] = {0};
	(void)state;
	make_from(&made, before, array_size(before), begins, 1);
	assert_true(trim(&made.program, &constants));
	assert_insns(&made, before, array_size(before));
}

/* A loop counts: what is known at first is not known when it comes round. */
static void a_loop_goes_on(void **state)
{
	const struct bpf_insn before[] = {MOV(6, 0),	 {BPF_ALU64 | BPF_ADD, 6, 0, 0, 1},
					  HELP,		 {BPF_JMP | BPF_JLT | BPF_K, 6, 0, -3, 10},
					  MOV_REG(0, 6), EXIT};
	struct made made;
	const uint32_t begins[] = {0};
	(void)state;
	make_from(&made, before, array_size(before), begins, 1);
	assert_true(trim(&made.program, &constants));
	assert_insns(&made, before, array_size(before));
}

/* Another map's bytes are nobody's constants, and neither is what lies behind ours. */
static void only_constants_are_constant(void **state)
{
	struct bpf_insn before[] = {PLACE(1, 0), LOAD(1, 1, 0), IF_EQUAL(1, 0, 1), HELP, EXIT};
	struct made made;
	const uint32_t begins[] = {0};
	(void)state;
	before[0].imm = MAP + 1;
	make_from(&made, before, array_size(before), begins, 1);
	assert_true(trim(&made.program, &constants));
	assert_insns(&made, before, array_size(before));
	before[0].imm = MAP;
	before[1].imm = (int)sizeof(flags);
	make_from(&made, before, array_size(before), begins, 1);
	assert_true(trim(&made.program, &constants));
	assert_insns(&made, before, array_size(before));
}

/* Half of a register is shifted by itself, and what lies before a place is not looked up. */
static void numbers_are_the_kernel_s(void **state)
{
	const struct bpf_insn half[] = {MOV(1, -1),
					{BPF_ALU | BPF_RSH | BPF_K, 1, 0, 0, 1},
					IF_EQUAL(1, 0x7fffffff, 1),
					HELP,
					EXIT};
	const struct bpf_insn back[] = {PLACE(1, 1),   {BPF_ALU64 | BPF_SUB | BPF_K, 1, 0, 0, 1},
					LOAD(1, 1, 0), IF_EQUAL(1, 0, 1),
					HELP,	       EXIT};
	struct made made;
	const uint32_t begins[] = {0};
	(void)state;
	make_from(&made, half, array_size(half), begins, 1);
	assert_true(trim(&made.program, &constants));
	assert_int_equal(made.program.count, 3);
	make_from(&made, back, array_size(back), begins, 1);
	assert_true(trim(&made.program, &constants));
	assert_insns(&made, back, array_size(back));
}

/* A function whose address is taken is there, wherever it is. */
static void callbacks_stay(void **state)
{
	const struct bpf_insn before[] = {{BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 6},
					  {0},
					  PLACE(1, 0),
					  LOAD(1, 1, 0),
					  IF_EQUAL(1, 0, 0),
					  EXIT,
					  MOV(0, 0),
					  EXIT};
	struct made made;
	const uint32_t begins[] = {0, 7};
	(void)state;
	make_from(&made, before, array_size(before), begins, 2);
	assert_true(trim(&made.program, &constants));
	assert_int_equal(made.program.functions.count, 2);
	assert_int_equal(made.functions[1].at, 6);
	assert_int_equal(made.insns[0].imm, 5);
}

static void what_is_not_known_is_left_alone(void **state)
{
	const struct bpf_insn far[] = {{BPF_JMP32 | BPF_JA, 0, 0, 0, 0}, EXIT};
	const struct bpf_insn counted[] = {{BPF_JMP | 0xe0, 0, 0, 0, 0}, EXIT};
	const struct bpf_insn outside[] = {JUMP(5), EXIT};
	const struct bpf_insn half[] = {JUMP(1), PLACE(1, 0), EXIT};
	const struct bpf_insn cut[] = {EXIT, {BPF_LD | BPF_IMM | BPF_DW, 1, 0, 0, 0}};
	const uint32_t begins[] = {0};
	struct made made;
	(void)state;
	const struct {
		const struct bpf_insn *insns;
		size_t count;
	} all[] = {{far, 2}, {counted, 2}, {outside, 2}, {half, 4}, {cut, 2}};
	for (size_t i = 0; i < array_size(all); i++) {
		make_from(&made, all[i].insns, all[i].count, begins, 1);
		assert_false(trim(&made.program, &constants));
		assert_insns(&made, all[i].insns, all[i].count);
	}
}

/* --- made up ---------------------------------------------------------------------------------- */

#define N_FUNCTIONS 4

struct machine {
	uint64_t told, random; /* what came out, and what goes in */
	unsigned int steps;
};

static void tell(struct machine *machine, uint64_t word)
{
	machine->told = (machine->told ^ word) * 0x9e3779b97f4a7c15ULL;
	machine->told ^= machine->told >> 29;
}

static uint64_t value_of(const struct bpf_insn *insn, const uint64_t *reg)
{
	return BPF_SRC(insn->code) == BPF_X ? reg[insn->src_reg] : (uint64_t)(int64_t)insn->imm;
}

static uint64_t calculated(uint8_t operation, uint64_t a, uint64_t b, bool is_long)
{
	unsigned int by = (unsigned int)b & (is_long ? 63 : 31);
	uint64_t cut = is_long ? a : (uint32_t)a;
	switch (operation) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << by;
	case BPF_RSH:
		return cut >> by;
	case BPF_ARSH:
		return is_long ? (uint64_t)((int64_t)a >> by) : (uint64_t)((int32_t)a >> by);
	case BPF_MUL:
		return a * b;
	default:
		return b;
	}
}

static bool jumps(uint8_t operation, uint64_t a, uint64_t b, bool is_long)
{
	int64_t sa = is_long ? (int64_t)a : (int32_t)a, sb = is_long ? (int64_t)b : (int32_t)b;
	a = is_long ? a : (uint32_t)a;
	b = is_long ? b : (uint32_t)b;
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
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	case BPF_JSLE:
		return sa <= sb;
	default:
		return a & b;
	}
}

/* Addresses are numbers here: the constants', from a round one on. */
#define FLAGS_AT 0x700000000000ULL

/* Returns r0. */
static uint64_t execute(struct machine *machine, const struct trim_program *program, size_t at)
{
	uint64_t reg[MAX_BPF_REG] = {0};
	for (uint64_t *r = reg; r < reg + MAX_BPF_REG; r++)
		*r = next_random(&machine->random) & 3;
	for (;; at++) {
		assert_true(at < program->count && machine->steps++ < 1000000);
		const struct bpf_insn *insn = &program->insns[at];
		uint8_t class = BPF_CLASS(insn->code), operation = BPF_OP(insn->code);
		uint64_t *dst = &reg[insn->dst_reg], b = value_of(insn, reg);
		if (class == BPF_ALU64 || class == BPF_ALU) {
			*dst = calculated(operation, *dst, b, class == BPF_ALU64);
			if (class == BPF_ALU)
				*dst = (uint32_t)*dst;
		} else if (class == BPF_LD) {
			*dst = FLAGS_AT + (uint32_t)insn[1].imm;
			at++;
		} else if (class == BPF_LDX) {
			uint64_t place = reg[insn->src_reg] + (uint64_t)insn->off - FLAGS_AT;
			*dst = place < sizeof(flags) ? flags[place] : 77;
		} else if (insn->code == (BPF_JMP | BPF_EXIT)) {
			return reg[0];
		} else if (insn->code == (BPF_JMP | BPF_JA)) {
			at += (size_t)(ptrdiff_t)insn->off;
		} else if (insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg) {
			reg[0] = execute(machine, program, at + 1 + (size_t)(ptrdiff_t)insn->imm);
		} else if (insn->code == (BPF_JMP | BPF_CALL)) {
			for (int i = 1; i < MAX_BPF_REG; i++)
				tell(machine, reg[i]);
			reg[0] = next_random(&machine->random) & 3;
		} else if (jumps(operation, *dst, b, class == BPF_JMP)) {
			at += (size_t)(ptrdiff_t)insn->off;
		}
		/* What a call leaves there is anybody's guess: here, the same each time. */
		if (insn->code == (BPF_JMP | BPF_CALL))
			for (int i = 1; i < 6; i++)
				reg[i] = next_random(&machine->random) & 3;
	}
}

static uint8_t one_of(uint64_t *random, const uint8_t *all, size_t count)
{
	return all[next_random(random) % count];
}

static struct bpf_insn make_insn(uint64_t *random, size_t left, bool may_call, int32_t to)
{
	static const uint8_t sums[] = {BPF_ADD, BPF_SUB, BPF_AND, BPF_OR,  BPF_XOR,
				       BPF_LSH, BPF_RSH, BPF_MOV, BPF_MUL, BPF_ARSH};
	static const uint8_t tests[] = {BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,	BPF_JLT, BPF_JLE,
					BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET};
	uint8_t dst = next_random(random) % 10, src = next_random(random) % 10;
	uint8_t from = next_random(random) & 1 ? BPF_X : BPF_K;
	static const int32_t numbers[] = {0, 0, 1, 1, 2, 3, -1, -2, 255, INT32_MIN};
	int32_t number = numbers[next_random(random) % array_size(numbers)];
	int16_t by = (int16_t)(next_random(random) % left);
	switch (next_random(random) % 10) {
	case 0:
	case 1:
		return (struct bpf_insn){BPF_LDX | BPF_MEM | BPF_B, dst, src, (int16_t)number, 0};
	case 2:
		return (struct bpf_insn)HELP;
	case 3:
		if (may_call)
			return (struct bpf_insn)CALL(to);
		return (struct bpf_insn)MOV(dst, number);
	case 4:
		return (struct bpf_insn)JUMP(by);
	case 5:
		return (struct bpf_insn){one_of(random, tests, sizeof(tests)) | BPF_JMP32 | from,
					 dst, src, by, number};
	case 6:
	case 7:
		return (struct bpf_insn){one_of(random, tests, sizeof(tests)) | BPF_JMP | from, dst,
					 src, by, number};
	case 8:
		return (struct bpf_insn){one_of(random, sums, sizeof(sums)) | BPF_ALU | from, dst,
					 src, 0, number};
	default:
		return (struct bpf_insn){one_of(random, sums, sizeof(sums)) | BPF_ALU64 | from, dst,
					 src, 0, number};
	}
}

/* Jumps lead on only, and calls into later functions, so that it ends. */
static void make_up(struct made *made, uint64_t *random)
{
	uint32_t begins[N_FUNCTIONS];
	size_t count = 0;
	memset(made, 0, sizeof(*made));
	for (uint32_t f = 0; f < N_FUNCTIONS; f++)
		begins[f] = f * 40;
	for (uint32_t f = 0; f < N_FUNCTIONS; f++) {
		for (; count < begins[f] + 39; count++) {
			size_t left = begins[f] + 39 - count;
			if (left > 2 && next_random(random) % 8 == 0) {
				const struct bpf_insn place[] = {
					PLACE(next_random(random) % 10, next_random(random) % 12)};
				made->insns[count++] = place[0];
				made->insns[count] = place[1];
				continue;
			}
			uint32_t callee = f + 1 + (uint32_t)(next_random(random) % N_FUNCTIONS);
			bool may_call = callee < N_FUNCTIONS;
			int32_t to = may_call ? (int32_t)begins[callee] - (int32_t)count - 1 : 0;
			made->insns[count] = make_insn(random, left, may_call, to);
		}
		made->insns[count++] = (struct bpf_insn)EXIT;
	}
	make(made, count, begins, N_FUNCTIONS);
	/* Not into the middle of what is one. */
	for (size_t i = 0; i < count; i++) {
		struct bpf_insn *insn = &made->insns[i];
		size_t target = i + 1 + (size_t)(ptrdiff_t)insn->off;
		bool leads = BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_JMP32;
		if (leads && insn->code != (BPF_JMP | BPF_CALL) && target < count &&
		    !made->insns[target].code)
			insn->off++;
	}
}

static void records_are_in_order(const struct trim_program *program)
{
	const struct record *functions = program->functions.bytes, *lines = program->lines.bytes;
	assert_true(program->functions.count > 0 && program->lines.count > 0);
	for (uint32_t i = 0, line = 0; i < program->functions.count; i++) {
		/* The kernel wants a line for the first instruction of each. */
		while (line < program->lines.count && lines[line].at < functions[i].at)
			line++;
		assert_true(line < program->lines.count && lines[line].at == functions[i].at);
		assert_true(functions[i].at < program->count);
		assert_true(!i || functions[i].at > functions[i - 1].at);
	}
	for (uint32_t i = 0; i < program->lines.count; i++) {
		assert_true(!i || lines[i].at > lines[i - 1].at);
		assert_true(lines[i].at < program->count && program->insns[lines[i].at].code);
	}
}

static void both_do_the_same(void **state)
{
	static struct made before, after;
	uint64_t random = 20261122;
	size_t gone = 0;
	(void)state;
	for (int i = 0; i < 20000; i++) {
		make_up(&before, &random);
		uint64_t from = random;
		after = before;
		after.program.insns = after.insns;
		after.program.functions.bytes = after.functions;
		after.program.lines.bytes = after.lines;
		assert_true(trim(&after.program, &constants));
		records_are_in_order(&after.program);
		gone += before.program.count - after.program.count;
		for (int run = 0; run < 4; run++) {
			struct machine a = {.random = from}, b = {.random = from};
			uint64_t wanted = execute(&a, &before.program, 0);
			assert_int_equal(execute(&b, &after.program, 0), wanted);
			assert_int_equal(a.told, b.told);
			next_random(&from);
		}
	}
	/* Most of each is behind some jump. */
	assert_true(gone > 20000UL * 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_off_goes),
		cmocka_unit_test(what_is_on_stays),
		cmocka_unit_test(a_flag_is_known_behind_a_branch),
		cmocka_unit_test(a_number_of_two_ways_is_none),
		cmocka_unit_test(a_loop_goes_on),
		cmocka_unit_test(only_constants_are_constant),
		cmocka_unit_test(numbers_are_the_kernel_s),
		cmocka_unit_test(callbacks_stay),
		cmocka_unit_test(what_is_not_known_is_left_alone),
		cmocka_unit_test(both_do_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
