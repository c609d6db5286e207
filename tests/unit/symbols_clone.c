/* SPDX-License-Identifier: Apache-2.0 */
#include "common/array.h"
#include "symbols/clone.h"
#include "tests/unit/unit.h"

static void names_tell_what_was_changed(void **state)
{
	static const struct {
		const char *symbol;
		bool changed, drops, cold;
	} cases[] = {
		{"f", false, false, false},	      {"f.constprop.0", true, false, false},
		{"f.isra.0", true, true, false},      {"f.constprop.0.isra.0", true, true, false},
		{"f.part.3", true, true, false},      {"f.lto_priv.0", false, false, false},
		{"f.llvm.1234", false, false, false}, {"f.cold", false, false, true},
		{"f.isra.0.cold", true, true, true},  {"constprop.f", false, false, false},
		{"f.cold.0", false, false, true},     {"main.coldStart", false, false, false},
		{".cold", false, false, false},
	};
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(clone_is_changed(cases[i].symbol), cases[i].changed);
		assert_int_equal(clone_may_drop_result(cases[i].symbol), cases[i].drops);
		assert_int_equal(clone_is_cold(cases[i].symbol), cases[i].cold);
	}
}

static void copies_are_of_the_whole_function(void **state)
{
	static const char *const copies[] = {"f.constprop.0", "f.isra.12",   "f.constprop.0.isra.0",
					     "f.lto_priv.0",  "f.llvm.1234", "f.__uniq.1234.llvm.5",
					     "f.1",	      "f.12.llvm.5", "f.specialized.1",
					     "f.1.isra.0"};
	static const char *const others[] = {
		"f",	     "f.part.0",  "f.cold",   "f.isra.0.cold",	 "f.isra.",   "f.isra",
		"f.isra.0x", "fg.isra.0", "g.isra.0", "f.isra.0.part.0", "f.isra.0.", "f.",
		"f..1",	     "f.1x",	  "f.1.cold", "f.func1",	 "f.1."};
	(void)state;
	for (size_t i = 0; i < array_size(copies); i++)
		assert_true(clone_is_copy_of(copies[i], "f"));
	for (size_t i = 0; i < array_size(others); i++)
		assert_false(clone_is_copy_of(others[i], "f"));
	assert_true(clone_is_copy_of("ns::f.isra.0", "ns::f"));
	assert_true(clone_is_copy_of("f.isra.0.constprop.1", "f.isra.0"));
	assert_true(clone_is_copy_of("ns::f.1", "ns::f"));
	assert_false(clone_is_copy_of("main.init.0", "main.init"));
	assert_false(clone_is_copy_of("main.f.func1.1", "main.f.func1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_tell_what_was_changed),
		cmocka_unit_test(copies_are_of_the_whole_function),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
