/* SPDX-License-Identifier: Apache-2.0 */
/* A probe set as the rows that BPF reads: equal plans are one row. */
#include "cli/kernel/tables.h"
#include "tests/unit/unit.h"

#include <stdio.h>

static int make_set(void **state)
{
	static const struct compile_options options = {.string_limit = 256, .depth = 1};
	struct probe_set *set = calloc(1, sizeof(*set));
	assert_ok(probe_set_init(set, &options));
	*state = set;
	return 0;
}

static int free_set(void **state)
{
	probe_set_deinit(*state);
	free(*state);
	return 0;
}

static struct probe_site *add_site(struct probe_set *set)
{
	struct probe *probe;
	struct probe_site *site;
	assert_ok(probe_set_add_probe(set, &probe));
	assert_ok(probe_set_add_site(set, probe, &site));
	return site;
}

/* Reads `n` registers, `first` and those behind it. Its memory ends behind its last operation, as
 * that of plan_finish() does: the sanitizer sees who reads further. */
static const struct fetch_plan *make_plan(struct probe_set *set, uint8_t first, uint16_t n)
{
	size_t size = offsetof(struct fetch_plan, ops) + n * sizeof(struct fetch_op);
	struct fetch_plan *plan = arena_alloc(&set->arena, size);
	assert_non_null(plan);
	plan->n_ops = n;
	for (uint16_t i = 0; i < n; i++)
		plan->ops[i] = (struct fetch_op){
			.code = FETCH_REG, .reg = (uint8_t)(first + i), .size = 8};
	return plan;
}

static void a_set_without_sites_has_the_empty_plan(void **state)
{
	struct tables tables = {0};
	assert_ok(tables_number(&tables, *state, 1));
	assert_int_equal(tables.plans.count, 1);
	assert_null(tables.plans.items[0]);
	tables_deinit(&tables);
	assert_null(tables.plans.items);
}

static void a_site_that_reads_nothing_has_plan_0(void **state)
{
	struct probe_site *site = add_site(*state);
	struct tables tables = {0};
	site->wire.entry_plan = site->wire.return_plan = 77;
	assert_ok(tables_number(&tables, *state, 1));
	assert_int_equal(tables.plans.count, 1);
	assert_int_equal(site->wire.entry_plan, 0);
	assert_int_equal(site->wire.return_plan, 0);
	tables_deinit(&tables);
}

static void equal_plans_are_one_row(void **state)
{
	struct probe_set *set = *state;
	struct tables tables = {0};
	enum { SITES = 1000 };
	for (int i = 0; i < SITES; i++) {
		struct probe_site *site = add_site(set);
		/* Equal by content, each in its own memory. */
		site->entry_plan = make_plan(set, (uint8_t)(i % 2), 2);
		site->return_plan = make_plan(set, 5, 1);
	}
	assert_ok(tables_number(&tables, set, 1));
	assert_int_equal(tables.plans.count, 1 + 3);
	for (int i = 1; i <= SITES; i++) {
		const struct site *wire = &set->sites.items[i]->wire;
		const struct fetch_plan *entry = tables.plans.items[wire->entry_plan];
		const struct fetch_plan *leave = tables.plans.items[wire->return_plan];
		assert_int_equal(entry->n_ops, 2);
		assert_int_equal(entry->ops[0].reg, (i - 1) % 2);
		assert_int_equal(leave->n_ops, 1);
		assert_int_equal(leave->ops[0].reg, 5);
	}
	tables_deinit(&tables);
}

