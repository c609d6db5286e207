/* SPDX-License-Identifier: Apache-2.0 */
/* Two specs that mean one place: a hit counts when either says so. */
#include <string.h>

#include "probe/condition_tree.h"

struct err *condition_either(struct arena *arena, const struct condition *a,
			     const struct condition *b, const struct condition **ret)
{
	*ret = NULL;
	if (!a || !b)
		return NULL;
	*ret = a;
	if (a == b)
		return NULL;
	struct condition *node = arena_alloc(arena, sizeof(*node));
	if (!node)
		return &err_nomem;
	*node = (struct condition){
		.kind = CONDITION_OR, .left = a, .right = b, .source = a->source};
	*ret = node;
	return NULL;
}

static bool is_one_text(const struct condition *condition)
{
	return condition->kind != CONDITION_OR ||
	       (condition->left->source == condition->right->source);
}

const char *condition_text(const struct condition *condition, struct arena *arena)
{
	const struct condition_source *source = condition->source;
	if (is_one_text(condition))
		return arena_substring(arena, source->text + source->offset,
				       source->end - source->offset);
	const char *left = condition_text(condition->left, arena);
	const char *right = condition_text(condition->right, arena);
	return left && right ? arena_printf(arena, "(%s) || (%s)", left, right) : NULL;
}

/* --- filters, joined -------------------------------------------------------------------------- */

static uint8_t moved(uint8_t target, uint8_t by, uint8_t on_fail)
{
	if (target == FILTER_FAIL)
		return on_fail;
	return target == FILTER_PASS ? FILTER_PASS : (uint8_t)(target + by);
}

static size_t elements_of(const struct filter_plan *plan)
{
	size_t count = FILTER_ELEMENTS_MAX;
	while (count && plan->elements[count - 1] != FILTER_END)
		count--;
	return count;
}

static size_t classes_of(const struct filter_plan *plan)
{
	size_t count = 0;
	for (size_t i = 0; i < FILTER_ELEMENTS_MAX; i++)
		if ((plan->elements[i] & FILTER_KIND) == FILTER_CLASS)
			count++;
	return count;
}

/* Appends `b`'s operations to `to`, those of `a`; false: no room. */
static bool append(struct filter_plan *to, const struct filter_plan *b)
{
	size_t elements = elements_of(to), classes = classes_of(to), n = to->n_ops;
	size_t more = elements_of(b), more_classes = classes_of(b);
	if (n + b->n_ops > FILTER_OPS_MAX || elements + more > FILTER_ELEMENTS_MAX ||
	    classes + more_classes > FILTER_CLASSES_MAX)
		return false;
	for (size_t i = 0; i < more; i++) {
		uint16_t element = b->elements[i];
		bool is_class = (element & FILTER_KIND) == FILTER_CLASS;
		to->elements[elements + i] = (uint16_t)(element + (is_class ? classes : 0));
	}
	memcpy(to->classes[classes], b->classes, more_classes * sizeof(b->classes[0]));
	for (size_t i = 0; i < b->n_ops; i++) {
		struct fetch_op op = b->ops[i];
		/* Of a load it is something else: FETCH_LENGTH multiplies with it. */
		for (size_t way = 0; way < 3 && op.code >= FILTER_FIRST; way++)
			op.next[way] = moved(op.next[way], (uint8_t)n, FILTER_FAIL);
		op.imm += op.code == FILTER_MATCH ? (int64_t)elements : 0;
		to->ops[n + i] = op;
	}
	to->n_ops = (uint8_t)(n + b->n_ops);
	return true;
}

struct err *filter_either(struct arena *arena, const struct filter *a, const struct filter *b,
			  const struct filter **ret)
{
	*ret = NULL;
	if (!a || !b)
		return NULL;
	struct filter *both = arena_copy(arena, a, sizeof(*a));
	if (!both)
		return &err_nomem;
	*ret = both;
	if (memcmp(&a->plan, &b->plan, sizeof(a->plan)) == 0)
		return NULL;
	uint8_t second = moved(b->plan.start, a->plan.n_ops, FILTER_FAIL);
	both->plan.start = moved(a->plan.start, 0, second);
	for (size_t i = 0; i < a->plan.n_ops; i++)
		for (size_t way = 0; way < 3 && a->plan.ops[i].code >= FILTER_FIRST; way++)
			both->plan.ops[i].next[way] = moved(a->plan.ops[i].next[way], 0, second);
	both->words = arena_printf(arena, "%sor else\n%s", a->words, b->words);
	if (!both->words)
		return &err_nomem;
	if (!append(&both->plan, &b->plan))
		return err_hint(err_new(ERR_USAGE, 0, "the conditions of one place are too long"),
				"use fewer comparisons, or one spec");
	return NULL;
}
