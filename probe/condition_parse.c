/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of conditions, with C's precedence: ||, &&, comparisons, !.
 *
 *	or    = and { "||" and }
 *	and   = not { "&&" not }
 *	not   = "!" not | "(" or ")" | "(" NAME "&" NUMBERS ")" COMPARE NUMBERS | test
 *	test  = NAME [ "&" NUMBERS ] | NAME COMPARE (NUMBERS | STRING) | NAME ("~" | "!~") STRING
 *
 * C compares before it masks, so `flags & 3 == 1` is refused rather than guessed at.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "probe/condition_tree.h"

struct condition_parser {
	const struct spec_parser *p;
	struct arena *arena;
	const struct condition_source *source;
	size_t at, end;
	size_t depth, leaves;
};

struct err *(condition_error)(const struct condition_source *source, size_t at, const char *what,
			      ...)
{
	struct spec_parser p = {.text = source->text, .length = strlen(source->text)};
	_cleanup_free_ char *made = NULL;
	va_list args;
	va_start(args, what);
	if (vasprintf(&made, what, args) < 0)
		made = NULL;
	va_end(args);
	return made ? spec_error(&p, at, "%s", made) : &err_nomem;
}

/* Places are told relative to the spec, whose text is kept. */
static size_t place(const struct condition_parser *c, size_t at)
{
	return at - c->p->item;
}

static char peek_at(const struct condition_parser *c, size_t at)
{
	return at < c->end ? c->p->text[at] : '\0';
}

static char peek(const struct condition_parser *c)
{
	return peek_at(c, c->at);
}

static void skip_spaces(struct condition_parser *c)
{
	while (c->at < c->end && spec_is_space(peek(c)))
		c->at++;
}

static bool take(struct condition_parser *c, const char *word)
{
	struct spec_span rest = {c->at, c->end};
	skip_spaces(c);
	rest.start = c->at;
	if (rest.start > rest.end || !spec_span_starts(c->p, rest, word))
		return false;
	c->at += strlen(word);
	return true;
}

static bool is_name_start(char ch)
{
	return spec_is_word(ch) && !spec_is_digit(ch);
}

static struct spec_span take_word(struct condition_parser *c)
{
	struct spec_span word = {c->at, c->at};
	while (c->at < c->end && spec_is_word(peek(c)))
		c->at++;
	word.end = c->at;
	return word;
}

static const char *copy(const struct condition_parser *c, struct spec_span span)
{
	return arena_substring(c->arena, c->p->text + span.start, span.end - span.start);
}

static struct err *unexpected(struct condition_parser *c, const char *wanted)
{
	skip_spaces(c);
	if (c->at >= c->end)
		return err_hint(spec_error(c->p, c->at, "the condition ends too early"), "%s",
				wanted);
	struct spec_span one = {c->at, c->at + 1};
	return err_hint(
		spec_error(c->p, c->at, "unexpected '%s' in the condition", spec_quote(c->p, one)),
		"%s", wanted);
}

/* --- literals --------------------------------------------------------------------------------- */

static const char number_hint[] =
	"numbers are 100, 0x1f, 0644, 'c', -1, 1.5ms, or the name of a constant";
static const char string_hint[] = "a string is \"...\": in it, \\\" \\\\ \\n \\t \\x41 and \\101";

static bool digit_of(char ch, unsigned int base, unsigned int *ret)
{
	unsigned int value = ch >= '0' && ch <= '9'   ? (unsigned int)(ch - '0')
			     : ch >= 'a' && ch <= 'f' ? (unsigned int)(ch - 'a' + 10)
			     : ch >= 'A' && ch <= 'F' ? (unsigned int)(ch - 'A' + 10)
						      : 99;
	*ret = value;
	return value < base;
}

