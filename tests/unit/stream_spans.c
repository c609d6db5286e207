/* SPDX-License-Identifier: Apache-2.0 */
/* Events of two probes go in, the spans between them come out. */
#include "stream/spans.h"

#include <stdio.h>

#include "common/now.h"
#include "tests/unit/unit.h"

#define FAR 1000000000000000000ULL /* later than any clock of this machine */

struct run {
	struct spans *spans;
	char text[4096];
	size_t used;
	struct probe probes[2];
	struct probe_site sites[3];
};

static struct err *on_event(void *context, const struct stream_event *event, bool was_opened)
{
	static const char *const endings[] = {"",      " doubtful", " before",	" begin-lost",
					      " open", " no-key",   " too-many"};
	struct run *run = context;
	const struct stream_span *span = event->span;
	(void)was_opened;
	char *to = run->text + run->used;
	size_t left = sizeof(run->text) - run->used;
	if (event->kind == STREAM_SPAN)
		run->used += (size_t)snprintf(
			to, left, "%llu:%u-%u %llu%s\n", (unsigned long long)span->number,
			event->task->tid, span->end_tid,
			span->ending == SPAN_WHOLE ? (unsigned long long)event->duration_ns : 0,
			endings[span->ending]);
	else
		run->used += (size_t)snprintf(to, left, "%s\n",
					      event->kind == STREAM_LOST     ? "lost"
					      : event->kind == STREAM_MISSED ? "missed"
									     : "event");
	assert_true(run->used < sizeof(run->text));
	return NULL;
}

/* Site 1 begins, site 2 ends; site 0 is nobody's. */
static unsigned int side(void *context, size_t pair, const struct probe_site *site)
{
	const struct run *run = context;
	(void)pair;
	return site == &run->sites[1] ? SPAN_BEGIN : site == &run->sites[2] ? SPAN_END : SPAN_NONE;
}

/* The events carry it as a result. */
static bool key(void *context, size_t pair, enum span_side side, const struct stream_event *event,
		struct span_key *ret)
{
	(void)context, (void)pair, (void)side;
	ret->number = (uint64_t)event->syscall_result;
	return event->syscall_result >= 0;
}

static bool is_shown(void *context, const struct probe_site *site)
{
	const struct run *run = context;
	return site == &run->sites[0];
}

static void begin(struct run *run, bool has_key, uint64_t max_events)
{
	static const struct span_pair pair = {"a ~~ b", true}, by_thread = {"a ~~ b", false};
	*run = (struct run){0};
	const struct spans_options options = {.sink = {.context = run, .event = on_event},
					      .pairs = has_key ? &pair : &by_thread,
					      .n_pairs = 1,
					      .context = run,
					      .side = side,
					      .key = key,
					      .is_shown = is_shown,
					      .max_events = max_events};
	assert_ok(spans_create(&options, &run->spans));
}

static void send(struct run *run, const struct stream_event *event)
{
	struct stream_sink sink = spans_sink(run->spans);
	assert_ok(sink.event(sink.context, event, false));
}

static void hit_when(struct run *run, int site, uint32_t tid, uint64_t time_ns, int64_t key_number,
		     bool late)
{
	const struct stream_task task = {.tgid = 1, .tid = tid};
	const struct stream_event event = {.kind = STREAM_PROBE,
					   .task = &task,
					   .time_ns = time_ns,
					   .site = &run->sites[site],
					   .syscall_result = key_number,
					   .late = late};
	send(run, &event);
}

static void hit(struct run *run, int site, uint32_t tid, uint64_t time_ns, int64_t key_number)
{
	hit_when(run, site, tid, time_ns, key_number, false);
}

static void other(struct run *run, enum stream_event_kind kind, uint32_t tid, int site)
{
	const struct stream_task task = {.tgid = 1, .tid = tid};
	const struct stream_event event = {
		.kind = kind, .task = &task, .site = site < 0 ? NULL : &run->sites[site]};
	send(run, &event);
}

static void check(struct run *run, const char *wanted)
{
	assert_ok(spans_finish(run->spans));
	assert_string_equal(run->text, wanted);
	spans_destroy(run->spans);
}

static void pairs_of_a_thread(void **state)
{
	(void)state;
	struct run run;
	begin(&run, false, 0);
	hit(&run, 1, 7, 10, 0);
	hit(&run, 1, 8, 11, 0);
	hit(&run, 1, 7, 12, 0);
	hit(&run, 2, 7, 15, 0);
	hit(&run, 0, 7, 15, 0);
	hit(&run, 2, 8, 16, 0);
	hit(&run, 2, 7, 20, 0);
	check(&run, "7:7-7 3\nevent\n8:8-8 5\n7:7-7 10\n");
}

static void pairs_by_key(void **state)
{
	(void)state;
	struct run run;
	begin(&run, true, 0);
	hit(&run, 1, 7, 10, 100);
	hit(&run, 1, 7, 11, 200);
	hit(&run, 1, 7, 12, 100);
	hit(&run, 2, 8, 13, 200);
	hit(&run, 2, 8, 14, 300);
	hit(&run, 2, 8, 16, 100);
	hit(&run, 1, 8, 17, -1);
	hit(&run, 2, 8, 18, -1);
	check(&run, "200:7-8 2\n300:8-8 0 before\n100:7-8 4\n0:8-8 0 no-key\n0:8-8 0 no-key\n"
		    "100:7-0 0 open\n");
}

