/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of goroutines: which end is of which beginning, whatever thread and stack they are on. */
#include "tests/unit/stream_nested.h"

#include <stdlib.h>

/* Sites: 4 = f's entry, 5 = its return, 6 = its jump out; 7 = g's entry, 8 = its return. */
enum { F = 4, F_END, F_JUMP, G, G_END };

/* A stack of 8 KiB, and where it was copied to when it grew. */
#define STACK 0xc000040000ULL
#define TALL  0xc000080000ULL

struct fixture {
	struct nested nested;
	struct probe f, g;
};

static void add(struct fixture *fixture, struct probe *probe, const char *name, uint32_t owner,
		uint32_t flags)
{
	static const struct fetch_plan plan = {
		.n_ops = 7,
		.n_slots = 4,
		.ops = {{.code = FETCH_INT, .size = 8, .flags = FETCH_FROM_REG},
			{.code = FETCH_REG, .size = 8},
			{.code = FETCH_BYTES, .imm = 16},
			{.code = FETCH_INT, .size = 8, .flags = FETCH_FROM_REG},
			{.code = FETCH_REG, .size = 8},
			{.code = FETCH_DEREF, .size = 8},
			{.code = FETCH_INT, .size = 8}},
	};
	add_site(&fixture->nested.log, probe, name, PROBE_CALL, SITE_INSTANT);
	struct probe_set *set = &fixture->nested.log.set;
	struct probe_site *site = set->sites.items[set->sites.count - 1];
	site->wire.flags = SITE_GO | flags;
	site->wire.owner = owner;
	site->entry_plan = site->return_plan = &plan;
	site->has_goid = true;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	stream_log_init(&fixture->nested.log);
	add(fixture, &fixture->f, "f", F, 0);
	add(fixture, &fixture->f, "f", F, 0);
	add(fixture, &fixture->f, "f", F, SITE_TAIL_CALL);
	add(fixture, &fixture->g, "g", G, 0);
	add(fixture, &fixture->g, "g", G, 0);
	nested_init(&fixture->nested,
		    (struct stream_options){.sink = stream_log_sink(&fixture->nested.log),
					    .unreadable = "bad address"});
	*state = fixture;
	return 0;
}

/* As the plan above lays it out. */
struct body {
	uint64_t g;
	struct fetch_blob blob;
	uint64_t low, high, pointer, number;
};

static struct body body_of(uint64_t number, uint64_t stack, uint64_t used)
{
	return (struct body){.g = 0xc000001000 + number,
			     .blob = {.length = 16},
			     .low = stack - 8192,
			     .high = stack,
			     .pointer = stack - used,
			     .number = number};
}

static void put_body(struct fixture *fixture, uint64_t ms, uint32_t tid, uint32_t site,
		     const struct body *body)
{
	struct test_record record = record_of(ms, EVENT_INSTANT, site, 0, 0, body, sizeof(*body));
	record.header.tid = tid;
	assert_ok(nesting_take(&fixture->nested.nesting, &record.header, false));
}

/* Goroutine 1, with so much of its stack used. */
static void hit(struct fixture *fixture, uint64_t ms, uint32_t tid, uint32_t site, uint64_t stack,
		uint64_t used)
{
	const struct body body = body_of(1, stack, used);
	put_body(fixture, ms, tid, site, &body);
}

static void said(const struct fixture *fixture, const char *wanted)
{
	assert_string_equal(fixture->nested.log.log, wanted);
	assert_int_equal(fixture->nested.counts.malformed, 0);
}

static void ends_are_found_in_other_threads_and_stacks(void **state)
{
	struct fixture *fixture = *state;
	hit(fixture, 1, 7, F, STACK, 100);
	hit(fixture, 2, 8, G, STACK, 200);
	/* The same place on the other stack, which is of another goroutine. */
	const struct body other = body_of(2, STACK, 200);
	put_body(fixture, 3, 7, G, &other);
	put_body(fixture, 4, 8, G_END, &other);
	hit(fixture, 5, 9, G_END, TALL, 200);
	hit(fixture, 8, 7, F_END, TALL, 100);
	said(fixture, "g(returned,1000000) g(returned,3000000) f(returned,7000000) ");
	assert_int_equal(fixture->nested.nesting.goroutines.n_calls, 0);
}