/* What follows a backslash; c->at stands behind it. */
static struct err *parse_escape(struct condition_parser *c, uint16_t *ret)
{
	static const char letters[] = "abfnrtve0";
	static const char meanings[] = "\a\b\f\n\r\t\v\033";
	char ch = peek(c);
	unsigned int digit, value = 0, count = 0;
	const char *letter = ch && ch != '0' ? strchr(letters, ch) : NULL;
	if (c->at >= c->end)
		return unexpected(c, string_hint);
	if (ch == 'x') {
		for (c->at++; count < 2 && digit_of(peek(c), 16, &digit); count++, c->at++)
			value = value * 16 + digit;
		if (!count)
			return unexpected(c, string_hint);
		*ret = (uint16_t)(value | CONDITION_ESCAPED);
		return NULL;
	}
	if (digit_of(ch, 8, &digit)) {
		for (; count < 3 && digit_of(peek(c), 8, &digit); count++, c->at++)
			value = value * 8 + digit;
		*ret = (uint16_t)((value & 0xff) | CONDITION_ESCAPED);
		return NULL;
	}
	c->at++;
	*ret = (uint16_t)((letter ? (unsigned char)meanings[letter - letters] : (unsigned char)ch) |
			  CONDITION_ESCAPED);
	return NULL;
}

static struct err *parse_string(struct condition_parser *c, struct condition_string *ret)
{
	size_t start = c->at++;
	while (c->at < c->end && peek(c) != '"') {
		if (ret->count == CONDITION_TEXT_MAX)
			return err_hint(spec_error(c->p, start, "a string of more than %d bytes",
						   CONDITION_TEXT_MAX),
					"compare with a glob: ~ \"beginning*\"");
		uint16_t item = (unsigned char)peek(c);
		struct err *e = NULL;
		c->at++;
		if (item == '\\')
			e = parse_escape(c, &item);
		if (e)
			return e;
		ret->items[ret->count++] = item;
	}
	if (peek(c) != '"')
		return err_hint(spec_error(c->p, start, "the quote is not closed"), "%s",
				string_hint);
	c->at++;
	return NULL;
}

static struct err *parse_character(struct condition_parser *c, struct condition_number *ret)
{
	size_t start = c->at++;
	uint16_t item = (unsigned char)peek(c);
	struct err *e = NULL;
	c->at++;
	if (item == '\\')
		e = parse_escape(c, &item);
	if (e)
		return e;
	if (peek(c) != '\'' || start + 1 >= c->end)
		return err_hint(spec_error(c->p, start, "no character between quotes"),
				"one character is 'c' or '\\n'; a string is \"...\"");
	c->at++;
	ret->magnitude = item & 0xff;
	return NULL;
}

static struct err *too_large(const struct condition_parser *c, size_t at)
{
	return err_hint(spec_error(c->p, at, "a number of more than 64 bits"), "%s", number_hint);
}

/* Nanoseconds of one unit; 0: no unit. */
static uint64_t unit_of(const struct condition_parser *c, struct spec_span word)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"ns", 1}, {"us", 1000}, {"\xc2\xb5s", 1000}, {"ms", 1000000}, {"s", 1000000000}};
	for (size_t i = 0; i < array_size(units); i++)
		if (spec_span_is(c->p, word, units[i].name))
			return units[i].ns;
	return 0;
}

/* A decimal fraction and a unit of time, behind the digits before the point. */
static struct err *parse_unit(struct condition_parser *c, size_t start,
			      struct condition_number *ret)
{
	uint64_t numerator = 0, denominator = 1;
	bool has_point = peek(c) == '.';
	unsigned int digit;
	if (has_point) {
		for (c->at++; digit_of(peek(c), 10, &digit); c->at++) {
			/* Below a nanosecond there is nothing. */
			if (denominator == 1000000000)
				continue;
			numerator = numerator * 10 + digit;
			denominator *= 10;
		}
	}
	size_t at = c->at;
	uint64_t unit = unit_of(c, take_word(c));
	if (!unit)
		return err_hint(spec_error(c->p, has_point && c->at == at ? start : at,
					   has_point ? "no unit behind the number"
						     : "unknown unit behind the number"),
				"%s; units of time are ns us ms s", number_hint);
	/* Both are powers of ten, and the fraction is below one unit. */
	uint64_t part = unit < denominator ? numerator / (denominator / unit)
					   : numerator * (unit / denominator);
	if (__builtin_mul_overflow(ret->magnitude, unit, &ret->magnitude) ||
	    __builtin_add_overflow(ret->magnitude, part, &ret->magnitude))
		return too_large(c, start);
	ret->is_duration = true;
	return NULL;
}

