/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a condition to its decision graph.
 *
 * Comparisons are asked in a fixed order, what the entry knows before what the return tells. After
 * each answer the condition is simplified; where it is decided, the graph ends. What is left names
 * the next question; the same rest is the same node, so that a condition of n comparisons has about
 * n nodes.
 *
 * What cannot be read is unknown, by Kleene's tables, and an unknown condition passes. That takes
 * no third value here: with all negations at the comparisons, only "and" and "or" are left, minimum
 * and maximum of false < unknown < true; "at least unknown" is then what comes out when each
 * unknown comparison, or its negation, is taken for true. So unknown goes where the answer leads
 * that speaks for the hit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "probe/condition_tree.h"

enum truth {
	TRUTH_OPEN, /* not asked yet */
	TRUTH_FALSE,
	TRUTH_TRUE,
};

/* Of the whole condition, also when it is of several specs. */
#define LEAVES_MAX ((size_t)2 * CONDITION_LEAVES_MAX)
/* A rest of the condition, written down: one letter for each comparison, and the operators. */
#define REST_MAX   (8 * LEAVES_MAX)
#define FIRST_LEAF 0x80

struct known_rest {
	char text[REST_MAX];
	uint8_t node;
};

struct compiler {
	const struct condition *condition;
	const struct condition_scope *scope;
	struct arena *arena;
	struct filter *filter;
	size_t n_elements, n_classes;
	struct condition_leaf *leaves;
	const struct condition *tests[LEAVES_MAX];
	bool negated[LEAVES_MAX];  /* an odd number of ! is around it */
	uint8_t order[LEAVES_MAX]; /* leaves, in the order asked */
	size_t n_leaves;
	struct known_rest *rests;
	size_t n_rests;
	bool is_full;
};

static enum truth truth_not(enum truth a)
{
	return a == TRUTH_TRUE ? TRUTH_FALSE : a == TRUTH_FALSE ? TRUTH_TRUE : a;
}

struct rest {
	char text[REST_MAX];
	size_t used;
	bool is_full;
};

static void write_rest(struct rest *rest, char c)
{
	if (rest->used + 1 >= REST_MAX)
		rest->is_full = true;
	else
		rest->text[rest->used++] = c;
}

static size_t leaf_number(const struct compiler *c, const struct condition *test)
{
	size_t i = 0;
	while (i < c->n_leaves && c->tests[i] != test)
		i++;
	return i;
}

