/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions, from their words to the decision graph. The graphs are run by a machine that is
 * written from the description in probe/filter.h, against this process's own memory; what they must
 * say comes from C, and for conditions with unknown values from Kleene's tables.
 */
#include "tests/unit/unit.h"

#include <fnmatch.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/array.h"
#include "probe/condition.h"
#include "probe/spec.h"

/* --- the machine ------------------------------------------------------------------------------ */

struct machine {
	uint64_t regs[16];
	uint64_t began_ns, now_ns;
	bool returned, no_result;
	const char *comm;
	uint64_t acc, length;
	bool poisoned, has_length;
	char text[FETCH_STRING_MAX + 1];
	size_t text_size;
	bool text_null, text_cut, text_bad;
	unsigned int steps;
};

static bool read_memory(void *to, uint64_t from, size_t size)
{
	struct iovec here = {to, size}, there = {(void *)from, size};
	return size == 0 || process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)size;
}

static uint64_t cut(uint64_t value, unsigned int size, bool sign)
{
	unsigned int spare = 64 - 8 * size;
	return sign ? (uint64_t)((int64_t)(value << spare) >> spare) : value << spare >> spare;
}

static void read_text(struct machine *m, const struct fetch_op *op)
{
	size_t limit = (size_t)op->imm;
	m->text_size = 0;
	m->text_cut = false;
	m->text_null = !m->poisoned && !m->acc && (op->flags & FETCH_NULL_OK);
	m->text_bad = m->poisoned;
	if (m->poisoned || m->text_null)
		return;
	if (op->code == FETCH_BYTES) {
		m->text_cut = m->has_length && m->length > limit;
		m->text_size = m->has_length && m->length < limit ? m->length : limit;
		m->has_length = false;
		m->text_bad = !read_memory(m->text, m->acc, m->text_size);
		return;
	}
	for (;; m->text_size++) {
		char c;
		m->text_bad = !read_memory(&c, m->acc + m->text_size, 1);
		if (m->text_bad || !c)
			return;
		m->text_cut = m->text_size == limit;
		if (m->text_cut)
			return;
		m->text[m->text_size] = c;
	}
}

/* Recursive, and so surely another way than the kernel's. */
static bool matches(const struct filter_plan *plan, size_t at, const char *text, size_t size)
{
	uint16_t element = plan->elements[at];
	unsigned char c = (unsigned char)*text;
	switch (element & FILTER_KIND) {
	case FILTER_END:
		return size == 0;
	case FILTER_STAR:
		return matches(plan, at + 1, text, size) ||
		       (size && matches(plan, at, text + 1, size - 1));
	case FILTER_ANY:
		return size && matches(plan, at + 1, text + 1, size - 1);
	case FILTER_CLASS:
		return size && (plan->classes[element & 0xff][c >> 3] >> (c & 7) & 1) &&
		       matches(plan, at + 1, text + 1, size - 1);
	default:
		return size && c == (element & 0xff) && matches(plan, at + 1, text + 1, size - 1);
	}
}

static enum filter_way test_text(struct machine *m, const struct filter_plan *plan,
				 const struct fetch_op *op)
{
	if ((op->flags & FILTER_MAYBE) && (m->acc < 0x10000 || m->acc >> 48))
		return FILTER_FALSE;
	if (m->text_bad || (m->text_cut && !(op->flags & FILTER_WHOLE)))
		return FILTER_UNKNOWN;
	if (m->text_null)
		return FILTER_FALSE;
	return matches(plan, (size_t)op->imm, m->text, m->text_size) ? FILTER_TRUE : FILTER_FALSE;
}

static enum filter_way test_number(const struct machine *m, const struct fetch_op *op)
{
	bool sign = op->flags & FETCH_SIGNED;
	uint64_t value = cut(m->acc, op->size, sign), wanted = (uint64_t)op->imm;
	bool less = sign ? (int64_t)value < (int64_t)wanted : value < wanted;
	if (m->poisoned)
		return FILTER_UNKNOWN;
	if (op->code == FILTER_EQUAL)
		return value == wanted ? FILTER_TRUE : FILTER_FALSE;
	bool holds = op->code == FILTER_LESS ? less : !less && value != wanted;
	return holds ? FILTER_TRUE : FILTER_FALSE;
}

