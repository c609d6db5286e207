/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of functions of the kernel: nested in order of time, ended by their frames. */
#include "tests/unit/stream_nested.h"

/* Two frames of a stack of 16 KiB, and one of an interrupt's. */
#define OUTER 0xffffc90000003f00ULL
#define INNER 0xffffc90000003e00ULL
#define OTHER 0xffffc90000011000ULL

struct fixture {
	struct nested nested;
	struct probe vfs, ksys, call, place;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	stream_log_init(&fixture->nested.log);
	add_site(&fixture->nested.log, &fixture->ksys, "ksys", PROBE_KERNEL, SITE_ENTRY);    /* 4 */
	add_site(&fixture->nested.log, &fixture->vfs, "vfs", PROBE_KERNEL, SITE_ENTRY);	     /* 5 */
	add_site(&fixture->nested.log, &fixture->call, "call", PROBE_SYSCALL, SITE_SYSCALL); /* 6 */
	fixture->place = (struct probe){.name = "place", .kind = PROBE_KPROBE};
	fixture->nested.log.set.sites.items[4]->wire.flags |= SITE_IN_KERNEL;
	fixture->nested.log.set.sites.items[5]->wire.flags |= SITE_IN_KERNEL;
	nested_init(&fixture->nested,
		    (struct stream_options){.sink = stream_log_sink(&fixture->nested.log),
					    .unreadable = "bad address",
					    .show_exit = true});
	*state = fixture;
	return 0;
}