/* The truth under what is known, and, while it is open, what is left of the condition. */
static enum truth simplify(const struct compiler *c, const struct condition *condition,
			   const enum truth *known, struct rest *rest)
{
	size_t start = rest->used;
	if (condition->kind == CONDITION_TEST) {
		size_t number = leaf_number(c, condition);
		write_rest(rest, (char)(FIRST_LEAF + number));
		return known[number];
	}
	if (condition->kind == CONDITION_NOT) {
		write_rest(rest, '!');
		return truth_not(simplify(c, condition->left, known, rest));
	}
	bool is_and = condition->kind == CONDITION_AND;
	enum truth decides = is_and ? TRUTH_FALSE : TRUTH_TRUE;
	write_rest(rest, is_and ? '&' : '|');
	size_t left_at = rest->used;
	enum truth left = simplify(c, condition->left, known, rest);
	size_t right_at = rest->used;
	if (left == decides)
		return decides;
	enum truth right = simplify(c, condition->right, known, rest);
	if (right == decides)
		return decides;
	/* One that is settled is neutral: the other is what is left. */
	if (left != TRUTH_OPEN) {
		memmove(rest->text + start, rest->text + right_at, rest->used - right_at);
		rest->used -= right_at - start;
		return right;
	}
	if (right != TRUTH_OPEN) {
		memmove(rest->text + start, rest->text + left_at, right_at - left_at);
		rest->used = start + right_at - left_at;
	}
	return left;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static uint8_t end_of(enum truth truth)
{
	return truth == TRUTH_FALSE ? FILTER_FAIL : FILTER_PASS;
}

/* Puts the operations of a leaf; returns the number of the first. */
static uint8_t put_leaf(struct compiler *c, const struct condition_leaf *leaf)
{
	struct filter_plan *plan = &c->filter->plan;
	uint8_t first = plan->n_ops;
	if (plan->n_ops + leaf->n_ops > FILTER_OPS_MAX) {
		c->is_full = true;
		return FILTER_PASS;
	}
	memcpy(&plan->ops[first], leaf->ops, leaf->n_ops * sizeof(leaf->ops[0]));
	for (size_t i = first; i + 1 < first + leaf->n_ops; i++)
		for (size_t way = 0; plan->ops[i].code == FILTER_EQUAL && way < 3; way++)
			plan->ops[i].next[way] = (uint8_t)(plan->ops[i].next[way] + first);
	plan->n_ops = (uint8_t)(plan->n_ops + leaf->n_ops);
	return first;
}

static bool remember(struct compiler *c, const struct rest *rest, uint8_t node)
{
	if (c->n_rests == FILTER_OPS_MAX)
		return false;
	memcpy(c->rests[c->n_rests].text, rest->text, sizeof(rest->text));
	c->rests[c->n_rests++].node = node;
	return true;
}

static uint8_t build(struct compiler *c, enum truth *known);

static uint8_t build_with(struct compiler *c, enum truth *known, uint8_t leaf, enum truth answer)
{
	known[leaf] = answer;
	uint8_t node = build(c, known);
	known[leaf] = TRUTH_OPEN;
	return node;
}

static uint8_t next_leaf(const struct compiler *c, const struct rest *rest, const enum truth *known)
{
	for (size_t i = 0; i < c->n_leaves; i++) {
		uint8_t leaf = c->order[i];
		if (known[leaf] == TRUTH_OPEN && memchr(rest->text, FIRST_LEAF + leaf, rest->used))
			return leaf;
	}
	return 0; /* not reached: what is open has a leaf */
}

static uint8_t build(struct compiler *c, enum truth *known)
{
	struct rest rest = {.used = 0};
	enum truth truth = simplify(c, c->condition, known, &rest);
	if (truth != TRUTH_OPEN)
		return end_of(truth);
	memset(rest.text + rest.used, 0, sizeof(rest.text) - rest.used);
	for (size_t i = 0; i < c->n_rests; i++)
		if (memcmp(c->rests[i].text, rest.text, sizeof(rest.text)) == 0)
			return c->rests[i].node;
	uint8_t number = next_leaf(c, &rest, known);
	const struct condition_leaf *leaf = &c->leaves[number];
	uint8_t first = put_leaf(c, leaf);
	if (c->is_full || rest.is_full || !remember(c, &rest, first)) {
		c->is_full = true;
		return FILTER_PASS;
	}
	uint8_t yes = build_with(c, known, number, TRUTH_TRUE);
	uint8_t no = build_with(c, known, number, TRUTH_FALSE);
	uint8_t unknown = c->negated[number] ? no : yes;
	struct fetch_op *ops = c->filter->plan.ops;
	struct fetch_op *test = &ops[first + leaf->n_ops - 1];
	test->next[FILTER_TRUE] = leaf->inverted ? no : yes;
	test->next[FILTER_FALSE] = leaf->inverted ? yes : no;
	test->next[FILTER_UNKNOWN] = unknown;
	if (ops[first].code == FILTER_AT_RETURN)
		ops[first].next[FILTER_UNKNOWN] = unknown;
	return first;
}

/* --- the whole -------------------------------------------------------------------------------- */

static struct err *collect(struct compiler *c, const struct condition *condition, bool negated)
{
	if (condition->kind != CONDITION_TEST) {
		bool inside = negated != (condition->kind == CONDITION_NOT);
		struct err *e = collect(c, condition->left, inside);
		return !e && condition->right ? collect(c, condition->right, inside) : e;
	}
	if (c->n_leaves == LEAVES_MAX)
		return err_hint(condition_error(condition->source, condition->test->path[0].at,
						"more than %zu comparisons at one place",
						LEAVES_MAX),
				"use fewer");
	c->tests[c->n_leaves] = condition;
	c->negated[c->n_leaves] = negated;
	return condition_bind(condition, c->scope, c->arena, &c->filter->plan, &c->n_elements,
			      &c->n_classes, &c->leaves[c->n_leaves++]);
}

/* Cheap ones first: numbers before texts. */
static int rank_of(const struct condition_leaf *leaf)
{
	return (leaf->at_return ? 2 : 0) + (leaf->has_pattern ? 1 : 0);
}

static void put_in_order(struct compiler *c)
{
	size_t count = 0;
	for (int rank = 0; rank < 4; rank++)
		for (size_t i = 0; i < c->n_leaves; i++)
			if (rank_of(&c->leaves[i]) == rank)
				c->order[count++] = (uint8_t)i;
}

static struct err *describe(struct compiler *c)
{
	char *made = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&made, &size);
	if (!out)
		return &err_nomem;
	for (int at_return = 0; at_return < 2; at_return++) {
		for (size_t i = 0; i < c->n_leaves; i++)
			if (c->leaves[c->order[i]].at_return == at_return)
				fprintf(out, "%s: %s\n",
					at_return ? "at the return" : "at the entry",
					c->leaves[c->order[i]].words);
	}
	bool failed = fclose(out) != 0;
	c->filter->words = failed ? NULL : arena_string(c->arena, made);
	free(made);
	return c->filter->words ? NULL : &err_nomem;
}