static void load(struct machine *m, uint64_t value)
{
	m->acc = value;
	m->poisoned = false;
}

static void run_load(struct machine *m, const struct fetch_op *op)
{
	uint64_t value = 0;
	switch (op->code) {
	case FETCH_REG:
		load(m, cut(m->regs[op->reg] >> op->shift, op->size, op->flags & FETCH_SIGNED));
		break;
	case FETCH_CONST:
		load(m, (uint64_t)op->imm);
		break;
	case FETCH_ADD:
		m->acc += (uint64_t)op->imm;
		break;
	case FETCH_DEREF:
		if (!m->poisoned && !read_memory(&value, m->acc, op->size))
			m->poisoned = true;
		m->acc = value;
		break;
	case FETCH_LENGTH:
		m->length = m->poisoned ? 0 : m->acc;
		m->has_length = true;
		break;
	case FETCH_STRING:
	case FETCH_BYTES:
		read_text(m, op);
		break;
	case FILTER_MASK:
		m->acc &= (uint64_t)op->imm;
		break;
	case FILTER_TASK:
		load(m,
		     op->reg == FILTER_TASK_DURATION ? m->now_ns - m->began_ns : m->regs[op->reg]);
		break;
	case FILTER_COMM:
		snprintf(m->text, sizeof(m->text), "%s", m->comm);
		m->text_size = strlen(m->text);
		m->text_bad = m->text_null = m->text_cut = false;
		break;
	default:
		fail_msg("operation %u", op->code);
	}
}

/* From `at` on; FILTER_WAITS leaves where in *at. */
static enum filter_answer run_from(struct machine *m, const struct filter_plan *plan, uint8_t *at)
{
	while (*at < FILTER_FAIL) {
		const struct fetch_op *op = &plan->ops[*at];
		assert_true(*at < plan->n_ops);
		/* No cycles. */
		assert_true(m->steps++ < 2 * FILTER_OPS_MAX);
		if (op->code == FILTER_AT_RETURN && !m->returned)
			return FILTER_WAITS;
		if (op->code == FILTER_AT_RETURN)
			*at = (op->flags & FILTER_RESULT) && m->no_result ? op->next[FILTER_UNKNOWN]
									  : (uint8_t)(*at + 1);
		else if (op->code == FILTER_MATCH)
			*at = op->next[test_text(m, plan, op)];
		else if (op->code >= FILTER_EQUAL && op->code <= FILTER_GREATER)
			*at = op->next[test_number(m, op)];
		else {
			run_load(m, op);
			++*at;
		}
	}
	return *at == FILTER_FAIL ? FILTER_FAILS : FILTER_PASSES;
}

/* --- what there is ---------------------------------------------------------------------------- */

struct body {
	int len;
	unsigned int bits : 3, more : 5;
	const char *text;
	char tag[8];
	struct {
		long deep;
	};
};

static const struct type int_type = {.kind = TYPE_INT, .size = 4, .name = "int"};
static const struct type long_type = {.kind = TYPE_INT, .size = 8, .name = "long"};
static const struct type uint_type = {.kind = TYPE_UINT, .size = 4, .name = "unsigned int"};
static const struct type u64_type = {.kind = TYPE_UINT, .size = 8, .name = "uint64_t"};
static const struct type byte_type = {.kind = TYPE_UINT, .size = 1, .name = "uint8_t"};
static const struct type char_type = {.kind = TYPE_CHAR, .size = 1, .name = "char"};
static const struct type bool_type = {.kind = TYPE_BOOL, .size = 1, .name = "bool"};
static const struct type text_type = {.kind = TYPE_STRING, .size = 8, .name = "const char *"};
static const struct type word_type = {.kind = TYPE_WORD, .size = 8, .name = "word"};
static const struct type float_type = {.kind = TYPE_FLOAT, .size = 8, .name = "double"};
static const struct type bytes_type = {
	.kind = TYPE_BYTES, .size = 0, .length_arg = 1, .name = "buf:arg1"};
