/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the kernel's table, put together by probe, and their order. */
#include "cli/stat/table.h"
#include "tests/unit/unit.h"

enum { F = 1, G, WRITE, MARK_A, MARK_B, SITES };

struct fixture {
	struct probe_set set;
	struct probe probes[SITES];
	struct stat_table table;
};

static void add_site(struct fixture *fixture, struct probe *probe, enum site_kind kind,
		     uint32_t flags)
{
	struct probe_site *site;
	assert_ok(probe_set_add_site(&fixture->set, probe, &site));
	site->wire.kind = kind;
	site->wire.flags = flags;
}

static int make(void **state)
{
	static const struct compile_options options = {.string_limit = 64};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	static const char *const names[SITES] = {"", "f", "g", "write", "mark", "mark"};
	assert_ok(probe_set_init(&fixture->set, &options));
	for (int i = 0; i < SITES; i++)
		fixture->probes[i].name = names[i];
	add_site(fixture, &fixture->probes[F], SITE_ENTRY, SITE_HAS_RETURN);
	add_site(fixture, &fixture->probes[G], SITE_ENTRY, 0);
	add_site(fixture, &fixture->probes[WRITE], SITE_SYSCALL, SITE_HAS_RETURN);
	/* One marker at two places. */
	add_site(fixture, &fixture->probes[MARK_A], SITE_INSTANT, 0);
	add_site(fixture, &fixture->probes[MARK_A], SITE_INSTANT, 0);
	fixture->table.set = &fixture->set;
	*state = fixture;
	return 0;
}

static int unmake(void **state)
{
	struct fixture *fixture = *state;
	stat_table_deinit(&fixture->table);
	assert_null(fixture->table.edges);
	probe_set_deinit(&fixture->set);
	free(fixture);
	return 0;
}

static void add(struct fixture *fixture, uint32_t parent, uint32_t site, uint64_t count,
		uint64_t ns)
{
	const struct sum_key key = {parent, site};
	struct sum_row row = {.begun = count,
			      .ended = ns ? count : 0,
			      .total_ns = ns * count,
			      .self_ns = ns * count / 2,
			      .errors = 1,
			      .max_ns = ns,
			      .min_inverted = ns ? ~ns : 0};
	row.histogram[3] = count;
	assert_ok(stat_table_add(&fixture->table, &key, &row));
}

static const struct output_stat *row_at(const struct fixture *fixture, size_t i)
{
	assert_true(i < fixture->table.rows.count);
	return &fixture->table.rows.items[i];
}

static void rows_are_added(void **state)
{
	(void)state;
	struct sum_row sum = {.begun = 1, .max_ns = 7, .min_inverted = ~5ULL};
	const struct sum_row more = {.begun = 2,
				     .ended = 3,
				     .unwound = 4,
				     .errors = 5,
				     .total_ns = 6,
				     .self_ns = 7,
				     .blocked_ns = 20,
				     .waited_ns = 30,
				     .max_ns = 6,
				     .min_inverted = ~9ULL,
				     .histogram = {[SUM_BUCKETS - 1] = 8}};
	sum_row_add(&sum, &more);
	assert_int_equal(sum.begun, 3);
	assert_int_equal(sum.ended, 3);
	assert_int_equal(sum.unwound, 4);
	assert_int_equal(sum.errors, 5);
	assert_int_equal(sum.total_ns, 6);
	assert_int_equal(sum.self_ns, 7);
	assert_int_equal(sum.blocked_ns, 20);
	assert_int_equal(sum.waited_ns, 30);
	assert_int_equal(sum.max_ns, 7);
	assert_int_equal(~sum.min_inverted, 5);
	assert_int_equal(sum.histogram[SUM_BUCKETS - 1], 8);
}

