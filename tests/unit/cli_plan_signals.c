/* SPDX-License-Identifier: Apache-2.0 */
/* Which signals a spec means. */
#include "cli/plan/plan.h"

#include <signal.h>

#include "tests/unit/unit.h"

#define BIT(number) (1ULL << ((number)-1))

/* The signals that are shown after all of these specs, from none on. */
static uint64_t chosen(const char *text)
{
	struct spec_list specs = {0};
	struct plan plan = {0};
	assert_ok(spec_parse(text, &specs));
	for (size_t i = 0; i < specs.count; i++)
		assert_ok(plan_choose_signals(&plan, &specs.items[i]));
	spec_list_deinit(&specs);
	return plan.signals;
}

static void names(void **state)
{
	(void)state;
	assert_int_equal(chosen("signal:SIGCHLD"), BIT(SIGCHLD));
	assert_int_equal(chosen("signal:CHLD"), BIT(SIGCHLD));
	assert_int_equal(chosen("signal:sigchld"), BIT(SIGCHLD));
	assert_int_equal(chosen("signal=chld,rt*"), BIT(SIGCHLD) | ~0ULL << 31);
	assert_int_equal(chosen("signal:17"), BIT(17));
	assert_int_equal(chosen("signal:SIGPOLL"), BIT(SIGPOLL));
	assert_int_equal(chosen("signal:IO"), BIT(SIGIO));
	assert_int_equal(chosen("signal:IOT"), BIT(SIGABRT));
	assert_int_equal(chosen("signal:CLD"), BIT(SIGCHLD));
	assert_int_equal(chosen("signal:SIGRTMIN"), BIT(32));
	assert_int_equal(chosen("signal:RTMAX"), BIT(64));
	assert_int_equal(chosen("signal:"), UINT64_MAX);
	assert_int_equal(chosen("signal:*"), UINT64_MAX);
	assert_int_equal(chosen("signal:/^SIGUSR/"), BIT(SIGUSR1) | BIT(SIGUSR2));
	assert_int_equal(chosen("signal:SIGUSR?"), BIT(SIGUSR1) | BIT(SIGUSR2));
}

static void lists(void **state)
{
	(void)state;
	assert_int_equal(chosen("signal:TERM,signal:KILL"), BIT(SIGTERM) | BIT(SIGKILL));
	assert_int_equal(chosen("signal:*,!signal:CHLD"), ~BIT(SIGCHLD));
	assert_int_equal(chosen("signal=TERM,HUP"), BIT(SIGTERM) | BIT(SIGHUP));
	assert_int_equal(chosen("signal=!TERM"), ~BIT(SIGTERM));
	assert_int_equal(chosen("signal=none"), 0);
	assert_int_equal(chosen("signal=all"), UINT64_MAX);
	assert_int_equal(chosen("signal=9"), BIT(9));
	assert_int_equal(chosen("?signal:SIGNONE"), 0);
}

static void mistakes(void **state)
{
	static const char *const wrong[] = {"signal:SIGNONE", "signal:65", "signal:0",
					    "!signal:SIGNONE"};
	(void)state;
	for (size_t i = 0; i < array_size(wrong); i++) {
		struct spec_list specs = {0};
		struct plan plan = {0};
		assert_ok(spec_parse(wrong[i], &specs));
		assert_err(plan_choose_signals(&plan, &specs.items[0]), ERR_USAGE,
			   "there is no such signal");
		spec_list_deinit(&specs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(lists),
		cmocka_unit_test(mistakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