static struct err *parse_digits(struct condition_parser *c, struct condition_number *ret)
{
	size_t start = c->at;
	unsigned int base = 10, digit, count = 0;
	if (peek(c) == '0' && (peek_at(c, c->at + 1) | 32) == 'x') {
		base = 16;
		ret->is_hex = true;
		c->at += 2;
	} else if (peek(c) == '0' && (peek_at(c, c->at + 1) | 32) == 'b') {
		base = 2;
		c->at += 2;
	} else if (peek(c) == '0' && spec_is_digit(peek_at(c, c->at + 1))) {
		base = 8;
		c->at++;
	}
	for (; digit_of(peek(c), base, &digit); c->at++, count++)
		if (__builtin_mul_overflow(ret->magnitude, (uint64_t)base, &ret->magnitude) ||
		    __builtin_add_overflow(ret->magnitude, (uint64_t)digit, &ret->magnitude))
			return too_large(c, start);
	bool goes_on = spec_is_word(peek(c)) || (base == 10 && peek(c) == '.');
	if (!count || (goes_on && base != 10))
		return err_hint(spec_error(c->p, start, "not a number"), "%s", number_hint);
	return goes_on ? parse_unit(c, start, ret) : NULL;
}

static struct err *parse_number(struct condition_parser *c, struct condition_number *ret)
{
	*ret = (struct condition_number){.name = NULL};
	skip_spaces(c);
	ret->at = place(c, c->at);
	if (peek(c) == '-' || peek(c) == '+') {
		ret->is_negative = peek(c) == '-';
		c->at++;
		skip_spaces(c);
	}
	if (spec_is_digit(peek(c)))
		return parse_digits(c, ret);
	if (peek(c) == '\'')
		return parse_character(c, ret);
	if (!is_name_start(peek(c)))
		return unexpected(c, number_hint);
	ret->name = copy(c, take_word(c));
	return ret->name ? NULL : &err_nomem;
}

static struct err *parse_numbers(struct condition_parser *c, struct condition_numbers *ret)
{
	bool has_bracket = take(c, "(");
	for (;;) {
		if (ret->count == CONDITION_LITERALS_MAX)
			return err_hint(spec_error(c->p, c->at, "more than %d numbers with '|'",
						   CONDITION_LITERALS_MAX),
					"write their sum as one number");
		struct err *e = parse_number(c, &ret->items[ret->count++]);
		if (e)
			return e;
		skip_spaces(c);
		if (peek(c) != '|' || peek_at(c, c->at + 1) == '|')
			break;
		c->at++;
	}
	return !has_bracket || take(c, ")") ? NULL : unexpected(c, "close the bracket with ')'");
}

/* --- tests ------------------------------------------------------------------------------------ */

static const char test_hint[] =
	"write NAME OPERATOR VALUE, as in 'n > 100', 'path ~ \"/etc/*\"', 'dur > 1ms'";

/* The brackets of size(), which only a member can be. */
static bool take_brackets(struct condition_parser *c)
{
	size_t at = c->at;
	if (take(c, "(") && take(c, ")"))
		return true;
	c->at = at;
	return false;
}

static struct err *parse_path(struct condition_parser *c, struct condition_test *test)
{
	skip_spaces(c);
	if (!is_name_start(peek(c)))
		return unexpected(c, test_hint);
	for (;;) {
		if (test->n_path == CONDITION_PATH_MAX)
			return err_hint(spec_error(c->p, c->at, "more than %d members deep",
						   CONDITION_PATH_MAX - 1),
					"name a member that is nearer");
		struct condition_word *word = &test->path[test->n_path++];
		word->at = place(c, c->at);
		word->text = copy(c, take_word(c));
		if (!word->text)
			return &err_nomem;
		word->is_call = test->n_path > 1 && take_brackets(c);
		skip_spaces(c);
		bool arrow = peek(c) == '-' && peek_at(c, c->at + 1) == '>';
		if (!arrow && peek(c) != '.')
			return NULL;
		c->at += arrow ? 2 : 1;
		skip_spaces(c);
		if (!is_name_start(peek(c)))
			return unexpected(c, "name a member: 'req->len'");
	}
}