static void recursion_is_told_apart_by_depth(void **state)
{
	struct fixture *fixture = *state;
	for (unsigned int i = 0; i < 300; i++)
		hit(fixture, i + 1, 7, F, STACK, 8 * i + 8);
	assert_int_equal(fixture->nested.nesting.goroutines.n_calls, 300);
	hit(fixture, 301, 7, F_END, STACK, 8 * 299 + 8);
	hit(fixture, 303, 7, F_END, STACK, 8 * 298 + 8);
	said(fixture, "f(returned,1000000) f(returned,4000000) ");
}

/* A panic that is recovered in the outermost one. */
static void what_is_unwound_has_no_duration(void **state)
{
	struct fixture *fixture = *state;
	hit(fixture, 1, 7, F, STACK, 100);
	hit(fixture, 2, 7, G, STACK, 200);
	hit(fixture, 3, 7, G, STACK, 300);
	hit(fixture, 4, 7, F_END, STACK, 100);
	said(fixture, "g(unwound,0) g(unwound,0) f(returned,3000000) ");
	/* And a call in the same place. */
	hit(fixture, 5, 7, G, STACK, 200);
	hit(fixture, 6, 7, G, STACK, 200);
	hit(fixture, 8, 7, G_END, STACK, 200);
	assert_non_null(strstr(fixture->nested.log.log,
			       "f(returned,3000000) g(unwound,0) g(returned,2000000) "));
}

/* In a coroutine, whose frame is all that is known: process, thread, site and stack pointer. */
static void hit_frame(struct fixture *fixture, uint64_t ms, uint32_t tid, uint32_t site,
		      uint64_t frame)
{
	static const struct fetch_plan plan = {
		.n_ops = 1,
		.n_slots = 1,
		.ops = {{.code = FETCH_INT, .size = 8, .flags = FETCH_FROM_REG}},
	};
	struct probe_set *set = &fixture->nested.log.set;
	set->sites.items[site]->by_stack = true;
	set->sites.items[site]->has_goid = false;
	set->sites.items[site]->entry_plan = &plan;
	struct test_record record = record_of(ms, EVENT_INSTANT, site, 0, 0, &frame, sizeof(frame));
	record.header.tid = tid;
	assert_ok(nesting_take(&fixture->nested.nesting, &record.header, false));
}

static void coroutines_are_known_by_their_frames(void **state)
{
	struct fixture *fixture = *state;
	hit_frame(fixture, 1, 7, F, 0x7000);
	hit_frame(fixture, 2, 7, F, 0x9000);
	hit_frame(fixture, 3, 7, G, 0x6f00);
	/* Above and below what is open, and in another thread. */
	hit_frame(fixture, 4, 8, F_END, 0x7000);
	hit_frame(fixture, 6, 8, F_END, 0x9000);
	said(fixture, "f(returned,3000000) f(returned,4000000) ");
	/* Something begins where the other waits: that will not go on. */
	hit_frame(fixture, 7, 7, F, 0x6f00);
	said(fixture, "f(returned,3000000) f(returned,4000000) g(unwound,0) ");
	hit_frame(fixture, 8, 7, G_END, 0x6f00);
	hit_frame(fixture, 9, 7, F_END, 0x6f00);
	said(fixture, "f(returned,3000000) f(returned,4000000) g(unwound,0) f(returned,2000000) ");
}

/* Its structure is the next goroutine's. */
static void a_goroutine_that_ended_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct body next = body_of(1, STACK, 500);
	hit(fixture, 1, 7, F, STACK, 100);
	hit(fixture, 2, 7, G, STACK, 200);
	next.number = 30;
	put_body(fixture, 3, 7, G, &next);
	put_body(fixture, 4, 7, G_END, &next);
	said(fixture, "g(unwound,0) f(unwound,0) g(returned,1000000) ");
}

