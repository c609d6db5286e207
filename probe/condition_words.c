/* SPDX-License-Identifier: Apache-2.0 */
/* A bound comparison in words, for `explain`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "probe/condition_tree.h"

static const char *const operator_words[] = {
	[TEST_NONZERO] = "is not 0",
	[TEST_EQUAL] = "==",
	[TEST_NOT_EQUAL] = "!=",
	[TEST_LESS] = "<",
	[TEST_LESS_OR_EQUAL] = "<=",
	[TEST_GREATER] = ">",
	[TEST_GREATER_OR_EQUAL] = ">=",
	[TEST_MATCH] = "matches",
	[TEST_NO_MATCH] = "does not match",
};

static void print_numbers(FILE *out, const struct condition_numbers *numbers)
{
	for (size_t i = 0; i < numbers->count; i++) {
		const struct condition_number *n = &numbers->items[i];
		fputs(i ? "|" : "", out);
		fputs(n->is_negative ? "-" : "", out);
		if (n->name)
			fputs(n->name, out);
		else
			fprintf(out, "%" PRIu64, n->magnitude);
		fputs(n->is_duration ? " ns" : "", out);
	}
}

struct err *condition_describe(struct condition_binding *b)
{
	char *made = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&made, &size);
	if (!out)
		return &err_nomem;
	const struct condition_test *test = b->test;
	for (size_t i = 0; i < test->n_path; i++)
		fprintf(out, "%s%s%s", i ? "." : "", test->path[i].text,
			test->path[i].is_call ? "()" : "");
	fprintf(out, " (%s)", b->type->name);
	if (test->has_mask) {
		fputs(" & ", out);
		print_numbers(out, &test->mask);
	}
	fprintf(out, " %s ", operator_words[test->op]);
	print_numbers(out, &test->value);
	for (size_t i = 0; test->is_string && i < test->string.count; i++)
		fprintf(out, "%s%c%s", i ? "" : "\"", test->string.items[i] & 0xff,
			i + 1 == test->string.count ? "\"" : "");
	if (test->is_string && !test->string.count)
		fputs("\"\"", out);
	if (b->leaf->is_constant)
		fprintf(out, ", which is always %s", b->leaf->constant ? "true" : "false");
	bool failed = fclose(out) != 0;
	b->leaf->words = failed ? NULL : arena_string(b->arena, made);
	free(made);
	return b->leaf->words ? NULL : &err_nomem;
}
