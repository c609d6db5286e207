/* SPDX-License-Identifier: Apache-2.0 */
/* What is of Go among structures, and what of others only looks like it. */
#include "output/go_value.h"

#include <string.h>

#include "tests/unit/unit.h"

static const struct type word = {.kind = TYPE_POINTER, .size = 8, .name = "*uint8"};

static void results_are_told_by_their_type(void **state)
{
	const struct type_member of_go[] = {{.name = "r0", .type = &word},
					    {.name = "err", .type = &word, .offset = 8}};
	const struct type_member of_rust[] = {{.name = "__0", .type = &word},
					      {.name = "__1", .type = &word, .offset = 8}};
	struct type type = {.kind = TYPE_STRUCT,
			    .size = 16,
			    .name = "(int, error)",
			    .n_members = 2,
			    .members = of_go};
	struct shown shown = {.kind = SHOWN_STRUCT, .type = &type};
	(void)state;
	assert_true(go_is_results(&shown));
	type.members = of_rust;
	assert_false(go_is_results(&shown));
	type.members = of_go;
	type.name = "struct pair";
	assert_false(go_is_results(&shown));
	shown.type = NULL;
	assert_false(go_is_results(&shown));
	assert_true(go_is_unnamed("r0"));
	assert_true(go_is_unnamed("r12"));
	assert_false(go_is_unnamed("r"));
	assert_false(go_is_unnamed("rest"));
	assert_false(go_is_unnamed("err"));
}

static bool is_nil(const struct shown_scope *scope, const struct shown *shown)
{
	struct go_interface held;
	return go_find_held(scope, shown, &held) == GO_NIL;
}

static void interfaces_that_hold_nothing_are_nil(void **state)
{
	struct type_member members[] = {{.name = "tab", .type = &word},
					{.name = "data", .type = &word, .offset = 8}};
	const struct type type = {.kind = TYPE_STRUCT,
				  .size = 16,
				  .name = "runtime.iface",
				  .n_members = 2,
				  .members = members};
	char bytes[16] = {0};
	const struct shown_scope scope = {0};
	struct shown shown = {
		.kind = SHOWN_STRUCT, .type = &type, .bytes = bytes, .length = 16, .count = 2};
	(void)state;
	assert_true(is_nil(&scope, &shown));
	members[0].name = "_type";
	assert_true(is_nil(&scope, &shown));
	members[0].name = "head";
	assert_false(is_nil(&scope, &shown));
	members[0].name = "tab";
	bytes[8] = 1;
	assert_false(is_nil(&scope, &shown));
	shown.count = 1;
	assert_false(is_nil(&scope, &shown));
}

/* Nobody knows of which type something is that only looks like a `dyn Trait`. */
static void two_pointers_are_a_structure(void **state)
{
	const struct type_member members[] = {{.name = "pointer", .type = &word},
					      {.name = "vtable", .type = &word, .offset = 8}};
	const struct type type = {.kind = TYPE_STRUCT,
				  .size = 16,
				  .name = "pair",
				  .n_members = 2,
				  .members = members};
	static const uint64_t words[] = {1, 0x1000};
	const struct stream_event event = {.kind = STREAM_CALL};
	const struct shown_scope scope = {.event = &event};
	struct shown shown = {.kind = SHOWN_STRUCT,
			      .type = &type,
			      .bytes = (const char *)words,
			      .length = 16,
			      .count = 2};
	struct go_interface held;
	(void)state;
	assert_int_equal(go_find_held(&scope, &shown, &held), GO_UNKNOWN);
	shown.length = 8;
	assert_int_equal(go_find_held(&scope, &shown, &held), GO_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_are_told_by_their_type),
		cmocka_unit_test(interfaces_that_hold_nothing_are_nil),
		cmocka_unit_test(two_pointers_are_a_structure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
