/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions, from their words to what they let through: what they must say comes from C. */
#include "tests/unit/probe_condition.h"

#include <stdio.h>

/* --- tables ----------------------------------------------------------------------------------- */

struct row {
	const char *text;
	bool passes;
};

static void check(const struct row *rows, size_t count, const struct machine *m)
{
	for (size_t i = 0; i < count; i++)
		if (passes(rows[i].text, m) != rows[i].passes)
			fail_msg("%s: %d", rows[i].text, !rows[i].passes);
}

static void numbers(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"n == -7", true},
		{"n != -7", false},
		{"n < -6", true},
		{"n < -7", false},
		{"n <= -7", true},
		{"n > -8", true},
		{"n >= -7", true},
		{"n >= -6", false},
		{"n", true},
		{"!n", false},
		{"n == 0xfffffff9", true},
		{"n < 4294967295", true},
		{"n > -9223372036854775808", true},
		{"n < 18446744073709551615", true},
		{"u == 0xfffffffe", true},
		{"u == -2", true},
		{"u > -1", true},
		{"u < -1", false},
		{"u > 0x7fffffff", true},
		{"u <= 4294967294", true},
		{"u >= 4294967295", false},
		{"big == 0x8000000000000001", true},
		{"big > 0x8000000000000000", true},
		{"big < 9223372036854775808", false},
		{"big >= 0b1", true},
	};
	const struct machine m = a_machine();
	check(rows, array_size(rows), &m);
}

static void values_of_types(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"byte == 0xfe", true},
		{"byte == 254", true},
		{"byte == 0376", true},
		{"byte == -2", true},
		{"byte > 253", true},
		{"byte < 255", true},
		{"letter == '\\\\'", true},
		{"letter == 'x'", false},
		{"letter == '\\x5c'", true},
		{"letter == '\\134'", true},
		{"letter != '\\n'", true},
		{"flag == true", true},
		{"flag", true},
		{"flag == false", false},
		{"flags & O_CREAT", true},
		{"flags & O_TRUNC", false},
		{"flags & (O_CREAT|O_TRUNC)", true},
		{"flags & O_CREAT|O_TRUNC", true},
		{"(flags & 3) == O_WRONLY", true},
		{"(flags & 3) == O_RDONLY", false},
		{"(flags & 0x40) > 0x3f", true},
		{"flags == O_CREAT|O_WRONLY", true},
		{"color == RED", true},
		{"color != BLUE", true},
		{"color < 0", true},
		{"color == -1", true},
		{"arg1 == -7", true},
		{"arg5 == '\\\\'", true},
	};
	const struct machine m = a_machine();
	check(rows, array_size(rows), &m);
}

static void texts(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"text == \"hello world\"", true},
		{"text == \"hello\"", false},
		{"text == \"hello world!\"", false},
		{"text != \"hello\"", true},
		{"text == \"\"", false},
		{"text == \"hello\\x20world\"", true},
		{"text ~ \"hello*\"", true},
		{"text ~ \"*world\"", true},
		{"text ~ \"*\"", true},
		{"text ~ \"hello\"", false},
		{"text ~ \"h*l*d\"", true},
		{"text ~ \"*o*o*o*\"", false},
		{"text ~ \"?????\\x20*\"", true},
		{"text ~ \"h[a-f]llo*\"", true},
		{"text ~ \"h[!a-f]llo*\"", false},
		{"text ~ \"h[^x]llo*\"", true},
		{"text ~ \"hello[ ]w*\"", true},
		{"text ~ \"hell\\*\"", false},
		{"text !~ \"x*\"", true},
		{"text != NULL", true},
		{"text == NULL", false},
		{"text == \"hello*\"", false},
		{"word == \"word\"", true},
		{"word > 65535", true},
		{"word ~ \"x*\"", false},
		{"comm == \"srv\"", true},
		{"comm ~ \"s?v\"", true},
		{"comm == \"sr\"", false},
	};
	const struct machine m = a_machine();
	check(rows, array_size(rows), &m);
}

static void members(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"req->len == -5", true},
		{"req.len < 0", true},
		{"req->bits == 5", true},
		{"req->bits > 4", true},
		{"req->more == 17", true},
		{"req->more < 17", false},
		{"req->more & 16", true},
		{"req->more & 2", false},
		{"req->deep == 1099511627776", true},
		{"req->text ~ \"/etc/*\"", true},
		{"req->tag == \"abcdefgh\"", true},
		{"req->tag == \"abcdefg\"", false},
		{"req->tag ~ \"*h\"", true},
		{"req != NULL", true},
	};
	const struct machine m = a_machine();
	check(rows, array_size(rows), &m);
}

