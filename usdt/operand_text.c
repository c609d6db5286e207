/* SPDX-License-Identifier: Apache-2.0 */
/* usdt/operand_text.c — words, numbers and displacements, as assemblers write them. */
#include <ctype.h>

#include "usdt/operands.h"

void text_skip_spaces(struct operand_text *text)
{
	while (text->at < text->end && isspace((unsigned char)*text->at))
		text->at++;
}

bool text_at_end(struct operand_text *text)
{
	text_skip_spaces(text);
	return text->at == text->end;
}

bool text_accept(struct operand_text *text, char c)
{
	text_skip_spaces(text);
	if (text->at == text->end || *text->at != c)
		return false;
	text->at++;
	return true;
}

size_t text_word(struct operand_text *text, const char **ret)
{
	text_skip_spaces(text);
	*ret = text->at;
	while (text->at < text->end && (isalnum((unsigned char)*text->at) || *text->at == '_'))
		text->at++;
	return (size_t)(text->at - *ret);
}

bool text_word_is(const char *word, size_t length, const char *name)
{
	return strlen(name) == length && !memcmp(word, name, length);
}

static int digit_of(char c, int base)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (base == 16 && isxdigit((unsigned char)c))
		return tolower((unsigned char)c) - 'a' + 10;
	return -1;
}

bool text_number(struct operand_text *text, uint64_t *ret)
{
	struct operand_text t = *text;
	int base = 10;
	text_skip_spaces(&t);
	if (t.end - t.at > 2 && t.at[0] == '0' && (t.at[1] | 0x20) == 'x') {
		base = 16;
		t.at += 2;
	}
	const char *start = t.at;
	uint64_t value = 0;
	for (int digit; t.at < t.end && (digit = digit_of(*t.at, base)) >= 0; t.at++)
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			return false;
	if (t.at == start)
		return false;
	*text = t;
	*ret = value;
	return true;
}

bool text_register_number(const char *word, size_t length, unsigned int *ret)
{
	if (length < 1 || length > 2 || (length == 2 && word[0] == '0'))
		return false;
	unsigned int number = 0;
	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)word[i]))
			return false;
		number = number * 10 + (unsigned int)(word[i] - '0');
	}
	*ret = number;
	return true;
}

/* '@' too, as in "foo@GOTPCREL": one name, which is then refused as a whole. */
static bool is_symbol_char(unsigned char c)
{
	return isalnum(c) || c == '_' || c == '.' || c == '$' || c == '@' || c >= 0x80;
}

static size_t text_symbol(struct operand_text *text, const char **ret)
{
	text_skip_spaces(text);
	*ret = text->at;
	if (text->at < text->end && (isdigit((unsigned char)*text->at) || *text->at == '@'))
		return 0;
	while (text->at < text->end && is_symbol_char((unsigned char)*text->at))
		text->at++;
	return (size_t)(text->at - *ret);
}

struct err *text_expression(const struct operand_context *context, struct operand_text *text,
			    struct operand_expression *ret, bool *ret_valid)
{
	*ret = (struct operand_expression){0};
	*ret_valid = false;
	for (bool first = true;; first = false) {
		/* "+-4" occurs too. */
		bool plus = text_accept(text, '+');
		bool minus = text_accept(text, '-');
		if (!plus && !minus && !first)
			break;
		uint64_t number;
		const char *symbol;
		size_t length;
		if (text_number(text, &number)) {
			ret->number += minus ? -number : number;
		} else if ((length = text_symbol(text, &symbol)) && !minus && !ret->symbol) {
			ret->symbol = arena_substring(context->arena, symbol, length);
			if (!ret->symbol)
				return &err_nomem;
		} else {
			return NULL;
		}
	}
	*ret_valid = true;
	return NULL;
}
