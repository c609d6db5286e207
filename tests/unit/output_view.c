/* SPDX-License-Identifier: Apache-2.0 */
/* Events of the kernel's views in text and JSON: how long, and where they belong. */
#include "tests/unit/output_events.h"
#include "tests/unit/unit.h"

static void check(enum output_format format, uint32_t flags, bool is_inside, const char *expected)
{
	const struct probe inside = {.kind = PROBE_CALL, .module = "srv", .name = "fetch"};
	struct output_options options = made_options(format);
	struct made *made = made_event(STREAM_VIEW, "close");
	made->probe.kind = PROBE_TCP;
	made->probe.module = "tcp";
	made->event.view_flags = flags;
	made->event.duration_ns = 12000;
	made->event.inside = is_inside ? &inside : NULL;
	made_number(made, "sent", &type_int, 7);
	made_number(made, "port", &type_int, 443)->quiet = true;
	char *text = written_event(&options, made, false);
	if (!strstr(text, expected))
		fail_msg("no %s in %s", expected, text);
	free(text);
	made_free(made);
}

static void in_text(void **state)
{
	(void)state;
	check(OUTPUT_TEXT, 0, true, "tcp:close(sent=7)\n");
	check(OUTPUT_TEXT, EVENT_VIEW_DURATION, false, "tcp:close(sent=7) <0.000012>\n");
	check(OUTPUT_TEXT, EVENT_VIEW_BEFORE, false, "(sent=7) <began before tracing>\n");
	check(OUTPUT_TEXT, EVENT_VIEW_DURATION | EVENT_VIEW_ELSEWHERE, false,
	      "(sent=7) <0.000012> (out of context)\n");
	check(OUTPUT_TEXT, EVENT_VIEW_ELSEWHERE, true, "(sent=7) (begun in srv:fetch)\n");
	check(OUTPUT_TEXT, EVENT_VIEW_ELSEWHERE | EVENT_VIEW_NOBODY, false,
	      "(sent=7) (owner not known)\n");
}

static void in_json(void **state)
{
	(void)state;
	check(OUTPUT_JSON, EVENT_VIEW_DURATION, true,
	      "{\"type\":\"tcp\",\"time_ns\":\"1000123000\",\"dur_ns\":\"12000\"");
	check(OUTPUT_JSON, 0, true,
	      ",\"name\":\"close\",\"context\":\"thread\",\"depth\":0,\"inside\":\"srv:fetch\","
	      "\"args\":{\"sent\":7,\"port\":443}}");
	check(OUTPUT_JSON, EVENT_VIEW_ELSEWHERE | EVENT_VIEW_BEFORE, false,
	      "\"context\":\"other\",\"inside\":null,\"began\":\"before tracing\",\"args\"");
	check(OUTPUT_JSON, EVENT_VIEW_ELSEWHERE | EVENT_VIEW_NOBODY, false,
	      "\"context\":\"unknown\",\"inside\":null,\"args\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_text),
		cmocka_unit_test(in_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