static struct err *make_graph(struct compiler *c)
{
	enum truth known[LEAVES_MAX] = {TRUTH_OPEN};
	for (size_t i = 0; i < c->n_leaves; i++)
		if (c->leaves[i].is_constant)
			known[i] = c->leaves[i].constant ? TRUTH_TRUE : TRUTH_FALSE;
	c->filter->plan.start = build(c, known);
	/* Without its entry, a return knows nothing of what that knew. */
	for (size_t i = 0; i < c->n_leaves; i++) {
		c->filter->at_return |= c->leaves[i].at_return && !c->leaves[i].is_constant;
		if (!c->leaves[i].at_return && !c->leaves[i].is_constant)
			known[i] = c->negated[i] ? TRUTH_FALSE : TRUTH_TRUE;
	}
	c->filter->plan.alone = build(c, known);
	if (!c->is_full)
		return NULL;
	return err_hint(condition_error(c->condition->source, c->condition->source->offset,
					"the condition is too long for one place"),
			"it may have %d steps in the kernel: use fewer comparisons",
			FILTER_OPS_MAX);
}

struct err *condition_compile(const struct condition *condition,
			      const struct condition_scope *scope, struct arena *arena,
			      const struct filter **ret)
{
	struct compiler c = {.condition = condition, .scope = scope, .arena = arena};
	*ret = NULL;
	if (!condition)
		return NULL;
	_cleanup_free_ struct condition_leaf *leaves = calloc(LEAVES_MAX, sizeof(*leaves));
	_cleanup_free_ struct known_rest *rests = calloc(FILTER_OPS_MAX, sizeof(*rests));
	c.filter = arena_alloc(arena, sizeof(*c.filter));
	if (!leaves || !rests || !c.filter)
		return &err_nomem;
	c.leaves = leaves;
	c.rests = rests;
	struct err *e = collect(&c, condition, false);
	put_in_order(&c);
	e = e ?: make_graph(&c);
	e = e ?: describe(&c);
	if (!e)
		*ret = c.filter;
	return e;
}

/* --- in user space ---------------------------------------------------------------------------- */

static enum filter_way compare(const struct fetch_op *op, uint64_t value)
{
	unsigned int unused = 64 - op->size * 8U;
	bool sign = op->flags & FETCH_SIGNED;
	uint64_t wanted = (uint64_t)op->imm;
	value = sign ? (uint64_t)((int64_t)(value << unused) >> unused) : value << unused >> unused;
	bool holds = op->code == FILTER_EQUAL ? value == wanted
		     : op->code == FILTER_LESS
			     ? (sign ? (int64_t)value < (int64_t)wanted : value < wanted)
			     : (sign ? (int64_t)value > (int64_t)wanted : value > wanted);
	return holds ? FILTER_TRUE : FILTER_FALSE;
}

bool filter_passes_words(const struct filter_plan *plan,
			 bool (*word)(void *context, const struct fetch_op *op, uint64_t *ret),
			 void *context)
{
	uint64_t value = 0;
	bool known = false;
	uint8_t at = plan->start;
	while (at < plan->n_ops) {
		const struct fetch_op *op = &plan->ops[at++];
		switch (op->code) {
		case FILTER_AT_RETURN:
			return true;
		case FILTER_MASK:
			value &= (uint64_t)op->imm;
			break;
		case FILTER_MATCH:
			at = op->next[FILTER_UNKNOWN];
			break;
		case FILTER_EQUAL:
		case FILTER_LESS:
		case FILTER_GREATER:
			at = op->next[known ? compare(op, value) : FILTER_UNKNOWN];
			break;
		default:
			known = word(context, op, &value);
		}
	}
	return at != FILTER_FAIL;
}
