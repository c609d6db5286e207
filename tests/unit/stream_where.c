/* SPDX-License-Identifier: Apache-2.0 */
/* Totals of a thread go in, where the time of a span went comes out. */
#include "tests/unit/stream_nested.h"

#include "stream/spans.h"

struct fixture {
	struct nested nested;
	struct stream_where last; /* of the last event that has one */
	struct where_parts parts;
	bool has_where;
	size_t n_blocked;
};

static struct err *on_event(void *context, const struct stream_event *event, bool was_opened)
{
	struct fixture *fixture = context;
	(void)was_opened;
	fixture->n_blocked += event->kind == STREAM_BLOCKED;
	fixture->has_where = event->where != NULL;
	if (event->where)
		fixture->last = *event->where;
	if (event->where && event->where->parts)
		fixture->parts = *event->where->parts;
	return NULL;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	stream_log_init(&fixture->nested.log);
	nested_init(&fixture->nested,
		    (struct stream_options){.sink = {.context = fixture, .event = on_event},
					    .where = true});
	*state = fixture;
	return 0;
}

/* --- one after the other ---------------------------------------------------------------------- */

static void the_parts_are_the_whole(void **state)
{
	const struct event_where begin = {100, 20, 3, 1, 0}, end = {160, 25, 10, 2, 0};
	const struct event_blocked futex = {.from_ns = 10, .woken_ns = 50, .lock = 0x70};
	struct where_parts *parts = NULL;
	(void)state;
	assert_true(where_add(&parts, &futex, 60));
	struct stream_where where = where_between(&begin, &end, 80, parts);
	assert_null(where.unknown);
	assert_int_equal(where.blocked_ns, 60);
	assert_int_equal(where.waiting_ns, 5);
	assert_int_equal(where.cpu_ns, 15);
	assert_int_equal(where.minor_faults, 7);
	assert_int_equal(where.major_faults, 1);
	assert_ptr_equal(where.parts, parts);
	assert_int_equal(where.rest_ns, 20);
	/* Not more than there was. */
	assert_true(where_add(&parts, &futex, 60));
	where = where_between(&begin, &end, 80, parts);
	assert_null(where.parts);
	assert_int_equal(where.rest_ns, 60);
	free(parts);
}

static void what_is_not_there_is_not_known(void **state)
{
	const struct event_where begin = {100, 20, 0, 0, 0}, end = {160, 25, 0, 0, 0};
	(void)state;
	assert_non_null(where_between(NULL, &end, 80, NULL).unknown);
	assert_non_null(where_between(&begin, NULL, 80, NULL).unknown);
	assert_null(where_between(&begin, &end, 65, NULL).unknown);
	assert_non_null(where_between(&begin, &end, 64, NULL).unknown);
	assert_non_null(where_between(&end, &begin, 80, NULL).unknown);
	const struct event_where unseen = {160, 25, 0, 0, 1}, later = {190, 25, 0, 0, 1};
	assert_non_null(where_between(&begin, &unseen, 80, NULL).unknown);
	assert_null(where_between(&unseen, &later, 80, NULL).unknown);
}

static void what_is_the_same_is_added_up(void **state)
{
	struct event_blocked blocked = {.from_ns = 10, .woken_ns = 20, .syscall = 7};
	struct where_parts *parts = NULL, *all = NULL;
	(void)state;
	for (uint32_t i = 0; i < 2 * WHERE_PARTS_MAX; i++) {
		blocked.lock = i / 2;
		assert_true(where_add(&parts, &blocked, 15));
	}
	assert_int_equal(parts->count, WHERE_PARTS_MAX);
	assert_int_equal(parts->items[1].ns, 10);
	blocked.on = BLOCKED_ON_DISK;
	assert_true(where_add(&parts, &blocked, 15));
	assert_int_equal(parts->count, WHERE_PARTS_MAX);
	assert_true(where_add_all(&all, parts));
	assert_true(where_add_all(&all, parts));
	assert_true(where_add_all(&all, NULL));
	assert_int_equal(all->count, WHERE_PARTS_MAX);
	assert_int_equal(all->items[1].ns, 20);
	free(parts);
	free(all);
	assert_string_equal(blocked_on_name(BLOCKED_ON_SOCKET), "socket");
	assert_null(blocked_on_name(BLOCKED_ON_UNKNOWN));
	assert_null(blocked_on_name(1000));
}

/* --- as records ------------------------------------------------------------------------------- */

struct told {
	struct event_where where[2];
	union {
		struct event_return ret;
		struct event_syscall call;
	};
};

