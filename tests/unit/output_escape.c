/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "common/array.h"
#include "output/escape.h"

static void assert_escaped(const char *bytes, size_t size, const char *also, const char *expected)
{
	struct buffer buffer;
	assert_ok(buffer_init(&buffer, -1, ""));
	escape_put(&buffer, bytes, size, also);
	buffer_put_char(&buffer, '\0');
	assert_string_equal(buffer.data, expected);
	buffer_deinit(&buffer);
}

static void escapes_follow_c(void **state)
{
	(void)state;
	assert_escaped("a\n\t\r\\\"'b", 8, "\"", "a\\n\\t\\r\\\\\\\"'b");
	assert_escaped("a\"'b", 4, "'", "a\"\\'b");
	assert_escaped("a<b>c", 5, "<>", "a\\x3cb\\x3ec");
	assert_escaped("\x01\x1b\x7f\0a", 5, "", "\\x01\\x1b\\x7f\\x00a");
	assert_escaped("\xc2", 1, "", "\\xc2");
	assert_escaped("\xc2\x41", 2, "", "\\xc2A");
	assert_escaped("", 0, "", "");
}

/* Plain bytes are looked at eight at a time: one that is not plain is found wherever it stands. */
static void every_place_is_looked_at(void **state)
{
	(void)state;
	static const struct {
		char byte;
		const char *text;
	} hostile[] = {{'\n', "\\n"},	  {'"', "\\\""},     {'\\', "\\\\"},
		       {'\x7f', "\\x7f"}, {'\x1f', "\\x1f"}, {'\x80', "\\x80"}};
	for (size_t size = 0; size <= 40; size++) {
		char bytes[41], expected[64];
		memset(bytes, 'x', sizeof(bytes));
		snprintf(expected, sizeof(expected), "%.*s", (int)size, bytes);
		assert_escaped(bytes, size, "\"", expected);
		for (size_t at = 0; at < size; at++)
			for (size_t i = 0; i < array_size(hostile); i++) {
				snprintf(expected, sizeof(expected), "%.*s%s%.*s", (int)at, bytes,
					 hostile[i].text, (int)(size - at - 1), bytes + at + 1);
				bytes[at] = hostile[i].byte;
				assert_escaped(bytes, size, "\"", expected);
				bytes[at] = 'x';
			}
	}
}

/* Whatever goes in, what comes out is printable and valid. */
static void nothing_hostile_gets_through(void **state)
{
	(void)state;
	uint64_t random = 88172645463325252;
	for (int round = 0; round < 3000; round++) {
		char bytes[64];
		struct buffer buffer;
		for (size_t i = 0; i < sizeof(bytes); i++) {
			next_random(&random);
			/* half of the bytes where sequences begin and go on */
			bytes[i] = (char)(random >> 60 < 8 ? 0x80 | (random & 0x7f) : random);
		}
		assert_ok(buffer_init(&buffer, -1, ""));
		escape_quoted(&buffer, bytes, sizeof(bytes));
		for (size_t at = 0; at < buffer.used;) {
			uint32_t code;
			size_t length = utf8_decode(buffer.data + at, buffer.used - at, &code);
			assert_true(length > 0);
			assert_true(code_is_printable(code));
			at += length;
		}
		buffer_deinit(&buffer);
	}
}

static void assert_printed(const char *text, const char *keep, const char *expected)
{
	char *made = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&made, &size);
	assert_non_null(out);
	escape_print(out, text, keep);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(made, expected);
	free(made);
}

static void messages_keep_their_lines(void **state)
{
	(void)state;
	assert_printed("", "", "");
	assert_printed("a\nb\\c\x1b[0m", "", "a\\nb\\\\c\\x1b[0m");
	assert_printed("a\nb\\c\x1b[0m", "\n\\", "a\nb\\c\\x1b[0m");
	assert_printed("\n\n\303\244\n\302", "\n", "\n\n\303\244\n\\xc2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_follow_c),
		cmocka_unit_test(every_place_is_looked_at),
		cmocka_unit_test(nothing_hostile_gets_through),
		cmocka_unit_test(messages_keep_their_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