static const struct type tag_type = {
	.kind = TYPE_ARRAY, .size = 8, .target = &char_type, .n_members = 8, .name = "char[8]"};
static const struct enumerator flag_names[] = {
	{"O_RDONLY", 0, 3}, {"O_WRONLY", 1, 3}, {"O_CREAT", 64, 0}, {"O_TRUNC", 512, 0}};
static const struct type flags_type = {.kind = TYPE_FLAGS,
				       .size = 4,
				       .name = "int",
				       .enumerators = flag_names,
				       .n_enumerators = 4};
static const struct enumerator color_names[] = {{"Color::RED", -1, 0}, {"BLUE", 7, 0}};
static const struct type color_type = {.kind = TYPE_ENUM,
				       .size = 4,
				       .name = "enum color",
				       .enumerators = color_names,
				       .n_enumerators = 2};
static const struct type_member inner_members[] = {{.name = "deep", .type = &long_type}};
static const struct type inner_type = {.kind = TYPE_STRUCT,
				       .size = 8,
				       .name = "struct {}",
				       .members = inner_members,
				       .n_members = 1};
static const struct type_member body_members[] = {
	{.name = "len", .type = &int_type, .offset = offsetof(struct body, len)},
	{.name = "bits", .type = &uint_type, .offset = 4, .bit_size = 3, .bit_offset = 0},
	{.name = "more", .type = &uint_type, .offset = 4, .bit_size = 5, .bit_offset = 3},
	{.name = "text", .type = &text_type, .offset = offsetof(struct body, text)},
	{.name = "tag", .type = &tag_type, .offset = offsetof(struct body, tag)},
	{.name = "", .type = &inner_type, .offset = offsetof(struct body, deep)},
};
static const struct type body_type = {.kind = TYPE_STRUCT,
				      .size = sizeof(struct body),
				      .name = "struct body",
				      .members = body_members,
				      .n_members = array_size(body_members)};
static const struct type pointer_type = {
	.kind = TYPE_POINTER, .size = 8, .target = &body_type, .name = "struct body *"};

enum reg { N = 1, U, BIG, BYTE, LETTER, FLAG, TEXT, REQ, WORD, FLAGS, COLOR, BUF, RET };

#define NAME(n, t, r, size)                                                                       \
	{                                                                                         \
		.name = (n), .type = &(t), .source = {.ops = {{FETCH_REG, r, size}}, .n_ops = 1 } \
	}

static const struct condition_name names[] = {
	NAME("n", int_type, N, 4),
	NAME("u", uint_type, U, 4),
	NAME("big", u64_type, BIG, 8),
	NAME("byte", byte_type, BYTE, 1),
	NAME("letter", char_type, LETTER, 1),
	NAME("flag", bool_type, FLAG, 1),
	NAME("text", text_type, TEXT, 8),
	NAME("req", pointer_type, REQ, 8),
	NAME("word", word_type, WORD, 8),
	NAME("flags", flags_type, FLAGS, 4),
	NAME("color", color_type, COLOR, 4),
	{.name = "buf",
	 .type = &bytes_type,
	 .source = {.ops = {{FETCH_REG, BUF, 8}}, .n_ops = 1},
	 .length = {.ops = {{FETCH_REG, N, 4}}, .n_ops = 1},
	 .has_length = true},
	{.name = "real", .type = &float_type, .source = {.n_ops = 0}},
	{.name = "gone", .type = &int_type, .source = {.unavailable = "in xmm0"}},
	{.name = "pid", .type = &int_type, .source = {.ops = {{FETCH_REG, U, 4}}, .n_ops = 1}},
};
static const struct condition_name result = NAME("ret", int_type, RET, 4);
static const struct condition_scope scope = {
	.what = "srv:f", .names = names, .n_names = array_size(names), .result = &result};
