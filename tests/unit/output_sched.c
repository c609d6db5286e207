/* SPDX-License-Identifier: Apache-2.0 */
/* Times off the CPU, in text and JSON. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "common/array.h"
#include "output/sched.h"
#include "tests/unit/output_events.h"

static const struct enumerator calls[] = {{"futex", 202, 0}, {"read", 0, 0}};
static const struct enumerator things[] = {{"pipe", BLOCKED_ON_PIPE, 0}};
static const struct type type_call = {.kind = TYPE_ENUM,
				      .size = 4,
				      .name = "call",
				      .enumerators = calls,
				      .n_enumerators = array_size(calls)};
static const struct type type_thing = {
	.kind = TYPE_ENUM, .size = 4, .name = "thing", .enumerators = things, .n_enumerators = 1};

struct time {
	uint64_t blocked, waiting;
	bool preempted;
	int in;
	uint64_t on, lock;
	const char *waker; /* NULL: nobody */
};

static struct made *made_time(const struct time *time)
{
	struct made *made = made_event(STREAM_PROBE, "off");
	made->probe.kind = PROBE_SCHED;
	made->probe.module = "sched";
	made_number(made, "dur", &type_ulong, time->blocked + time->waiting);
	made_number(made, "blocked", &type_ulong, time->blocked);
	made_number(made, "waiting", &type_ulong, time->waiting);
	made_number(made, "preempted", &type_bool, time->preempted);
	made_number(made, "in", &type_call, (uint64_t)time->in);
	made_number(made, "on", &type_thing, time->on);
	made_number(made, "lock", &type_pointer, time->lock);
	made_number(made, "waker_pid", &type_int, time->waker ? 7 : 0);
	made_number(made, "waker_tid", &type_int, time->waker ? 8 : 0);
	const char *waker = time->waker ?: "";
	made_text(made, "waker", &type_string, waker, (uint32_t)strlen(waker),
		  time->waker ? 0 : FETCH_BLOB_NULL);
	made->event.duration_ns = time->blocked + time->waiting;
	return made;
}

static void check(struct made *made, enum output_format format, const char *expected)
{
	struct output_options options = made_options(format);
	char *line = written_event(&options, made, false);
	if (!strstr(line, expected))
		fail_msg("%s is not in %s", expected, line);
	free(line);
}

static void times_are_told(void **state)
{
	(void)state;
	const struct {
		struct time time;
		const char *text, *json;
	} rows[] = {
		{{2000000001, 7, false, 202, 0, 0x7f10, "s r]v"},
		 "sched:off(futex 0x7f10, blocked 2.000000001, waiting 0.000000007, woken by "
		 "s r\\x5dv[7/8])",
		 "\"name\":\"off\",\"depth\":0,\"inside\":null,\"blocked_ns\":\"2000000001\","
		 "\"waiting_ns\":\"7\",\"preempted\":false,\"in\":\"futex\",\"lock\":\"0x7f10\","
		 "\"waker\":{\"pid\":7,\"tid\":8,\"comm\":\"s r]v\"}}"},
		{{1, 2, false, 0, BLOCKED_ON_PIPE, 0, NULL},
		 "sched:off(read pipe, blocked 0.000000001, waiting 0.000000002)",
		 "\"preempted\":false,\"in\":\"read\",\"on\":\"pipe\"}"},
		{{1, 0, false, BLOCKED_OUTSIDE, 0, 0, NULL},
		 "sched:off(page fault, blocked ",
		 "\"in\":\"page fault\"}"},
		{{1, 0, false, 4000, 0, 0, NULL},
		 "sched:off(syscall_4000, blocked ",
		 "\"in\":\"syscall_4000\"}"},
		{{0, 3, true, 202, 0, 0, NULL},
		 "sched:off(preempted, waiting 0.000000003)",
		 "\"waiting_ns\":\"3\",\"preempted\":true}"},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct made *made = made_time(&rows[i].time);
		struct sched_shown shown;
		assert_true(sched_shown(&made->event, &shown));
		assert_int_equal(shown.blocked_ns, rows[i].time.blocked);
		assert_int_equal(shown.is_woken, rows[i].time.waker != NULL);
		check(made, OUTPUT_TEXT, rows[i].text);
		check(made, OUTPUT_JSON, rows[i].json);
		made_free(made);
	}
	struct made *other = made_event(STREAM_PROBE, "off");
	struct sched_shown shown;
	assert_false(sched_shown(&other->event, &shown));
	made_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
