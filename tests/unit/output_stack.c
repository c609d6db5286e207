/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks as text and as JSON. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "tests/unit/output_events.h"

/* A stack of one frame with everything, one with nothing, and an end. */
static struct stack *make_stack(void)
{
	static const struct code_line inlined = {"parse", "/build/src/srv.c", "src/srv.c", 12};
	static const struct code_place place = {
		.own = {"handle", "/build/src/srv.c", "src/srv.c", 40},
		.inlined = &inlined,
		.n_inlined = 1,
	};
	struct stack *stack = calloc(1, sizeof(*stack) + 2 * sizeof(stack->frames[0]));
	assert_non_null(stack);
	stack->cut = strdup("cut: stack copy ended");
	stack->n_frames = 2;
	stack->frames[0] = (struct stack_frame){.address = 0x5555000011cd,
						.module = "/usr/bin/s\033rv",
						.offset = 0x11cd,
						.has_offset = true,
						.place = &place,
						.place_offset = 0x1d};
	stack->frames[1] = (struct stack_frame){
		.address = 0x7f0000001000, .module = "[anon]", .is_signal = true};
	return stack;
}

static void assert_written(enum output_format format, enum stream_event_kind kind, bool was_opened,
			   const char *expected)
{
	struct output_options options = made_options(format);
	struct made *made = made_event(kind, "handle");
	struct stack *stack = make_stack();
	made->event.stack = stack;
	char *text = written_event(&options, made, was_opened);
	if (!strstr(text, expected))
		fail_msg("%s", text);
	free(text);
	stack_free(stack);
	made_free(made);
}

#define LINES                                                       \
	"\n > /usr/bin/s\\x1brv(parse) [inlined] src/srv.c:12"      \
	"\n > /usr/bin/s\\x1brv(handle+0x1d) [0x11cd] src/srv.c:40" \
	"\n > [anon](signal handler called) [0x7f0000001000]"       \
	"\n > <cut: stack copy ended>\n"

static void a_line_for_each_call(void **state)
{
	(void)state;
	assert_written(OUTPUT_TEXT, STREAM_CALL, false, LINES);
	assert_written(OUTPUT_TEXT, STREAM_SYSCALL, false, LINES);
	assert_written(OUTPUT_TEXT, STREAM_USDT, false, LINES);
	assert_written(OUTPUT_TEXT, STREAM_PROBE, false, LINES);
}

static void once_for_a_call_of_two_lines(void **state)
{
	struct output_options options = made_options(OUTPUT_TEXT);
	struct made *made = made_event(STREAM_CALL, "handle");
	struct stack *stack = make_stack();
	(void)state;
	made->event.stack = stack;
	char *opened = written_opened(&options, made);
	char *closed = written_event(&options, made, true);
	assert_non_null(strstr(opened, LINES));
	assert_null(strstr(closed, " > "));
	free(opened);
	free(closed);
	stack_free(stack);
	made_free(made);
}

static void none_is_no_line(void **state)
{
	struct output_options options = made_options(OUTPUT_TEXT);
	struct made *made = made_event(STREAM_CALL, "handle");
	(void)state;
	char *text = written_event(&options, made, false);
	assert_null(strstr(text, " > "));
	free(text);
	options = made_options(OUTPUT_JSON);
	text = written_event(&options, made, false);
	assert_null(strstr(text, "stack"));
	free(text);
	made_free(made);
}

static void json_has_all_of_it(void **state)
{
	(void)state;
	assert_written(OUTPUT_JSON, STREAM_SYSCALL, false,
		       "\"stack\":[{\"ip\":\"0x5555000011cd\",\"module\":\"/usr/bin/s\\u001Brv\","
		       "\"offset\":\"0x11cd\",\"symbol\":\"handle\",\"file\":\"/build/src/srv.c\","
		       "\"line\":40,\"symbol_offset\":29,\"inlined\":[{\"symbol\":\"parse\","
		       "\"file\":\"/build/src/srv.c\",\"line\":12}]},"
		       "{\"ip\":\"0x7f0000001000\",\"module\":\"[anon]\",\"signal\":true},"
		       "{\"cut\":\"cut: stack copy ended\"}]}\n");
}

static struct err *write_end(struct output *output)
{
	const struct output_summary summary = {.events = 3, .stacks_lost = 2};
	return output_end(output, &summary);
}

static void lost_ones_are_in_the_summary(void **state)
{
	struct output_options options = made_options(OUTPUT_JSON);
	(void)state;
	char *text = written_all(&options, write_end);
	assert_non_null(strstr(text, "\"missed\":0,\"stacks_lost\":2}"));
	free(text);
}

static void lost_ones_are_told_as_stacks(void **state)
{
	struct output_options options = made_options(OUTPUT_TEXT);
	struct made *made = made_event(STREAM_LOST, "handle");
	(void)state;
	made->event.loss_cause = LOSS_STACK;
	made->event.loss_count = 2;
	char *text = written_event(&options, made, false);
	assert_non_null(strstr(text, "--- 2 stacks lost: srv:handle (ring full for stacks) ---"));
	free(text);
	made_free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_for_each_call),
		cmocka_unit_test(once_for_a_call_of_two_lines),
		cmocka_unit_test(none_is_no_line),
		cmocka_unit_test(json_has_all_of_it),
		cmocka_unit_test(lost_ones_are_in_the_summary),
		cmocka_unit_test(lost_ones_are_told_as_stacks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