static bool take_operator(struct condition_parser *c, enum condition_operator *ret)
{
	/* Longest first. */
	static const struct {
		const char *text;
		enum condition_operator op;
	} operators[] = {
		{"==", TEST_EQUAL},	    {"!=", TEST_NOT_EQUAL},
		{"<=", TEST_LESS_OR_EQUAL}, {">=", TEST_GREATER_OR_EQUAL},
		{"!~", TEST_NO_MATCH},	    {"~", TEST_MATCH},
		{"<", TEST_LESS},	    {">", TEST_GREATER},
	};
	for (size_t i = 0; i < array_size(operators); i++) {
		if (!take(c, operators[i].text))
			continue;
		*ret = operators[i].op;
		return true;
	}
	return false;
}

static bool is_match(enum condition_operator op)
{
	return op == TEST_MATCH || op == TEST_NO_MATCH;
}

static struct err *check_value(const struct condition_parser *c, const struct condition_test *test,
			       size_t op_at, size_t value_at)
{
	bool equality = test->op == TEST_EQUAL || test->op == TEST_NOT_EQUAL;
	if (is_match(test->op) && !test->is_string)
		return err_hint(
			spec_error(c->p, value_at, "'~' takes a pattern in quotes"),
			"write %s ~ \"abc*\"; a number is compared with ==", test->path[0].text);
	if (test->is_string && !is_match(test->op) && !equality)
		return err_hint(spec_error(c->p, op_at, "a string has no order"),
				"strings are compared with ==, !=, ~ and !~");
	if (test->is_string && test->has_mask)
		return err_hint(spec_error(c->p, value_at, "'&' gives a number"),
				"compare it with one");
	return NULL;
}

/* Behind the name and the mask. */
static struct err *parse_comparison(struct condition_parser *c, struct condition_test *test)
{
	skip_spaces(c);
	size_t op_at = c->at;
	struct err *e = NULL;
	if (!take_operator(c, &test->op)) {
		if (peek(c) == '=')
			return err_hint(spec_error(c->p, c->at, "'=' alone compares nothing"),
					"write '=='");
		test->op = TEST_NONZERO;
		return NULL;
	}
	test->op_at = place(c, op_at);
	skip_spaces(c);
	size_t value_at = c->at;
	test->value_at = place(c, value_at);
	test->is_string = peek(c) == '"';
	e = test->is_string ? parse_string(c, &test->string) : parse_numbers(c, &test->value);
	return e ?: check_value(c, test, op_at, value_at);
}

static bool take_mask(struct condition_parser *c)
{
	skip_spaces(c);
	if (peek(c) != '&' || peek_at(c, c->at + 1) == '&')
		return false;
	c->at++;
	return true;
}

static struct err *refuse_comparison(struct condition_parser *c, const char *hint)
{
	enum condition_operator op;
	skip_spaces(c);
	size_t at = c->at;
	if (!take_operator(c, &op))
		return NULL;
	return err_hint(spec_error(c->p, at, "what is compared here?"), "%s", hint);
}

static struct condition *new_node(const struct condition_parser *c, enum condition_kind kind)
{
	struct condition *node = arena_alloc(c->arena, sizeof(*node));
	if (node)
		*node = (struct condition){.kind = kind, .source = c->source};
	return node;
}

/* `compared`: in brackets; what follows may be compared with the mask. */
static struct err *parse_test(struct condition_parser *c, struct condition_test **ret_masked,
			      const struct condition **ret)
{
	struct condition *node = new_node(c, CONDITION_TEST);
	struct condition_test *test = arena_alloc(c->arena, sizeof(*test));
	if (!node || !test)
		return &err_nomem;
	*test = (struct condition_test){.n_path = 0};
	if (c->leaves++ == CONDITION_LEAVES_MAX)
		return err_hint(
			spec_error(c->p, c->at, "more than %d comparisons", CONDITION_LEAVES_MAX),
			"use several specs: a call is shown when one of them holds");
	struct err *e = parse_path(c, test);
	if (!e && take_mask(c)) {
		test->has_mask = true;
		e = parse_numbers(c, &test->mask);
		e = e
			    ?: refuse_comparison(c, "as in C, == binds closer than &: write "
						    "'(flags & 3) == 1'");
		*ret_masked = test;
	} else if (!e) {
		e = parse_comparison(c, test);
	}
	node->test = test;
	*ret = node;
	return e;
}

