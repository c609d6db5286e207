/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts the text at what separates, and knows what does not: '::', everything in brackets, escapes,
 * regular expressions, and the symbols behind C++'s `operator`.
 *
 * Angle brackets are weak: `->`, `operator<` and comparisons hold them too. One that is still open
 * when a round, square or curly bracket closes around it was none; at the end it is an error.
 */
#include <string.h>

#include "probe/spec_parse.h"

bool spec_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool spec_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool spec_is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || spec_is_digit(c) || c == '_' ||
	       c == '$' || (unsigned char)c >= 0x80;
}

struct spec_span spec_trim(const struct spec_parser *p, struct spec_span span)
{
	while (span.start < span.end && spec_is_space(p->text[span.start]))
		span.start++;
	while (span.end > span.start && spec_is_space(p->text[span.end - 1]))
		span.end--;
	return span;
}

bool spec_span_is(const struct spec_parser *p, struct spec_span span, const char *word)
{
	size_t length = strlen(word);
	return span.end - span.start == length && memcmp(p->text + span.start, word, length) == 0;
}

bool spec_span_starts(const struct spec_parser *p, struct spec_span span, const char *prefix)
{
	size_t length = strlen(prefix);
	return span.end - span.start >= length && memcmp(p->text + span.start, prefix, length) == 0;
}

char *spec_copy(const struct spec_parser *p, struct spec_span span)
{
	return arena_substring(&p->memory->arena, p->text + span.start, span.end - span.start);
}

