/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/probe_condition.h"

#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

/* --- the machine ------------------------------------------------------------------------------ */

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
		if (!m->poisoned && !read_memory(&value, m->acc + (uint64_t)op->imm, op->size))
			m->poisoned = true;
		m->acc = value;
		break;
	case FETCH_LENGTH:
		m->length = m->poisoned ? 0 : m->acc;
		if (op->next[0] || op->next[1])
			m->length *= op->next[0] + 256U * op->next[1];
		m->has_length = true;
		break;
	case FETCH_STRING:
	case FETCH_BYTES:
		read_text(m, op);
		break;
	case FILTER_MASK:
		m->acc &= (uint64_t)op->imm;
		break;
	case FILTER_HOLD:
		m->held = m->acc;
		m->held_unknown = m->poisoned;
		break;
	case FILTER_COUNT:
		m->poisoned |= m->held_unknown || m->acc < m->held;
		m->acc = (m->acc - m->held) / (uint64_t)op->imm;
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

static const struct type_form view_form = {
	.kind = FORM_TEXT, .data = 0, .length = 8, .item = &text_type};
static const struct type_member view_members[] = {{.name = "view_text", .type = &text_type},
						  {.name = "size", .type = &u64_type, .offset = 8}};
static const struct type view_type = {.kind = TYPE_STRUCT,
				      .size = 16,
				      .name = "string_view",
				      .members = view_members,
				      .n_members = 2,
				      .form = &view_form};
static const struct type view_pointer = {
	.kind = TYPE_POINTER, .size = 8, .target = &view_type, .name = "string_view &"};
static const struct type_form range_form = {.kind = FORM_RANGE, .length = 8, .item = &int_type};
static const struct type range_type = {
	.kind = TYPE_STRUCT, .size = 16, .name = "vector", .form = &range_form};
static const struct type range_pointer = {
	.kind = TYPE_POINTER, .size = 8, .target = &range_type, .name = "vector &"};
static const struct type_nodes tree = {.kind = NODES_TREE, .has_count = true},
			       chain = {.kind = NODES_CHAIN};
static const struct type_form map_form = {
	.kind = FORM_NODES, .length = 8, .item = &int_type, .nodes = &tree};
static const struct type_form chain_form = {
	.kind = FORM_NODES, .length = 8, .item = &int_type, .nodes = &chain};
static const struct type map_type = {
	.kind = TYPE_STRUCT, .size = 16, .name = "map", .form = &map_form};
static const struct type chain_type = {
	.kind = TYPE_STRUCT, .size = 16, .name = "forward_list", .form = &chain_form};
static const struct type map_pointer = {
	.kind = TYPE_POINTER, .size = 8, .target = &map_type, .name = "map &"};
static const struct type chain_pointer = {
	.kind = TYPE_POINTER, .size = 8, .target = &chain_type, .name = "forward_list &"};
static const struct type_form table_form = {.kind = FORM_COUNT, .length = 4, .item = &int_type};
static const struct type table_type = {
	.kind = TYPE_STRUCT, .size = 8, .name = "HashMap", .form = &table_form};
static const struct type table_pointer = {
	.kind = TYPE_POINTER, .size = 8, .target = &table_type, .name = "HashMap *"};
/* Text that its length lies before. */
static const struct type_form before_form = {
	.kind = FORM_TEXT, .length_before = 24, .item = &text_type};
static const struct type before_type = {
	.kind = TYPE_STRUCT, .size = 8, .name = "string", .form = &before_form};
static const struct type before_pointer = {
	.kind = TYPE_POINTER, .size = 8, .target = &before_type, .name = "string &"};
/* Text that may lie in itself, with its address at the end, and in front. */
static const struct type_form brief_form = {
	.kind = FORM_TEXT, .data = 16, .length = 8, .has_short = true, .item = &text_type};
static const struct type brief_type = {
	.kind = TYPE_STRUCT, .size = 24, .name = "string", .form = &brief_form};
static const struct type brief_pointer = {
	.kind = TYPE_POINTER, .size = 8, .target = &brief_type, .name = "string &"};
static const struct type_form front_form = {
	.kind = FORM_TEXT, .data = 0, .length = 8, .has_short = true, .item = &text_type};
static const struct type front_type = {
	.kind = TYPE_STRUCT, .size = 24, .name = "string", .form = &front_form};
static const struct type front_pointer = {
	.kind = TYPE_POINTER, .size = 8, .target = &front_type, .name = "string &"};