static const struct condition_scope marker = {.what = "app:mark",
					      .names = names,
					      .n_names = array_size(names),
					      .no_result = "a marker is one moment",
					      .no_duration = "a marker is one moment"};

static const struct filter *compile(const char *text, struct spec_list *list, struct arena *arena)
{
	char spec[1024];
	const struct filter *filter = NULL;
	snprintf(spec, sizeof(spec), "f if %s", text);
	assert_ok(spec_parse(spec, list));
	assert_int_equal(list->count, 1);
	assert_ok(condition_compile(list->items[0].condition, &scope, arena, &filter));
	return filter;
}

static enum filter_answer ask(const struct filter *filter, struct machine *m)
{
	uint8_t at = filter->plan.start;
	m->steps = 0;
	m->returned = false;
	enum filter_answer answer = run_from(m, &filter->plan, &at);
	if (answer != FILTER_WAITS)
		return answer;
	assert_true(filter->at_return);
	m->returned = true;
	return run_from(m, &filter->plan, &at);
}

static const struct body body = {.len = -5,
				 .bits = 5,
				 .more = 17,
				 .text = "/etc/passwd",
				 .tag = "abcdefgh",
				 {.deep = 1L << 40}};

static struct machine a_machine(void)
{
	struct machine m = {.comm = "srv", .began_ns = 1000, .now_ns = 1501000};
	m.regs[N] = 0xffffffff00000000 | (uint32_t)-7;
	m.regs[U] = 0xabcdef00fffffffe;
	m.regs[BIG] = 0x8000000000000001;
	m.regs[BYTE] = 0x1234fe;
	m.regs[LETTER] = '\\' | 0x100;
	m.regs[FLAG] = 1;
	m.regs[TEXT] = (uint64_t) "hello world";
	m.regs[REQ] = (uint64_t)&body;
	m.regs[WORD] = (uint64_t) "word";
	m.regs[FLAGS] = 64 | 1;
	m.regs[COLOR] = 0xffffffff;
	m.regs[BUF] = (uint64_t) "GET / HTTP";
	m.regs[RET] = (uint32_t)-2;
	return m;
}

/* --- tables ----------------------------------------------------------------------------------- */

static void one_comparison(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool holds;
	} rows[] = {
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
		{"word == \"word\"", true},
		{"word > 65535", true},
		{"word ~ \"x*\"", false},
		{"comm == \"srv\"", true},
		{"comm ~ \"s?v\"", true},
		{"comm == \"sr\"", false},
		{"ret == -ENOENT", true},
		{"ret == -EPERM", false},
		{"ret < 0", true},
		{"dur == 1.5ms", true},
		{"dur > 1ms", true},
		{"dur < 1500us", false},
		{"dur >= 1500000ns", true},
		{"dur < 2s", true},
		{"dur == 1500000", true},
		{"pid == 0xfffffffe", true} /* its own pid, not the thread's */,
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
	for (size_t i = 0; i < array_size(rows); i++) {
		struct spec_list list = {0};
		struct arena arena = {0};
		struct machine m = a_machine();
		const struct filter *filter = compile(rows[i].text, &list, &arena);
		bool holds = ask(filter, &m) == FILTER_PASSES;
		if (holds != rows[i].holds)
			fail_msg("%s: %d", rows[i].text, holds);
		spec_list_deinit(&list);
		arena_deinit(&arena);
	}
}

