/* SPDX-License-Identifier: Apache-2.0 */
/* Records made by hand, as BPF would write them, in and out of order; the sink writes them down. */
#include "tests/unit/stream_log.h"

struct fixture {
	struct stream_log log;
	struct stream *stream;
	struct loss_row losses[8];
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	stream_log_init(&fixture->log);
	const struct stream_options options = {
		.set = &fixture->log.set,
		.sink = stream_log_sink(&fixture->log),
		.show_exit = true,
	};
	assert_ok(stream_create(&options, &fixture->stream));
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	stream_destroy(fixture->stream);
	probe_set_deinit(&fixture->log.set);
	free(fixture);
	return 0;
}

static void put(struct fixture *fixture, uint64_t time_ms, uint32_t tid, enum event_kind kind,
		uint32_t site, uint32_t depth, uint32_t span, const void *body, size_t size)
{
	struct test_record record = record_of(time_ms, kind, site, depth, span, body, size);
	record.header.tid = tid;
	assert_ok(stream_take(fixture->stream, &record, record.header.size));
}

static void entry(struct fixture *fixture, uint64_t ms, uint32_t site, uint32_t depth,
		  uint32_t span)
{
	put(fixture, ms, 7, EVENT_ENTRY, site, depth, span, NULL, 0);
}

static void leave(struct fixture *fixture, uint64_t ms, uint32_t site, uint32_t depth,
		  uint32_t span)
{
	const struct event_return body = {0};
	put(fixture, ms, 7, EVENT_RETURN, site, depth, span, &body, sizeof(body));
}

static void mark(struct fixture *fixture, uint64_t ms, uint32_t depth)
{
	put(fixture, ms, 7, EVENT_INSTANT, 3, depth, 0, NULL, 0);
}

static void finish(struct fixture *fixture, const char *wanted)
{
	assert_ok(stream_finish(fixture->stream));
	assert_string_equal(fixture->log.log, wanted);
}

static void a_call_without_children_is_one_event(void **state)
{
	entry(*state, 1, 1, 0, 1);
	leave(*state, 3, 1, 0, 1);
	finish(*state, "f(returned,2000000) ");
}

static void a_parent_is_opened_before_its_child(void **state)
{
	entry(*state, 1, 1, 0, 1);
	entry(*state, 2, 2, 1, 2);
	mark(*state, 3, 2);
	leave(*state, 4, 2, 1, 2);
	leave(*state, 5, 1, 0, 1);
	finish(*state, "f{ g{ mark }g(returned,2000000) }f(returned,4000000) ");
}

/* A probe in the kernel may hit while the entry's own program has not counted the call yet. */
static void the_kernel_unwinds_nothing(void **state)
{
	struct fixture *fixture = *state;
	fixture->log.set.sites.items[3]->wire.flags |= SITE_IN_KERNEL;
	entry(fixture, 1, 1, 0, 1);
	mark(fixture, 2, 0);
	leave(fixture, 3, 1, 0, 1);
	mark(fixture, 4, 1);
	finish(fixture, "f{ mark }f(returned,2000000) mark ");
}

/* Entry and return as one record. */
static void whole(struct fixture *fixture, uint64_t begun_ms, uint64_t ended_ms, uint32_t site,
		  uint32_t depth)
{
	const struct event_call body = {.entry_time_ns = begun_ms * MS};
	put(fixture, ended_ms, 7, EVENT_CALL, site, depth, 9, &body, sizeof(body));
}

static void a_call_may_be_one_record(void **state)
{
	whole(*state, 1, 3, 1, 0);
	entry(*state, 4, 1, 0, 1);
	whole(*state, 5, 8, 2, 1);
	leave(*state, 9, 1, 0, 1);
	finish(*state, "f(returned,2000000) f{ g(returned,3000000) }f(returned,5000000) ");
}

static void such_a_call_ends_what_was_left_before_it(void **state)
{
	entry(*state, 1, 1, 0, 1);
	whole(*state, 2, 3, 2, 0);
	finish(*state, "f(unwound,0) g(returned,1000000) ");
}

static void such_a_record_is_checked(void **state)
{
	struct fixture *fixture = *state;
	struct event_call body = {.entry_size = 8};
	put(fixture, 1, 7, EVENT_CALL, 1, 0, 1, &body, sizeof(body));
	body.entry_size = 0;
	put(fixture, 2, 7, EVENT_CALL, 99, 0, 1, &body, sizeof(body));
	put(fixture, 3, 7, EVENT_CALL, 1, 0, 1, &body, sizeof(body) - 1);
	body.flags = EVENT_RETURN_TAIL_CALL;
	put(fixture, 4, 7, EVENT_CALL, 1, 0, 1, &body, sizeof(body));
	finish(fixture, "f(tail,4000000) ");
	assert_int_equal(stream_counts(fixture->stream)->malformed, 3);
}