/* What the return tells, and who called. */
static void ends(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"ret == -ENOENT", true},    {"ret == -EPERM", false}, {"ret < 0", true},
		{"dur == 1.5ms", true},	     {"dur > 1ms", true},      {"dur < 1500us", false},
		{"dur >= 1500000ns", true},  {"dur < 2s", true},       {"dur == 1500000", true},
		{"pid == 0xfffffffe", true}, /* its own pid, not the thread's */
	};
	const struct machine m = a_machine();
	check(rows, array_size(rows), &m);
}

static void joined(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"n < 0 && text ~ \"h*\" || ret > 0", true},
		{"n > 0 || ret == -ENOENT", true},
		{"n > 0 && ret == -ENOENT", false},
		{"!(n > 0) && !(ret > 0)", true},
		{"n < 0 || u == 0 && ret == 5", true},
		{"(n < 0 || u == 0) && ret == 5", false},
		{"!(dur > 1ms && text == \"x\")", true},
		{"!!(n)", true},
		{"!!!n", false},
	};
	const struct machine m = a_machine();
	check(rows, array_size(rows), &m);
}

/* Counted bytes have no NUL, and as many as the length says. */
static void counted_bytes(void **state)
{
	(void)state;
	for (uint64_t length = 4; length < 7; length++) {
		struct machine m = a_machine();
		m.regs[N] = length;
		assert_int_equal(passes("buf == \"GET /\"", &m), length == 5);
	}
}

/* What a library's string leads to, by its address and in registers; and what an owner leads to. */
static void strings_of_libraries(void **state)
{
	(void)state;
	static const struct body body = {.len = 3, .text = "owned"};
	static const struct body *const owned = &body;
	static const struct view view = {"GET /path", 5}, none = {NULL, 0}, wild = {(char *)8, 3};
	static const struct {
		const char *text;
		const void *at;
		bool passes;
	} rows[] = {
		{"view == \"GET /\"", &view, true},
		{"view == \"GET /path\"", &view, false},
		{"view ~ \"G*/\"", &view, true},
		{"view != \"GET /\"", &view, false},
		{"view == \"\"", &none, true},
		{"view == \"abc\"", &wild, true},
		{"view == \"abc\" && u == 1", &wild, false},
		{"split == \"GET /\"", &view, true},
		{"split == \"POST \"", &view, false},
		{"owner->len == 3", &owned, true},
		{"owner->text == \"owned\"", &owned, true},
		{"owner->text == \"other\"", &owned, false},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct machine m = a_machine();
		m.regs[N] = 5;
		m.regs[VIEW] = (uintptr_t)rows[i].at;
		if (passes(rows[i].text, &m) != rows[i].passes)
			fail_msg("%s", rows[i].text);
	}
}

/* Each is loaded from where it is, and cut to its own bits. */
static void members_in_registers(void **state)
{
	(void)state;
	static const uint64_t inner = 0x00000000000000fe;
	static const struct {
		const char *text;
		bool passes;
	} rows[] = {
		{"held.a == -2", true},
		{"held.a < 0 && held.a > -3", true},
		{"held.b == 0xab", true},
		{"held.b > 0xab", false},
		{"held.low == 5", true},
		{"held.low != 5", false},
		{"held.high == 0x123", true},
		{"held.high > 0x123", false},
		{"held.high & 0x20", true},
		{"spread.whole == -7", true},
		{"spread.next->len == -5", true},
		{"spread.next", true},
		{"spread.next->text ~ \"/etc/*\"", true},
		{"spread.in.a == 254", true},
		{"spread.in.b", false},
		{"ret == -2 && held.a == -2", true},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct machine m = a_machine();
		m.regs[BIG] = 5ULL << 48 | 0x123ULL << 51 | 0xabULL << 40 | 0xfffffffe;
		m.regs[VIEW] = (uintptr_t)&inner;
		if (passes(rows[i].text, &m) != rows[i].passes)
			fail_msg("%s", rows[i].text);
	}
}

