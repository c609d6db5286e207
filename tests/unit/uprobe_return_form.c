/* SPDX-License-Identifier: Apache-2.0 */
/* How the ends of a function are seen, by what its code is like. */
#include "uprobe/return_form.h"

#include <string.h>

#include "common/array.h"
#include "probe/site.h"
#include "tests/unit/unit.h"

static const uint64_t returns[] = {0x1010};
static const struct function function = {.symbol = "f"};

static struct code whole(uint64_t entry)
{
	return (struct code){.entry = {.address = entry, .length = 1},
			     .whole = true,
			     .entry_proven = true,
			     .returns = returns,
			     .n_returns = array_size(returns)};
}

static struct return_form choose(const struct uprobe_options *options, const struct code *code,
				 bool keeps)
{
	struct arena arena = {0};
	struct return_form form;
	assert_ok(return_form_choose(options, &function, code, keeps, &arena, &form));
	arena_deinit(&arena);
	return form;
}

static void one_instruction_has_no_end(void **state)
{
	const struct uprobe_options by_sites = {.return_mode = RETURN_SITE};
	const struct uprobe_options by_trampoline = {.return_mode = RETURN_TRAMPOLINE};
	struct code code = whole(0x1000), empty = whole(0x1010);
	(void)state;
	assert_int_equal(choose(&by_sites, &code, false).flags, SITE_HAS_RETURN);
	assert_int_equal(choose(&by_sites, &empty, false).flags, 0);
	assert_int_equal(choose(&by_trampoline, &empty, false).flags,
			 SITE_HAS_RETURN | SITE_TRAMPOLINE);
	assert_null(return_form_why_no_sites(&code));
	assert_non_null(return_form_why_no_sites(&empty));
	empty.tail_jumps = empty.returns;
	empty.n_tail_jumps = 1;
	empty.n_returns = 0;
	assert_int_equal(choose(&by_sites, &empty, false).flags, 0);
	code.n_returns = 0;
	assert_string_equal(return_form_why_no_sites(&code), "it never returns");
}

static void go_is_followed_where_its_goroutine_is_known(void **state)
{
	struct uprobe_options options = {.return_mode = RETURN_TRAMPOLINE};
	struct code code = whole(0x1000);
	(void)state;
	code.is_go = code.in_goroutine = true;
	assert_int_equal(choose(&options, &code, true).flags, SITE_GO);
	options.no_kept_go = "there is no table";
	assert_int_equal(choose(&options, &code, false).flags, SITE_GO);
	assert_int_equal(choose(&options, &code, true).flags, 0);
	/* Assembler: only what comes back in the thread for sure. */
	code.in_goroutine = false;
	assert_true(return_form_wants_sites(&options, &function, &code));
	assert_int_equal(choose(&options, &code, false).flags, SITE_HAS_RETURN);
	code.has_calls = true;
	assert_int_equal(choose(&options, &code, false).flags, 0);
	code.has_calls = code.whole = false;
	assert_int_equal(choose(&options, &code, false).flags, 0);
}

static void coroutines_have_places_on_stacks(void **state)
{
	struct uprobe_options options = {.return_mode = RETURN_STACK};
	struct code code = whole(0x1000);
	struct code endless = code;
	(void)state;
	assert_true(return_form_wants_sites(&options, &function, &code));
	assert_int_equal(choose(&options, &code, false).flags, SITE_GO);
	assert_string_equal(choose(&options, &code, false).name, "stack");
	endless.n_returns = endless.n_tail_jumps = 0;
	assert_int_equal(choose(&options, &endless, false).flags, 0);
	/* Goroutines are known by more. */
	code.is_go = code.in_goroutine = true;
	assert_string_equal(choose(&options, &code, false).name, "goroutine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_instruction_has_no_end),
		cmocka_unit_test(go_is_followed_where_its_goroutine_is_known),
		cmocka_unit_test(coroutines_have_places_on_stacks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