/* One plan may be the beginning of another, or differ in its last byte. */
static void plans_that_differ_stay_apart(void **state)
{
	struct probe_set *set = *state;
	struct tables tables = {0};
	struct probe_site *sites[4];
	for (size_t i = 0; i < 4; i++)
		sites[i] = add_site(set);
	sites[0]->entry_plan = make_plan(set, 1, 1);
	sites[1]->entry_plan = make_plan(set, 1, 2);
	sites[2]->entry_plan = make_plan(set, 2, 1);
	struct fetch_plan *last = (struct fetch_plan *)make_plan(set, 1, 1);
	last->ops[0].imm = INT64_MIN;
	sites[3]->entry_plan = last;
	assert_ok(tables_number(&tables, set, 1));
	assert_int_equal(tables.plans.count, 5);
	for (size_t i = 0; i < 4; i++) {
		const struct fetch_plan *row = tables.plans.items[sites[i]->wire.entry_plan];
		size_t size = fetch_plan_size(sites[i]->entry_plan);
		assert_int_equal(fetch_plan_size(row), size);
		assert_memory_equal(row, sites[i]->entry_plan, size);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(sites[i]->wire.entry_plan, sites[j]->wire.entry_plan);
	}
	tables_deinit(&tables);
}

static void rows_are_filled_and_nothing_else(void **state)
{
	struct probe_set *set = *state;
	struct tables tables = {0};
	struct probe_site *first = add_site(set), *second = add_site(set);
	first->wire = (struct site){.kind = SITE_ENTRY, .flags = SITE_HAS_RETURN, .owner = 1};
	second->wire = (struct site){.kind = SITE_RETURN, .owner = 1};
	first->entry_plan = make_plan(set, 3, 4);
	assert_ok(tables_number(&tables, set, 1));
	struct site sites[4];
	struct fetch_plan *plans = malloc(3 * sizeof(*plans));
	memset(sites, 0xee, sizeof(sites));
	memset(plans, 0xee, 3 * sizeof(*plans));
	tables_fill_sites(set, 1, sites);
	tables_fill_plans(&tables, 1, plans);
	assert_int_equal(sites[1].kind, SITE_ENTRY);
	assert_int_equal(sites[1].flags, SITE_HAS_RETURN | SITE_KEEP);
	assert_int_equal(sites[1].entry_plan, 1);
	assert_int_equal(sites[2].kind, SITE_RETURN);
	assert_int_equal(sites[2].owner, 1);
	assert_memory_equal(&plans[1], first->entry_plan, fetch_plan_size(first->entry_plan));
	/* Row 0 is never used; behind the last row is someone else's memory. */
	assert_int_equal(sites[0].kind, 0xeeeeeeee);
	assert_int_equal(sites[3].kind, 0xeeeeeeee);
	assert_int_equal(plans[0].n_ops, 0xeeee);
	assert_int_equal(plans[2].n_ops, 0xeeee);
	free(plans);
	tables_deinit(&tables);
}

/* What comes later shares the rows of what was there, and moves none of them. */
static void a_set_may_grow(void **state)
{
	struct probe_set *set = *state;
	struct tables tables = {0};
	struct probe_site *first = add_site(set);
	first->entry_plan = make_plan(set, 1, 1);
	assert_ok(tables_number(&tables, set, 1));
	struct probe_site *known = add_site(set), *new = add_site(set);
	known->entry_plan = make_plan(set, 1, 1);
	new->entry_plan = make_plan(set, 9, 3);
	assert_ok(tables_number(&tables, set, 2));
	assert_int_equal(tables.plans.count, 3);
	assert_int_equal(known->wire.entry_plan, first->wire.entry_plan);
	assert_int_equal(new->wire.entry_plan, 2);
	struct site sites[4];
	struct fetch_plan *plans = malloc(3 * sizeof(*plans));
	memset(sites, 0xee, sizeof(sites));
	memset(plans, 0xee, 3 * sizeof(*plans));
	tables_fill_sites(set, 2, sites);
	tables_fill_plans(&tables, 2, plans);
	assert_int_equal(sites[1].kind, 0xeeeeeeee);
	assert_int_equal(sites[2].entry_plan, 1);
	assert_int_equal(sites[3].entry_plan, 2);
	assert_int_equal(plans[1].n_ops, 0xeeee);
	assert_int_equal(plans[2].n_ops, 3);
	free(plans);
	tables_deinit(&tables);
}