/* As libc++ has them: the short one is three characters, the long one 22. */
static void texts_that_may_lie_in_themselves(void **state)
{
	(void)state;
	static const char lengthy[] = "a text of 22 letters..";
	static const struct {
		uint64_t capacity, size;
		const char *text;
	} outside = {33, 22, lengthy};
	static const struct {
		const char *text;
		uint64_t size, capacity;
	} front = {lengthy, 22, 1ULL << 63 | 32};
	static const char inside[24] = "\x06"
				       "abc",
			  nothing[24];
	static const char behind[24] = {'a', 'b', 'c', [23] = 3};
	static const struct {
		const char *text;
		const void *at;
		bool passes;
	} rows[] = {
		{"brief.size() == 3", inside, true},
		{"brief.size() > 3", inside, false},
		{"brief.size() & 2", inside, true},
		{"brief.size()", nothing, false},
		{"brief == \"\"", nothing, true},
		{"brief == \"abc\"", inside, true},
		{"brief == \"ab\"", inside, false},
		{"brief.size() == 22", &outside, true},
		{"brief.size() < 22", &outside, false},
		{"brief ~ \"a text*\"", &outside, true},
		{"brief !~ \"*..\"", &outside, false},
		{"brief ~ \"*c\" && brief.size() < 4 || n == 1", inside, true},
		{"!(brief ~ \"*c\" && brief.size() < 4)", &outside, true},
		{"front.size() == 3", behind, true},
		{"front.size()", nothing, false},
		{"front == \"abc\"", behind, true},
		{"front != \"abc\"", behind, false},
		{"front.size() == 22", &front, true},
		{"front ~ \"a text*\"", &front, true},
		{"front == \"abc\"", &front, false},
		/* What cannot be read is unknown. */
		{"brief.size() == 1", (void *)8, true},
		{"brief == \"abc\"", (void *)8, true},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct machine m = a_machine();
		m.regs[ROW] = (uintptr_t)rows[i].at;
		if (passes(rows[i].text, &m) != rows[i].passes)
			fail_msg("%s", rows[i].text);
	}
}

/* By their own number, by two addresses, by what lies before the text, in registers. */
static void sizes(void **state)
{
	(void)state;
	static const int items[7];
	static const struct view view = {"GET /path", 5}, wild = {(char *)8, 3};
	static const struct range some = {items, items + 7}, empty = {items, items},
				  wrong = {items + 7, items};
	static const uint64_t words[] = {1, 9};
	static const uint32_t halves[] = {1, 6};
	static const struct {
		uint64_t length, capacity, references;
		char text[8];
	} counted = {4, 8, 1, "text"};
	static const char *const before = counted.text;
	static const struct {
		const char *text;
		const void *at;
		bool passes;
	} rows[] = {
		{"view.size() == 5", &view, true},
		{"view.len() > 5", &view, false},
		{"view.size() == 3 && view == \"abc\"", &wild, true},
		{"view.length() >= 5 && u == 1", &view, false},
		{"split.size() == 5", &view, true},
		{"split.size() == 6", &view, false},
		{"row.size() == 7", &some, true},
		{"row.size() > 7", &some, false},
		{"row -> size ( ) <= 7", &some, true},
		{"row.size()", &empty, false},
		{"!row.size()", &empty, true},
		{"row.size() & 3", &some, true},
		{"row.size() > 1000000 && u == 1", &some, false},
		/* What cannot be is not known, and passes. */
		{"row.size() == 3", &wrong, true},
		{"row.size() == 3", (void *)8, true},
		{"map.size() == 9", words, true},
		{"map.size() < 9", words, false},
		{"table.len() == 6", halves, true},
		{"table.len() != 6", halves, false},
		{"before.size() == 4", &before, true},
		{"before.size() == 8", &before, false},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct machine m = a_machine();
		m.regs[N] = 5;
		m.regs[VIEW] = m.regs[ROW] = (uintptr_t)rows[i].at;
		if (passes(rows[i].text, &m) != rows[i].passes)
			fail_msg("%s", rows[i].text);
	}
}

