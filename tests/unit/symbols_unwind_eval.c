/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions of unwind tables: what compilers write, and what nobody should. */
#include "tests/unit/unit.h"

#include <dwarf.h>

#include "common/array.h"
#include "symbols/unwind_row.h"

/* Memory is the words from 0x1000 on: 0x1000 holds 0x1000 * 3, and so on. */
static bool read_word(void *context, uint64_t address, uint64_t *ret)
{
	(void)context;
	if (address < 0x1000 || address >= 0x2000)
		return false;
	*ret = address * 3;
	return true;
}

static bool evaluate(const Dwarf_Op *ops, size_t count, uint64_t *ret, bool *ret_is_value)
{
	struct frame_state state = {.known = 1ULL << 7 | 1ULL << 16 | 1ULL << 6, .cfa = 0x500};
	struct frame_memory memory = {.read = read_word};
	state.values[7] = 0x1000;
	state.values[16] = 0x40102b;
	state.values[6] = 0x9000;
	return unwind_evaluate(ops, count, &state, &memory, ret, ret_is_value);
}

#define YIELDS(expected, ...)                                                    \
	do {                                                                     \
		static const Dwarf_Op ops[] = {__VA_ARGS__};                     \
		uint64_t result;                                                 \
		bool is_value;                                                   \
		assert_true(evaluate(ops, array_size(ops), &result, &is_value)); \
		assert_int_equal(result, expected);                              \
		assert_false(is_value);                                          \
	} while (0)

#define FAILS(...)                                                                \
	do {                                                                      \
		static const Dwarf_Op ops[] = {__VA_ARGS__};                      \
		uint64_t result;                                                  \
		bool is_value;                                                    \
		assert_false(evaluate(ops, array_size(ops), &result, &is_value)); \
	} while (0)

/* An operation, one operand, the place in the expression. */
#define OP(atom_)               \
	{                       \
		.atom = (atom_) \
	}
#define OP1(atom_, number_)                          \
	{                                            \
		.atom = (atom_), .number = (number_) \
	}
#define AT(at, atom_, number_)                                       \
	{                                                            \
		.atom = (atom_), .number = (number_), .offset = (at) \
	}

/* As GNU ld writes it for .plt: rsp + 8 + (((rip & 15) >= 11) << 3) */
static void linkage_tables(void **state)
{
	(void)state;
	YIELDS(0x1010, OP1(DW_OP_breg7, 8), OP1(DW_OP_breg16, 0), OP(DW_OP_lit15), OP(DW_OP_and),
	       OP(DW_OP_lit11), OP(DW_OP_ge), OP(DW_OP_lit3), OP(DW_OP_shl), OP(DW_OP_plus));
}

/* As glibc writes it for signal frames: a register saved in memory. */
static void signal_frames(void **state)
{
	(void)state;
	YIELDS(0x10a0 * 3, OP1(DW_OP_breg7, 0xa0), OP(DW_OP_deref));
	YIELDS(0x1234 & 0xff, OP1(DW_OP_const2u, 0x1234), OP1(DW_OP_const1u, 0xff), OP(DW_OP_and));
	YIELDS((0x1008 * 3) & 0xff, OP1(DW_OP_breg7, 8), OP1(DW_OP_deref_size, 1));
	YIELDS(0x500 - 16, OP(DW_OP_call_frame_cfa), OP1(DW_OP_plus_uconst, (Dwarf_Word)-16));
}

static void arithmetic(void **state)
{
	(void)state;
	YIELDS(7, OP(DW_OP_lit10), OP(DW_OP_lit3), OP(DW_OP_minus));
	YIELDS(30, OP(DW_OP_lit10), OP(DW_OP_lit3), OP(DW_OP_mul));
	YIELDS((uint64_t)-3, OP1(DW_OP_consts, (Dwarf_Word)-10), OP(DW_OP_lit3), OP(DW_OP_div));
	YIELDS(1, OP(DW_OP_lit10), OP(DW_OP_lit3), OP(DW_OP_mod));
	YIELDS((uint64_t)-10, OP(DW_OP_lit10), OP(DW_OP_neg));
	YIELDS(~10ULL, OP(DW_OP_lit10), OP(DW_OP_not));
	YIELDS(9, OP(DW_OP_lit10), OP(DW_OP_lit3), OP(DW_OP_xor));
	YIELDS(11, OP(DW_OP_lit10), OP(DW_OP_lit3), OP(DW_OP_or));
	YIELDS(UINT64_MAX, OP1(DW_OP_consts, (Dwarf_Word)-1), OP(DW_OP_lit3), OP(DW_OP_shra));
	YIELDS(UINT64_MAX >> 3, OP1(DW_OP_consts, (Dwarf_Word)-1), OP(DW_OP_lit3), OP(DW_OP_shr));
	YIELDS(0, OP(DW_OP_lit1), OP1(DW_OP_const1u, 64), OP(DW_OP_shl));
	YIELDS(1, OP1(DW_OP_consts, (Dwarf_Word)-1), OP(DW_OP_lit0), OP(DW_OP_lt));
	YIELDS(0, OP(DW_OP_lit0), OP(DW_OP_lit0), OP(DW_OP_ne));
}