static void put(struct fixture *fixture, uint64_t ms, uint32_t kind, uint32_t site, uint32_t depth,
		uint32_t span, const void *body, size_t size)
{
	const struct test_record record = record_of(ms, kind, site, depth, span, body, size);
	assert_ok(nesting_take(&fixture->nested.nesting, &record.header, false));
}

static void block(struct fixture *fixture, uint64_t from_ms, uint64_t until_ms, uint64_t syscall_ms,
		  uint64_t lock)
{
	const struct event_blocked blocked = {.from_ns = from_ms * MS,
					      .woken_ns = until_ms * MS,
					      .syscall_ns = syscall_ms * MS,
					      .lock = lock};
	put(fixture, until_ms, EVENT_BLOCKED, 0, 0, 0, &blocked, sizeof(blocked));
}

/* `blocked`: in all, so far. */
static void enter(struct fixture *fixture, uint64_t ms, uint32_t site, uint32_t depth,
		  uint64_t blocked)
{
	const struct event_where where = {.blocked_ns = blocked * MS};
	put(fixture, ms, EVENT_ENTRY | EVENT_HAS_WHERE, site, depth, depth + 1, &where,
	    sizeof(where));
}

static void leave(struct fixture *fixture, uint64_t ms, uint32_t site, uint32_t depth,
		  uint64_t blocked)
{
	struct {
		struct event_where where;
		struct event_return ret;
	} body = {.where = {.blocked_ns = blocked * MS}};
	put(fixture, ms, EVENT_RETURN | EVENT_HAS_WHERE, site, depth, depth + 1, &body,
	    sizeof(body));
}

static void each_span_has_its_own(void **state)
{
	struct fixture *fixture = *state;
	block(fixture, 0, 1, 0, 0x1); /* before */
	enter(fixture, 1, 1, 0, 1);
	block(fixture, 2, 4, 0, 0xa);
	enter(fixture, 5, 2, 1, 3);
	block(fixture, 6, 7, 0, 0xb);
	leave(fixture, 8, 2, 1, 4);
	assert_null(fixture->last.unknown);
	assert_int_equal(fixture->last.blocked_ns, 1 * MS);
	assert_int_equal(fixture->last.cpu_ns, 2 * MS);
	assert_int_equal(fixture->last.rest_ns, 0);
	assert_int_equal(fixture->parts.count, 1);
	assert_int_equal(fixture->parts.items[0].lock, 0xb);
	leave(fixture, 9, 1, 0, 4);
	assert_int_equal(fixture->last.blocked_ns, 3 * MS);
	assert_int_equal(fixture->last.rest_ns, 0);
	assert_int_equal(fixture->parts.count, 2);
	/* The next one at that depth begins with nothing. */
	enter(fixture, 10, 1, 0, 4);
	leave(fixture, 11, 1, 0, 4);
	assert_int_equal(fixture->last.blocked_ns, 0);
	assert_int_equal(fixture->last.rest_ns, 0);
	assert_int_equal(fixture->nested.counts.malformed, 0);
	assert_int_equal(fixture->n_blocked, 0);
}

static void entries_and_returns_must_both_have_it(void **state)
{
	struct fixture *fixture = *state;
	const struct event_return ret = {0};
	enter(fixture, 1, 1, 0, 1);
	put(fixture, 2, EVENT_RETURN, 1, 0, 1, &ret, sizeof(ret));
	assert_non_null(fixture->last.unknown);
	put(fixture, 3, EVENT_ENTRY, 1, 0, 2, NULL, 0);
	fixture->last.unknown = NULL;
	const struct {
		struct event_where where;
		struct event_return ret;
	} body = {.ret.flags = 0};
	put(fixture, 4, EVENT_RETURN | EVENT_HAS_WHERE, 1, 0, 2, &body, sizeof(body));
	assert_non_null(fixture->last.unknown);
	/* Not asked for. */
	fixture->nested.options.where = false;
	enter(fixture, 5, 1, 0, 1);
	leave(fixture, 6, 1, 0, 1);
	assert_false(fixture->has_where);
	/* Cut off. */
	put(fixture, 7, EVENT_RETURN | EVENT_HAS_WHERE, 1, 0, 1, &body, sizeof(body.where) - 1);
	put(fixture, 7, EVENT_BLOCKED, 0, 0, 0, &body, sizeof(struct event_blocked) - 1);
	assert_int_equal(fixture->nested.counts.malformed, 2);
}

