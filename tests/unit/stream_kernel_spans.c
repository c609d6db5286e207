/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of functions of the kernel: nested in order of time, ended by their frames. */
#include "tests/unit/stream_log.h"

#include "stream/nesting.h"

/* Two frames of a stack of 16 KiB, and one of an interrupt's. */
#define OUTER 0xffffc90000003f00ULL
#define INNER 0xffffc90000003e00ULL
#define OTHER 0xffffc90000011000ULL

struct fixture {
	struct stream_log log;
	struct stream_options options;
	struct stream_counts counts;
	struct losses losses;
	struct nesting nesting;
	struct probe vfs, ksys;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	stream_log_init(&fixture->log);
	add_site(&fixture->log, &fixture->ksys, "ksys", PROBE_KERNEL, SITE_ENTRY); /* 4 */
	add_site(&fixture->log, &fixture->vfs, "vfs", PROBE_KERNEL, SITE_ENTRY);   /* 5 */
	fixture->log.set.sites.items[4]->wire.flags |= SITE_IN_KERNEL;
	fixture->log.set.sites.items[5]->wire.flags |= SITE_IN_KERNEL;
	fixture->options = (struct stream_options){.set = &fixture->log.set,
						   .sink = stream_log_sink(&fixture->log),
						   .unreadable = "bad address",
						   .show_exit = true};
	assert_ok(losses_resize(&fixture->losses, fixture->log.set.sites.count));
	fixture->nesting = (struct nesting){.options = &fixture->options,
					    .counts = &fixture->counts,
					    .losses = &fixture->losses};
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	tasks_deinit(&fixture->nesting.tasks);
	losses_deinit(&fixture->losses);
	probe_set_deinit(&fixture->log.set);
	free(fixture);
	return 0;
}

static void put(struct fixture *fixture, uint64_t ms, enum event_kind kind, uint32_t site,
		const void *body, size_t size)
{
	const struct test_record record = record_of(ms, kind, site, 0, 1, body, size);
	assert_ok(nesting_take(&fixture->nesting, &record.header, false));
}

static void entry(struct fixture *fixture, uint64_t ms, uint32_t site, uint64_t frame)
{
	const struct event_kernel body = {.entry_time_ns = ms * MS, .frame = frame};
	put(fixture, ms, EVENT_KERNEL_ENTRY, site, &body, sizeof(body));
}

static void leave(struct fixture *fixture, uint64_t ms, uint32_t site, uint64_t frame,
		  uint64_t entry_ms, uint32_t flags)
{
	const struct event_kernel body = {
		.entry_time_ns = entry_ms * MS, .frame = frame, .flags = flags};
	put(fixture, ms, EVENT_KERNEL_RETURN, site, &body, sizeof(body));
}

static struct task *thread(struct fixture *fixture)
{
	return tasks_find(&fixture->nesting.tasks, 7);
}

static void calls_are_nested_in_functions(void **state)
{
	struct fixture *fixture = *state;
	const struct event_return end = {.entry_time_ns = MS};
	put(fixture, 1, EVENT_ENTRY, 1, NULL, 0);
	entry(fixture, 2, 4, OUTER);
	entry(fixture, 3, 5, INNER);
	assert_int_equal(task_depth(thread(fixture)), 3);
	leave(fixture, 4, 5, INNER, 3, 0);
	leave(fixture, 6, 4, OUTER, 2, 0);
	put(fixture, 7, EVENT_RETURN, 1, &end, sizeof(end));
	assert_string_equal(fixture->log.log, "f{ ksys{ vfs(returned,1000000) "
					      "}ksys(returned,4000000) }f(returned,6000000) ");
}

/* In the middle of the thread's own work, on another stack. */
static void an_interrupt_ends_nothing(void **state)
{
	struct fixture *fixture = *state;
	entry(fixture, 1, 4, INNER);
	entry(fixture, 2, 5, OTHER);
	leave(fixture, 3, 5, OTHER, 2, 0);
	leave(fixture, 4, 4, INNER, 1, 0);
	assert_string_equal(fixture->log.log,
			    "ksys{ vfs(returned,1000000) }ksys(returned,3000000) ");
}

static void a_higher_frame_ends_what_is_below(void **state)
{
	struct fixture *fixture = *state;
	entry(fixture, 1, 5, INNER);
	entry(fixture, 2, 4, OUTER);
	/* Again at the same place: the one before has gone. */
	entry(fixture, 3, 4, OUTER);
	leave(fixture, 5, 4, OUTER, 3, 0);
	assert_string_equal(fixture->log.log,
			    "vfs(unwound,0) ksys(unwound,0) ksys(returned,2000000) ");
	assert_int_equal(fixture->counts.malformed, 0);
}

