/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME[(TYPES)]: which form the name has, and where its types start.
 *
 * Demangled names hold parentheses of their own: `(anonymous namespace)::f`,
 * `f(int)::{lambda()#1}`, `operator()`. Only a group that ends the text (or has just C++'s `const`,
 * `&` behind it) is TYPES.
 */
#include <limits.h>
#include <string.h>

#include "probe/spec_parse.h"

struct name_text {
	struct spec_span name, types;
	bool has_types;
	bool is_method; /* `const` or `&` behind the types: there is a `this` */
};

static struct err *strip_quotes(const struct spec_parser *p, struct spec_span *span)
{
	if (span->start == span->end || p->text[span->start] != '"')
		return NULL;
	size_t last = span->end - 1;
	if (last == span->start || p->text[last] != '"')
		return err_hint(spec_error(p, span->start, "quotes must hold the whole name"),
				"names need no quotes: leave them out");
	*span = spec_trim(p, (struct spec_span){span->start + 1, last});
	return NULL;
}

/* What may stand behind the parameters of a C++ method. */
static bool is_qualifiers(const struct spec_parser *p, struct spec_span tail)
{
	for (tail = spec_trim(p, tail); tail.start < tail.end; tail = spec_trim(p, tail)) {
		if (p->text[tail.start] == '&')
			tail.start++;
		else if (spec_span_starts(p, tail, "const"))
			tail.start += strlen("const");
		else if (spec_span_starts(p, tail, "volatile"))
			tail.start += strlen("volatile");
		else
			return false;
	}
	return true;
}

static struct err *split_types(const struct spec_parser *p, struct spec_span span,
			       struct name_text *ret)
{
	struct spec_span group = {span.end, span.end};
	struct scanner s;
	enum scan_unit unit = SCAN_TEXT;
	scan_init(&s, p, span);
	while (unit != SCAN_END) {
		size_t before = s.depth;
		struct err *e = scan_next(&s, &unit);
		if (e)
			return e;
		if (unit == SCAN_OPEN && !before && p->text[s.unit] == '(')
			group.start = s.unit;
		if (unit == SCAN_CLOSE && !s.depth && p->text[s.unit] == ')')
			group.end = s.at;
	}
	struct spec_span tail = {group.end, span.end};
	*ret = (struct name_text){.name = span};
	if (group.start == span.end || !is_qualifiers(p, tail))
		return NULL;
	tail = spec_trim(p, tail);
	ret->has_types = true;
	ret->is_method = tail.start < tail.end;
	ret->name = spec_trim(p, (struct spec_span){span.start, group.start});
	ret->types = (struct spec_span){group.start + 1, group.end - 1};
	return NULL;
}

