/* SPDX-License-Identifier: Apache-2.0 */
/* Records in order of time, handed to the nesting itself: no queue, no window. */
#include "tests/unit/stream_nested.h"

static int set_up(void **state)
{
	struct nested *fixture = calloc(1, sizeof(*fixture));
	const struct stream_options options = {.sink = stream_log_sink(&fixture->log),
					       .show_fork = true,
					       .show_exec = true,
					       .show_exit = true};
	stream_log_init(&fixture->log);
	nested_init(fixture, options);
	*state = fixture;
	return 0;
}

static void put(struct nested *fixture, uint64_t ms, enum event_kind kind, uint32_t site,
		uint32_t depth, uint32_t span, const void *body, size_t size)
{
	const struct test_record record = record_of(ms, kind, site, depth, span, body, size);
	assert_ok(nesting_take(&fixture->nesting, &record.header, false));
}

static void entry(struct nested *fixture, uint64_t ms, uint32_t site, uint32_t depth, uint32_t span)
{
	put(fixture, ms, EVENT_ENTRY, site, depth, span, NULL, 0);
}

static void leave(struct nested *fixture, uint64_t ms, uint32_t site, uint32_t depth, uint32_t span,
		  uint32_t flags)
{
	const struct event_return body = {.flags = flags};
	put(fixture, ms, EVENT_RETURN, site, depth, span, &body, sizeof(body));
}

static void a_return_ends_the_span_of_its_number(void **state)
{
	struct nested *fixture = *state;
	entry(fixture, 1, 1, 0, 10);
	entry(fixture, 2, 2, 1, 11);
	leave(fixture, 3, 2, 1, 99, 0); /* of no span that is open */
	assert_int_equal(fixture->counts.malformed, 1);
	leave(fixture, 4, 2, 1, 11, 0);
	leave(fixture, 5, 1, 0, 10, 0);
	assert_string_equal(fixture->log.log, "f{ g(returned,2000000) }f(returned,4000000) ");
}

static void a_tail_call_has_a_duration(void **state)
{
	struct nested *fixture = *state;
	entry(fixture, 1, 1, 0, 1);
	leave(fixture, 2, 1, 0, 1, EVENT_RETURN_TAIL_CALL);
	assert_string_equal(fixture->log.log, "f(tail,1000000) ");
}

static void a_return_without_entry_leaves_all_that_is_open(void **state)
{
	struct nested *fixture = *state;
	entry(fixture, 1, 2, 0, 1);
	leave(fixture, 2, 1, 0, 0, EVENT_RETURN_ALONE);
	assert_string_equal(fixture->log.log, "g(unwound,0) f(alone,0) ");
}

static void a_probe_that_sees_no_return_is_told_at_once(void **state)
{
	struct nested *fixture = *state;
	fixture->log.set.sites.items[1]->wire.flags = 0;
	entry(fixture, 1, 1, 0, 1);
	assert_string_equal(fixture->log.log, "f(unknown,0) ");
}

/* Returns are given up while calls are open, and before what is known of them was read. */
static void returns_are_seen_until_they_are_given_up(void **state)
{
	struct nested *fixture = *state;
	fixture->log.set.sites.items[1]->wire.flags = 0;
	fixture->log.set.sites.items[1]->returns_until_ns = 5 * MS;
	entry(fixture, 1, 1, 0, 1);
	leave(fixture, 2, 1, 0, 1, 0);
	entry(fixture, 4, 1, 0, 2); /* left when nobody looks any more */
	entry(fixture, 6, 1, 0, 3);
	entry(fixture, 7, 1, 0, 4);
	assert_string_equal(fixture->log.log,
			    "f(returned,1000000) f(unknown,0) f(unknown,0) f(unknown,0) ");
	assert_int_equal(fixture->counts.malformed, 0);
}

static void only_as_many_spans_are_lost_as_the_table_says(void **state)
{
	struct nested *fixture = *state;
	const struct loss_row row = {.count = {[LOSS_RETURN_RING_FULL] = 1}};
	losses_fresh(&fixture->losses, 1, LOSS_RETURN_RING_FULL, &row);
	for (uint32_t i = 0; i < 3; i++)
		entry(fixture, i + 1, 1, 0, i);
	assert_string_equal(fixture->log.log, "f(lost,0) f(unwound,0) ");
}

