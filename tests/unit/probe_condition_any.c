/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions and patterns at random: what they must say comes from Kleene's tables, and from the C
 * library's fnmatch().
 */
#include "tests/unit/probe_condition.h"

#include <fnmatch.h>
#include <stdio.h>

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
		struct tree tree;
		m.regs[N] = random_below(3);
		m.regs[U] = random_below(3);
		m.regs[RET] = random_below(3);
		m.regs[REQ] = random_below(3) ? (uint64_t)&some : 16;
		random_tree(&tree, &m, 3);
		bool wanted = tree.truth != NO;
		if (passes(tree.text, &m) != wanted)
			fail_msg("%s: n %d u %d ret %d len %d, wanted %d", tree.text,
				 (int)m.regs[N], (int)m.regs[U], (int)m.regs[RET],
				 m.regs[REQ] == 16 ? -1 : some.len, wanted);
		kinds[tree.truth]++;
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
		struct machine m = a_machine();
		for (uint32_t n = random_below(6); n; n--)
			strcat(pattern, parts[random_below(array_size(parts))]);
		for (uint32_t n = random_below(8); n; n--)
			strcat(text, random_below(2) ? "a" : "b");
		m.regs[TEXT] = (uint64_t)text;
		snprintf(condition, sizeof(condition), "text ~ \"%s\"", pattern);
		bool wanted = fnmatch(pattern, text, 0) == 0;
		if (passes(condition, &m) != wanted)
			fail_msg("%s: '%s', wanted %d", condition, text, wanted);
		matched += wanted;
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
		{"n == 0", "before == \"text\"", true},
		{"n == 0", "before == \"tex\"", false},
	};
	static const struct {
		uint64_t length, capacity, references;
		char text[32];
	} counted = {4, 31, 1, "text"};
	static const char *const before = counted.text;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct spec_list a = {0}, b = {0};
		struct arena arena = {0};
		struct machine m = a_machine();
		const struct filter *both;
		const struct condition *joined;
		m.regs[ROW] = (uintptr_t)&before;
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
		cmocka_unit_test(any_condition), cmocka_unit_test(any_pattern),
		cmocka_unit_test(either_of_two), cmocka_unit_test(the_text_is_as_typed),
		cmocka_unit_test(too_long),	 cmocka_unit_test(words_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
