/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/spec_pair.h"

#include <string.h>

#include "tests/unit/unit.h"

static void check(const char *text, const char *begin, const char *end, const char *begin_key,
		  const char *end_key)
{
	struct spec_list specs = {0};
	struct spec_pair_list pairs = {0};
	assert_ok(spec_parse("first", &specs));
	assert_ok(spec_parse_pairs(text, &specs, &pairs));
	assert_int_equal(specs.count, 3);
	assert_int_equal(pairs.count, 1);
	const struct spec_pair *pair = &pairs.items[0];
	assert_string_equal(specs.items[pair->begin].name, begin);
	assert_string_equal(specs.items[pair->end].name, end);
	if (begin_key) {
		assert_string_equal(pair->begin_key, begin_key);
		assert_string_equal(pair->end_key, end_key);
	} else {
		assert_null(pair->begin_key);
		assert_null(pair->end_key);
	}
	assert_false(spec_is_of_pair(&pairs, 0));
	assert_true(spec_is_of_pair(&pairs, 1));
	assert_true(spec_is_of_pair(&pairs, 2));
	spec_pair_list_deinit(&pairs);
	spec_list_deinit(&specs);
}

static void pairs_are_taken_apart(void **state)
{
	(void)state;
	check("lock ~~ unlock", "lock", "unlock", NULL, NULL);
	check("  lock  ~~\tunlock ", "lock", "unlock", NULL, NULL);
	check("lock ~~ unlock by tid", "lock", "unlock", NULL, NULL);
	check("lock ~~ unlock by arg1", "lock", "unlock", "arg1", "arg1");
	check("uretprobe:libc:malloc ~~ libc:free by  ret=arg1 ", "malloc", "free", "ret", "arg1");
	check("usdt:app:begin ~~ syscall:close by fd", "begin", "close", "fd", "fd");
	check("f(int a, str b) ~~ g(int) by a=arg1", "f", "g", "a", "arg1");
	check("by ~~ standby by x", "by", "standby", "x", "x");
}

static void a_function_is_its_entry(void **state)
{
	(void)state;
	struct spec_list specs = {0};
	struct spec_pair_list pairs = {0};
	assert_ok(spec_parse_pairs("f ~~ uretprobe:g", &specs, &pairs));
	assert_int_equal(specs.items[0].kind, PROBE_UPROBE);
	assert_int_equal(specs.items[1].kind, PROBE_URETPROBE);
	assert_string_equal(pairs.items[0].name, "f ~~ uretprobe:g");
	spec_pair_list_deinit(&pairs);
	spec_list_deinit(&specs);
}

/* Destructors and patterns have tildes of their own. */
static void other_specs_pass(void **state)
{
	(void)state;
	struct spec_list specs = {0};
	struct spec_pair_list pairs = {0};
	assert_ok(spec_parse_pairs("ns::Thing::~Thing,malloc", &specs, &pairs));
	assert_ok(spec_parse_pairs("app:/a~~b/", &specs, &pairs));
	assert_int_equal(specs.count, 3);
	assert_int_equal(pairs.count, 0);
	spec_list_deinit(&specs);
	spec_pair_list_deinit(&pairs);
}

static void refuse(const char *text, const char *part)
{
	struct spec_list specs = {0};
	struct spec_pair_list pairs = {0};
	assert_err(spec_parse_pairs(text, &specs, &pairs), ERR_USAGE, part);
	spec_pair_list_deinit(&pairs);
	spec_list_deinit(&specs);
}

static void mistakes_are_explained(void **state)
{
	(void)state;
	refuse("a ~~ b ~~ c", "there is one '~~' in it");
	refuse("a,b ~~ c", "one probe on each side");
	refuse("a ~~ b,c", "one probe on each side");
	refuse("!a ~~ b", "say nothing here");
	refuse("a ~~ ?b", "say nothing here");
	refuse("a ~~ b by x y", "the name of an argument");
	refuse("a ~~ b by x=", "the name of an argument");
	refuse("a ~~ b by x=y=z", "the name of an argument");
	refuse("a ~~ exec:*", "places in the kernel");
	refuse("kernel:a ~~ kernel:b", "say which end");
	refuse(" ~~ b", "no name");
	refuse("a ~~ ", "no name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_taken_apart),
		cmocka_unit_test(a_function_is_its_entry),
		cmocka_unit_test(other_specs_pass),
		cmocka_unit_test(mistakes_are_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