static void the_stack_of_the_machine(void **state)
{
	(void)state;
	YIELDS(2, OP(DW_OP_lit1), OP(DW_OP_dup), OP(DW_OP_plus));
	YIELDS(1, OP(DW_OP_lit2), OP(DW_OP_lit1), OP(DW_OP_swap), OP(DW_OP_drop));
	YIELDS(2, OP(DW_OP_lit2), OP(DW_OP_lit1), OP(DW_OP_over));
	YIELDS(3, OP(DW_OP_lit3), OP(DW_OP_lit2), OP(DW_OP_lit1), OP1(DW_OP_pick, 2));
	/* 3 2 1 becomes 1 3 2 */
	YIELDS(2, OP(DW_OP_lit3), OP(DW_OP_lit2), OP(DW_OP_lit1), OP(DW_OP_rot));
}

static void branches(void **state)
{
	(void)state;
	/* Offsets are those of the bytes: lit1, bra +1 over lit5, lit6. */
	YIELDS(6, AT(0, DW_OP_lit1, 0), AT(1, DW_OP_bra, 1), AT(4, DW_OP_lit5, 0),
	       AT(5, DW_OP_lit6, 0));
	YIELDS(6, AT(0, DW_OP_lit0, 0), AT(1, DW_OP_bra, 2), AT(4, DW_OP_lit5, 0),
	       AT(5, DW_OP_lit6, 0));
	YIELDS(5, AT(0, DW_OP_lit5, 0), AT(1, DW_OP_skip, 1), AT(4, DW_OP_lit6, 0));
}

static void a_value_is_told_from_an_address(void **state)
{
	(void)state;
	static const Dwarf_Op ops[] = {{.atom = DW_OP_call_frame_cfa}, {.atom = DW_OP_stack_value}};
	uint64_t result;
	bool is_value;
	assert_true(evaluate(ops, 2, &result, &is_value));
	assert_int_equal(result, 0x500);
	assert_true(is_value);
}

static void hostile_ones_fail(void **state)
{
	(void)state;
	FAILS(OP(DW_OP_plus)); /* nothing to add */
	FAILS(OP(DW_OP_lit1), OP(DW_OP_lit0), OP(DW_OP_div));
	FAILS(OP(DW_OP_lit1), OP(DW_OP_lit0), OP(DW_OP_mod));
	FAILS(OP1(DW_OP_const8u, 1ULL << 63), OP1(DW_OP_consts, (Dwarf_Word)-1), OP(DW_OP_div));
	FAILS(OP1(DW_OP_skip, (Dwarf_Word)-3)); /* for ever */
	FAILS(AT(0, DW_OP_lit1, 0), AT(1, DW_OP_skip, (Dwarf_Word)-4));
	FAILS(OP(DW_OP_lit1), OP(DW_OP_deref)); /* not copied */
	FAILS(OP1(DW_OP_breg7, 0), OP1(DW_OP_deref_size, 9));
	FAILS(OP1(DW_OP_breg3, 0));    /* not known */
	FAILS(OP1(DW_OP_bregx, 4000)); /* no such register */
	FAILS(OP(DW_OP_lit1), OP1(DW_OP_pick, 100));
	FAILS(OP(DW_OP_lit1), OP1(DW_OP_call2, 0)); /* not for these */
	FAILS(OP(DW_OP_drop));
	FAILS(OP(DW_OP_nop)); /* no result */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linkage_tables),
		cmocka_unit_test(signal_frames),
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(the_stack_of_the_machine),
		cmocka_unit_test(branches),
		cmocka_unit_test(a_value_is_told_from_an_address),
		cmocka_unit_test(hostile_ones_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
