/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons of texts: what reads the text, and the pattern's elements. */
#include <string.h>

#include "probe/condition_tree.h"

/* Texts longer than this are compared as far as they go; of counted bytes, the same. */
#define TEXT_MAX  FETCH_STRING_MAX
#define BYTES_MAX 1024

bool condition_is_text(const struct type *type)
{
	return type->kind == TYPE_STRING || type->kind == TYPE_WORD || type->kind == TYPE_BYTES ||
	       (type->kind == TYPE_ARRAY && type->target && type->target->kind == TYPE_CHAR &&
		type->target->size == 1);
}

static struct err *too_long(const struct condition_binding *b)
{
	return err_hint(condition_error(b->source, b->test->value_at, "too many patterns"),
			"they may have %d characters and %d classes together", FILTER_ELEMENTS_MAX,
			FILTER_CLASSES_MAX);
}

static struct err *put_element(struct condition_binding *b, uint16_t element)
{
	/* One is kept for the end. */
	if (*b->n_elements >= FILTER_ELEMENTS_MAX)
		return too_long(b);
	b->patterns->elements[(*b->n_elements)++] = element;
	return NULL;
}

/* [a-z], [!a-z], []x]: *at stands behind the bracket. False: it is not closed, and means itself. */
static bool read_class(const struct condition_string *string, size_t *at, uint8_t *bits)
{
	size_t i = *at;
	bool negated = i < string->count && (string->items[i] == '!' || string->items[i] == '^');
	i += negated;
	for (size_t first = i; i < string->count; i++) {
		if (string->items[i] == ']' && i > first)
			break;
		uint8_t from = (uint8_t)string->items[i], to = from;
		if (i + 2 < string->count && string->items[i + 1] == '-' &&
		    string->items[i + 2] != ']') {
			to = (uint8_t)string->items[i + 2];
			i += 2;
		}
		for (unsigned int c = from; c <= to; c++)
			bits[c >> 3] |= (uint8_t)(1U << (c & 7));
	}
	if (i >= string->count)
		return false;
	for (size_t byte = 0; negated && byte < 32; byte++)
		bits[byte] = (uint8_t)~bits[byte];
	*at = i + 1;
	return true;
}

static struct err *put_class(struct condition_binding *b, const struct condition_string *string,
			     size_t *at)
{
	uint8_t bits[32] = {0};
	if (!read_class(string, at, bits))
		return put_element(b, '[');
	if (*b->n_classes == FILTER_CLASSES_MAX)
		return too_long(b);
	memcpy(b->patterns->classes[*b->n_classes], bits, sizeof(bits));
	return put_element(b, (uint16_t)(FILTER_CLASS | (*b->n_classes)++));
}

static struct err *put_pattern(struct condition_binding *b, bool is_glob)
{
	const struct condition_string *string = &b->test->string;
	struct err *e = NULL;
	size_t first = *b->n_elements;
	for (size_t i = 0; !e && i < string->count;) {
		uint16_t item = string->items[i++];
		bool after_star = *b->n_elements > first &&
				  b->patterns->elements[*b->n_elements - 1] == FILTER_STAR;
		if (!is_glob || item & CONDITION_ESCAPED || !strchr("*?[", item))
			e = put_element(b, item & 0xff);
		else if (item == '?')
			e = put_element(b, FILTER_ANY);
		else if (item == '[')
			e = put_class(b, string, &i);
		else if (!after_star)
			e = put_element(b, FILTER_STAR);
	}
	return e ?: put_element(b, FILTER_END);
}

static void load_bytes(struct condition_binding *b)
{
	struct fetch_op value[LEAF_OPS_MAX];
	size_t n = b->leaf->n_ops;
	memcpy(value, b->leaf->ops, sizeof(value));
	b->leaf->n_ops = 0;
	/* Before the value: what marks the phase, then the length. */
	size_t first = n && value[0].code == FILTER_AT_RETURN;
	if (first)
		condition_put(b, value[0]);
	if (b->length)
		condition_put_source(b, b->length);
	else
		condition_put(b, (struct fetch_op){.code = FETCH_CONST, .imm = b->type->size});
	if (b->length && b->length->is_address)
		condition_put_deref(b, 8, FETCH_SIGNED);
	condition_put(b, (struct fetch_op){.code = FETCH_LENGTH,
					   .flags = FETCH_LENGTH_SIGNED,
					   .imm = BYTES_MAX});
	for (size_t i = first; i < n; i++)
		condition_put(b, value[i]);
	if (b->is_address)
		condition_put_deref(b, 8, 0);
	condition_put(b, (struct fetch_op){
				 .code = FETCH_BYTES, .flags = FETCH_NULL_OK, .imm = BYTES_MAX});
}

/* The text of the value, for the test behind it. Returns the test's flags. */
static uint8_t load_text(struct condition_binding *b)
{
	if (b->is_comm)
		return 0;
	if (b->file_of) {
		if (b->is_address)
			condition_put_deref(b, 8, 0);
		condition_put(b, (struct fetch_op){.code = FETCH_FILE,
						   .size = b->file_of,
						   .flags = FETCH_AS_TEXT});
		return 0;
	}
	if (b->type->kind == TYPE_BYTES || (b->type->kind == TYPE_STRING && b->length)) {
		load_bytes(b);
		return 0;
	}
	if (b->type->kind == TYPE_STRUCT) {
		condition_load_text_form(b, BYTES_MAX);
		return 0;
	}
	struct fetch_op read = {.code = FETCH_STRING, .flags = FETCH_NULL_OK, .imm = TEXT_MAX};
	uint8_t flags = 0;
	if (b->type->kind == TYPE_ARRAY) {
		read.flags = 0;
		read.imm = b->type->size && b->type->size < TEXT_MAX ? b->type->size : TEXT_MAX;
		flags = FILTER_WHOLE;
	} else if (b->is_address) {
		condition_put_deref(b, 8, 0);
	}
	if (b->type->kind == TYPE_WORD) {
		read.flags |= FETCH_MAYBE;
		flags = FILTER_MAYBE;
	}
	condition_put(b, read);
	return flags;
}

struct err *condition_bind_text(struct condition_binding *b)
{
	const struct condition_test *test = b->test;
	bool is_glob = test->op == TEST_MATCH || test->op == TEST_NO_MATCH;
	bool is_text =
		b->file_of || condition_enter_text(b) ||
		(condition_is_text(b->type) && (b->type->kind != TYPE_ARRAY || b->is_address));
	if (!is_text && b->parts && b->type->form)
		return err_hint(condition_error(b->source, test->path[0].at,
						"the text of '%s' cannot be asked for",
						test->path[0].text),
				"a part of it has no place here; its length may have one: "
				"'%s.size()'",
				test->path[0].text);
	if (!is_text)
		return err_hint(condition_error(b->source, is_glob ? test->op_at : test->value_at,
						"'%s' is no text, but '%s'",
						test->path[test->n_path - 1].text, b->type->name),
				"compare it with a number; to have it read as a text, give its "
				"type: 'FUNC(str)'");
	b->leaf->inverted = test->op == TEST_NOT_EQUAL || test->op == TEST_NO_MATCH;
	uint8_t flags = load_text(b);
	struct fetch_op match = {
		.code = FILTER_MATCH, .flags = flags, .imm = (int64_t)*b->n_elements};
	struct err *e = put_pattern(b, is_glob);
	b->leaf->has_pattern = true;
	b->leaf->ops[b->leaf->n_ops++] = match;
	return e;
}
