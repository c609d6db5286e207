/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons of numbers: constants by name, sizes and signs. */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "common/array.h"
#include "probe/condition_tree.h"

static bool find_enumerator(const struct type *type, const char *name, int64_t *ret)
{
	for (uint32_t i = 0; i < type->n_enumerators; i++) {
		const struct enumerator *e = &type->enumerators[i];
		const char *last = strrchr(e->name, ':');
		if (strcmp(e->name, name) != 0 && (!last || strcmp(last + 1, name) != 0))
			continue;
		*ret = e->value;
		return true;
	}
	return false;
}

#define ERRNO_LAST  133
#define SIGNAL_LAST 64

static bool find_errno(const char *name, int64_t *ret)
{
	for (int i = 1; i <= ERRNO_LAST; i++) {
		const char *known = strerrorname_np(i);
		if (known && strcmp(known, name) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool find_signal(const char *name, int64_t *ret)
{
	for (int i = 1; i < SIGNAL_LAST && strncmp(name, "SIG", 3) == 0; i++) {
		const char *known = sigabbrev_np(i);
		if (known && strcmp(known, name + 3) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool find_constant(const struct type *type, const char *name, int64_t *ret)
{
	*ret = 0;
	if (strcmp(name, "NULL") == 0 || strcmp(name, "nullptr") == 0 || strcmp(name, "false") == 0)
		return true;
	*ret = 1;
	if (strcmp(name, "true") == 0)
		return true;
	return find_enumerator(type, name, ret) || find_errno(name, ret) || find_signal(name, ret);
}

static struct err *no_such_constant(const struct condition_binding *b,
				    const struct condition_number *number)
{
	const char *names[257];
	size_t count = 0;
	for (uint32_t i = 0; i < b->type->n_enumerators && count < 256; i++)
		names[count++] = b->type->enumerators[i].name;
	names[count] = NULL;
	const char *near = spec_nearest(number->name, names);
	struct err *e = condition_error(b->source, number->at,
					"'%s' is no number that is known here", number->name);
	if (near)
		return err_hint(e, "did you mean '%s'?", near);
	return err_hint(e,
			"known are the names of enumerations and flags of '%s', of errors and "
			"signals; texts stand in quotes",
			b->type->name);
}

struct number {
	bool is_negative;
	uint64_t magnitude;
};

static struct err *value_of(const struct condition_binding *b,
			    const struct condition_number *number, struct number *ret)
{
	int64_t value;
	*ret = (struct number){number->is_negative && number->magnitude, number->magnitude};
	if (!number->name)
		return NULL;
	if (!find_constant(b->type, number->name, &value))
		return no_such_constant(b, number);
	bool negative = (value < 0) != number->is_negative;
	ret->magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	ret->is_negative = negative && value;
	return NULL;
}

/* Several are bits. */
static struct err *sum_of(const struct condition_binding *b,
			  const struct condition_numbers *numbers, struct number *ret)
{
	*ret = (struct number){.magnitude = 0};
	for (size_t i = 0; i < numbers->count; i++) {
		struct number one;
		struct err *e = value_of(b, &numbers->items[i], &one);
		if (e)
			return e;
		if (numbers->count == 1) {
			*ret = one;
			return NULL;
		}
		ret->magnitude |= one.is_negative ? 0 - one.magnitude : one.magnitude;
	}
	return NULL;
}

static uint64_t bits_of(const struct number *number)
{
	return number->is_negative ? 0 - number->magnitude : number->magnitude;
}

static uint64_t cut(uint64_t value, unsigned int bits, bool sign)
{
	unsigned int unused = 64 - bits;
	return sign ? (uint64_t)((int64_t)(value << unused) >> unused) : value << unused >> unused;
}

static bool is_scalar(const struct type *type)
{
	switch (type->kind) {
	case TYPE_VOID:
	case TYPE_FLOAT:
	case TYPE_BYTES:
	case TYPE_STRUCT:
	case TYPE_ARRAY:
		return false;
	default:
		return type->size == 1 || type->size == 2 || type->size == 4 || type->size == 8;
	}
}

static struct err *check_scalar(const struct condition_binding *b)
{
	const struct condition_word *last = &b->test->path[b->test->n_path - 1];
	if (b->is_comm)
		return err_hint(condition_error(b->source, last->at, "'comm' is a text"),
				"write comm == \"NAME\" or comm ~ \"NAME*\"");
	if (is_scalar(b->type) && b->type->is_big_endian)
		return condition_error(b->source, last->at,
				       "'%s' is big-endian, and cannot be compared", last->text);
	if (is_scalar(b->type))
		return NULL;
	struct err *e = condition_error(b->source, last->at, "'%s' is no number, but '%s'",
					last->text, b->type->name);
	if (b->type->kind == TYPE_STRUCT)
		return err_hint(e, "name one of its members: '%s.MEMBER'", last->text);
	if (b->type->kind == TYPE_FLOAT)
		return err_hint(e, "floating-point numbers cannot be compared in the kernel");
	return err_hint(e,
			condition_is_text(b->type) ? "compare it with a text: %s ~ \"...\""
						   : "%s cannot be compared",
			last->text);
}

/* dur, and what says of itself that it is nanoseconds: tv_nsec, wait_ns, std::chrono's. */
static bool is_time(const struct condition_binding *b)
{
	const char *name = b->test->path[b->test->n_path - 1].text;
	size_t length = strlen(name);
	return strstr(name, "nsec") || strstr(name, "nano") || strcmp(name, "ns") == 0 ||
	       (length > 3 && strcmp(name + length - 3, "_ns") == 0) ||
	       strstr(b->type->name, "nano");
}

static struct err *check_unit(const struct condition_binding *b,
			      const struct condition_number *number)
{
	const char *name = b->test->path[b->test->n_path - 1].text;
	if (!number->is_duration || is_time(b))
		return NULL;
	return err_hint(condition_error(b->source, number->at, "'%s' is no time, but '%s'", name,
					b->type->name),
			"leave the unit away; times are dur, and what is named for nanoseconds "
			"(wait_ns, tv_nsec)");
}

/* -1 is a failed mmap()'s. */
static struct err *check_address(const struct condition_binding *b,
				 const struct condition_number *number)
{
	const char *name = b->test->path[b->test->n_path - 1].text;
	bool is_address = b->type->kind == TYPE_POINTER || b->type->kind == TYPE_STRING;
	if (!is_address || number->name || number->is_hex || number->is_negative ||
	    !number->magnitude)
		return NULL;
	struct err *e = condition_error(b->source, number->at, "'%s' is an address, '%s'", name,
					b->type->name);
	return b->type->kind == TYPE_STRING
		       ? err_hint(e,
				  "its text: %s == \"...\"; the address is written in hex, or NULL",
				  name)
		       : err_hint(e, "an address is written in hex, or NULL: %s == 0x%" PRIx64,
				  name, number->magnitude);
}

/* Numbers that look as if something else were meant. */
static struct err *check_meaning(const struct condition_binding *b)
{
	const struct condition_numbers *value = &b->test->value, *mask = &b->test->mask;
	struct err *e = NULL;
	for (size_t i = 0; !e && i < value->count; i++) {
		e = check_unit(b, &value->items[i]);
		if (!e && !b->test->has_mask)
			e = check_address(b, &value->items[i]);
	}
	for (size_t i = 0; !e && i < mask->count; i++)
		e = check_unit(b, &mask->items[i]);
	return e;
}

static bool is_equality(enum condition_operator op)
{
	return op == TEST_EQUAL || op == TEST_NOT_EQUAL || op == TEST_NONZERO;
}

/* Could the value be this number at all? */
static bool fits(const struct number *number, unsigned int bits)
{
	uint64_t limit = bits == 64 ? UINT64_MAX : (1ULL << bits) - 1;
	return number->is_negative ? number->magnitude <= 1ULL << (bits - 1)
				   : number->magnitude <= limit;
}

/* Compared with what the type cannot hold, the answer is always the same: *ret_answer. */
static bool is_beyond(enum condition_operator op, const struct number *number, unsigned int bits,
		      bool sign, bool *ret_answer)
{
	uint64_t most = sign ? INT64_MAX : cut(UINT64_MAX, bits, false);
	bool above = !number->is_negative && number->magnitude > most;
	bool below = number->is_negative && (!sign || number->magnitude > 1ULL << 63);
	bool less = op == TEST_LESS || op == TEST_LESS_OR_EQUAL;
	*ret_answer = above == less;
	return above || below;
}

static void put_test(struct condition_binding *b, uint8_t size, bool sign, uint64_t wanted)
{
	static const struct {
		uint8_t code;
		bool inverted;
	} tests[] = {
		[TEST_NONZERO] = {FILTER_EQUAL, true},
		[TEST_EQUAL] = {FILTER_EQUAL, false},
		[TEST_NOT_EQUAL] = {FILTER_EQUAL, true},
		[TEST_LESS] = {FILTER_LESS, false},
		[TEST_LESS_OR_EQUAL] = {FILTER_GREATER, true},
		[TEST_GREATER] = {FILTER_GREATER, false},
		[TEST_GREATER_OR_EQUAL] = {FILTER_LESS, true},
	};
	enum condition_operator op = b->test->op;
	b->leaf->inverted = tests[op].inverted;
	b->leaf->ops[b->leaf->n_ops++] = (struct fetch_op){.code = tests[op].code,
							   .size = size,
							   .flags = sign ? FETCH_SIGNED : 0,
							   .imm = (int64_t)wanted};
}

static struct err *too_big(const struct condition_binding *b, size_t at)
{
	return err_hint(condition_error(b->source, at, "'%s' never has this value",
					b->test->path[b->test->n_path - 1].text),
			"it is '%s', of %u byte%s", b->type->name, b->type->size,
			b->type->size == 1 ? "" : "s");
}

static struct err *check_mask(const struct condition_binding *b, const struct number *mask)
{
	if (bits_of(mask))
		return NULL;
	const struct condition_number *first = &b->test->mask.items[0];
	return err_hint(condition_error(b->source, first->at, "no bit is set in '%s'",
					first->name ? first->name : "0"),
			"of a field of several bits, compare all: '(flags & 3) == %s'",
			first->name ? first->name : "0");
}

struct err *condition_bind_number(struct condition_binding *b)
{
	const struct condition_test *test = b->test;
	struct number wanted, mask = {.magnitude = 0};
	condition_enter_value(b);
	struct err *e = check_scalar(b);
	e = e ?: check_meaning(b);
	e = e ?: sum_of(b, &test->value, &wanted);
	if (!e && test->has_mask)
		e = sum_of(b, &test->mask, &mask);
	if (!e && test->has_mask)
		e = check_mask(b, &mask);
	if (e)
		return e;
	bool sign = type_is_signed(b->type) && !test->has_mask && !b->bit_size;
	uint8_t size = (uint8_t)b->type->size;
	unsigned int bits = b->bit_size ? b->bit_size : size * 8U;
	if (b->bit_size && type_is_signed(b->type) && !is_equality(test->op))
		return err_hint(condition_error(b->source, test->op_at,
						"a signed bit-field has no order here"),
				"compare it with == or !=");
	if (!is_equality(test->op) &&
	    is_beyond(test->op, &wanted, bits, sign, &b->leaf->constant)) {
		b->leaf->is_constant = true;
		return NULL;
	}
	if (is_equality(test->op) && !fits(&wanted, bits))
		return too_big(b, test->value_at);
	if (b->is_address)
		condition_put_deref(b, size, 0);
	uint64_t low = b->bit_size ? cut(UINT64_MAX, b->bit_size, false) << b->bit_offset : 0;
	uint64_t value = bits_of(&wanted);
	if (b->bit_size)
		value = cut(value, bits, false) << b->bit_offset;
	else if (is_equality(test->op) || sign)
		value = cut(value, is_equality(test->op) ? bits : 64, sign);
	if (test->has_mask)
		low = b->bit_size ? low & (bits_of(&mask) << b->bit_offset) : bits_of(&mask);
	if (b->bit_size || test->has_mask)
		condition_put(b, (struct fetch_op){.code = FILTER_MASK, .imm = (int64_t)low});
	put_test(b, size, sign, value);
	return NULL;
}