/* Counted bytes have no NUL, and as many as the length says. */
static void counted_bytes(void **state)
{
	(void)state;
	for (uint64_t length = 4; length < 7; length++) {
		struct spec_list list = {0};
		struct arena arena = {0};
		struct machine m = a_machine();
		m.regs[N] = length;
		assert_int_equal(ask(compile("buf == \"GET /\"", &list, &arena), &m),
				 length == 5 ? FILTER_PASSES : FILTER_FAILS);
		spec_list_deinit(&list);
		arena_deinit(&arena);
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
		{&scope, "arg16 > 3", "srv:f has no 'arg16'", "15 arguments"},
		{&scope, "arg0 > 3", "has no 'arg0'", ""},
		{&scope, "n ~ \"x\"", "'n' is no text, but 'int'", "FUNC(str)"},
		{&scope, "n == \"x\"", "'n' is no text", ""},
		{&scope, "text > 3 && real > 1", "'real' is no number", "floating-point"},
		{&scope, "req->tag > 3", "'tag' is no number", "~"},
		{&scope, "comm > 3", "'comm' is a text", "comm =="},
		{&scope, "gone > 3", "'gone' of srv:f cannot be asked for: in xmm0", "leave it"},
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
	static const struct {
		const char *text;
		enum filter_answer answer;
	} rows[] = {
		{"text == \"a\"", FILTER_PASSES},
		{"text != \"a\"", FILTER_PASSES},
		{"text == \"a\" && n == 0", FILTER_FAILS},
		{"text == \"a\" || n == -7", FILTER_PASSES},
		{"text == \"a\" || n == 0", FILTER_PASSES},
		{"text == \"a\" && ret == 0", FILTER_FAILS},
		{"!(text == \"a\" || n == -7)", FILTER_FAILS},
		{"req->len == 3", FILTER_PASSES},
		{"req->text == \"a\" && u == 1", FILTER_FAILS},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct spec_list list = {0};
		struct arena arena = {0};
		struct machine m = a_machine();
		m.regs[TEXT] = 8;
		m.regs[REQ] = 8;
		if (ask(compile(rows[i].text, &list, &arena), &m) != rows[i].answer)
			fail_msg("%s", rows[i].text);
		spec_list_deinit(&list);
		arena_deinit(&arena);
	}
}

/* A null text is like no pattern, and is no mistake. */
static void null_is_no_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum filter_answer answer;
	} rows[] = {{"text ~ \"*\"", FILTER_FAILS},
		    {"text !~ \"*\"", FILTER_PASSES},
		    {"text == \"\"", FILTER_FAILS},
		    {"text == NULL", FILTER_PASSES}};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct spec_list list = {0};
		struct arena arena = {0};
		struct machine m = a_machine();
		m.regs[TEXT] = 0;
		if (ask(compile(rows[i].text, &list, &arena), &m) != rows[i].answer)
			fail_msg("%s", rows[i].text);
		spec_list_deinit(&list);
		arena_deinit(&arena);
	}
}

/* --- any condition ---------------------------------------------------------------------------- */

enum truth { NO, MAYBE, YES };

struct tree {
	char text[800];
	enum truth truth;
};

static uint32_t random_state = 12345;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1103515245 + 12345;
	return (random_state >> 8) % limit;
}

/* A comparison of a value that is known, or not. */
static void random_leaf(struct tree *tree, const struct machine *m)
{
	int wanted = (int)random_below(3);
	switch (random_below(4)) {
	case 0:
		snprintf(tree->text, sizeof(tree->text), "n == %d", wanted);
		tree->truth = (int)m->regs[N] == wanted ? YES : NO;
		break;
	case 1:
		snprintf(tree->text, sizeof(tree->text), "u > %d", wanted);
		tree->truth = (int)m->regs[U] > wanted ? YES : NO;
		break;
	case 2:
		snprintf(tree->text, sizeof(tree->text), "req->len < %d", wanted);
		tree->truth = m->regs[REQ] < 4096				  ? MAYBE
			      : ((const struct body *)m->regs[REQ])->len < wanted ? YES
										  : NO;
		break;
	default:
		snprintf(tree->text, sizeof(tree->text), "ret <= %d", wanted);
		tree->truth = m->no_result ? MAYBE : (int)m->regs[RET] <= wanted ? YES : NO;
	}
}

