/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "stream/losses.h"
#include "stream/stream.h"

static void what_was_told_is_not_fresh(void **state)
{
	(void)state;
	struct losses losses = {0};
	struct loss_row row = {.count = {[LOSS_RING_FULL] = 5, [LOSS_NO_STORAGE] = 1}};
	assert_ok(losses_resize(&losses, 3));
	assert_int_equal(losses_fresh(&losses, 2, LOSS_RING_FULL, &row), 5);
	assert_int_equal(losses_fresh(&losses, 2, LOSS_RING_FULL, &row), 0);
	row.count[LOSS_RING_FULL] = 7;
	assert_int_equal(losses_fresh(&losses, 2, LOSS_RING_FULL, &row), 2);
	/* Other causes and other sites are counts of their own. */
	assert_int_equal(losses_fresh(&losses, 2, LOSS_NO_STORAGE, &row), 1);
	assert_int_equal(losses_fresh(&losses, 0, LOSS_RING_FULL, &row), 7);
	losses_deinit(&losses);
}

static void a_lost_return_explains_one_span(void **state)
{
	(void)state;
	struct losses losses = {0};
	const struct loss_row row = {.count = {[LOSS_RETURN_RING_FULL] = 2, [LOSS_RING_FULL] = 9}};
	assert_ok(losses_resize(&losses, 3));
	assert_false(losses_explain_span(&losses, 1)); /* nothing told yet */
	losses_fresh(&losses, 1, LOSS_RING_FULL, &row);
	assert_false(losses_explain_span(&losses, 1));
	losses_fresh(&losses, 1, LOSS_RETURN_RING_FULL, &row);
	assert_false(losses_explain_span(&losses, 2));
	assert_true(losses_explain_span(&losses, 1));
	assert_true(losses_explain_span(&losses, 1));
	assert_false(losses_explain_span(&losses, 1));
	losses_deinit(&losses);
}

static void a_row_is_blank_until_something_is_lost(void **state)
{
	(void)state;
	struct loss_row row = {0};
	assert_true(losses_is_blank(&row));
	for (int cause = 0; cause < LOSS_CAUSES; cause++) {
		row.count[cause] = UINT64_C(1) << 63;
		assert_false(losses_is_blank(&row));
		row.count[cause] = 0;
	}
}

static void rows_that_come_later_are_blank(void **state)
{
	(void)state;
	struct losses losses = {0};
	const struct loss_row row = {.count = {[LOSS_RING_FULL] = 3}};
	assert_ok(losses_resize(&losses, 2));
	assert_int_equal(losses_fresh(&losses, 1, LOSS_RING_FULL, &row), 3);
	assert_ok(losses_resize(&losses, 2000));
	assert_int_equal(losses_fresh(&losses, 1, LOSS_RING_FULL, &row), 0);
	assert_int_equal(losses_fresh(&losses, 1999, LOSS_RING_FULL, &row), 3);
	losses_deinit(&losses);
}

/* Files that come late bring sites, whose calls may end before anything is lost or looked at. */
static void sites_that_come_later_explain_nothing(void **state)
{
	(void)state;
	struct losses losses = {0};
	assert_ok(losses_resize(&losses, 2));
	for (uint32_t site = 2; site < 100; site++) {
		assert_false(losses_explain_span(&losses, site));
		assert_int_equal(losses_last_ns(&losses, site), 0);
	}
	losses.lost_ns[1] = 7;
	assert_int_equal(losses_last_ns(&losses, 1), 7);
	losses_deinit(&losses);
}

static void every_cause_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < LOSS_CAUSES; i++) {
		/* Columns that nothing uses. */
		if (i > LOSS_BOOKKEEPING && i < LOSS_TABLE_FULL &&
		    !strcmp(loss_cause_name(i), "unknown"))
			continue;
		assert_string_not_equal(loss_cause_name(i), "unknown");
		for (int j = 0; j < i; j++)
			assert_string_not_equal(loss_cause_name(i), loss_cause_name(j));
	}
	assert_string_equal(loss_cause_name(LOSS_CAUSES), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_told_is_not_fresh),
		cmocka_unit_test(a_lost_return_explains_one_span),
		cmocka_unit_test(a_row_is_blank_until_something_is_lost),
		cmocka_unit_test(rows_that_come_later_are_blank),
		cmocka_unit_test(sites_that_come_later_explain_nothing),
		cmocka_unit_test(every_cause_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
