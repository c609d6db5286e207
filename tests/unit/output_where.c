/* SPDX-License-Identifier: Apache-2.0 */
/* Where the time of a span went, in text and JSON. */
#include "tests/unit/output_events.h"
#include "tests/unit/unit.h"

static const struct where_parts parts = {
	.count = 4,
	.items = {{.syscall = 202, .lock = 0x7f10, .ns = 1000},
		  {.syscall = 0, .on = BLOCKED_ON_SOCKET, .ns = 200},
		  {.syscall = BLOCKED_OUTSIDE, .on = BLOCKED_ON_DISK, .ns = 30},
		  {.syscall = 9999, .ns = 4}},
};

static const struct stream_where whole = {
	.cpu_ns = 2000000001,
	.waiting_ns = 7,
	.blocked_ns = 1239,
	.minor_faults = 1,
	.major_faults = 2,
	.parts = &parts,
	.rest_ns = 5,
};

static const char *name_of(uint32_t number)
{
	return number == 202 ? "futex" : number == 0 ? "read" : NULL;
}

static void check(enum output_format format, enum stream_event_kind kind, bool was_opened,
		  const struct stream_where *where, const char *expected)
{
	struct output_options options = made_options(format);
	struct made *made = made_event(kind, "handle");
	options.syscall_name = name_of;
	made->event.where = where;
	made->event.ending = ENDING_RETURNED;
	char *text = written_event(&options, made, was_opened);
	if (expected ? !strstr(text, expected) : strstr(text, "cpu 2") || strstr(text, "where"))
		fail_msg("%s", text);
	free(text);
	made_free(made);
}

#define LINE                                                                         \
	" {cpu 2.000000001, waiting 0.000000007, blocked 0.000001239 (futex 0x7f10 " \
	"0.000001000, read socket 0.000000200, page fault disk 0.000000030, "        \
	"syscall_9999 0.000000004, not told 0.000000005), 1 page fault, 2 major page faults}\n"

static void text_has_all_of_it(void **state)
{
	const struct stream_where running = {.cpu_ns = 5};
	const struct stream_where blocked = {.blocked_ns = 5, .rest_ns = 5};
	(void)state;
	check(OUTPUT_TEXT, STREAM_CALL, false, &whole, LINE);
	check(OUTPUT_TEXT, STREAM_CALL, true, &whole, LINE);
	check(OUTPUT_TEXT, STREAM_SYSCALL, false, &whole, LINE);
	check(OUTPUT_TEXT, STREAM_CALL, false, &running,
	      "> {cpu 0.000000005, waiting 0.000000000, blocked 0.000000000}\n");
	check(OUTPUT_TEXT, STREAM_CALL, false, &blocked,
	      "blocked 0.000000005 (not told 0.000000005)}\n");
	check(OUTPUT_TEXT, STREAM_CALL, false, NULL, NULL);
}

static void what_is_not_known_is_said(void **state)
{
	const struct stream_where unknown = {.unknown = "not measured"};
	(void)state;
	check(OUTPUT_TEXT, STREAM_CALL, false, &unknown, "> {not known: not measured}\n");
	check(OUTPUT_JSON, STREAM_CALL, false, &unknown,
	      "\"where\":{\"unavailable\":\"not measured\"}");
}

static void json_has_all_of_it(void **state)
{
	const struct stream_where running = {.cpu_ns = 5};
	(void)state;
	check(OUTPUT_JSON, STREAM_SYSCALL, false, &whole,
	      "\"where\":{\"cpu_ns\":\"2000000001\",\"waiting_ns\":\"7\",\"blocked_ns\":\"1239\","
	      "\"blocked\":[{\"in\":\"futex\",\"lock\":\"0x7f10\",\"ns\":\"1000\"},"
	      "{\"in\":\"read\",\"on\":\"socket\",\"ns\":\"200\"},"
	      "{\"in\":\"page fault\",\"on\":\"disk\",\"ns\":\"30\"},"
	      "{\"in\":\"syscall_9999\",\"ns\":\"4\"}],\"not_told_ns\":\"5\","
	      "\"minor_faults\":1,\"major_faults\":2}");
	check(OUTPUT_JSON, STREAM_CALL, false, &running,
	      "\"where\":{\"cpu_ns\":\"5\",\"waiting_ns\":\"0\",\"blocked_ns\":\"0\","
	      "\"minor_faults\":0,\"major_faults\":0}");
	check(OUTPUT_JSON, STREAM_CALL, false, NULL, NULL);
}

/* What has no end has no time. */
static void nothing_without_an_end(void **state)
{
	struct output_options options = made_options(OUTPUT_JSON);
	struct made *made = made_event(STREAM_CALL, "handle");
	(void)state;
	made->event.where = &whole;
	made->event.ending = ENDING_UNWOUND;
	char *text = written_event(&options, made, false);
	assert_null(strstr(text, "where"));
	free(text);
	options.format = OUTPUT_TEXT;
	text = written_event(&options, made, false);
	assert_null(strstr(text, "cpu"));
	free(text);
	made_free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_has_all_of_it),
		cmocka_unit_test(what_is_not_known_is_said),
		cmocka_unit_test(json_has_all_of_it),
		cmocka_unit_test(nothing_without_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