/* It waited in the kernel: that is not what "late" is for. Others are late as before. */
static void an_entry_that_waited_is_not_late(void **state)
{
	struct fixture *fixture = *state;
	mark(fixture, 10, 0);
	assert_ok(stream_release(fixture->stream, 100 * MS));
	put(fixture, 5, 7, EVENT_KEPT_ENTRY, 1, 0, 1, NULL, 0);
	assert_ok(stream_release(fixture->stream, 100 * MS));
	mark(fixture, 9, 1);
	leave(fixture, 12, 1, 0, 1);
	finish(fixture, "mark f{ marklate }f(returned,7000000) ");
	assert_int_equal(stream_counts(fixture->stream)->late, 1);
}

static void records_leave_in_order_of_time(void **state)
{
	leave(*state, 5, 1, 0, 1);
	mark(*state, 3, 1);
	entry(*state, 1, 1, 0, 1);
	finish(*state, "f{ mark }f(returned,4000000) ");
}

static void nothing_leaves_before_the_window_has_passed(void **state)
{
	struct fixture *fixture = *state;
	mark(fixture, 10, 0);
	assert_ok(stream_release(fixture->stream, 10 * MS));
	assert_string_equal(fixture->log.log, "");
	assert_ok(stream_release(fixture->stream, 20 * MS));
	assert_string_equal(fixture->log.log, "mark ");
}

static void what_comes_after_its_turn_is_flagged(void **state)
{
	struct fixture *fixture = *state;
	mark(fixture, 10, 0);
	assert_ok(stream_release(fixture->stream, 100 * MS));
	mark(fixture, 9, 0);
	mark(fixture, 11, 0);
	finish(fixture, "mark marklate mark ");
	assert_int_equal(stream_counts(fixture->stream)->late, 1);
}

static void a_smaller_depth_says_that_a_span_was_left(void **state)
{
	entry(*state, 1, 1, 0, 1);
	entry(*state, 2, 2, 1, 2);
	mark(*state, 3, 1); /* longjmp out of g */
	leave(*state, 4, 1, 0, 1);
	finish(*state, "f{ g(unwound,0) mark }f(returned,3000000) ");
}

static void a_lost_return_is_told_as_such(void **state)
{
	struct fixture *fixture = *state;
	entry(fixture, 1, 2, 0, 1);
	fixture->losses[2].count[LOSS_RETURN_RING_FULL] = 1;
	assert_ok(stream_losses(fixture->stream, fixture->losses));
	mark(fixture, 3, 0);
	finish(fixture, "lost(ring full at return,1) g(lost,0) mark ");
	assert_int_equal(stream_counts(fixture->stream)->returns_lost, 1);
	assert_int_equal(stream_counts(fixture->stream)->lost, 0);
}

static void losses_are_told_once(void **state)
{
	struct fixture *fixture = *state;
	fixture->losses[1].count[LOSS_RING_FULL] = 5;
	assert_ok(stream_losses(fixture->stream, fixture->losses));
	assert_ok(stream_losses(fixture->stream, fixture->losses));
	fixture->losses[1].count[LOSS_RING_FULL] = 7;
	assert_ok(stream_losses(fixture->stream, fixture->losses));
	finish(fixture, "lost(ring full,5) lost(ring full,2) ");
	assert_int_equal(stream_counts(fixture->stream)->lost, 7);
}

static void what_was_not_seen_is_missed(void **state)
{
	struct fixture *fixture = *state;
	fixture->losses[1].count[LOSS_UNSEEN] = 2;
	assert_ok(stream_losses(fixture->stream, fixture->losses));
	assert_ok(stream_losses(fixture->stream, fixture->losses));
	assert_int_equal(stream_counts(fixture->stream)->missed, 2);
	assert_int_equal(stream_counts(fixture->stream)->lost, 0);
}

static void threads_do_not_mix(void **state)
{
	struct fixture *fixture = *state;
	entry(fixture, 1, 1, 0, 1);
	put(fixture, 2, 8, EVENT_INSTANT, 3, 0, 0, NULL, 0);
	leave(fixture, 3, 1, 0, 1);
	finish(fixture, "mark f(returned,2000000) ");
}

static void a_call_that_never_ends_is_open_at_the_end(void **state)
{
	entry(*state, 1, 1, 0, 1);
	finish(*state, "f(open,0) ");
}