/* A function that was left by a jump has the frame of the one that was jumped to. */
static void a_jump_ends_nothing(void **state)
{
	struct fixture *fixture = *state;
	entry(fixture, 1, 4, OUTER);
	entry(fixture, 2, 5, OUTER);
	leave(fixture, 3, 5, OUTER, 2, 0);
	leave(fixture, 3, 4, OUTER, 1, 0);
	assert_string_equal(fixture->log.log,
			    "ksys{ vfs(returned,1000000) }ksys(returned,2000000) ");
}

static void lost_returns_are_told(void **state)
{
	struct fixture *fixture = *state;
	fixture->losses.told[5].count[LOSS_RETURN_BUSY] = 1;
	entry(fixture, 1, 4, OUTER);
	entry(fixture, 2, 5, INNER);
	leave(fixture, 3, 4, OUTER, 1, 0);
	assert_string_equal(fixture->log.log, "ksys{ vfs(lost,0) }ksys(returned,2000000) ");
	assert_string_equal(loss_cause_name(LOSS_RETURN_BUSY), "return inside of other hits");
}

static void forgotten_calls_are_not_told(void **state)
{
	struct fixture *fixture = *state;
	entry(fixture, 1, 4, OUTER);
	leave(fixture, 3, 4, OUTER, 1, EVENT_RETURN_FORGOTTEN);
	assert_string_equal(fixture->log.log, "");
	assert_int_equal(task_depth(thread(fixture)), 0);
}

static void what_never_returns_is_told_at_once(void **state)
{
	struct fixture *fixture = *state;
	fixture->log.set.sites.items[5]->wire.flags = SITE_IN_KERNEL;
	entry(fixture, 1, 5, OUTER);
	assert_string_equal(fixture->log.log, "vfs(unknown,0) ");
	assert_int_equal(task_depth(thread(fixture)), 0);
}

static void the_end_of_a_thread_ends_its_calls(void **state)
{
	struct fixture *fixture = *state;
	const struct event_exit body = {.is_last = 1, .comm = "name"};
	entry(fixture, 1, 4, OUTER);
	put(fixture, 2, EVENT_EXIT, 0, &body, sizeof(body));
	assert_string_equal(fixture->log.log, "ksys(unwound,0) exit(name) ");
}

static void calls_that_last_are_shown_and_left(void **state)
{
	struct fixture *fixture = *state;
	entry(fixture, 1, 4, OUTER);
	assert_ok(kernel_spans_open(&fixture->nesting, thread(fixture)));
	assert_string_equal(fixture->log.log, "ksys{ ");
	assert_ok(kernel_spans_leave(&fixture->nesting, thread(fixture), 0, ENDING_OPEN));
	assert_string_equal(fixture->log.log, "ksys{ }ksys(open,0) ");
}

static void foreign_records_are_counted(void **state)
{
	struct fixture *fixture = *state;
	put(fixture, 1, EVENT_KERNEL_ENTRY, 4, "short", 5);
	put(fixture, 2, EVENT_KERNEL_RETURN, 4, "short", 5);
	entry(fixture, 3, 99, OUTER);
	leave(fixture, 4, 4, OUTER, 1, 0);
	assert_int_equal(fixture->counts.malformed, 4);
	assert_string_equal(fixture->log.log, "");
}

static void what_cannot_be_read_is_called(void **state)
{
	struct fixture *fixture = *state;
	const struct nesting *nesting = &fixture->nesting;
	assert_string_equal(nesting_unreadable(nesting, fixture->log.set.sites.items[4]),
			    "not resident");
	assert_string_equal(nesting_unreadable(nesting, fixture->log.set.sites.items[1]),
			    "bad address");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(calls_are_nested_in_functions),
		TEST(an_interrupt_ends_nothing),
		TEST(a_higher_frame_ends_what_is_below),
		TEST(a_jump_ends_nothing),
		TEST(lost_returns_are_told),
		TEST(forgotten_calls_are_not_told),
		TEST(what_never_returns_is_told_at_once),
		TEST(the_end_of_a_thread_ends_its_calls),
		TEST(calls_that_last_are_shown_and_left),
		TEST(foreign_records_are_counted),
		TEST(what_cannot_be_read_is_called),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