static void put(struct fixture *fixture, uint64_t ms, enum event_kind kind, uint32_t site,
		const void *body, size_t size)
{
	const struct test_record record = record_of(ms, kind, site, 0, 1, body, size);
	assert_ok(nesting_take(&fixture->nested.nesting, &record.header, false));
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
	return tasks_find(&fixture->nested.nesting.tasks, 7);
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
	assert_string_equal(fixture->nested.log.log,
			    "f{ ksys{ vfs(returned,1000000) "
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
	assert_string_equal(fixture->nested.log.log,
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
	assert_string_equal(fixture->nested.log.log,
			    "vfs(unwound,0) ksys(unwound,0) ksys(returned,2000000) ");
	assert_int_equal(fixture->nested.counts.malformed, 0);
}

/* A function that was left by a jump has the frame of the one that was jumped to. */
static void a_jump_ends_nothing(void **state)
{
	struct fixture *fixture = *state;
	entry(fixture, 1, 4, OUTER);
	entry(fixture, 2, 5, OUTER);
	leave(fixture, 3, 5, OUTER, 2, 0);
	leave(fixture, 3, 4, OUTER, 1, 0);
	assert_string_equal(fixture->nested.log.log,
			    "ksys{ vfs(returned,1000000) }ksys(returned,2000000) ");
}

/* Not at fentry: a function that is jumped to is called from there. */
static void the_place_of_another_by_fentry_is_free(void **state)
{
	struct fixture *fixture = *state;
	fixture->nested.log.set.sites.items[4]->by_fentry = true;
	fixture->nested.log.set.sites.items[5]->by_fentry = true;
	entry(fixture, 1, 4, OUTER);
	entry(fixture, 2, 5, OUTER);
	leave(fixture, 3, 5, OUTER, 2, 0);
	assert_string_equal(fixture->nested.log.log, "ksys(unwound,0) vfs(returned,1000000) ");
}

static void lost_returns_are_told(void **state)
{
	struct fixture *fixture = *state;
	fixture->nested.losses.told[5].count[LOSS_RETURN_BUSY] = 1;
	entry(fixture, 1, 4, OUTER);
	entry(fixture, 2, 5, INNER);
	leave(fixture, 3, 4, OUTER, 1, 0);
	assert_string_equal(fixture->nested.log.log, "ksys{ vfs(lost,0) }ksys(returned,2000000) ");
	assert_string_equal(loss_cause_name(LOSS_RETURN_BUSY), "return inside of other hits");
}

static void forgotten_calls_are_not_told(void **state)
{
	struct fixture *fixture = *state;
	entry(fixture, 1, 4, OUTER);
	leave(fixture, 3, 4, OUTER, 1, EVENT_RETURN_FORGOTTEN);
	assert_string_equal(fixture->nested.log.log, "");
	assert_int_equal(task_depth(thread(fixture)), 0);
}

static void what_never_returns_is_told_at_once(void **state)
{
	struct fixture *fixture = *state;
	fixture->nested.log.set.sites.items[5]->wire.flags = SITE_IN_KERNEL;
	entry(fixture, 1, 5, OUTER);
	assert_string_equal(fixture->nested.log.log, "vfs(unknown,0) ");
	assert_int_equal(task_depth(thread(fixture)), 0);
}

static void the_end_of_a_thread_ends_its_calls(void **state)
{
	struct fixture *fixture = *state;
	const struct event_exit body = {.is_last = 1, .comm = "name"};
	entry(fixture, 1, 4, OUTER);
	put(fixture, 2, EVENT_EXIT, 0, &body, sizeof(body));
	assert_string_equal(fixture->nested.log.log, "ksys(unwound,0) exit(name) ");
}

static void calls_that_last_are_shown_and_left(void **state)
{
	struct fixture *fixture = *state;
	entry(fixture, 1, 4, OUTER);
	assert_ok(kernel_spans_open(&fixture->nested.nesting, thread(fixture)));
	assert_string_equal(fixture->nested.log.log, "ksys{ ");
	assert_ok(kernel_spans_leave(&fixture->nested.nesting, thread(fixture), 0, ENDING_OPEN));
	assert_string_equal(fixture->nested.log.log, "ksys{ }ksys(open,0) ");
}

static void foreign_records_are_counted(void **state)
{
	struct fixture *fixture = *state;
	put(fixture, 1, EVENT_KERNEL_ENTRY, 4, "short", 5);
	put(fixture, 2, EVENT_KERNEL_RETURN, 4, "short", 5);
	entry(fixture, 3, 99, OUTER);
	assert_int_equal(fixture->nested.counts.malformed, 3);
	assert_string_equal(fixture->nested.log.log, "");
}

/* The entry of the call was missed, and the program took that of one which is over here. */
static void a_return_of_a_missed_entry_ends_nothing(void **state)
{
	struct fixture *fixture = *state;
	entry(fixture, 1, 4, OUTER);
	leave(fixture, 2, 4, OUTER, 1, 0);
	entry(fixture, 3, 5, INNER);
	leave(fixture, 4, 4, OUTER, 1, 0);
	assert_int_equal(fixture->nested.counts.malformed, 0);
	leave(fixture, 5, 5, INNER, 3, 0);
	assert_string_equal(fixture->nested.log.log,
			    "ksys(returned,1000000) vfs(returned,2000000) ");
}

/* The return of `vfs` was missed. What the thread is seen to do next in its own code, or as it
 * enters or leaves the kernel, is not inside of it; nor is what the kernel does after that. */
static void a_function_is_outside_of_the_kernel(void **state)
{
	struct fixture *fixture = *state;
	const struct event_return end = {.entry_time_ns = 3 * MS};
	entry(fixture, 1, 4, OUTER);
	entry(fixture, 2, 5, INNER);
	put(fixture, 3, EVENT_ENTRY, 1, NULL, 0);
	assert_int_equal(task_depth(thread(fixture)), 1);
	/* Deeper on the stack than the one that was left, which another call had. */
	entry(fixture, 4, 5, INNER - 64);
	assert_int_equal(task_depth(thread(fixture)), 2);
	put(fixture, 5, EVENT_RETURN, 1, &end, sizeof(end));
	assert_int_equal(task_depth(thread(fixture)), 0);
	assert_string_equal(
		fixture->nested.log.log,
		"ksys{ vfs(unwound,0) }ksys(unwound,0) f{ vfs(unwound,0) }f(returned,2000000) ");
}

static void so_are_markers_and_whole_calls(void **state)
{
	struct fixture *fixture = *state;
	const struct event_call call = {.entry_time_ns = 5 * MS};
	entry(fixture, 1, 5, INNER);
	put(fixture, 2, EVENT_INSTANT, 3, NULL, 0);
	entry(fixture, 3, 5, INNER - 64);
	put(fixture, 6, EVENT_CALL, 2, &call, sizeof(call));
	assert_string_equal(fixture->nested.log.log,
			    "vfs(unwound,0) mark vfs(unwound,0) g(returned,1000000) ");
}

static void a_system_call_begins_and_ends_with_nothing_open(void **state)
{
	struct fixture *fixture = *state;
	struct event_syscall call = {.entry_time_ns = 2 * MS};
	entry(fixture, 1, 5, INNER);
	put(fixture, 2, EVENT_SYSCALL_ENTRY, 6, NULL, 0);
	assert_int_equal(task_depth(thread(fixture)), 0);
	entry(fixture, 3, 5, INNER - 64);
	put(fixture, 5, EVENT_SYSCALL, 6, &call, sizeof(call));
	assert_int_equal(task_depth(thread(fixture)), 0);
	/* One that is told as its thread ends has not returned: what the kernel does then goes on.
	 */
	call.flags = EVENT_SYSCALL_KILLED;
	entry(fixture, 6, 5, INNER - 128);
	put(fixture, 7, EVENT_SYSCALL, 6, &call, sizeof(call));
	assert_int_equal(task_depth(thread(fixture)), 1);
}

/* A place in the kernel may be anywhere, and so may the moment of a sample be. */
static void what_is_in_the_kernel_itself_ends_nothing(void **state)
{
	struct fixture *fixture = *state;
	fixture->nested.log.set.sites.items[3]->probe = &fixture->place;
	fixture->nested.log.set.sites.items[3]->wire.flags |= SITE_IN_KERNEL;
	entry(fixture, 1, 5, INNER);
	put(fixture, 2, EVENT_INSTANT, 3, NULL, 0);
	leave(fixture, 3, 5, INNER, 1, 0);
	assert_string_equal(fixture->nested.log.log, "vfs{ place }vfs(returned,2000000) ");
}

/* It came late: what began after it is open by then, and was not when it happened. */
static void what_came_late_ends_nothing_younger(void **state)
{
	struct fixture *fixture = *state;
	entry(fixture, 4, 5, INNER);
	put(fixture, 2, EVENT_KEPT_ENTRY, 1, NULL, 0);
	leave(fixture, 5, 5, INNER, 4, 0);
	assert_null(strstr(fixture->nested.log.log, "unwound"));
	assert_non_null(strstr(fixture->nested.log.log, "vfs(returned,1000000)"));
}

/* These are open when a hit of the thread's own code is seen, and end after it. */
static void the_way_to_a_hit_goes_on(void **state)
{
	static const char *const names[] = {"uprobe_notify_resume", "exit_to_user_mode_loop",
					    "__x64_sys_read"};
	struct fixture *fixture = *state;
	const struct event_return end = {.entry_time_ns = 2 * MS};
	for (size_t i = 0; i < array_size(names); i++) {
		fixture->nested.log.log[0] = '\0';
		fixture->vfs.name = names[i];
		entry(fixture, 1, 5, INNER);
		put(fixture, 2, EVENT_ENTRY, 1, NULL, 0);
		put(fixture, 3, EVENT_RETURN, 1, &end, sizeof(end));
		leave(fixture, 4, 5, INNER, 1, 0);
		assert_null(strstr(fixture->nested.log.log, "unwound"));
		assert_non_null(strstr(fixture->nested.log.log, "(returned,3000000)"));
	}
}

static void what_cannot_be_read_is_called(void **state)
{
	struct fixture *fixture = *state;
	const struct nesting *nesting = &fixture->nested.nesting;
	assert_string_equal(nesting_unreadable(nesting, fixture->nested.log.set.sites.items[4]),
			    "not resident");
	assert_string_equal(nesting_unreadable(nesting, fixture->nested.log.set.sites.items[1]),
			    "bad address");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, nested_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(calls_are_nested_in_functions),
		TEST(an_interrupt_ends_nothing),
		TEST(a_higher_frame_ends_what_is_below),
		TEST(a_jump_ends_nothing),
		TEST(the_place_of_another_by_fentry_is_free),
		TEST(lost_returns_are_told),
		TEST(forgotten_calls_are_not_told),
		TEST(what_never_returns_is_told_at_once),
		TEST(the_end_of_a_thread_ends_its_calls),
		TEST(calls_that_last_are_shown_and_left),
		TEST(foreign_records_are_counted),
		TEST(a_return_of_a_missed_entry_ends_nothing),
		TEST(a_function_is_outside_of_the_kernel),
		TEST(so_are_markers_and_whole_calls),
		TEST(a_system_call_begins_and_ends_with_nothing_open),
		TEST(what_is_in_the_kernel_itself_ends_nothing),
		TEST(what_came_late_ends_nothing_younger),
		TEST(the_way_to_a_hit_goes_on),
		TEST(what_cannot_be_read_is_called),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