static void exit_ends_what_is_open(void **state)
{
	const struct event_exit body = {.is_last = 1, .comm = "prog"};
	entry(*state, 1, 1, 0, 1);
	put(*state, 2, 7, EVENT_EXIT, 0, 0, 0, &body, sizeof(body));
	finish(*state, "f(unwound,0) exit(prog) ");
}

/* Only the flag makes the missing slots of the return plan right. */
static void a_failed_system_call_has_no_outputs(void **state)
{
	static const struct fetch_plan one_number = {
		.n_ops = 1, .n_slots = 1, .ops = {{.code = FETCH_INT, .size = 8}}};
	struct fixture *fixture = *state;
	struct event_syscall body = {.entry_time_ns = 1 * MS, .result = -9};
	fixture->log.set.sites.items[3]->return_plan = &one_number;
	put(fixture, 2, 7, EVENT_SYSCALL, 3, 0, 0, &body, sizeof(body));
	assert_ok(stream_release(fixture->stream, 100 * MS));
	assert_int_equal(stream_counts(fixture->stream)->malformed, 1);
	body.flags = EVENT_SYSCALL_NO_OUTPUTS;
	put(fixture, 3, 7, EVENT_SYSCALL, 3, 0, 0, &body, sizeof(body));
	finish(fixture, "call(-9,2000000) ");
	assert_int_equal(stream_counts(fixture->stream)->malformed, 1);
}

static void malformed_records_are_counted(void **state)
{
	struct fixture *fixture = *state;
	char garbage[200];
	memset(garbage, 0xff, sizeof(garbage));
	for (size_t size = 0; size < sizeof(garbage); size++)
		assert_ok(stream_take(fixture->stream, garbage, size));
	put(fixture, 1, 7, EVENT_INSTANT, 99, 0, 0, NULL, 0);
	put(fixture, 1, 7, EVENT_SYSCALL, 3, 0, 0, NULL, 0);
	put(fixture, 1, 7, 77, 3, 0, 0, NULL, 0);
	leave(fixture, 2, 1, 4, 9);
	finish(fixture, "");
	assert_int_equal(stream_counts(fixture->stream)->malformed, 204);
}

static void many_records_pass_through_in_order(void **state)
{
	struct fixture *fixture = *state;
	/* More than several chunks; pairs swapped. */
	for (uint64_t i = 0; i < 40000; i += 2) {
		mark(fixture, i + 1, 0);
		mark(fixture, i, 0);
		fixture->log.log[0] = '\0';
		assert_ok(stream_release(fixture->stream, i * MS));
		assert_null(strstr(fixture->log.log, "late"));
	}
	fixture->log.log[0] = '\0';
	assert_ok(stream_finish(fixture->stream));
	assert_int_equal(stream_counts(fixture->stream)->events, 40000);
	assert_int_equal(stream_counts(fixture->stream)->late, 0);
}

static void task_life_comes_early_and_waits_its_turn(void **state)
{
	struct fixture *fixture = *state;
	const struct event_task task = {.comm = "known"};
	const struct event_exit life = {.is_last = 1, .comm = "known"};
	/* Its ring is emptied first: the end of the thread is there before its calls are. */
	put(fixture, 1, 7, EVENT_TASK, 0, 0, 0, &task, sizeof(task));
	put(fixture, 50, 7, EVENT_EXIT, 0, 0, 0, &life, sizeof(life));
	mark(fixture, 1, 0);
	mark(fixture, 20, 0);
	assert_ok(stream_release_some(fixture->stream, 100 * MS));
	assert_string_equal(fixture->log.log, "mark ");
	mark(fixture, 30, 0);
	mark(fixture, 60, 0);
	assert_ok(stream_release_some(fixture->stream, 100 * MS));
	assert_string_equal(fixture->log.log, "mark mark mark exit(known) ");
	finish(fixture, "mark mark mark exit(known) mark ");
}

static void what_the_kernel_missed_is_told(void **state)
{
	struct fixture *fixture = *state;
	assert_ok(stream_missed(fixture->stream, "system calls", 3));
	assert_ok(stream_missed(fixture->stream, "task life", 1));
	assert_int_equal(stream_counts(fixture->stream)->missed, 4);
	assert_int_equal(stream_counts(fixture->stream)->events, 0);
	finish(fixture, "missed(system calls,3) missed(task life,1) ");
}

