/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters that no caller passes, whose value stands in the debug information; and those that
 * compilers pass differently. */
#include <elf.h>

#include "tests/unit/unit.h"
#include "uprobe/args.h"

static const struct type type_double = {.kind = TYPE_FLOAT, .size = 8, .name = "double"};
static const struct type type_long = {.kind = TYPE_INT, .size = 8, .name = "long"};

static struct fetch_source placed(const struct type *type, bool is_bytes, int64_t value)
{
	const struct parameter_place place = {
		.kind = PLACE_CONSTANT, .exact = true, .is_bytes = is_bytes, .offset = value};
	const struct parameter parameter = {.name = "x", .type = type};
	const struct prototype prototype = {.parameters = &parameter,
					    .n_parameters = 1,
					    .places = &place,
					    .no_convention = "own"};
	struct fetch_source source;
	args_place(EM_X86_64, &prototype, false, &source);
	args_use_places(EM_X86_64, &prototype, &source);
	return source;
}

/* DW_OP_implicit_value: bytes as they would lie in memory, of whatever type. Else it is a number,
 * and nothing tells how it would be one with a fraction. */
static void bytes_are_of_any_type(void **state)
{
	(void)state;
	const int64_t one_and_a_half = 0x3ff8000000000000;
	struct fetch_source source = placed(&type_double, true, one_and_a_half);
	assert_null(source.unavailable);
	assert_int_equal(source.ops[0].code, FETCH_CONST);
	assert_true(source.ops[0].imm == one_and_a_half);
	assert_string_equal(placed(&type_double, false, one_and_a_half).unavailable, "own");
	source = placed(&type_long, true, -3);
	assert_null(source.unavailable);
	assert_true(source.ops[0].imm == -3);
}

/* clang has put half of one into the last register until version 18. */
static void wide_numbers_are_told_where_compilers_agree(void **state)
{
	(void)state;
	static const struct type type_wide = {.kind = TYPE_INT, .size = 16, .name = "__int128"};
	const struct parameter all[] = {{"a", &type_wide},
					{"b", &type_wide},
					{"c", &type_long},
					{"d", &type_wide},
					{"e", &type_long}};
	const struct prototype prototype = {.parameters = all, .n_parameters = 5};
	struct fetch_source at[5];
	args_place(EM_X86_64, &prototype, false, at);
	assert_null(at[2].unavailable);
	assert_true(args_is_unknown(&at[3]) && args_is_unknown(&at[4]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_of_any_type),
		cmocka_unit_test(wide_numbers_are_told_where_compilers_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
