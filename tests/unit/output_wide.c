/* SPDX-License-Identifier: Apache-2.0 */
/* Text of wide characters, whatever the target has put there. */
#include "output/wide.h"

#include "common/array.h"
#include "common/utf8.h"
#include "output/redact.h"
#include "output_events.h"
#include "tests/unit/unit.h"

static const struct type wchar = {.kind = TYPE_CHAR, .size = 4, .name = "wchar_t", .prefix = 'L'};
static const struct type char16 = {.kind = TYPE_CHAR, .size = 2, .name = "char16_t", .prefix = 'u'};
static const struct type array16 = {
	.kind = TYPE_ARRAY, .size = 8, .name = "char16_t [4]", .target = &char16};
static const struct type array32 = {
	.kind = TYPE_ARRAY, .size = 64, .name = "wchar_t [16]", .target = &wchar};

static struct shown text_of(const struct type *type, const void *units, uint32_t length)
{
	return (struct shown){.kind = SHOWN_WIDE, .type = type, .bytes = units, .length = length};
}

static void assert_written(const struct shown *text, const char *expected)
{
	struct buffer buffer;
	assert_ok(buffer_init(&buffer, -1, ""));
	wide_put(&buffer, text);
	buffer_put_char(&buffer, '\0');
	assert_string_equal(buffer.data, expected);
	buffer_deinit(&buffer);
}

static void text_ends_at_a_unit_that_is_zero(void **state)
{
	(void)state;
	static const uint32_t units[] = {'a', 0x200b, 0, 'b'};
	static const struct {
		const struct type *type;
		uint32_t length, first, limit, used;
		bool has_end;
	} cases[] = {
		{&wchar, 16, 16, 16, 8, true},
		{&wchar, 16, 16, 8, 8, true},
		{&wchar, 16, 16, 4, 4, false},
		{&wchar, 8, 8, 16, 8, false},
		{&wchar, 7, 7, 16, 4, false}, /* the last one is cut */
		{&wchar, 0, 0, 16, 0, false},
		{&char16, 16, 16, 16, 2, true},
		/* in two places */
		{&wchar, 16, 4, 16, 8, true},
		{&wchar, 16, 6, 16, 8, true},
		{&wchar, 16, 0, 16, 8, true},
		{&wchar, 7, 5, 16, 4, false},
	};
	for (size_t i = 0; i < array_size(cases); i++) {
		struct shown text = text_of(cases[i].type, units, cases[i].first);
		text.rest = (const char *)units + cases[i].first;
		text.rest_length = cases[i].length - cases[i].first;
		assert_int_equal(wide_end(&text, cases[i].limit), cases[i].has_end);
		assert_int_equal(text.length + text.rest_length, cases[i].used);
		assert_true(text.length <= cases[i].first);
		assert_written(&text, !cases[i].used		 ? "L\"\""
				      : cases[i].type == &char16 ? "u\"a\""
				      : cases[i].used == 4	 ? "L\"a\""
								 : "L\"a\\u200b\"");
	}
}

static void half_a_pair_is_left_out_where_text_is_cut(void **state)
{
	(void)state;
	static const uint16_t units[] = {'a', 0xd83d, 0xde00, 0xd83d};
	struct shown text = text_of(&char16, units, sizeof(units));
	assert_written(&text, "u\"a\xf0\x9f\x98\x80\\ud83d\"");
	text.truncated = true;
	assert_written(&text, "u\"a\xf0\x9f\x98\x80\"");
	text.length = 7;
	assert_written(&text, "u\"a\xf0\x9f\x98\x80\"");
}

/* Whatever goes in, what comes out is printable and valid. */
static void nothing_hostile_gets_through(void **state)
{
	(void)state;
	uint64_t random = 88172645463325252;
	for (int round = 0; round < 3000; round++) {
		uint32_t units[32];
		struct buffer buffer;
		for (size_t i = 0; i < 32; i++) {
			next_random(&random);
			units[i] = (uint32_t)(random >> (random & 31));
		}
		const struct shown text =
			text_of(round & 1 ? &char16 : &wchar, units, sizeof(units));
		assert_ok(buffer_init(&buffer, -1, ""));
		wide_put(&buffer, &text);
		for (size_t at = 0; at < buffer.used;) {
			uint32_t code;
			size_t length = utf8_decode(buffer.data + at, buffer.used - at, &code);
			assert_true(length > 0);
			assert_true(code_is_printable(code));
			at += length;
		}
		buffer.used = 0;
		wide_put_utf8(&buffer, &text);
		assert_true(utf8_valid(buffer.data, buffer.used));
		buffer_deinit(&buffer);
	}
}

static void assert_event(struct made *made, enum output_format format, struct redact *redact,
			 const char *wanted)
{
	struct output_options options = made_options(format);
	options.redact = redact;
	char *text = written_event(&options, made, false);
	if (!strstr(text, wanted))
		fail_msg("no '%s' in %s", wanted, text);
	free(text);
}

/* Of the array less may have been copied than it has. */
static void arrays_tell_whether_they_are_whole(void **state)
{
	(void)state;
	static const uint16_t units[] = {'a', 'b', 'c', 0xd800};
	struct made *made = made_event(STREAM_CALL, "f");
	made_text(made, "whole", &array16, (const char *)units, 8, 0);
	made_text(made, "cut", &array16, (const char *)units, 6, FETCH_BLOB_TRUNCATED);
	assert_event(made, OUTPUT_TEXT, NULL, "(whole=u\"abc\\ud800\", cut=u\"abc\"...)");
	assert_event(made, OUTPUT_JSON, NULL,
		     "{\"whole\":{\"codes\":[97,98,99,55296]},"
		     "\"cut\":{\"str\":\"abc\",\"truncated\":true}}");
	made_free(made);
}

static void secrets_are_hidden(void **state)
{
	(void)state;
	static const char secret[] = "password=hunter2";
	uint32_t units[16];
	struct redact *redact;
	struct made *made = made_event(STREAM_CALL, "f");
	for (size_t i = 0; i < 16; i++)
		units[i] = (unsigned char)secret[i];
	assert_ok(redact_create(NULL, 0, &redact));
	made_text(made, "text", &array32, (const char *)units, sizeof(units), 0);
	assert_event(made, OUTPUT_TEXT, NULL, "text=L\"password=hunter2\"");
	assert_event(made, OUTPUT_TEXT, redact, "text=L\"password=***\"");
	assert_event(made, OUTPUT_JSON, redact, "\"text\":\"password=***\"");
	units[15] = 0xd800; /* nor by what is no text */
	assert_event(made, OUTPUT_JSON, redact, "\"text\":\"password=***\"");
	made_free(made);
	redact_destroy(redact);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_ends_at_a_unit_that_is_zero),
		cmocka_unit_test(half_a_pair_is_left_out_where_text_is_cut),
		cmocka_unit_test(nothing_hostile_gets_through),
		cmocka_unit_test(arrays_tell_whether_they_are_whole),
		cmocka_unit_test(secrets_are_hidden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
