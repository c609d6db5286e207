/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <time.h>
#include <unistd.h>

#include "cli/cost.h"
#include "common/now.h"

/* The kernel's side: one traced process, this one, beside threads that have ended. */
uint64_t kernel_ended_cpu(const struct kernel *kernel)
{
	(void)kernel;
	return 5000000000;
}

pid_t kernel_next_target(const struct kernel *kernel, pid_t previous)
{
	(void)kernel;
	return previous ? 0 : getpid();
}

static uint64_t told_total_ns;

const struct cost_row *kernel_costs(const struct kernel *kernel)
{
	return (const struct cost_row *)kernel;
}

struct err *output_cost(struct output *output, const struct output_cost *cost)
{
	(void)output;
	told_total_ns += cost->total_ns;
	return NULL;
}

struct fixture {
	struct probe_set set;
	struct probe probes[3];
	struct cost_row rows[6];
};

static void add(struct fixture *fixture, size_t probe, enum site_kind kind, bool emulated,
		const struct cost_row *row)
{
	struct probe_site *site;
	assert_ok(probe_set_add_site(&fixture->set, &fixture->probes[probe], &site));
	site->wire.kind = kind;
	site->emulated = emulated;
	/* Never looked into: that it is in a file is all that counts. */
	site->image = kind == SITE_SYSCALL ? NULL : (struct image *)fixture;
	fixture->rows[site->id] = *row;
}

/* A call seen by two `ret` sites, one seen by a trampoline, a system call. */
static void make(struct fixture *fixture)
{
	const struct compile_options options = {.string_limit = 64};
	assert_ok(probe_set_init(&fixture->set, &options));
	add(fixture, 0, SITE_ENTRY, true, &(struct cost_row){.hits = 10, .run_ns = 1000});
	add(fixture, 0, SITE_RETURN, false, &(struct cost_row){.hits = 9, .run_ns = 900});
	add(fixture, 1, SITE_ENTRY, true,
	    &(struct cost_row){.hits = 100, .returns = 100, .run_ns = 50000});
	add(fixture, 2, SITE_SYSCALL, false, &(struct cost_row){.hits = 4, .run_ns = 800});
	add(fixture, 2, SITE_SYSCALL, false, &(struct cost_row){.hits = 0});
}

static void forms_and_programs_add_up(void **state)
{
	(void)state;
	const struct cost_forms forms = {.emulated = 500, .stepped = 3000, .trampoline = 700};
	struct fixture fixture = {0};
	struct cost_list list;
	make(&fixture);
	assert_ok(cost_sum_up(&fixture.set, fixture.rows, &forms, 1000000, &list));
	assert_int_equal(list.items.count, 3);
	const struct output_cost *row = list.items.items;
	assert_ptr_equal(row[0].probe, &fixture.probes[1]);
	assert_int_equal(row[0].total_ns, 100 * 500 + 100 * 700 + 50000);
	assert_int_equal(row[0].hits, 100);
	assert_int_equal(row[0].ns_per_hit, 1700);
	assert_true(row[0].share > 0.1699 && row[0].share < 0.1701);
	assert_ptr_equal(row[1].probe, &fixture.probes[0]);
	assert_int_equal(row[1].total_ns, 10 * 500 + 9 * 3000 + 1900);
	assert_int_equal(row[1].hits, 10);
	assert_ptr_equal(row[2].probe, &fixture.probes[2]);
	assert_int_equal(row[2].total_ns, 800);
	assert_int_equal(row[2].ns_per_hit, 200);
	cost_list_deinit(&list);
	probe_set_deinit(&fixture.set);
}

static void without_a_target_there_is_no_share(void **state)
{
	(void)state;
	const struct cost_forms forms = {.emulated = 500, .stepped = 500, .trampoline = 500};
	struct fixture fixture = {0};
	struct cost_list list;
	make(&fixture);
	assert_ok(cost_sum_up(&fixture.set, fixture.rows, &forms, 0, &list));
	assert_true(list.items.items[0].share < 0);
	cost_list_deinit(&list);
	/* Our clocks are not the scheduler's: never more than all of it. */
	assert_ok(cost_sum_up(&fixture.set, fixture.rows, &forms, 10, &list));
	assert_true(list.items.items[0].share <= 1);
	cost_list_deinit(&list);
	probe_set_deinit(&fixture.set);
}

static void cpu_time_is_that_of_all_threads(void **state)
{
	(void)state;
	uint64_t before = cost_cpu_time(NULL), clock = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) - clock < 100000000)
		continue;
	uint64_t spent = cost_cpu_time(NULL) - before;
	assert_true(before >= 5000000000);
	assert_in_range(spent, 50000000, 400000000);
}

static void a_run_is_told(void **state)
{
	(void)state;
	struct fixture fixture = {0};
	struct cost cost = {.forms = {.emulated = 500, .stepped = 3000, .trampoline = 700}};
	make(&fixture);
	cost_start(&cost, NULL);
	uint64_t clock = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) - clock < 50000000)
		continue;
	cost_stop(&cost, NULL);
	assert_in_range(cost.cpu_ns, 20000000, 400000000);
	assert_ok(cost_tell(&cost, &fixture.set, (const struct kernel *)fixture.rows, NULL));
	assert_int_equal(told_total_ns, 170000 + 33900 + 800);
	cost_list_deinit(&cost.list);
	probe_set_deinit(&fixture.set);
}

/* Numbers of any machine: not negative beyond noise, not milliseconds. */
static void a_probe_costs_something(void **state)
{
	(void)state;
	struct features features;
	struct cost_forms forms;
	if (geteuid() != 0 || features_try_load() != 0)
		skip();
	features_detect(&features);
	assert_ok(cost_calibrate(features_uprobe_form(&features), &forms));
	assert_true(forms.emulated > 50 && forms.emulated < 1e6);
	assert_true(forms.stepped > forms.emulated && forms.stepped < 1e6);
	assert_true(forms.trampoline > 0 && forms.trampoline < 1e6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_and_programs_add_up),
		cmocka_unit_test(without_a_target_there_is_no_share),
		cmocka_unit_test(cpu_time_is_that_of_all_threads),
		cmocka_unit_test(a_run_is_told),
		cmocka_unit_test(a_probe_costs_something),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