static uint32_t filled_flags(struct probe_set *set, const struct probe_site *site)
{
	struct site rows[16];
	tables_fill_sites(set, 1, rows);
	return rows[site->id].flags;
}

/* An entry waits for its return only when both fit into one record for sure. */
static void entries_wait_for_small_returns(void **state)
{
	struct probe_set *set = *state;
	struct probe_site *site = add_site(set);
	struct fetch_plan *plan = (struct fetch_plan *)make_plan(set, 1, 3);
	plan->ops[1] = (struct fetch_op){.code = FETCH_INT, .size = 8};
	plan->ops[2] = (struct fetch_op){.code = FETCH_STRING, .imm = 1000};
	site->return_plan = plan;
	site->wire = (struct site){.kind = SITE_ENTRY, .flags = SITE_HAS_RETURN};
	/* 8 bytes of a number, 8 of a blob's head, 1000 of text in 8 more at most. */
	assert_int_equal(filled_flags(set, site), SITE_HAS_RETURN | SITE_KEEP);
	plan->ops[2].imm = 1001;
	assert_int_equal(filled_flags(set, site), SITE_HAS_RETURN);
	plan->ops[2].code = FETCH_BYTES;
	assert_int_equal(filled_flags(set, site), SITE_HAS_RETURN);
	site->return_plan = NULL;
	assert_int_equal(filled_flags(set, site), SITE_HAS_RETURN | SITE_KEEP);
	site->wire.flags = 0;
	assert_int_equal(filled_flags(set, site), 0);
	site->wire = (struct site){.kind = SITE_RETURN, .flags = SITE_HAS_RETURN};
	assert_int_equal(filled_flags(set, site), SITE_HAS_RETURN);
}

/* What has a stack of its own does not wait; returns have none. */
static void stacks_are_wanted_where_events_begin(void **state)
{
	struct probe_set *set = *state;
	static const enum site_kind kinds[] = {0, SITE_INSTANT, SITE_ENTRY, SITE_RETURN,
					       SITE_SYSCALL};
	struct probe_site *sites[5];
	for (size_t i = 0; i < 5; i++) {
		sites[i] = add_site(set);
		sites[i]->wire = (struct site){.kind = kinds[i], .flags = SITE_HAS_RETURN};
	}
	tables_want_stacks(set, 2, false);
	assert_int_equal(sites[0]->wire.flags, SITE_HAS_RETURN);
	assert_int_equal(sites[1]->wire.flags, SITE_HAS_RETURN | SITE_STACK);
	assert_int_equal(filled_flags(set, sites[2]), SITE_HAS_RETURN | SITE_STACK);
	assert_int_equal(sites[3]->wire.flags, SITE_HAS_RETURN);
	assert_int_equal(sites[4]->wire.flags, SITE_HAS_RETURN | SITE_STACK);
	/* Those before the first are as they were. */
	sites[1]->wire.flags = 0;
	tables_want_stacks(set, 3, false);
	assert_int_equal(sites[1]->wire.flags, 0);
	/* Samples alone, and what replaces return addresses in their stacks. */
	for (size_t i = 0; i < 5; i++)
		sites[i]->wire.flags = i == 1	? SITE_SAMPLE
				       : i == 2 ? SITE_HAS_RETURN | SITE_TRAMPOLINE
						: SITE_HAS_RETURN;
	tables_want_stacks(set, 1, true);
	assert_int_equal(sites[1]->wire.flags, SITE_SAMPLE | SITE_STACK);
	assert_int_equal(sites[2]->wire.flags, SITE_HAS_RETURN | SITE_TRAMPOLINE | SITE_STACK);
	assert_int_equal(sites[4]->wire.flags, SITE_HAS_RETURN);
}