/* No duration across a loss: neither of what was open, nor of what may have begun before it. */
static void losses(void **state)
{
	(void)state;
	struct run run;
	begin(&run, true, 0);
	hit(&run, 1, 7, 10, 100);
	hit(&run, 1, 7, 11, 200);
	hit(&run, 2, 7, 12, 200);
	other(&run, STREAM_LOST, 0, 0);
	hit(&run, 1, 7, 13, 300);
	hit(&run, 2, 7, 14, 300);
	other(&run, STREAM_LOST, 0, 2);
	hit(&run, 2, 7, 15, 100);
	hit(&run, 1, 7, 16, 400);
	hit(&run, 2, 7, 17, 400);
	hit(&run, 2, 7, 18, 500);
	hit(&run, 1, 7, FAR, 600);
	hit(&run, 2, 7, FAR + 5, 600);
	other(&run, STREAM_MISSED, 0, -1);
	hit(&run, 1, 7, FAR + 6, 700);
	hit(&run, 2, 7, FAR + 8, 700);
	check(&run, "200:7-7 1\nlost\n300:7-7 1\nlost\n100:7-7 0 doubtful\n"
		    "400:7-7 0 doubtful\n500:7-7 0 begin-lost\n600:7-7 5\nmissed\n700:7-7 2\n");
}

/* What a rate limit has left out may have been the other side, and is no event. */
static void suppressed(void **state)
{
	(void)state;
	struct run run;
	begin(&run, false, 0);
	hit(&run, 0, 7, 100, 0);
	uint64_t before = spans_count(run.spans);
	other(&run, STREAM_SUPPRESSED, 0, 0);
	assert_int_equal(spans_count(run.spans), before);
	hit(&run, 1, 7, 105, 0);
	assert_ok(spans_finish(run.spans));
	spans_destroy(run.spans);
}

/* What is open ends with its thread, its process or its program. */
static void ends_of_tasks(void **state)
{
	(void)state;
	struct run run;
	begin(&run, false, 0);
	hit(&run, 1, 7, 10, 0);
	hit(&run, 1, 7, 11, 0);
	hit(&run, 1, 8, 12, 0);
	other(&run, STREAM_EXIT, 7, -1);
	hit(&run, 2, 7, 13, 0);
	hit(&run, 1, 7, 14, 0);
	other(&run, STREAM_EXEC, 7, -1);
	hit(&run, 2, 8, 15, 0);
	check(&run, "7:7-0 0 open\n7:7-0 0 open\n7:7-7 0 before\n8:8-0 0 open\n7:7-0 0 open\n"
		    "8:8-8 0 before\n");
}

/* Not shown, but the end of what is open. */
static void hidden_ends(void **state)
{
	(void)state;
	struct run run;
	const struct stream_task task = {.tgid = 1, .tid = 7};
	const struct stream_event ends[] = {
		{.kind = STREAM_EXEC, .task = &task, .is_hidden = true},
		{.kind = STREAM_EXIT, .task = &task, .is_hidden = true},
	};
	begin(&run, false, 0);
	spans_destroy(run.spans);
	const struct span_pair pair = {"a ~~ b", false};
	const struct spans_options options = {.sink = {.context = &run, .event = on_event},
					      .pairs = &pair,
					      .n_pairs = 1,
					      .context = &run,
					      .side = side,
					      .key = key,
					      .is_shown = is_shown,
					      .show_exec = true,
					      .show_exit = true};
	assert_ok(spans_create(&options, &run.spans));
	for (size_t i = 0; i < array_size(ends); i++) {
		hit(&run, 1, 7, 10 * i + 1, 0);
		send(&run, &ends[i]);
	}
	check(&run, "7:7-0 0 open\n7:7-0 0 open\n");
}

static void limit(void **state)
{
	(void)state;
	struct run run;
	begin(&run, false, 1);
	hit(&run, 1, 7, 10, 0);
	assert_false(spans_are_full(run.spans));
	hit(&run, 2, 7, 11, 0);
	assert_true(spans_are_full(run.spans));
	hit(&run, 0, 7, 12, 0);
	assert_int_equal(spans_count(run.spans), 1);
	check(&run, "7:7-7 1\n");
}

/* Many are open, and forgotten at the end. */
static void many(void **state)
{
	(void)state;
	struct run run;
	begin(&run, true, 0);
	for (int i = 0; i < 2000; i++)
		hit(&run, 1, 7, (uint64_t)i, i % 3);
	for (int i = 0; i < 1998; i++) {
		run.used = 0;
		hit(&run, 2, 7, 5000, i % 3);
	}
	assert_int_equal(spans_count(run.spans), 1998);
	spans_destroy(run.spans);
}

static void what_comes_late_casts_doubt_on_its_own(void **state)
{
	(void)state;
	struct run run;
	begin(&run, true, 0);
	hit(&run, 1, 7, 10, 100);
	hit(&run, 1, 7, 11, 200);
	hit(&run, 1, 7, 14, 200);
	hit_when(&run, 2, 7, 13, 200, true);
	hit(&run, 2, 7, 15, 100);
	hit(&run, 2, 7, 16, 200);
	/* Its end may have been before. */
	hit_when(&run, 1, 7, 12, 300, true);
	hit(&run, 2, 7, 17, 300);
	hit(&run, 1, 7, 18, 200);
	hit(&run, 2, 7, 19, 200);
	check(&run, "200:7-7 0 doubtful\n100:7-7 5\n200:7-7 0 doubtful\n300:7-7 0 doubtful\n"
		    "200:7-7 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_of_a_thread),
		cmocka_unit_test(pairs_by_key),
		cmocka_unit_test(what_comes_late_casts_doubt_on_its_own),
		cmocka_unit_test(losses),
		cmocka_unit_test(suppressed),
		cmocka_unit_test(ends_of_tasks),
		cmocka_unit_test(hidden_ends),
		cmocka_unit_test(limit),
		cmocka_unit_test(many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
