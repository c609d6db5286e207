/* SPDX-License-Identifier: Apache-2.0 */
/* Which signals a spec means, and what other task life. */
#include "cli/plan/plan.h"

#include <signal.h>

#include "kernel/life.h"
#include "tests/unit/unit.h"

#define BIT(number) (1ULL << ((number)-1))

/* The signals that are shown after all of these specs, from none on. */
static uint64_t chosen(const char *text)
{
	struct spec_list specs = {0};
	struct plan plan = {0};
	assert_ok(probe_set_init(&plan.set, &(struct compile_options){0}));
	assert_ok(spec_parse(text, &specs));
	for (size_t i = 0; i < specs.count; i++)
		assert_ok(plan_add_life(&plan, &specs.items[i]));
	assert_false(life_has_sites(&plan.set));
	probe_set_deinit(&plan.set);
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
	assert_int_equal(chosen("signal"), UINT64_MAX);
	assert_int_equal(chosen("signal:TERM,!signal"), 0);
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
		uint64_t found;
		assert_ok(spec_parse(wrong[i], &specs));
		assert_err(plan_find_signals(&specs.items[0], &found), ERR_USAGE,
			   "there is no such signal");
		spec_list_deinit(&specs);
	}
}

struct life {
	const char *text;
	bool fork, exec, exit;
	uint64_t signals;
	uint32_t sites[4]; /* numbers that have one, 0 ends */
	const char *filtered;
};

static void check_life(const struct life *row)
{
	struct spec_list specs = {0};
	struct plan plan = {0};
	size_t n_sites = 0, filters = 0;
	assert_ok(probe_set_init(&plan.set, &(struct compile_options){0}));
	assert_ok(spec_parse(row->text, &specs));
	for (size_t i = 0; i < specs.count; i++)
		assert_ok(plan_add_life(&plan, &specs.items[i]));
	assert_int_equal(plan.show_fork, row->fork);
	assert_int_equal(plan.show_exec, row->exec);
	assert_int_equal(plan.show_exit, row->exit);
	assert_int_equal(plan.signals, row->signals);
	for (; row->sites[n_sites]; n_sites++)
		assert_int_not_equal(life_site(&plan.set, row->sites[n_sites]), 0);
	for (size_t i = 1; i < plan.set.sites.count; i++) {
		n_sites -= plan.set.sites.items[i]->wire.kind ? 1 : 0;
		filters += plan.set.sites.items[i]->filter ? 1 : 0;
	}
	assert_int_equal(n_sites, 0);
	assert_int_equal(filters, strlen(row->filtered));
	probe_set_deinit(&plan.set);
	spec_list_deinit(&specs);
}

/* All of it is shown without a site, and from when a spec asks for all of it. */
static void conditions(void **state)
{
	static const struct life rows[] = {
		{"exec,exit", false, true, true, 0, {0}, ""},
		{"exec if pid == 1", false, true, false, 0, {LIFE_EXECS}, "x"},
		{"exec if pid == 1,exec", false, true, false, 0, {LIFE_EXECS}, ""},
		{"exec,exec if pid == 1", false, true, false, 0, {0}, ""},
		{"exec if pid == 1,!exec", false, false, false, 0, {0}, "x"},
		{"exec if pid == 1,!exec,exec", false, true, false, 0, {0}, "x"},
		{"fork: rate 3/s,exit if status != 0",
		 true,
		 false,
		 true,
		 0,
		 {LIFE_FORKS, LIFE_EXITS},
		 "x"},
		{"signal:TERM if si_pid == 1,signal:HUP",
		 false,
		 false,
		 false,
		 BIT(SIGTERM) | BIT(SIGHUP),
		 {SIGTERM},
		 "x"},
		{"signal:USR* if si_pid == 1,signal:USR2 if si_uid == 3",
		 false,
		 false,
		 false,
		 BIT(SIGUSR1) | BIT(SIGUSR2),
		 {SIGUSR1, SIGUSR2},
		 "xx"},
		{"signal:USR* if si_pid == 1,!signal:USR2",
		 false,
		 false,
		 false,
		 BIT(SIGUSR1),
		 {SIGUSR1},
		 "xx"},
	};
	(void)state;
	for (size_t i = 0; i < array_size(rows); i++)
		check_life(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(lists),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(conditions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