struct err *spec_parse_number(const struct spec_parser *p, struct spec_span span, uint64_t *ret)
{
	bool hex = spec_span_starts(p, span, "0x") || spec_span_starts(p, span, "0X");
	size_t at = span.start + (hex ? 2 : 0);
	uint64_t value = 0;
	if (at == span.end)
		return err_hint(spec_error(p, at, "a number is missing"),
				"numbers are decimal, or hex behind 0x: '29', '0x1d'");
	for (; at < span.end; at++) {
		char c = p->text[at], lower = (char)(c | 0x20);
		unsigned int digit = 99;
		if (spec_is_digit(c))
			digit = (unsigned int)(c - '0');
		else if (hex && lower >= 'a' && lower <= 'f')
			digit = (unsigned int)(lower - 'a' + 10);
		if (digit == 99)
			return err_hint(spec_error(p, at, "not a digit"),
					"numbers are decimal, or hex behind 0x: '29', '0x1d'");
		if (__builtin_mul_overflow(value, hex ? 16 : 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return err_hint(spec_error(p, span.start, "the number is too large"),
					"64 bits hold up to 0xffffffffffffffff");
	}
	*ret = value;
	return NULL;
}

static struct err *parse_address(const struct spec_parser *p, struct spec_span span,
				 struct spec *spec)
{
	spec->name_kind = SPEC_NAME_ADDRESS;
	spec->name = spec_copy(p, span);
	if (!spec->name)
		return &err_nomem;
	return spec_parse_number(p, span, &spec->address);
}

/* @file.c:123; the scanner has seen that there is a ':' with a digit behind it. */
static struct err *parse_line(const struct spec_parser *p, struct spec_span span, struct spec *spec)
{
	size_t colon = span.start;
	for (size_t at = span.start; at < span.end; at++) {
		if (p->text[at] == '\\')
			at++;
		else if (p->text[at] == ':')
			colon = at;
	}
	struct spec_span file = {span.start + 1, colon};
	uint64_t line = 0;
	if (file.start >= file.end)
		return err_hint(spec_error(p, span.start, "no file behind '@'"),
				"write '@FILE:LINE', as in '@main.c:123'");
	struct err *e = spec_parse_number(p, (struct spec_span){colon + 1, span.end}, &line);
	if (e)
		return e;
	if (!line || line > INT_MAX)
		return err_hint(spec_error(p, colon + 1, "no such line number"),
				"lines count from 1");
	spec->name_kind = SPEC_NAME_LINE;
	spec->line = (unsigned int)line;
	spec->name = spec_unescape(p, file);
	return spec->name ? NULL : &err_nomem;
}

static struct err *parse_class(const struct spec_parser *p, struct spec_span span,
			       struct spec *spec)
{
	struct spec_span word = {span.start + 1, span.end};
	size_t at = word.start;
	/* strace's own %%stat and %%statfs */
	while (at < word.end && (spec_is_word(p->text[at]) || p->text[at] == '%'))
		at++;
	if (at == word.start || at < word.end)
		return err_hint(spec_error(p, at, "no class of system calls"),
				"classes are %%file, %%network, %%desc, %%memory, %%process, "
				"%%signal, %%ipc");
	spec->name_kind = SPEC_NAME_CLASS;
	spec->name = spec_span_is(p, word, "net") ? "network" : spec_copy(p, word);
	return spec->name ? NULL : &err_nomem;
}

static struct err *parse_slash(const struct spec_parser *p, struct spec_span span,
			       struct spec *spec)
{
	struct scanner s;
	enum scan_unit unit;
	scan_init(&s, p, span);
	struct err *e = scan_next(&s, &unit);
	if (e)
		return e;
	if (unit != SCAN_REGEX && spec_span_is(p, span, "//"))
		return err_hint(spec_error(p, span.start + 1, "no regular expression between '/'"),
				"all names are '*'");
	if (unit != SCAN_REGEX)
		return err_hint(spec_error(p, span.start, "the regular expression is not closed"),
				"write '/EXPRESSION/', with '\\/' for a slash in it");
	if (unit == SCAN_REGEX && s.at < span.end)
		return err_hint(
			spec_error(p, s.at, "unexpected text behind the regular expression"),
			"write '/EXPRESSION/' or '/EXPRESSION/(TYPES)', with '\\/' for a slash in "
			"it");
	return spec_compile_regex(p, (struct spec_span){span.start + 1, span.end - 1}, spec);
}

/* Without a separator, `./srv` is a file with nothing named in it. */
static bool is_file_alone(const struct spec_parser *p, struct spec_span span,
			  const struct spec *spec)
{
	if (spec->module || spec->kind_given)
		return false;
	if (spec_span_starts(p, span, "./") || spec_span_starts(p, span, "../"))
		return true;
	return p->text[span.start] == '/' &&
	       (p->text[span.end - 1] != '/' || span.end - span.start == 1);
}

static struct err *parse_form(const struct spec_parser *p, struct spec_span span, struct spec *spec)
{
	char first = p->text[span.start];
	if (is_file_alone(p, span, spec))
		return err_hint(spec_error(p, span.end, "a file, but no name in it"),
				"name a function, or all: '%s:NAME', '%s:*'", spec_quote(p, span),
				spec_quote(p, span));
	if (first == '/')
		return parse_slash(p, span, spec);
	if (first == '@')
		return parse_line(p, span, spec);
	if (first == '%')
		return parse_class(p, span, spec);
	if (spec_span_starts(p, span, "0x"))
		return parse_address(p, span, spec);
	return spec_parse_symbol(p, span, spec);
}

/*
 * A C prototype has its result type in front: `char *strdup(const char *)`. It ends at the last
 * space outside of brackets, with the asterisks behind that.
 */
static struct err *split_front(const struct spec_parser *p, struct spec_span *name,
			       struct spec_span *ret)
{
	*ret = (struct spec_span){name->start, name->start};
	if (spec_phrase_end(p, *name) > name->start)
		return NULL;
	struct scanner s;
	enum scan_unit unit = SCAN_TEXT, before = SCAN_TEXT;
	scan_init(&s, p, *name);
	while (unit != SCAN_END) {
		struct err *e = scan_next(&s, &unit);
		if (e)
			return e;
		/* `operator< <int>` is one name. */
		if (unit == SCAN_SPACE && before != SCAN_OPERATOR)
			ret->end = s.at;
		before = unit;
	}
	while (ret->end > ret->start && ret->end < name->end &&
	       (p->text[ret->end] == '*' || p->text[ret->end] == '&' ||
		spec_is_space(p->text[ret->end])))
		ret->end++;
	name->start = ret->end;
	return NULL;
}

static struct err *no_name(const struct spec_parser *p, size_t at)
{
	struct spec_span before = {p->item, at};
	if (at > p->item && p->text[at - 1] == ':')
		return err_hint(spec_error(p, at, "no name behind ':'"), "all of them: '%s*'",
				spec_quote(p, before));
	return err_hint(spec_error(p, at, "no name"), "write '[KIND:][MODULE:]NAME[(TYPES)]'");
}

static bool may_have_front(const struct spec *spec)
{
	return spec->kind != PROBE_USDT && spec->kind != PROBE_SYSCALL;
}

/* Words that no C prototype has. */
static bool is_cpp(const struct spec_parser *p, const struct name_text *text)
{
	for (size_t at = text->name.start; at + 1 < text->types.end; at++)
		if (p->text[at] == '<' || p->text[at] == '&' ||
		    (p->text[at] == ':' && p->text[at + 1] == ':'))
			return true;
	return false;
}

static struct err *parse_prototype(const struct spec_parser *p, struct name_text *text,
				   struct spec *spec)
{
	struct spec_span front = {0, 0};
	struct err *e = NULL;
	if (may_have_front(spec) && p->text[text->name.start] != '/')
		e = split_front(p, &text->name, &front);
	if (!e && front.start < front.end)
		e = spec_parse_result(p, front, &spec->types);
	if (e)
		return e;
	spec->has_types = true;
	if (may_have_front(spec))
		spec->signature = spec_copy(p, text->types);
	e = spec_parse_types(p, text->types, text->is_method, &spec->types);
	if (!e || !spec->signature || !is_cpp(p, text))
		return e;
	err_free(e);
	spec->has_types = false;
	spec->types.parameters = NULL;
	spec->types.n_parameters = 0;
	return NULL;
}

struct err *spec_parse_name(const struct spec_parser *p, struct spec_span span, struct spec *spec)
{
	struct name_text text;
	span = spec_trim(p, span);
	struct err *e = strip_quotes(p, &span);
	e = e ?: split_types(p, span, &text);
	if (e)
		return e;
	if (text.name.start == text.name.end)
		return no_name(p, text.name.start);
	if (text.has_types)
		e = parse_prototype(p, &text, spec);
	if (!e && text.name.start == text.name.end)
		return no_name(p, text.name.start);
	return e ?: parse_form(p, text.name, spec);
}