static void random_tree(struct tree *tree, const struct machine *m, int depth)
{
	struct tree left, right;
	if (depth == 0 || random_below(4) == 0) {
		random_leaf(tree, m);
		return;
	}
	random_tree(&left, m, depth - 1);
	if (random_below(4) == 0) {
		snprintf(tree->text, sizeof(tree->text), "!(%.700s)", left.text);
		tree->truth = (enum truth)(YES - left.truth);
		return;
	}
	random_tree(&right, m, depth - 1);
	bool is_and = random_below(2);
	snprintf(tree->text, sizeof(tree->text), "(%.380s %s %.380s)", left.text,
		 is_and ? "&&" : "||", right.text);
	bool smaller = left.truth < right.truth;
	tree->truth = smaller == is_and ? left.truth : right.truth;
}

static void any_condition(void **state)
{
	(void)state;
	size_t kinds[3] = {0};
	for (int i = 0; i < 20000; i++) {
		struct body some = {.len = (int)random_below(3)};
		struct machine m = {.no_result = random_below(4) == 0};
		struct spec_list list = {0};
		struct arena arena = {0};
		struct tree tree;
		m.regs[N] = random_below(3);
		m.regs[U] = random_below(3);
		m.regs[RET] = random_below(3);
		m.regs[REQ] = random_below(3) ? (uint64_t)&some : 16;
		random_tree(&tree, &m, 3);
		const struct filter *filter = compile(tree.text, &list, &arena);
		enum filter_answer wanted = tree.truth == NO ? FILTER_FAILS : FILTER_PASSES;
		if (ask(filter, &m) != wanted)
			fail_msg("%s: n %d u %d ret %d len %d, wanted %d", tree.text,
				 (int)m.regs[N], (int)m.regs[U], (int)m.regs[RET],
				 m.regs[REQ] == 16 ? -1 : some.len, wanted);
		kinds[tree.truth]++;
		spec_list_deinit(&list);
		arena_deinit(&arena);
	}
	assert_true(kinds[NO] > 1000 && kinds[MAYBE] > 1000 && kinds[YES] > 1000);
}

/* Patterns against the C library's. */
static void any_pattern(void **state)
{
	(void)state;
	size_t matched = 0;
	for (int i = 0; i < 20000; i++) {
		static const char *const parts[] = {"a", "b", "*", "?", "[ab]", "[!a]"};
		char pattern[64] = "", text[16] = "", condition[128];
		struct spec_list list = {0};
		struct arena arena = {0};
		struct machine m = a_machine();
		for (uint32_t n = random_below(6); n; n--)
			strcat(pattern, parts[random_below(array_size(parts))]);
		for (uint32_t n = random_below(8); n; n--)
			strcat(text, random_below(2) ? "a" : "b");
		m.regs[TEXT] = (uint64_t)text;
		snprintf(condition, sizeof(condition), "text ~ \"%s\"", pattern);
		bool wanted = fnmatch(pattern, text, 0) == 0;
		bool got = ask(compile(condition, &list, &arena), &m) == FILTER_PASSES;
		if (got != wanted)
			fail_msg("%s: '%s', wanted %d", condition, text, wanted);
		matched += wanted;
		spec_list_deinit(&list);
		arena_deinit(&arena);
	}
	assert_true(matched > 1000);
}

/* --- joined, and limits ----------------------------------------------------------------------- */