static void functions_come_by_their_time_and_hold_what_was_in_them(void **state)
{
	struct fixture *fixture = *state;
	add(fixture, 0, F, 2, 100);
	add(fixture, 0, F, 1, 300); /* of another CPU */
	add(fixture, F, F, 1, 50);
	add(fixture, 0, G, 4, 1000);
	add(fixture, F, WRITE, 5, 10);
	add(fixture, 0, WRITE, 6, 10);
	add(fixture, F, MARK_A, 7, 0);
	add(fixture, F, MARK_B, 8, 0);
	assert_int_equal(stat_table_hits(&fixture->table), 34);
	assert_ok(stat_table_sort(&fixture->table, false));
	const struct output_stat *row = row_at(fixture, 0);
	assert_ptr_equal(row->probe, &fixture->probes[G]);
	assert_int_equal(row->use, STAT_IN_TEXT);
	assert_false(row->has_end);
	row = row_at(fixture, 1);
	assert_ptr_equal(row->probe, &fixture->probes[F]);
	assert_int_equal(row->sum.begun, 4);
	assert_int_equal(row->sum.total_ns, 550);
	assert_int_equal(row->sum.max_ns, 300);
	assert_int_equal(~row->sum.min_inverted, 50);
	assert_true(row->is_span && row->has_end && !row->is_nested);
	/* What is in it: by time, then by number; functions for JSON alone. */
	row = row_at(fixture, 2);
	assert_ptr_equal(row->probe, &fixture->probes[WRITE]);
	assert_ptr_equal(row->inside, &fixture->probes[F]);
	assert_int_equal(row->use, STAT_IN_BOTH);
	row = row_at(fixture, 3);
	assert_ptr_equal(row->probe, &fixture->probes[F]);
	assert_int_equal(row->use, STAT_IN_JSON);
	assert_int_equal(row->sum.begun, 1);
	row = row_at(fixture, 4);
	assert_ptr_equal(row->probe, &fixture->probes[MARK_A]);
	assert_int_equal(row->sum.begun, 15);
	assert_true(row->is_nested);
	/* In none of them, below a title. */
	assert_null(row_at(fixture, 5)->probe);
	size_t outside = 0;
	for (size_t i = 6; i < fixture->table.rows.count; i++) {
		row = row_at(fixture, i);
		assert_null(row->inside);
		outside += row->use == STAT_IN_BOTH;
	}
	assert_int_equal(fixture->table.rows.count, 9);
	assert_int_equal(outside, 1);
}

static void without_functions_there_is_no_title(void **state)
{
	struct fixture *fixture = *state;
	add(fixture, 0, WRITE, 1, 10);
	add(fixture, 0, MARK_B, 9, 0);
	assert_ok(stat_table_sort(&fixture->table, false));
	assert_int_equal(fixture->table.rows.count, 2);
	assert_ptr_equal(row_at(fixture, 0)->probe, &fixture->probes[WRITE]);
	assert_false(row_at(fixture, 0)->is_nested);
}

static void an_interval_is_what_came_since_the_last(void **state)
{
	struct fixture *fixture = *state;
	add(fixture, 0, WRITE, 5, 10);
	add(fixture, 0, MARK_A, 5, 0);
	stat_table_keep(&fixture->table);
	stat_table_clear(&fixture->table);
	add(fixture, 0, WRITE, 8, 10);
	/* Taken back since: nothing, and not less than that. */
	add(fixture, 0, MARK_A, 4, 0);
	assert_ok(stat_table_sort(&fixture->table, true));
	assert_int_equal(fixture->table.rows.count, 1);
	assert_int_equal(row_at(fixture, 0)->sum.begun, 3);
	assert_int_equal(row_at(fixture, 0)->sum.total_ns, 30);
	assert_int_equal(row_at(fixture, 0)->sum.histogram[3], 3);
	assert_ok(stat_table_sort(&fixture->table, false));
	assert_int_equal(fixture->table.rows.count, 2);
	assert_int_equal(row_at(fixture, 0)->sum.begun, 8);
}

static void a_place_that_is_not_there_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	const struct sum_key key = {0, SITES}, none = {0, 0}, parent = {99, WRITE};
	const struct sum_row row = {.begun = 1};
	assert_err(stat_table_add(&fixture->table, &key, &row), ERR_FAILED, "not there");
	assert_err(stat_table_add(&fixture->table, &none, &row), ERR_FAILED, "not there");
	assert_ok(stat_table_add(&fixture->table, &parent, &row));
}

static void the_table_has_room_for_what_can_be_and_no_more_than_memory(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(stat_table_size(&fixture->set, false, 2), 1024);
	assert_true(stat_table_size(&fixture->set, true, 2) > 4096);
	assert_true(stat_table_size(&fixture->set, true, 100000) >= 1024);
	for (int i = 0; i < 20000; i++)
		add_site(fixture, &fixture->probes[F], SITE_ENTRY, SITE_HAS_RETURN);
	assert_true(stat_table_size(&fixture->set, false, 1) >= 80000);
	uint64_t bytes =
		(uint64_t)stat_table_size(&fixture->set, false, 8) * 8 * sizeof(struct sum_row);
	assert_true(bytes <= 64 << 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_added),
		TEST(functions_come_by_their_time_and_hold_what_was_in_them),
		TEST(without_functions_there_is_no_title),
		TEST(an_interval_is_what_came_since_the_last),
		TEST(a_place_that_is_not_there_is_an_error),
		TEST(the_table_has_room_for_what_can_be_and_no_more_than_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