static struct err *parse_or(struct condition_parser *c, struct condition_test **ret_masked,
			    const struct condition **ret);

static struct err *parse_brackets(struct condition_parser *c, const struct condition **ret)
{
	struct condition_test *masked = NULL;
	if (c->depth++ == CONDITION_NESTING_MAX)
		return err_hint(spec_error(c->p, c->at, "brackets nest deeper than %d",
					   CONDITION_NESTING_MAX),
				"take some away: && binds closer than ||");
	struct err *e = parse_or(c, &masked, ret);
	c->depth--;
	if (e)
		return e;
	if (!take(c, ")"))
		return unexpected(c, "close the bracket with ')', or join with && or ||");
	/* Only of a mask alone in its brackets. */
	if (masked && (*ret)->test == masked)
		return parse_comparison(c, masked);
	return refuse_comparison(c, "a comparison has a name on its left: 'n > 100'");
}

static struct err *parse_not(struct condition_parser *c, struct condition_test **ret_masked,
			     const struct condition **ret)
{
	const struct condition *inner = NULL;
	struct condition_test *unused = NULL;
	skip_spaces(c);
	if (take(c, "("))
		return parse_brackets(c, ret);
	if (!take(c, "!"))
		return parse_test(c, ret_masked, ret);
	skip_spaces(c);
	if (is_name_start(peek(c))) {
		size_t at = c->at;
		struct err *e = parse_test(c, &unused, &inner);
		if (e)
			return e;
		if (inner->test->op != TEST_NONZERO || unused)
			return err_hint(spec_error(c->p, at, "'!' binds closer than what follows"),
					"write '!(...)', or use the contrary operator");
	} else {
		if (c->depth++ == CONDITION_NESTING_MAX)
			return err_hint(spec_error(c->p, c->at, "too many '!'"), "take some away");
		struct err *e = parse_not(c, &unused, &inner);
		c->depth--;
		if (e)
			return e;
	}
	struct condition *node = new_node(c, CONDITION_NOT);
	if (!node)
		return &err_nomem;
	node->left = inner;
	*ret = node;
	return NULL;
}

static struct err *join(struct condition_parser *c, enum condition_kind kind,
			const struct condition *right, const struct condition **left)
{
	struct condition *node = new_node(c, kind);
	if (!node)
		return &err_nomem;
	node->left = *left;
	node->right = right;
	*left = node;
	return NULL;
}

static struct err *parse_and(struct condition_parser *c, struct condition_test **ret_masked,
			     const struct condition **ret)
{
	const struct condition *right = NULL;
	struct condition_test *unused = NULL;
	struct err *e = parse_not(c, ret_masked, ret);
	while (!e && take(c, "&&")) {
		e = parse_not(c, &unused, &right);
		e = e ?: join(c, CONDITION_AND, right, ret);
	}
	return e;
}

static struct err *parse_or(struct condition_parser *c, struct condition_test **ret_masked,
			    const struct condition **ret)
{
	const struct condition *right = NULL;
	struct condition_test *unused = NULL;
	struct err *e = parse_and(c, ret_masked, ret);
	while (!e && take(c, "||")) {
		e = parse_and(c, &unused, &right);
		e = e ?: join(c, CONDITION_OR, right, ret);
	}
	return e;
}

struct err *spec_parse_condition(const struct spec_parser *p, struct spec_span span,
				 const char *spec_text, const struct condition **ret)
{
	struct condition_source *source = arena_alloc(&p->memory->arena, sizeof(*source));
	struct condition_parser c = {.p = p,
				     .arena = &p->memory->arena,
				     .source = source,
				     .at = span.start,
				     .end = span.end};
	struct condition_test *unused = NULL;
	if (!source)
		return &err_nomem;
	*source = (struct condition_source){
		.text = spec_text, .offset = span.start - p->item, .end = span.end - p->item};
	struct err *e = parse_or(&c, &unused, ret);
	skip_spaces(&c);
	if (!e && c.at < c.end)
		e = unexpected(&c, "join comparisons with && or ||");
	return e;
}