static void either_of_two(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool holds;
	} rows[] = {
		{"n == -7", "n == 0", true},
		{"n == 0", "n == -7", true},
		{"n == 0", "n == 1", false},
		{"n == 0 && text ~ \"[a-h]*\"", "text ~ \"[h]ello [w]*\"", true},
		{"text ~ \"[x]*\"", "comm == \"nobody\"", false},
		{"u > -1", "n == 0", true},
		{"u < -1", "n == 0", false},
		{"n == 0", "u < -1", false},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct spec_list a = {0}, b = {0};
		struct arena arena = {0};
		struct machine m = a_machine();
		const struct filter *both;
		const struct condition *joined;
		const struct filter *first = compile(rows[i].a, &a, &arena);
		const struct filter *second = compile(rows[i].b, &b, &arena);
		assert_ok(filter_either(&arena, first, second, &both));
		assert_int_equal(ask(both, &m), rows[i].holds ? FILTER_PASSES : FILTER_FAILS);
		assert_ok(condition_either(&arena, a.items[0].condition, b.items[0].condition,
					   &joined));
		assert_ok(condition_compile(joined, &scope, &arena, &both));
		assert_int_equal(ask(both, &m), rows[i].holds ? FILTER_PASSES : FILTER_FAILS);
		assert_ok(filter_either(&arena, first, NULL, &both));
		assert_null(both);
		assert_ok(condition_either(&arena, NULL, b.items[0].condition, &joined));
		assert_null(joined);
		spec_list_deinit(&a);
		spec_list_deinit(&b);
		arena_deinit(&arena);
	}
}

static void the_text_is_as_typed(void **state)
{
	(void)state;
	struct spec_list list = {0};
	struct arena arena = {0};
	const struct condition *both;
	assert_ok(spec_parse("f if n > 3  && m , g, h if x", &list));
	assert_int_equal(list.count, 3);
	assert_string_equal(condition_text(list.items[0].condition, &arena), "n > 3  && m");
	assert_null(list.items[1].condition);
	assert_ok(
		condition_either(&arena, list.items[0].condition, list.items[2].condition, &both));
	assert_string_equal(condition_text(both, &arena), "(n > 3  && m) || (x)");
	spec_list_deinit(&list);
	arena_deinit(&arena);
}

static void too_long(void **state)
{
	(void)state;
	struct spec_list list = {0};
	struct arena arena = {0};
	const struct filter *filter;
	char text[8192] = "f if n == 0";
	for (int i = 1; i < 32; i++)
		snprintf(text + strlen(text), 64, " || (req->deep & %d) == %d", i, i & 1);
	assert_ok(spec_parse(text, &list));
	assert_err(condition_compile(list.items[0].condition, &scope, &arena, &filter), ERR_USAGE,
		   "too long");
	assert_null(filter);
	strcat(text, " || n == 99");
	assert_err(spec_parse(text, &list), ERR_USAGE, "more than 32 comparisons");
	char deep[256] = "f if ";
	for (int i = 0; i < 40; i++)
		strcat(deep, "(");
	strcat(deep, "n");
	for (int i = 0; i < 40; i++)
		strcat(deep, ")");
	assert_err(spec_parse(deep, &list), ERR_USAGE, "nest deeper than 32");
	spec_list_deinit(&list);
	arena_deinit(&arena);
}

static bool no_word(void *context, const struct fetch_op *op, uint64_t *ret)
{
	const struct machine *m = context;
	*ret = m->regs[op->reg];
	return op->code == FETCH_REG && op->reg != TEXT;
}

static void words_alone(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool passes;
	} rows[] = {{"n == -7", true},	     {"n == 7", false},
		    {"text == \"x\"", true}, {"n == 7 && text == \"x\"", false},
		    {"ret == 3", true},	     {"n == 7 && ret == 3", false},
		    {"pid == 3 || n", true}, {"flags & 64", true}};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct spec_list list = {0};
		struct arena arena = {0};
		struct machine m = a_machine();
		const struct filter *filter = compile(rows[i].text, &list, &arena);
		if (filter_passes_words(&filter->plan, no_word, &m) != rows[i].passes)
			fail_msg("%s", rows[i].text);
		spec_list_deinit(&list);
		arena_deinit(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_comparison),
		cmocka_unit_test(counted_bytes),
		cmocka_unit_test(refusals),
		cmocka_unit_test(unknown_passes),
		cmocka_unit_test(null_is_no_text),
		cmocka_unit_test(any_condition),
		cmocka_unit_test(any_pattern),
		cmocka_unit_test(either_of_two),
		cmocka_unit_test(the_text_is_as_typed),
		cmocka_unit_test(too_long),
		cmocka_unit_test(words_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