static void nothing_is_delivered_beyond_the_limit(void **state)
{
	struct nested *fixture = *state;
	fixture->options.max_events = 1;
	put(fixture, 1, EVENT_INSTANT, 3, 0, 0, NULL, 0);
	assert_true(nesting_is_full(&fixture->nesting));
	put(fixture, 2, EVENT_INSTANT, 3, 0, 0, NULL, 0);
	assert_string_equal(fixture->log.log, "mark ");
	assert_int_equal(fixture->counts.events, 1);
}

static void a_system_call_lasts_from_its_entry(void **state)
{
	const struct event_syscall body = {.entry_time_ns = 2 * MS, .result = -4};
	struct nested *fixture = *state;
	put(fixture, 5, EVENT_SYSCALL, 3, 0, 0, &body, sizeof(body));
	assert_string_equal(fixture->log.log, "call(-4,3000000) ");
}

static void a_system_call_whose_sizes_lie_is_malformed(void **state)
{
	const struct event_syscall body = {.entry_size = 8};
	struct nested *fixture = *state;
	put(fixture, 5, EVENT_SYSCALL, 3, 0, 0, &body, sizeof(body));
	put(fixture, 5, EVENT_SYSCALL, 3, 0, 0, &body, sizeof(body) - 1);
	assert_string_equal(fixture->log.log, "");
	assert_int_equal(fixture->counts.malformed, 2);
}

static void task_life_names_the_thread(void **state)
{
	struct nested *fixture = *state;
	const struct event_fork fork = {.child_tgid = 9, .child_tid = 9, .comm = "shell"};
	struct {
		struct event_exec exec;
		char text[32];
	} exec = {.exec = {.task = {.uid = 5, .comm = "prog"}, .filename_size = 6, .argv_size = 2},
		  .text = "/prog\0a"};
	put(fixture, 1, EVENT_FORK, 0, 0, 0, &fork, sizeof(fork));
	assert_string_equal(tasks_find(&fixture->nesting.tasks, 7)->info.comm, "shell");
	put(fixture, 2, EVENT_EXEC, 0, 0, 0, &exec, sizeof(exec.exec) + 8);
	assert_string_equal(fixture->log.log, "fork(9) exec(/prog,prog) ");
	assert_int_equal(tasks_find(&fixture->nesting.tasks, 7)->info.uid, 5);
}

/* What a condition leaves out names the thread, and ends it, all the same. */
static void hidden_task_life_is_bookkeeping(void **state)
{
	struct nested *fixture = *state;
	const struct {
		struct event_exec exec;
		char text[8];
	} exec = {.exec = {.task = {.uid = 5}, .filename_size = 6, .argv_size = 2},
		  .text = "/prog"};
	const struct event_fork fork = {.child_tgid = 9, .child_tid = 9, .comm = "shell"};
	const struct event_exit exit = {.is_last = 1, .comm = "prog"};
	const struct {
		enum event_kind kind;
		const void *body;
		size_t size;
	} lives[] = {{EVENT_FORK, &fork, sizeof(fork)},
		     {EVENT_EXEC, &exec, sizeof(exec)},
		     {EVENT_EXIT, &exit, sizeof(exit)}};
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < array_size(lives); i++) {
			struct test_record record = record_of(i + 1, lives[i].kind, 0, 0, 0,
							      lives[i].body, lives[i].size);
			record.header.unavailable = EVENT_LIFE_HIDDEN;
			assert_ok(nesting_take(&fixture->nesting, &record.header, false));
			const struct task *task = tasks_find(&fixture->nesting.tasks, 7);
			assert_int_equal(task ? task->info.uid : 99, i == 0 ? 0 : i == 1 ? 5 : 99);
		}
		/* Who looks for the ends of pairs is told of these two. */
		assert_string_equal(fixture->log.log, pass ? "exec(/prog,) exit(prog) " : "");
		fixture->options.hidden_too = true;
	}
}