static void a_system_call_has_what_was_in_it(void **state)
{
	struct fixture *fixture = *state;
	struct told told = {.where = {{.blocked_ns = 7 * MS}, {.blocked_ns = 4 * MS}},
			    .call = {.entry_time_ns = 5 * MS}};
	block(fixture, 1, 3, 1, 0xa); /* in another one, of which nothing is told */
	block(fixture, 6, 8, 5, 0xb);
	block(fixture, 8, 9, 5, 0xb);
	put(fixture, 10, EVENT_SYSCALL | EVENT_HAS_WHERE, 3, 0, 0, &told, sizeof(told));
	assert_int_equal(fixture->nested.counts.malformed, 0);
	assert_null(fixture->last.unknown);
	assert_int_equal(fixture->last.blocked_ns, 3 * MS);
	assert_int_equal(fixture->last.cpu_ns, 2 * MS);
	assert_int_equal(fixture->last.rest_ns, 0);
	assert_int_equal(fixture->parts.count, 1);
	assert_int_equal(fixture->parts.items[0].lock, 0xb);
	/* The one after it was in nothing. */
	told.call.entry_time_ns = 11 * MS;
	told.where[1] = told.where[0];
	put(fixture, 12, EVENT_SYSCALL | EVENT_HAS_WHERE, 3, 0, 0, &told, sizeof(told));
	assert_null(fixture->last.parts);
	assert_int_equal(fixture->last.blocked_ns, 0);
	fixture->nested.options.tell_blocked = true;
	block(fixture, 13, 14, 0, 0);
	assert_int_equal(fixture->n_blocked, 1);
}

/* --- between two probes ----------------------------------------------------------------------- */

static unsigned int side(void *context, size_t pair, const struct probe_site *site)
{
	const struct fixture *fixture = context;
	(void)pair;
	return site == fixture->nested.log.set.sites.items[1]	? SPAN_BEGIN
	       : site == fixture->nested.log.set.sites.items[2] ? SPAN_END
								: SPAN_NONE;
}

static bool key(void *context, size_t pair, enum span_side end, const struct stream_event *event,
		struct span_key *ret)
{
	(void)context, (void)pair, (void)end, (void)event;
	ret->number = 1;
	return true;
}

static bool is_shown(void *context, const struct probe_site *site)
{
	(void)context, (void)site;
	return false;
}

static void pass(struct fixture *fixture, struct spans *spans, uint32_t site, uint32_t tid,
		 uint64_t ms, uint64_t blocked_ms)
{
	const struct stream_task task = {.tgid = 7, .tid = tid};
	const struct event_where where = {.blocked_ns = blocked_ms * MS};
	const struct stream_event event = {.kind = STREAM_PROBE,
					   .time_ns = ms * MS,
					   .task = &task,
					   .site = fixture->nested.log.set.sites.items[site],
					   .where_begin = &where,
					   .where_end = &where};
	const struct stream_sink sink = spans_sink(spans);
	assert_ok(sink.event(sink.context, &event, false));
}

static void between_two_probes(void **state)
{
	struct fixture *fixture = *state;
	const struct span_pair pair = {.name = "f ~~ g", .has_key = true};
	const struct spans_options how = {.sink = fixture->nested.options.sink,
					  .pairs = &pair,
					  .n_pairs = 1,
					  .context = fixture,
					  .side = side,
					  .key = key,
					  .is_shown = is_shown,
					  .where = true};
	struct spans *spans;
	assert_ok(spans_create(&how, &spans));
	const struct stream_sink sink = spans_sink(spans);
	const struct stream_task task = {.tgid = 7, .tid = 7};
	const struct event_blocked blocked = {.from_ns = 2 * MS, .woken_ns = 4 * MS, .lock = 0xa};
	const struct stream_event event = {
		.kind = STREAM_BLOCKED, .time_ns = 4 * MS, .task = &task, .blocked = &blocked};
	pass(fixture, spans, 1, 7, 1, 10);
	assert_ok(sink.event(sink.context, &event, false));
	pass(fixture, spans, 2, 7, 6, 12);
	assert_null(fixture->last.unknown);
	assert_int_equal(fixture->last.cpu_ns, 3 * MS);
	assert_int_equal(fixture->last.blocked_ns, 2 * MS);
	assert_int_equal(fixture->last.rest_ns, 0);
	assert_int_equal(fixture->parts.items[0].lock, 0xa);
	assert_int_equal(fixture->n_blocked, 0);
	/* What another thread did meanwhile says nothing of the one that began it. */
	pass(fixture, spans, 1, 7, 10, 12);
	pass(fixture, spans, 2, 8, 16, 12);
	assert_string_equal(fixture->last.unknown, "it ended in another thread");
	spans_destroy(spans);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, nested_tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parts_are_the_whole),
		cmocka_unit_test(what_is_not_there_is_not_known),
		cmocka_unit_test(what_is_the_same_is_added_up),
		TEST(each_span_has_its_own),
		TEST(entries_and_returns_must_both_have_it),
		TEST(a_system_call_has_what_was_in_it),
		TEST(between_two_probes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