/* A call whose condition turned out not to hold is gone; what was inside stays where it was. */
static void a_forgotten_call_leaves_what_was_inside(void **state)
{
	const struct event_return forgotten = {.flags = EVENT_RETURN_FORGOTTEN};
	struct fixture *fixture = *state;
	entry(fixture, 1, 1, 0, 1);
	entry(fixture, 2, 2, 1, 2);
	leave(fixture, 3, 2, 1, 2);
	put(fixture, 4, 7, EVENT_RETURN, 1, 0, 1, &forgotten, sizeof(forgotten));
	entry(fixture, 5, 1, 0, 3);
	leave(fixture, 6, 1, 0, 3);
	finish(fixture, "f{ g(returned,1000000) f(returned,1000000) ");
	assert_int_equal(stream_counts(fixture->stream)->events, 2);
	assert_int_equal(stream_counts(fixture->stream)->malformed, 0);
}

/* Nothing is shown of a call that may still be forgotten, not even that it began. */
static void a_call_in_question_is_shown_at_its_end(void **state)
{
	static const struct filter filter = {.at_return = true};
	const struct event_return forgotten = {.flags = EVENT_RETURN_FORGOTTEN |
							EVENT_RETURN_SUPPRESSED};
	struct fixture *fixture = *state;
	fixture->log.set.sites.items[1]->filter = &filter;
	entry(fixture, 1, 1, 0, 1);
	mark(fixture, 2, 1);
	leave(fixture, 3, 1, 0, 1);
	entry(fixture, 4, 1, 0, 2);
	mark(fixture, 5, 1);
	put(fixture, 6, 7, EVENT_RETURN, 1, 0, 2, &forgotten, sizeof(forgotten));
	entry(fixture, 7, 1, 0, 3);
	finish(fixture, "mark f(returned,2000000) mark f(open,0) ");
}

static void what_was_filtered_is_a_number_alone(void **state)
{
	struct fixture *fixture = *state;
	fixture->losses[1].count[LOSS_FILTERED] = 5;
	assert_ok(stream_losses(fixture->stream, fixture->losses));
	fixture->losses[1].count[LOSS_FILTERED] = 7;
	fixture->losses[3].count[LOSS_FILTERED] = 1;
	assert_ok(stream_losses(fixture->stream, fixture->losses));
	finish(fixture, "");
	assert_int_equal(stream_counts(fixture->stream)->filtered, 8);
	assert_int_equal(stream_counts(fixture->stream)->lost, 0);
}

/* At once, then once a second, and what is left at the end. */
static void what_was_suppressed_is_told_now_and_then(void **state)
{
	struct fixture *fixture = *state;
	mark(fixture, 5000, 0);
	fixture->losses[3].count[LOSS_SUPPRESSED] = 5;
	assert_ok(stream_losses(fixture->stream, fixture->losses));
	mark(fixture, 5500, 0);
	fixture->losses[3].count[LOSS_SUPPRESSED] = 7;
	assert_ok(stream_losses(fixture->stream, fixture->losses));
	mark(fixture, 6001, 0);
	fixture->losses[1].count[LOSS_SUPPRESSED] = 1;
	assert_ok(stream_losses(fixture->stream, fixture->losses));
	fixture->losses[1].count[LOSS_SUPPRESSED] = 4;
	assert_ok(stream_losses(fixture->stream, fixture->losses));
	finish(fixture, "suppressed(mark,5) suppressed(f,1) suppressed(mark,2) mark mark mark "
			"suppressed(f,3) ");
	assert_int_equal(stream_counts(fixture->stream)->suppressed, 11);
	assert_int_equal(stream_counts(fixture->stream)->lost, 0);
	assert_int_equal(stream_counts(fixture->stream)->events, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_call_without_children_is_one_event),
		TEST(a_forgotten_call_leaves_what_was_inside),
		TEST(a_call_in_question_is_shown_at_its_end),
		TEST(what_was_filtered_is_a_number_alone),
		TEST(what_was_suppressed_is_told_now_and_then),
		TEST(a_parent_is_opened_before_its_child),
		TEST(the_kernel_unwinds_nothing),
		TEST(a_call_may_be_one_record),
		TEST(such_a_call_ends_what_was_left_before_it),
		TEST(such_a_record_is_checked),
		TEST(an_entry_that_waited_is_not_late),
		TEST(records_leave_in_order_of_time),
		TEST(nothing_leaves_before_the_window_has_passed),
		TEST(what_comes_after_its_turn_is_flagged),
		TEST(a_smaller_depth_says_that_a_span_was_left),
		TEST(a_lost_return_is_told_as_such),
		TEST(losses_are_told_once),
		TEST(what_was_not_seen_is_missed),
		TEST(threads_do_not_mix),
		TEST(a_call_that_never_ends_is_open_at_the_end),
		TEST(exit_ends_what_is_open),
		TEST(a_failed_system_call_has_no_outputs),
		TEST(task_life_comes_early_and_waits_its_turn),
		TEST(what_the_kernel_missed_is_told),
		TEST(malformed_records_are_counted),
		TEST(many_records_pass_through_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