static void task_life_that_lies_of_its_size_is_malformed(void **state)
{
	struct nested *fixture = *state;
	const struct event_exec exec = {.filename_size = 1};
	const struct event_exec argv = {.argv_size = UINT32_MAX};
	put(fixture, 1, EVENT_EXEC, 0, 0, 0, &exec, sizeof(exec));
	put(fixture, 1, EVENT_EXEC, 0, 0, 0, &argv, sizeof(argv));
	put(fixture, 1, EVENT_EXIT, 0, 0, 0, &exec, sizeof(struct event_exit) - 1);
	put(fixture, 1, EVENT_TASK, 0, 0, 0, &exec, sizeof(struct event_task) - 1);
	put(fixture, 1, EVENT_FORK, 0, 0, 0, &exec, sizeof(struct event_fork) - 1);
	put(fixture, 1, EVENT_RENAME, 0, 0, 0, &exec, sizeof(struct event_rename) - 1);
	assert_string_equal(fixture->log.log, "");
	assert_int_equal(fixture->counts.malformed, 6);
}

static void another_name_is_that_of_a_known_thread(void **state)
{
	struct nested *fixture = *state;
	const struct event_task task = {.comm = "before"};
	const struct event_rename rename = {.comm = "no end to that.!"};
	put(fixture, 1, EVENT_RENAME, 0, 0, 0, &rename, sizeof(rename));
	assert_null(tasks_find(&fixture->nesting.tasks, 7));
	put(fixture, 2, EVENT_TASK, 0, 0, 0, &task, sizeof(task));
	put(fixture, 3, EVENT_RENAME, 0, 0, 0, &rename, sizeof(rename));
	assert_string_equal(tasks_find(&fixture->nesting.tasks, 7)->info.comm, "no end to that.");
	assert_int_equal(fixture->counts.malformed, 0);
}

static void a_signal_is_told_inside_of_what_is_open(void **state)
{
	struct nested *fixture = *state;
	const struct event_signal ignored = {
		.number = 17, .flags = EVENT_SIGNAL_IGNORED, .comm = "prog", .info = "b"};
	const struct event_signal body = {.number = 15, .comm = "no end to that.!", .info = "a"};
	put(fixture, 1, EVENT_SIGNAL, 0, 0, 0, &ignored, sizeof(ignored));
	assert_string_equal(tasks_find(&fixture->nesting.tasks, 7)->info.comm, "prog");
	entry(fixture, 1, 1, 0, 1);
	put(fixture, 2, EVENT_SIGNAL, 0, 0, 0, &body, sizeof(body));
	put(fixture, 2, EVENT_SIGNAL, 0, 0, 0, &body, sizeof(body) - 1);
	assert_string_equal(fixture->log.log, "signal(17 ignored,b,0) f{ signal(15,a,1) ");
	assert_string_equal(tasks_find(&fixture->nesting.tasks, 7)->info.comm, "no end to that.");
	assert_int_equal(fixture->counts.malformed, 1);
}

static void exit_forgets_the_thread(void **state)
{
	struct nested *fixture = *state;
	const struct event_exit body = {.comm = "prog"};
	entry(fixture, 1, 1, 0, 1);
	put(fixture, 2, EVENT_EXIT, 0, 0, 0, &body, sizeof(body));
	assert_string_equal(fixture->log.log, "f(unwound,0) exit(prog) ");
	assert_null(tasks_find(&fixture->nesting.tasks, 7));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, nested_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_return_ends_the_span_of_its_number),
		TEST(a_tail_call_has_a_duration),
		TEST(a_return_without_entry_leaves_all_that_is_open),
		TEST(a_probe_that_sees_no_return_is_told_at_once),
		TEST(returns_are_seen_until_they_are_given_up),
		TEST(only_as_many_spans_are_lost_as_the_table_says),
		TEST(nothing_is_delivered_beyond_the_limit),
		TEST(a_system_call_lasts_from_its_entry),
		TEST(a_system_call_whose_sizes_lie_is_malformed),
		TEST(task_life_names_the_thread),
		TEST(hidden_task_life_is_bookkeeping),
		TEST(hidden_task_life_is_bookkeeping),
		TEST(task_life_that_lies_of_its_size_is_malformed),
		TEST(another_name_is_that_of_a_known_thread),
		TEST(a_signal_is_told_inside_of_what_is_open),
		TEST(exit_forgets_the_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
