/* SPDX-License-Identifier: Apache-2.0 */
/* Results of Go, as its register convention places them. */
#include "tests/unit/unit.h"

#include <elf.h>

#include "probe/regs.h"
#include "uprobe/args.h"

/* Each member has a register of its own, and what does not fit has none. */
static void results_of_go_have_registers_of_their_own(void **state)
{
	static const struct type number = {.kind = TYPE_INT, .size = 4, .name = "int32"};
	static const struct type flag = {.kind = TYPE_BOOL, .size = 1, .name = "bool"};
	static const struct type word = {.kind = TYPE_UINT, .size = 8, .name = "uintptr"};
	static const struct type real = {.kind = TYPE_FLOAT, .size = 8, .name = "float64"};
	struct type_member members[] = {{.name = "a", .type = &number, .offset = 0},
					{.name = "b", .type = &flag, .offset = 4},
					{.name = "c", .type = &real, .offset = 8},
					{.name = "d", .type = &word, .offset = 16},
					{.name = "e", .type = &word, .offset = 24}};
	struct type four = {.kind = TYPE_STRUCT, .size = 24, .members = members, .name = "s"};
	struct fetch_source at;
	(void)state;
	four.n_members = 4;
	args_place_go_result(EM_X86_64, &four, &at);
	assert_null(at.unavailable);
	assert_int_equal(at.n_parts, 4);
	assert_int_equal(at.parts[0].ops[0].reg, X86_RAX);
	assert_int_equal(at.parts[1].ops[0].reg, X86_RBX);
	assert_int_equal(at.parts[1].offset, 4);
	assert_int_equal(at.parts[1].size, 4);
	assert_int_equal(at.parts[1].ops[0].size, 1);
	assert_string_equal(at.parts[2].unavailable, "in xmm0");
	assert_int_equal(at.parts[2].offset, 8);
	assert_int_equal(at.parts[3].ops[0].reg, X86_RCX);
	four.n_members = 5;
	args_place_go_result(EM_X86_64, &four, &at);
	assert_string_equal(at.unavailable, "Go's own calling convention");
	four.n_members = 4;
	args_place_go_result(EM_AARCH64, &four, &at);
	assert_non_null(at.unavailable);
	/* A hole that no part before it can fill. */
	members[0].offset = 8;
	four.n_members = 1;
	args_place_go_result(EM_X86_64, &four, &at);
	assert_non_null(at.unavailable);
	/* Itself inside of itself: a hostile file's. */
	members[0] = (struct type_member){.name = "s", .type = &four};
	args_place_go_result(EM_X86_64, &four, &at);
	assert_non_null(at.unavailable);
	const struct prototype of_go = {.no_convention = "Go's own calling convention"};
	const struct prototype of_c = {0};
	assert_true(args_is_go(&of_go));
	assert_false(args_is_go(&of_c));
}

static const struct type byte_type = {.kind = TYPE_UINT, .size = 1, .name = "uint8"};
static const struct type long_type = {.kind = TYPE_INT, .size = 8, .name = "int64"};

static void gaps_belong_to_the_part_before_them(void **state)
{
	const struct type_member inner[] = {{.name = "b", .type = &byte_type},
					    {.name = "c", .type = &long_type, .offset = 8}};
	const struct type within = {
		.kind = TYPE_STRUCT, .size = 16, .n_members = 2, .members = inner, .name = "in"};
	struct type_member outer[] = {{.name = "a", .type = &byte_type},
				      {.name = "in", .type = &within, .offset = 8}};
	const struct type all = {
		.kind = TYPE_STRUCT, .size = 24, .n_members = 2, .members = outer, .name = "all"};
	const struct parameter_place told = {.kind = PLACE_PIECES,
					     .n_pieces = 3,
					     .pieces = {{.size = 1}, {.size = 1}, {.size = 8}}};
	struct parameter_place place = told;
	(void)state;
	assert_true(args_go_spread(&all, &place));
	assert_int_equal(place.pieces[0].size, 8);
	assert_int_equal(place.pieces[1].size, 8);
	assert_int_equal(place.pieces[2].size, 8);
	/* All of it is told of: nothing is to be done. */
	assert_true(args_go_spread(&all, &place));
	assert_int_equal(place.pieces[0].size, 8);
	/* The parts are others. */
	place = told;
	place.pieces[1].size = 4;
	assert_false(args_go_spread(&all, &place));
	place = told;
	place.n_pieces = 2;
	assert_false(args_go_spread(&all, &place));
	/* Itself inside of itself. */
	outer[1].type = &all;
	place = told;
	assert_false(args_go_spread(&all, &place));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps_belong_to_the_part_before_them),
		cmocka_unit_test(results_of_go_have_registers_of_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