static void refusals(void **state)
{
	(void)state;
	static const struct {
		const struct condition_scope *scope;
		const char *text, *what, *hint;
	} rows[] = {
		{&scope, "lem > 3", "srv:f has no 'lem'", "n, u, big"},
		{&scope, "colour == 3", "srv:f has no 'colour'", "did you mean 'color'?"},
		{&scope, "arg28 > 3", "srv:f has no 'arg28'", "27 arguments"},
		{&scope, "arg0 > 3", "has no 'arg0'", ""},
		{&scope, "text.size() > 3", "'text' has no 'size()' that is known", "s ~"},
		{&scope, "n.size() > 3", "'n' has no 'size()' that is known", "containers of C++"},
		{&scope, "chain.size() > 3", "'chain' has no 'size()' that is known", "containers"},
		{&scope, "row.count() > 3", "'count()' cannot be called", "'size()' is known"},
		{&scope, "row.size().x > 3", "'size' has no members that are known", "'size'"},
		{&scope, "row.size() ~ \"x\"", "'size' is no text", "a number"},
		{&scope, "n ~ \"x\"", "'n' is no text, but 'int'", "FUNC(str)"},
		{&scope, "n == \"x\"", "'n' is no text", ""},
		{&scope, "n > 3ms", "'n' is no time, but 'int'", "leave the unit away"},
		{&scope, "n & 1us", "'n' is no time", "wait_ns"},
		{&scope, "text > 3", "'text' is an address", "text == \"...\""},
		{&scope, "text == 10", "'text' is an address", "NULL"},
		{&scope, "req == 3", "'req' is an address", "req == 0x3"},
		{&scope, "n > 3 && real > 1", "'real' is no number", "floating-point"},
		{&scope, "req->tag > 3", "'tag' is no number", "~"},
		{&scope, "comm > 3", "'comm' is a text", "comm =="},
		{&scope, "gone > 3", "'gone' of srv:f cannot be asked for: in xmm0", "leave it"},
		{&scope, "spread.gone > 3", "'gone' cannot be asked for: in xmm1", "leave it"},
		{&scope, "spread.both > 3", "it is in several places", "leave it"},
		{&scope, "held.far > 3", "it is in several places", "leave it"},
		{&scope, "spread.in > 3", "'in' is no number, but 'struct held'", "'in.MEMBER'"},
		{&scope, "held == \"x\"", "'held' is no text", "FUNC(str)"},
		{&scope, "req->lem", "'struct body' has no member 'lem'", "'len'"},
		{&scope, "req->zzzzzz", "no member 'zzzzzz'", "len, bits, more"},
		{&scope, "n->x", "'n' has no members", "'int'"},
		{&scope, "n == RED", "'RED' is no number", "quotes"},
		{&scope, "color == BLU", "'BLU' is no number", "'BLUE'"},
		{&scope, "byte == 256", "'byte' never has this value", "1 byte"},
		{&scope, "byte == -129", "'byte' never has this value", ""},
		{&scope, "req->bits == 8", "'bits' never has this value", ""},
		{&scope, "flags & O_RDONLY", "no bit is set", "(flags & 3) == O_RDONLY"},
		{&marker, "ret == 3", "a marker is one moment", ""},
		{&marker, "dur > 3", "a marker is one moment", ""},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct spec_list list = {0};
		struct arena arena = {0};
		const struct filter *filter;
		char spec[256];
		snprintf(spec, sizeof(spec), "f if %s", rows[i].text);
		assert_ok(spec_parse(spec, &list));
		struct err *e =
			condition_compile(list.items[0].condition, rows[i].scope, &arena, &filter);
		if (!e)
			fail_msg("%s was taken", rows[i].text);
		char *text = err_text(e, "utrail");
		if (err_kind(e) != ERR_USAGE || !strstr(text, rows[i].what) ||
		    !strstr(text, rows[i].hint) || !strstr(text, "^"))
			fail_msg("%s: %s", rows[i].text, text);
		free(text);
		err_free(e);
		spec_list_deinit(&list);
		arena_deinit(&arena);
	}
}

/* --- what cannot be read ---------------------------------------------------------------------- */

static void unknown_passes(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"text == \"a\"", true},
		{"text != \"a\"", true},
		{"text == \"a\" && n == 0", false},
		{"text == \"a\" || n == -7", true},
		{"text == \"a\" || n == 0", true},
		{"text == \"a\" && ret == 0", false},
		{"!(text == \"a\" || n == -7)", false},
		{"req->len == 3", true},
		{"req->text == \"a\" && u == 1", false},
	};
	struct machine m = a_machine();
	m.regs[TEXT] = 8;
	m.regs[REQ] = 8;
	check(rows, array_size(rows), &m);
}

/* A null text is like no pattern, and is no mistake. */
static void null_is_no_text(void **state)
{
	(void)state;
	static const struct row rows[] = {{"text ~ \"*\"", false},
					  {"text !~ \"*\"", true},
					  {"text == \"\"", false},
					  {"text == NULL", true}};
	struct machine m = a_machine();
	m.regs[TEXT] = 0;
	check(rows, array_size(rows), &m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(values_of_types),
		cmocka_unit_test(texts),
		cmocka_unit_test(members),
		cmocka_unit_test(ends),
		cmocka_unit_test(joined),
		cmocka_unit_test(counted_bytes),
		cmocka_unit_test(refusals),
		cmocka_unit_test(unknown_passes),
		cmocka_unit_test(null_is_no_text),
		cmocka_unit_test(strings_of_libraries),
		cmocka_unit_test(members_in_registers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(texts_that_may_lie_in_themselves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
