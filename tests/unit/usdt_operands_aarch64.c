/* SPDX-License-Identifier: Apache-2.0 */
/* Operands of arm64; the parser does not depend on the machine it runs on. */
#include "tests/unit/unit.h"

#include <elf.h>

#include "common/array.h"
#include "probe/regs.h"
#include "tests/unit/usdt_render.h"

static const char *const names[ARM64_REGS] = {
	"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",	 "x7",	"x8",  "x9",	"x10", "x11",
	"x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",	"x22", "x23",
	"x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",	"pc",  "pstate"};

struct image {
	int unused;
};

bool image_symbol_address(struct image *image, const char *symbol, uint64_t *ret)
{
	(void)image;
	if (!strcmp(symbol, "buf"))
		*ret = 0x412345;
	else if (!strcmp(symbol, "last.1"))
		*ret = 0x412ffc;
	else
		return false;
	return true;
}

bool image_defines(struct image *image, const char *symbol)
{
	uint64_t address;
	return image_symbol_address(image, symbol, &address);
}

static const struct {
	const char *text, *expected;
} table[] = {
	/* registers */
	{"8@x0", "8u x0.8"},
	{"8@x1", "8u x1.8"},
	{"-8@x19", "8s x19.8s"},
	{"8@x28", "8u x28.8"},
	{"8@x29", "8u x29.8"},
	{"8@x30", "8u x30.8"},
	{"8@sp", "8u sp.8"},
	{"8@fp", "8u x29.8"},
	{"8@lr", "8u x30.8"},
	{"8@ip0", "8u x16.8"},
	{"8@ip1", "8u x17.8"},
	{"-4@w0", "4s x0.4s"},
	{"4@w22", "4u x22.4"},
	{"4@wsp", "4u sp.4"},
	{"-4@x3", "4s x3.4s"},
	{"2@x4", "2u x4.2"},
	{"-1@w5", "1s x5.1s"},
	{"8f@x5", "8f x5.8"},
	{"4f@w6", "4f x6.4"},
	{"8@xzr", "8u =0"},
	{"-4@wzr", "4s =0"},
	/* constants */
	{"-4@5", "4s =5"},
	{"-4@-5", "4s =-5"},
	{"-4@#5", "4s =5"},
	{"8@0x10", "8u =16"},
	{"8@#0x10", "8u =16"},
	{"1@-1", "1u =255"},
	{"8@18446744073709551615", "8u =-1"},
	{"8f@4614253070214989087", "8f =4614253070214989087"},
	/* memory */
	{"8@[x0]", "8u [x0]"},
	{"-4@[x22]", "4s [x22]"},
	{"8@[sp]", "8u [sp]"},
	{"8@[sp, 24]", "8u [sp +24]"},
	{"8@[sp,24]", "8u [sp +24]"},
	{"8@[sp, #24]", "8u [sp +24]"},
	{"2@[x22, 20]", "2u [x22 +20]"},
	{"-4@[x29, -20]", "4s [x29 -20]"},
	{"-4@[fp, #-20]", "4s [x29 -20]"},
	{"8@[x1, 0]", "8u [x1]"},
	{"8@[x1, #16+8]", "8u [x1 +24]"},
	{"8@[x1, 0x18]", "8u [x1 +24]"},
	{"16@[sp, 32]", "16u [sp +32]"},
	/* with an index */
	{"8@[x0, x1]", "8u [x0 +x1*1]"},
	{"8@[sp, x1]", "8u [sp +x1*1]"},
	{"8@[x0, xzr]", "8u [x0]"},
	{"8@[x0, x1, lsl 3]", "8u [x0 +x1*8]"},
	{"8@[x0, x1, lsl #3]", "8u [x0 +x1*8]"},
	{"16@[x0, x1, lsl 4]", "16u [x0 +x1*16]"},
	{"8@[x0, x1, sxtx 3]", "8u [x0 +x1*8]"},
	{"8@[x0, x1, sxtx]", "8u [x0 +x1*1]"},
	{"4@[x0, w1, sxtw 2]", "4u [x0 +x1.4s*4]"},
	{"4@[x0, w1, sxtw #2]", "4u [x0 +x1.4s*4]"},
	{"1@[x0, w1, sxtw]", "1u [x0 +x1.4s*1]"},
	{"8@[x20, w21, uxtw 3]", "8u [x20 +x21.4*8]"},
	{"1@[x20, w21, uxtw]", "1u [x20 +x21.4*1]"},
	/* symbols: the register holds the page */
	{"-4@[x0, #:lo12:buf]", "4s [x0 +837]"},
	{"-4@[x0, :lo12:buf]", "4s [x0 +837]"},
	{"-4@[x0, #:lo12:buf+8]", "4s [x0 +845]"},
	{"-4@[x0, #:lo12:buf-5]", "4s [x0 +832]"},
	{"-4@[x19, #:lo12:last.1+8]", "4s [x19 +4]"},
	/* not to be had, with the reason */
	{"-4@[x0, #:lo12:.LANCHOR2]", "4s !label .LANCHOR2 leaves no trace in the file"},
	{"-4@[x0, #:lo12:nowhere]", "4s !no symbol nowhere"},
	{"8f@d0", "8f !in d0"},
	{"4f@s31", "4f !in s31"},
	{"16@v0", "16u !in v0"},
	{"16@v2.2d", "16u !in v2"},
	{"16@q7", "16u !in q7"},
	{"2@h1", "2u !in h1"},
	{"16@x0", "16u !16 bytes in x0"},
	/* nonsense: "!" stands for "not understood" */
	{"8@", "!"},
	{"8@x31", "!"},
	{"8@x32", "!"},
	{"8@w31", "!"},
	{"8@x", "!"},
	{"8@x00", "!"},
	{"8@d32", "!"},
	{"8@foo", "!"},
	{"8@pc", "!"},
	{"8@x0x", "!"},
	{"8@[", "!"},
	{"8@[]", "!"},
	{"8@[x0", "!"},
	{"8@[x0]]", "!"},
	{"8@[x0, ]", "!"},
	{"8@[x0, 8]!", "!"},
	{"8@[x0], 8", "!"},
	{"8@[w0]", "!"},
	{"8@[xzr]", "!"},
	{"8@[d0]", "!"},
	{"8@[x0, sp]", "!"},
	{"8@[x0, d1]", "!"},
	{"8@[x0, w1]", "!"},
	{"8@[x0, w1, lsl 2]", "!"},
	{"8@[x0, x1, sxtw 2]", "!"},
	{"8@[x0, x1, lsl]", "!"},
	{"8@[x0, x1, lsl 5]", "!"},
	{"8@[x0, x1, lsl -1]", "!"},
	{"8@[x0, x1, ror 2]", "!"},
	{"8@[x0, x1, x2]", "!"},
	{"8@[x0, buf]", "!"},
	{"8@[x0, #:lo12:]", "!"},
	{"8@[x0, #:lo12:8]", "!"},
	{"8@[x0, #:tprel_lo12:buf]", "!"},
	{"8@#", "!"},
	{"8@5+buf", "!"},
	{"8@99999999999999999999", "!"},
	{"8@buf", "!"},
};