/* Equal conditions are one row; what has none has row 0. */
static void equal_filters_are_one_row(void **state)
{
	static const struct filter filters[] = {
		{.plan = {.n_ops = 1, .start = 0}},
		{.plan = {.n_ops = 1, .start = 0}, .at_return = true, .words = "in other words"},
		{.plan = {.n_ops = 2, .start = 0}},
	};
	struct tables tables = {0};
	struct probe_site *sites[4];
	struct filter_plan rows[3];
	for (size_t i = 0; i < 4; i++)
		sites[i] = add_site(*state);
	sites[1]->filter = &filters[0];
	sites[2]->filter = &filters[1];
	sites[3]->filter = &filters[2];
	assert_ok(tables_number(&tables, *state, 1));
	assert_int_equal(tables.filters.count, 3);
	assert_int_equal(sites[0]->wire.filter, 0);
	assert_int_equal(sites[1]->wire.filter, 1);
	assert_int_equal(sites[2]->wire.filter, 1);
	assert_int_equal(sites[3]->wire.filter, 2);
	memset(rows, 0x55, sizeof(rows));
	tables_fill_filters(&tables, 1, rows);
	assert_memory_equal(&rows[1], &filters[0].plan, sizeof(rows[1]));
	assert_memory_equal(&rows[2], &filters[2].plan, sizeof(rows[2]));
	assert_int_equal(rows[0].n_ops, 0x55);
	tables_deinit(&tables);
	assert_null(tables.known_filters);
}

/* A limit is the probe's: its places share a row. Its own comes before that of all. */
static void limits_belong_to_probes(void **state)
{
	struct probe_set *set = *state;
	const struct rate_limit all = {7, 1000};
	struct rate_row rows[6] = {0};
	struct probe_site *first = add_site(set), *again, *gone;
	assert_ok(probe_set_add_site(set, first->probe, &again));
	struct probe_site *other = add_site(set);
	assert_ok(probe_set_add_site(set, other->probe, &gone));
	gone->wire.kind = SITE_RETURN;
	other->rate = (struct rate_limit){3, 50};
	tables_fill_rates(set, 1, &all, rows);
	assert_int_equal(rows[1].limit, 7);
	assert_int_equal(rows[1].period_ns, 1000);
	assert_int_equal(rows[1].shared, 1);
	assert_int_equal(rows[2].limit, 7);
	assert_int_equal(rows[2].shared, 1);
	assert_int_equal(rows[3].limit, 3);
	assert_int_equal(rows[3].period_ns, 50);
	assert_int_equal(rows[3].shared, 3);
	assert_int_equal(rows[4].limit, 0);
	/* That of all is not for task life. */
	other->wire.flags = SITE_LIFE;
	memset(rows, 0, sizeof(rows));
	tables_fill_rates(set, 1, &all, rows);
	assert_int_equal(rows[3].limit, 3);
	other->rate.count = 0;
	memset(rows, 0, sizeof(rows));
	tables_fill_rates(set, 1, &all, rows);
	assert_int_equal(rows[1].limit, 7);
	assert_int_equal(rows[3].limit, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_set_without_sites_has_the_empty_plan, make_set,
						free_set),
		cmocka_unit_test_setup_teardown(a_site_that_reads_nothing_has_plan_0, make_set,
						free_set),
		cmocka_unit_test_setup_teardown(equal_plans_are_one_row, make_set, free_set),
		cmocka_unit_test_setup_teardown(plans_that_differ_stay_apart, make_set, free_set),
		cmocka_unit_test_setup_teardown(a_set_may_grow, make_set, free_set),
		cmocka_unit_test_setup_teardown(rows_are_filled_and_nothing_else, make_set,
						free_set),
		cmocka_unit_test_setup_teardown(equal_filters_are_one_row, make_set, free_set),
		cmocka_unit_test_setup_teardown(limits_belong_to_probes, make_set, free_set),
		cmocka_unit_test_setup_teardown(entries_wait_for_small_returns, make_set, free_set),
		cmocka_unit_test_setup_teardown(stacks_are_wanted_where_events_begin, make_set,
						free_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
