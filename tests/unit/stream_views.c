/* SPDX-License-Identifier: Apache-2.0 */
/* Where events of the kernel's views belong: in the thread's open call, or nowhere. */
#include "tests/unit/stream_nested.h"

struct fixture {
	struct nested nested;
	struct stream_event last;
};

static struct err *on_event(void *context, const struct stream_event *event, bool was_opened)
{
	struct fixture *fixture = context;
	(void)was_opened;
	fixture->last = *event;
	return NULL;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	stream_log_init(&fixture->nested.log);
	nested_init(&fixture->nested,
		    (struct stream_options){.sink = {.context = fixture, .event = on_event}});
	*state = fixture;
	return 0;
}

static void take(struct fixture *fixture, const struct test_record *record)
{
	assert_ok(nesting_take(&fixture->nested.nesting, &record->header, false));
}

/* Site 3 stands for an event; `span`: around it when it began. */
static void take_view(struct fixture *fixture, uint64_t ms, uint32_t flags, uint32_t span,
		      uint32_t inside)
{
	const struct event_view view = {.duration_ns = MS, .flags = flags, .inside = inside};
	struct test_record record = record_of(ms, EVENT_VIEW, 3, span, span, &view, sizeof(view));
	take(fixture, &record);
}

static void assert_place(const struct fixture *fixture, bool elsewhere, uint16_t depth,
			 const struct probe *inside)
{
	assert_int_equal(fixture->last.kind, STREAM_VIEW);
	assert_int_equal(!!(fixture->last.view_flags & EVENT_VIEW_ELSEWHERE), elsewhere);
	assert_int_equal(fixture->last.depth, depth);
	assert_ptr_equal(fixture->last.inside, inside);
}

static void open_call(struct fixture *fixture, uint64_t ms, uint32_t span)
{
	struct test_record entry = record_of(ms, EVENT_ENTRY, 1, span - 1, span, NULL, 0);
	take(fixture, &entry);
}

static void in_the_thread(void **state)
{
	struct fixture *fixture = *state;
	take_view(fixture, 1, EVENT_VIEW_DURATION, 0, 0);
	assert_place(fixture, false, 0, NULL);
	assert_int_equal(fixture->last.duration_ns, MS);
	assert_int_equal(fixture->last.time_ns, MS);
	open_call(fixture, 2, 1);
	take_view(fixture, 3, 0, 1, 1);
	assert_place(fixture, false, 1, &fixture->nested.log.f);
}

static void elsewhere(void **state)
{
	struct fixture *fixture = *state;
	open_call(fixture, 1, 1);
	take_view(fixture, 2, EVENT_VIEW_ELSEWHERE, 0, 0);
	assert_place(fixture, true, 0, NULL);
	take_view(fixture, 3, EVENT_VIEW_ELSEWHERE, 0, 2);
	assert_place(fixture, true, 0, &fixture->nested.log.g);
	take_view(fixture, 4, EVENT_VIEW_NOBODY, 0, 0);
	assert_place(fixture, true, 0, NULL);
}

/* What a thread waits for is in the call that began it, for as long as that is the open one. */
static void waited_for(void **state)
{
	struct fixture *fixture = *state;
	open_call(fixture, 1, 1);
	take_view(fixture, 2, EVENT_VIEW_WAITED, 1, 1);
	assert_place(fixture, false, 1, &fixture->nested.log.f);
	open_call(fixture, 3, 2);
	take_view(fixture, 4, EVENT_VIEW_WAITED, 1, 1);
	assert_place(fixture, true, 0, &fixture->nested.log.f);
	take_view(fixture, 5, EVENT_VIEW_WAITED, 0, 0);
	assert_place(fixture, true, 0, NULL);
}

static void malformed(void **state)
{
	struct fixture *fixture = *state;
	const struct event_view view = {0};
	struct test_record cut = record_of(1, EVENT_VIEW, 3, 0, 0, &view, sizeof(view) - 1);
	struct test_record nowhere = record_of(1, EVENT_VIEW, 99, 0, 0, &view, sizeof(view));
	take(fixture, &cut);
	take(fixture, &nowhere);
	assert_int_equal(fixture->nested.counts.malformed, 2);
	assert_int_equal(fixture->nested.counts.events, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_the_thread, set_up, nested_tear_down),
		cmocka_unit_test_setup_teardown(elsewhere, set_up, nested_tear_down),
		cmocka_unit_test_setup_teardown(waited_for, set_up, nested_tear_down),
		cmocka_unit_test_setup_teardown(malformed, set_up, nested_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
