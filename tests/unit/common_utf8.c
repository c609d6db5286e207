/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <wchar.h>

#include "common/array.h"
#include "common/utf8.h"

/* The oracle is jansson's own decoder, which refuses what RFC 3629 forbids. */
static void compare_validity(const unsigned char *bytes, size_t size)
{
	json_t *text = json_stringn((const char *)bytes, size);
	if (utf8_valid((const char *)bytes, size) != (text != NULL)) {
		print_error("%zu bytes: %02x %02x %02x %02x\n", size, bytes[0], bytes[1], bytes[2],
			    bytes[3]);
		fail();
	}
	json_decref(text);
}

static void utf8_is_told_from_what_is_not(void **state)
{
	(void)state;
	static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
					      0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xff};
	const size_t n = array_size(edges);
	unsigned char bytes[4] = {0};
	for (unsigned int first = 0; first < 256; first++) {
		bytes[0] = (unsigned char)first;
		compare_validity(bytes, 1);
		for (unsigned int second = 0; second < 256; second++) {
			bytes[1] = (unsigned char)second;
			compare_validity(bytes, 2);
		}
		for (size_t i = 0; first >= 0xc0 && i < n * n * n; i++) {
			bytes[1] = edges[i % n];
			bytes[2] = edges[i / n % n];
			bytes[3] = edges[i / n / n];
			compare_validity(bytes, 3);
			compare_validity(bytes, 4);
		}
	}
}

static void codes_survive_encoding_and_decoding(void **state)
{
	(void)state;
	char bytes[4];
	uint32_t back;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		size_t length = utf8_encode(code, bytes);
		if (code >= 0xd800 && code <= 0xdfff) {
			assert_int_equal(length, 0);
			continue;
		}
		assert_int_equal(utf8_decode(bytes, length, &back), length);
		assert_int_equal(back, code);
	}
	assert_int_equal(utf8_encode(0x110000, bytes), 0);
	assert_int_equal(utf8_encode(UINT64_MAX, bytes), 0);
	/* RFC 3629, section 7 */
	assert_int_equal(utf8_encode(0x2262, bytes), 3);
	assert_memory_equal(bytes, "\xe2\x89\xa2", 3);
}

static void half_characters_at_the_end_are_found(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t whole;
	} cases[] = {
		{"", 0},
		{"abc", 3},
		{"a\xc3", 1},
		{"a\xc3\xa9", 3},
		{"a\xe2\x82", 1},
		{"a\xe2", 1},
		{"\xe2\x82\xac", 3},
		{"a\xf0\x9f\x98", 1},
		{"a\xf0\x9f\x98\x80", 5},
		{"\x80\x80\x80\x80", 4},
		{"\xf0", 0},
		{"a\xff", 2},
	};
	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(utf8_whole(cases[i].text, strlen(cases[i].text)), cases[i].whole);
}

static void controls_and_hidden_characters_do_not_print(void **state)
{
	(void)state;
	/* Unicode 15: Bidi_Control, general categories Cc, Zl, Zp, and what is seen as nothing */
	static const uint32_t hidden[][2] = {
		{0x00, 0x1f},	      {0x7f, 0x9f},	{0xad, 0xad},	    {0x61c, 0x61c},
		{0x180e, 0x180e},     {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x2064},
		{0x2066, 0x2069},     {0xd800, 0xdfff}, {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},
		{0xfff9, 0xfffb},     {0xfffe, 0xffff}, {0x1fffe, 0x1ffff}, {0xe0001, 0xe007f},
		{0x10fffe, 0x10ffff},
	};
	for (size_t i = 0; i < array_size(hidden); i++) {
		for (uint32_t code = hidden[i][0]; code <= hidden[i][1]; code++)
			assert_false(code_is_printable(code));
	}
	/* neighbours, and some that people write with */
	static const uint32_t seen[] = {0x20,	0x7e,	 0xa0,	  0xac,	  0xae,	  0xe9,	  0x3b1,
					0x416,	0x5d0,	 0x627,	  0x905,  0x200a, 0x2010, 0x2027,
					0x2030, 0x3042,	 0x4e2d,  0xac00, 0xfdcf, 0xfdf0, 0xfe0f,
					0xfffd, 0x10000, 0x1f600, 0x1fffd};
	for (size_t i = 0; i < array_size(seen); i++)
		assert_true(code_is_printable(seen[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_told_from_what_is_not),
		cmocka_unit_test(codes_survive_encoding_and_decoding),
		cmocka_unit_test(half_characters_at_the_end_are_found),
		cmocka_unit_test(controls_and_hidden_characters_do_not_print),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