static void jumps_out_have_no_result(void **state)
{
	struct fixture *fixture = *state;
	hit(fixture, 1, 7, F, STACK, 100);
	hit(fixture, 2, 7, F_JUMP, STACK, 100);
	hit(fixture, 2, 7, G, STACK, 100);
	hit(fixture, 3, 7, G_END, STACK, 100);
	said(fixture, "f(tail,1000000) g(returned,1000000) ");
}

static void ends_alone_began_before_tracing(void **state)
{
	struct fixture *fixture = *state;
	hit(fixture, 1, 7, G_END, STACK, 200);
	hit(fixture, 2, 7, F_END, STACK, 100);
	/* Its entry was not seen, and must have been: those around it were. */
	hit(fixture, 3, 7, F, STACK, 100);
	hit(fixture, 4, 7, G_END, STACK, 200);
	hit(fixture, 5, 7, F_END, STACK, 100);
	said(fixture, "g(alone,0) f(alone,0) f(returned,2000000) ");
	/* A jump is followed by a return that tells more. */
	const struct body other = body_of(2, STACK, 200);
	put_body(fixture, 6, 7, F_JUMP, &other);
	said(fixture, "g(alone,0) f(alone,0) f(returned,2000000) ");
}

/* Ends and beginnings of two calls would make a wrong duration. */
static void losses_take_durations(void **state)
{
	struct fixture *fixture = *state;
	hit(fixture, 1, 7, F, STACK, 100);
	hit(fixture, 2, 7, G, STACK, 200);
	fixture->nested.losses.lost_ns[G] = 3 * MS;
	hit(fixture, 4, 7, G_END, STACK, 200);
	hit(fixture, 5, 7, F_END, STACK, 100);
	hit(fixture, 6, 7, G, STACK, 200);
	hit(fixture, 7, 7, G_END, STACK, 200);
	const char *log = fixture->nested.log.log;
	assert_non_null(strstr(log, "g(lost,"));
	assert_non_null(strstr(log, "f(returned,4000000) g(returned,1000000) "));
	/* A lost return, as the table says, once. */
	fixture->nested.losses.told[G_END].count[LOSS_RING_FULL] = 1;
	hit(fixture, 8, 7, G, STACK, 200);
	hit(fixture, 9, 7, G, STACK, 200);
	hit(fixture, 10, 7, G, STACK, 200);
	assert_non_null(strstr(log, "g(lost,0) g(unwound,0) "));
}

static void too_many_are_told(void **state)
{
	struct fixture *fixture = *state;
	fixture->nested.nesting.goroutines.n_calls = GOROUTINES_CALLS_MAX;
	hit(fixture, 1, 7, F, STACK, 100);
	hit(fixture, 2, 7, F_END, STACK, 100);
	said(fixture, "f(unknown,0) lost(too many calls open,1) ");
	assert_int_equal(fixture->nested.counts.returns_lost, 1);
	assert_int_equal(fixture->nested.counts.not_followed, 1);
	fixture->nested.nesting.goroutines.n_calls = 0;
}

/* A late end is not of what began after it. */
static void time_goes_forward(void **state)
{
	struct fixture *fixture = *state;
	hit(fixture, 1, 7, F, STACK, 100);
	hit(fixture, 5, 7, F, STACK, 100);
	hit(fixture, 3, 7, F_END, STACK, 100);
	hit(fixture, 7, 7, F_END, STACK, 100);
	said(fixture, "f(unwound,0) f(returned,2000000) ");
}

/* What is in the register is no goroutine, or not the one whose stack this is. */
static void without_a_goroutine_there_is_no_end(void **state)
{
	struct fixture *fixture = *state;
	struct body body = body_of(1, STACK, 100);
	body.pointer = STACK + 16;
	put_body(fixture, 1, 7, F, &body);
	put_body(fixture, 2, 7, F_END, &body);
	said(fixture, "f(unknown,0) ");
	struct test_record record =
		record_of(3, EVENT_INSTANT, F, 0, 0, &body, sizeof(body) - sizeof(body.number));
	assert_ok(nesting_take(&fixture->nested.nesting, &record.header, false));
	assert_int_equal(fixture->nested.counts.malformed, 1);
}