static const struct type_form owner_form = {.kind = FORM_OWNER, .item = &pointer_type};
static const struct type_member owner_members[] = {{.name = "owned", .type = &pointer_type}};
static const struct type owner_type = {.kind = TYPE_STRUCT,
				       .size = 8,
				       .name = "unique_ptr",
				       .members = owner_members,
				       .n_members = 1,
				       .form = &owner_form};
static const struct type owner_pointer = {
	.kind = TYPE_POINTER, .size = 8, .target = &owner_type, .name = "unique_ptr &"};

/* In one register, and in several places: one has none, one is in memory. */
static const struct type_member held_members[] = {
	{.name = "a", .type = &int_type, .offset = 0},
	{.name = "b", .type = &byte_type, .offset = 5},
	{.name = "low", .type = &uint_type, .offset = 6, .bit_size = 3, .bit_offset = 0},
	{.name = "high", .type = &uint_type, .offset = 6, .bit_size = 9, .bit_offset = 3},
	{.name = "far", .type = &u64_type, .offset = 1},
};
static const struct type held_type = {.kind = TYPE_STRUCT,
				      .size = 8,
				      .name = "struct held",
				      .members = held_members,
				      .n_members = array_size(held_members)};
static const struct type_member spread_members[] = {
	{.name = "next", .type = &pointer_type, .offset = 0},
	{.name = "whole", .type = &int_type, .offset = 8},
	{.name = "gone", .type = &int_type, .offset = 12},
	{.name = "in", .type = &held_type, .offset = 16},
	{.name = "both", .type = &u64_type, .offset = 4},
};
static const struct type spread_type = {.kind = TYPE_STRUCT,
					.size = 24,
					.name = "struct spread",
					.members = spread_members,
					.n_members = array_size(spread_members)};

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
	NAME("view", view_pointer, VIEW, 8),
	NAME("owner", owner_pointer, VIEW, 8),
	NAME("row", range_pointer, ROW, 8),
	NAME("map", map_pointer, ROW, 8),
	NAME("chain", chain_pointer, ROW, 8),
	NAME("table", table_pointer, ROW, 8),
	NAME("before", before_pointer, ROW, 8),
	NAME("brief", brief_pointer, ROW, 8),
	NAME("front", front_pointer, ROW, 8),
	{.name = "split",
	 .type = &view_type,
	 .source = {.n_parts = 2,
		    .parts = {{.size = 8, .ops = {{FETCH_REG, BUF, 8}}, .n_ops = 1},
			      {.offset = 8, .size = 8, .ops = {{FETCH_REG, N, 8}}, .n_ops = 1}}}},
	NAME("held", held_type, BIG, 8),
	{.name = "spread",
	 .type = &spread_type,
	 .source = {.n_parts = 4,
		    .parts = {{.size = 8, .ops = {{FETCH_REG, REQ, 8}}, .n_ops = 1},
			      {.offset = 8, .size = 4, .ops = {{FETCH_REG, N, 4}}, .n_ops = 1},
			      {.offset = 12, .size = 4, .unavailable = "in xmm1"},
			      {.offset = 16,
			       .size = 8,
			       .ops = {{FETCH_REG, VIEW, 8}, {.code = FETCH_DEREF, .size = 8}},
			       .n_ops = 2}}}},
	{.name = "pid", .type = &int_type, .source = {.ops = {{FETCH_REG, U, 4}}, .n_ops = 1}},
};
static const struct condition_name result = NAME("ret", int_type, RET, 4);
const struct condition_scope scope = {
	.what = "srv:f", .names = names, .n_names = array_size(names), .result = &result};
const struct condition_scope marker = {.what = "app:mark",
				       .names = names,
				       .n_names = array_size(names),
				       .no_result = "a marker is one moment",
				       .no_duration = "a marker is one moment"};

const struct filter *compile(const char *text, struct spec_list *list, struct arena *arena)
{
	char spec[1024];
	const struct filter *filter = NULL;
	snprintf(spec, sizeof(spec), "f if %s", text);
	assert_ok(spec_parse(spec, list));
	assert_int_equal(list->count, 1);
	assert_ok(condition_compile(list->items[0].condition, &scope, arena, &filter));
	return filter;
}

enum filter_answer ask(const struct filter *filter, struct machine *m)
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

struct machine a_machine(void)
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

bool passes(const char *text, const struct machine *m)
{
	struct spec_list list = {0};
	struct arena arena = {0};
	struct machine own = *m;
	enum filter_answer answer = ask(compile(text, &list, &arena), &own);
	assert_int_not_equal(answer, FILTER_WAITS);
	spec_list_deinit(&list);
	arena_deinit(&arena);
	return answer == FILTER_PASSES;
}