char *spec_unescape(const struct spec_parser *p, struct spec_span span)
{
	char *ret = spec_copy(p, span);
	if (!ret)
		return NULL;
	char *to = ret;
	for (const char *from = ret; *from; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return ret;
}

void scan_init(struct scanner *s, const struct spec_parser *p, struct spec_span span)
{
	s->p = p;
	s->begin = s->at = s->unit = span.start;
	s->end = span.end;
	s->fresh = true;
	s->result = s->condition = false;
	s->depth = 0;
}

static char peek(const struct scanner *s, size_t at)
{
	return at < s->end ? s->p->text[at] : '\0';
}

static size_t skip_spaces(const struct scanner *s, size_t at)
{
	while (spec_is_space(peek(s, at)))
		at++;
	return at;
}

static size_t skip_word(const struct scanner *s, size_t at)
{
	while (at < s->end && spec_is_word(s->p->text[at]))
		at++;
	return at;
}

/* --- brackets -------------------------------------------------------------------------------- */

static struct err *open_bracket(struct scanner *s, char bracket)
{
	if (s->depth == SPEC_NESTING_MAX)
		return err_hint(
			spec_error(s->p, s->at, "brackets nest deeper than %d", SPEC_NESTING_MAX),
			"use a glob for the inner part: 'name<*>'");
	s->open[s->depth].bracket = bracket;
	s->open[s->depth].at = s->at++;
	s->depth++;
	return NULL;
}

static struct err *close_bracket(struct scanner *s, char closing, enum scan_unit *ret)
{
	char wanted = closing == ')' ? '(' : closing == ']' ? '[' : closing == '}' ? '{' : '<';
	size_t depth = s->depth;
	while (wanted != '<' && depth && s->open[depth - 1].bracket == '<')
		depth--;
	if (depth && s->open[depth - 1].bracket == wanted) {
		s->depth = depth - 1;
		s->at++;
		*ret = SCAN_CLOSE;
		return NULL;
	}
	if (wanted == '<' && s->depth) {
		s->at++;
		*ret = SCAN_TEXT;
		return NULL;
	}
	return err_hint(spec_error(s->p, s->at, "'%c' closes nothing", closing),
			"open it with '%c', or escape it: '\\%c'", wanted, closing);
}

static struct err *check_closed(const struct scanner *s)
{
	if (!s->depth)
		return NULL;
	char bracket = s->open[s->depth - 1].bracket;
	char closing = bracket == '(' ? ')' : bracket == '[' ? ']' : bracket == '{' ? '}' : '>';
	return err_hint(spec_error(s->p, s->open[s->depth - 1].at, "'%c' is not closed", bracket),
			"close it with '%c', or escape it: '\\%c'", closing, bracket);
}

/* --- units that are longer than a character ----------------------------------------------------
 */

/*
 * /regex/: up to the next slash, which must end the segment. Else the text is a path: a slash
 * behind a separator (`/app:/main/`) starts the name, it does not end an expression.
 */
static bool take_regex(struct scanner *s)
{
	size_t at = s->at + 1;
	while (at < s->end && s->p->text[at] != '/')
		at += s->p->text[at] == '\\' ? 2 : 1;
	if (at >= s->end || at == s->at + 1)
		return false;
	char before = s->p->text[at - 1], after = peek(s, at + 1);
	bool ends = !after || after == ',' || after == '(' || spec_is_space(after) ||
		    (after == '-' && peek(s, at + 2) == '>');
	if (!ends || before == ':' || before == ',')
		return false;
	s->at = at + 1;
	return true;
}

static struct err *take_line(struct scanner *s)
{
	size_t at = s->at + 1;
	while (at < s->end && s->p->text[at] != ':' && s->p->text[at] != ',')
		at += s->p->text[at] == '\\' ? 2 : 1;
	if (at > s->end)
		at = s->end;
	if (peek(s, at) != ':' || !spec_is_digit(peek(s, at + 1)))
		return err_hint(spec_error(s->p, at, "no line number behind the file"),
				"write '@FILE:LINE', as in '@main.c:123'");
	s->at = skip_word(s, at + 1);
	return NULL;
}

static struct err *take_quoted(struct scanner *s)
{
	size_t at = s->at + 1;
	char quote = s->p->text[s->at];
	while (at < s->end && s->p->text[at] != quote)
		at += s->p->text[at] == '\\' ? 2 : 1;
	if (at >= s->end)
		return err_hint(spec_error(s->p, s->at, "the quote is not closed"),
				s->condition ? "close it: \"...\" is a string, 'c' a character"
					     : "names need no quotes: leave them out");
	s->at = at + 1;
	return NULL;
}

/* Bytes of the C++ operator symbol at `at`, 0 when there is none. Longest first. */
static size_t operator_symbol(const struct scanner *s, size_t at)
{
	static const char *const symbols[] = {
		"<=>", "->*", "<<=", ">>=", "()", "[]",	  "->", "<<", ">>", "<=",
		">=",  "==",  "!=",  "&&",  "||", "++",	  "--", "+=", "-=", "*=",
		"/=",  "%=",  "^=",  "&=",  "|=", "\"\"", "+",	"-",  "*",  "/",
		"%",   "^",   "&",   "|",   "~",  "!",	  "=",	"<",  ">",  ",",
	};
	struct spec_span rest = {at, s->end};
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (spec_span_starts(s->p, rest, symbols[i]))
			return strlen(symbols[i]);
	return 0;
}

/* A comma is the operator only where nothing else could follow in a list. */
static bool is_comma_operator(const struct scanner *s, size_t at)
{
	char after = peek(s, skip_spaces(s, at + 1));
	return !after || after == '(';
}

/* `operator new[]`, `operator std::string const*`: ends before brackets and separators. */
static size_t operator_type(const struct scanner *s, size_t at)
{
	size_t word_end = skip_word(s, at);
	struct spec_span word = {at, word_end};
	if (spec_span_is(s->p, word, "new") || spec_span_is(s->p, word, "delete"))
		return spec_span_starts(s->p, (struct spec_span){word_end, s->end}, "[]")
			       ? word_end + 2
			       : word_end;
	size_t end = at;
	for (;;) {
		size_t next = skip_spaces(s, end);
		size_t stop = skip_word(s, next);
		if (spec_span_is(s->p, (struct spec_span){next, stop}, "if") && next > end)
			return end;
		if (stop == next && (peek(s, next) == '*' || peek(s, next) == '&'))
			stop = next + 1;
		else if (stop == next && peek(s, next) == ':' && peek(s, next + 1) == ':')
			stop = next + 2;
		if (stop == next)
			return end;
		end = stop;
	}
}

/* s->at stands behind the word `operator`. False: it is a name like any other. */
static bool take_operator(struct scanner *s)
{
	char before = s->unit > s->begin ? s->p->text[s->unit - 1] : ':';
	/* `void *operator new(...)` is one, while `*operator*` is a glob. */
	bool pointer = before == '*' || before == '&';
	if (before != ':' && before != '.' && !spec_is_space(before) && !pointer)
		return false;
	size_t at = skip_spaces(s, s->at);
	size_t length = pointer ? 0 : operator_symbol(s, at);
	if (length == 1 && peek(s, at) == ',' && !is_comma_operator(s, at))
		return false;
	if (length) {
		bool literal = peek(s, at) == '"';
		s->at = literal ? skip_word(s, skip_spaces(s, at + length)) : at + length;
		return true;
	}
	if (at == s->at || !spec_is_word(peek(s, at)) || spec_is_digit(peek(s, at)) ||
	    (spec_span_starts(s->p, (struct spec_span){at, s->end}, "if") &&
	     !spec_is_word(peek(s, at + 2))))
		return false;
	s->at = operator_type(s, at);
	return true;
}

static enum scan_unit take_word(struct scanner *s)
{
	s->at = skip_word(s, s->at);
	struct spec_span word = {s->unit, s->at};
	if (!s->condition && spec_span_is(s->p, word, "operator") && take_operator(s))
		return SCAN_OPERATOR;
	return SCAN_TEXT;
}

static enum scan_unit take_colons(struct scanner *s)
{
	size_t count = 0;
	while (peek(s, s->at + count) == ':')
		count++;
	s->at += count;
	if (s->depth || s->result || s->condition)
		return SCAN_TEXT;
	return count == 1 ? SCAN_COLON : count == 2 ? SCAN_SCOPE : SCAN_TRIPLE;
}

static struct err *take_escape(struct scanner *s, enum scan_unit *ret)
{
	if (s->at + 1 >= s->end)
		return err_hint(
			spec_error(s->p, s->at, "nothing behind '\\'"),
			"a backslash takes the meaning from the character behind it: '\\:'");
	s->at += 2;
	*ret = SCAN_ESCAPE;
	return NULL;
}

/* Units that only the start of a segment has. */
static struct err *take_fresh(struct scanner *s, char c, enum scan_unit *ret)
{
	*ret = c == '@' ? SCAN_LINE : c == '/' ? SCAN_REGEX : SCAN_QUOTED;
	if (c == '@')
		return take_line(s);
	if (*ret == SCAN_QUOTED)
		return take_quoted(s);
	if (take_regex(s))
		return NULL;
	*ret = SCAN_TEXT;
	s->at++;
	return NULL;
}

static bool is_bracket(const struct scanner *s, char c, const char *which)
{
	return strchr(which, c) && !(s->condition && (c == '<' || c == '>'));
}

static enum scan_unit take_character(struct scanner *s, char c)
{
	s->at++;
	if (c == '-' && peek(s, s->at) == '>') {
		s->at++;
		return s->depth || s->result || s->condition ? SCAN_TEXT : SCAN_ARROW;
	}
	return c == ',' && !s->depth ? SCAN_COMMA : SCAN_TEXT;
}

struct err *scan_next(struct scanner *s, enum scan_unit *ret)
{
	s->unit = s->at;
	if (s->at >= s->end) {
		*ret = SCAN_END;
		return check_closed(s);
	}
	char c = s->p->text[s->at];
	bool fresh = s->fresh;
	if (spec_is_space(c)) {
		s->at = skip_spaces(s, s->at);
		*ret = s->depth ? SCAN_TEXT : SCAN_SPACE;
		return NULL;
	}
	s->fresh = false;
	if (c == '\\')
		return take_escape(s, ret);
	if (fresh ? strchr("/@\"", c) != NULL : s->condition && (c == '"' || c == '\''))
		return take_fresh(s, c, ret);
	*ret = SCAN_OPEN;
	if (is_bracket(s, c, "([{<"))
		return open_bracket(s, c);
	if (is_bracket(s, c, ")]}>"))
		return close_bracket(s, c, ret);
	if (spec_is_word(c))
		*ret = take_word(s);
	else if (c == ':')
		*ret = take_colons(s);
	else
		*ret = take_character(s, c);
	s->fresh = *ret == SCAN_COLON;
	return NULL;
}