static void check(const char *text, const char *expected)
{
	struct arena arena = {0};
	struct image image = {0};
	const struct usdt_operand *operands;
	size_t count;
	assert_ok(usdt_operands(text, EM_AARCH64, &image, NULL, &arena, &operands, &count));
	if (count != 1)
		print_error("'%s': %zu operands\n", text, count);
	assert_int_equal(count, 1);
	char *made = render_operand(&operands[0], names);
	bool fits = strcmp(expected, "!")
			    ? !strcmp(made, expected)
			    : operands[0].source.unavailable && strstr(made, "not understood");
	if (!fits)
		print_error("'%s' gave '%s', not '%s'\n", text, made, expected);
	assert_true(fits);
	free(made);
	arena_deinit(&arena);
}

static void each_shape_becomes_its_operations(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(table); i++)
		check(table[i].text, table[i].expected);
}

static void commas_and_spaces_in_brackets_do_not_split(void **state)
{
	(void)state;
	/* As bcc could not read it: iovisor/bcc#3649. */
	static const char text[] = "8@x25 -4@[x22] 8@x3 2@[x22, 20] 8@[sp, 24] "
				   "4@[x0, w1, sxtw 2] -4@[x0, #:lo12:buf] 8@[x1";
	static const char *const expected[] = {"8@x25",
					       "-4@[x22]",
					       "8@x3",
					       "2@[x22, 20]",
					       "8@[sp, 24]",
					       "4@[x0, w1, sxtw 2]",
					       "-4@[x0, #:lo12:buf]",
					       "8@[x1"};
	struct arena arena = {0};
	const struct usdt_operand *operands;
	size_t count;
	assert_ok(usdt_operands(text, EM_AARCH64, NULL, NULL, &arena, &operands, &count));
	assert_int_equal(count, array_size(expected));
	for (size_t i = 0; i < count; i++)
		assert_string_equal(operands[i].text, expected[i]);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_becomes_its_operations),
		cmocka_unit_test(commas_and_spaces_in_brackets_do_not_split),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
