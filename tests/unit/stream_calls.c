/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of system calls, and when they are shown. */
#include "tests/unit/stream_log.h"

struct fixture {
	struct stream_log log;
	struct probe read;
	struct stream *stream;
};

static void begin(struct fixture *fixture, bool calls_wait, uint64_t max_events)
{
	*fixture = (struct fixture){0};
	stream_log_init(&fixture->log);
	add_site(&fixture->log, &fixture->read, "read", PROBE_SYSCALL, SITE_SYSCALL);
	const struct stream_options options = {
		.set = &fixture->log.set,
		.sink = stream_log_sink(&fixture->log),
		.show_exit = true,
		.calls_wait = calls_wait,
		.max_events = max_events,
	};
	assert_ok(stream_create(&options, &fixture->stream));
}

static void put(struct fixture *fixture, uint64_t time_ms, uint32_t tid, enum event_kind kind,
		uint32_t site, const void *body, size_t size)
{
	struct test_record record = record_of(time_ms, kind, site, 0, 0, body, size);
	record.header.tid = tid;
	assert_ok(stream_take(fixture->stream, &record, record.header.size));
}

/* Site 4. */
static void enters(struct fixture *fixture, uint64_t ms, uint32_t tid)
{
	put(fixture, ms, tid, EVENT_SYSCALL_ENTRY, 4, NULL, 0);
}

static void returns(struct fixture *fixture, uint64_t from_ms, uint64_t ms, uint32_t tid,
		    uint32_t flags)
{
	const struct event_syscall body = {
		.entry_time_ns = from_ms * MS, .result = tid, .flags = flags};
	put(fixture, ms, tid, EVENT_SYSCALL, 4, &body, sizeof(body));
}

static void mark(struct fixture *fixture, uint64_t ms, uint32_t tid)
{
	put(fixture, ms, tid, EVENT_INSTANT, 3, NULL, 0);
}

static void finish(struct fixture *fixture, const char *wanted)
{
	assert_ok(stream_finish(fixture->stream));
	assert_string_equal(fixture->log.log, wanted);
	stream_destroy(fixture->stream);
	probe_set_deinit(&fixture->log.set);
}

static void what_comes_late_is_shown_at_once(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, false, 0);
	enters(&fixture, 1, 7);
	returns(&fixture, 1, 500, 7, 0);
	returns(&fixture, 501, 502, 7, 0);
	finish(&fixture, "read{ }call(7,499000000) call(7,1000000) ");
}

static void another_event_breaks_a_call(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, true, 0);
	enters(&fixture, 1, 7);
	returns(&fixture, 1, 2, 7, 0);
	enters(&fixture, 3, 7);
	mark(&fixture, 4, 8);
	returns(&fixture, 3, 5, 7, 0);
	/* The entry of another one does, too; that one is whole. */
	enters(&fixture, 6, 7);
	enters(&fixture, 7, 8);
	returns(&fixture, 7, 8, 8, 0);
	returns(&fixture, 6, 9, 7, 0);
	finish(&fixture, "call(7,1000000) read{ mark }call(7,2000000) read{ call(8,1000000) "
			 "}call(7,3000000) ");
}

static void so_does_time(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, true, 0);
	enters(&fixture, 1000, 7);
	assert_ok(stream_release(fixture.stream, 1100 * MS));
	assert_string_equal(fixture.log.log, "");
	assert_ok(stream_release(fixture.stream, 1300 * MS));
	assert_string_equal(fixture.log.log, "read{ ");
	returns(&fixture, 1000, 2000, 7, 0);
	finish(&fixture, "read{ }call(7,1000000000) ");
}

/* Its own record was lost: the next call is another one. */
static void a_call_ends_its_own_entry_alone(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, false, 0);
	enters(&fixture, 1, 7);
	returns(&fixture, 3, 4, 7, 0);
	finish(&fixture, "read{ call(7,1000000) ");
}

static void a_thread_ends_in_it(void **state)
{
	(void)state;
	struct fixture fixture;
	const struct event_exit end = {.comm = "me", .is_last = 1};
	begin(&fixture, true, 0);
	enters(&fixture, 1, 7);
	enters(&fixture, 2, 8);
	put(&fixture, 3, 8, EVENT_EXIT, 0, &end, sizeof(end));
	put(&fixture, 4, 7, EVENT_EXIT, 0, &end, sizeof(end));
	/* The same number, another thread. */
	returns(&fixture, 5, 6, 7, 0);
	finish(&fixture, "read{ read{ exit(me) exit(me) call(7,1000000) ");
}

static void running_at_the_end(void **state)
{
	(void)state;
	struct fixture fixture;
	struct slots none;
	begin(&fixture, false, 0);
	slots_init(&none, "still running");
	enters(&fixture, 1, 7);
	assert_ok(stream_release(fixture.stream, 100 * MS));
	const struct probe_site *site = fixture.log.set.sites.items[4];
	const struct stream_thread known = {1, 7, ""}, unknown = {1, 8, "no end to that.!"};
	assert_ok(stream_running(fixture.stream, &known, 90 * MS, site, &none));
	assert_ok(stream_running(fixture.stream, &unknown, 90 * MS, site, &none));
	assert_int_equal(stream_counts(fixture.stream)->events, 2);
	finish(&fixture, "read{ }call(0,0) call(0,0) ");
}

/* An entry that is asked for at the end is not shown by itself. */
static void asked_for_at_the_end(void **state)
{
	(void)state;
	struct fixture fixture;
	struct slots none;
	const struct stream_thread thread = {1, 7, ""};
	begin(&fixture, false, 0);
	slots_init(&none, "still running");
	stream_keep_entries(fixture.stream);
	enters(&fixture, 1, 7);
	enters(&fixture, 2, 8);
	returns(&fixture, 2, 3, 8, 0);
	assert_ok(stream_release(fixture.stream, 100 * MS));
	assert_ok(stream_running(fixture.stream, &thread, 90 * MS, fixture.log.set.sites.items[4],
				 &none));
	finish(&fixture, "call(8,1000000) call(0,0) ");
}

static void nobody_is_told_too_much(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture, true, 1);
	mark(&fixture, 1, 7);
	enters(&fixture, 2, 7);
	mark(&fixture, 3, 8);
	finish(&fixture, "mark ");
	begin(&fixture, true, 0);
	/* Of a function, or of no site. */
	put(&fixture, 1, 7, EVENT_SYSCALL_ENTRY, 1, NULL, 0);
	put(&fixture, 2, 7, EVENT_SYSCALL_ENTRY, 99, NULL, 0);
	assert_ok(stream_release(fixture.stream, 100 * MS));
	assert_int_equal(stream_counts(fixture.stream)->malformed, 2);
	finish(&fixture, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_late_is_shown_at_once),
		cmocka_unit_test(another_event_breaks_a_call),
		cmocka_unit_test(so_does_time),
		cmocka_unit_test(a_call_ends_its_own_entry_alone),
		cmocka_unit_test(a_thread_ends_in_it),
		cmocka_unit_test(running_at_the_end),
		cmocka_unit_test(asked_for_at_the_end),
		cmocka_unit_test(nobody_is_told_too_much),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