static void put_left(struct fixture *fixture, uint64_t ms, uint32_t site, uint64_t used,
		     uint32_t flags)
{
	const struct event_go left = {.g = 0xc000001001, .used = used, .flags = flags};
	struct test_record record = record_of(ms, EVENT_GO, site, 0, 0, &left, sizeof(left));
	assert_ok(nesting_take(&fixture->nested.nesting, &record.header, false));
}

/* The kernel tells what is left of calls that it has judged. */
static void what_the_kernel_forgets_is_forgotten(void **state)
{
	struct fixture *fixture = *state;
	hit(fixture, 1, 7, F, STACK, 100);
	hit(fixture, 2, 7, G, STACK, 200);
	hit(fixture, 3, 7, F, STACK, 300);
	/* What lies deeper was left; of another function nothing is meant. */
	put_left(fixture, 4, F, 200, EVENT_RETURN_FORGOTTEN);
	said(fixture, "f(unwound,0) ");
	/* Late: it is not of what began after it. */
	put_left(fixture, 1, G, 200, EVENT_RETURN_FORGOTTEN);
	assert_int_equal(fixture->nested.nesting.goroutines.n_calls, 2);
	put_left(fixture, 5, G, 200, EVENT_RETURN_FORGOTTEN);
	said(fixture, "f(unwound,0) ");
	assert_int_equal(fixture->nested.nesting.goroutines.n_calls, 1);
	put_left(fixture, 6, F, 99, 0);
	said(fixture, "f(unwound,0) f(unwound,0) ");
	/* Of a goroutine that nobody knows, and cut off. */
	put_left(fixture, 7, F, 99, 0);
	struct test_record cut = record_of(8, EVENT_GO, F, 0, 0, &cut, 8);
	assert_ok(nesting_take(&fixture->nested.nesting, &cut.header, false));
	assert_int_equal(fixture->nested.counts.malformed, 1);
}

static void the_end_of_all_is_told(void **state)
{
	struct fixture *fixture = *state;
	const struct event_exit gone = {.is_last = 1};
	hit(fixture, 1, 7, F, STACK, 100);
	struct test_record record = record_of(2, EVENT_EXIT, 0, 0, 0, &gone, sizeof(gone));
	assert_ok(nesting_take(&fixture->nested.nesting, &record.header, false));
	said(fixture, "f(unwound,0) ");
	hit(fixture, 3, 7, F, STACK, 100);
	hit(fixture, 4, 7, G, STACK, 200);
	assert_ok(goroutines_finish(&fixture->nested.nesting));
	said(fixture, "f(unwound,0) g(open,0) f(open,0) ");
	assert_ok(goroutines_leave(&fixture->nested.nesting, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ends_are_found_in_other_threads_and_stacks, set_up,
						nested_tear_down),
		cmocka_unit_test_setup_teardown(recursion_is_told_apart_by_depth, set_up,
						nested_tear_down),
		cmocka_unit_test_setup_teardown(what_is_unwound_has_no_duration, set_up,
						nested_tear_down),
		cmocka_unit_test_setup_teardown(coroutines_are_known_by_their_frames, set_up,
						nested_tear_down),
		cmocka_unit_test_setup_teardown(a_goroutine_that_ended_leaves_nothing, set_up,
						nested_tear_down),
		cmocka_unit_test_setup_teardown(jumps_out_have_no_result, set_up, nested_tear_down),
		cmocka_unit_test_setup_teardown(ends_alone_began_before_tracing, set_up,
						nested_tear_down),
		cmocka_unit_test_setup_teardown(losses_take_durations, set_up, nested_tear_down),
		cmocka_unit_test_setup_teardown(too_many_are_told, set_up, nested_tear_down),
		cmocka_unit_test_setup_teardown(time_goes_forward, set_up, nested_tear_down),
		cmocka_unit_test_setup_teardown(without_a_goroutine_there_is_no_end, set_up,
						nested_tear_down),
		cmocka_unit_test_setup_teardown(what_the_kernel_forgets_is_forgotten, set_up,
						nested_tear_down),
		cmocka_unit_test_setup_teardown(the_end_of_all_is_told, set_up, nested_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
