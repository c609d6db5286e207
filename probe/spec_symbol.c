/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of a function, marker or system call: exact or a glob, perhaps with an offset.
 *
 * Two texts are made in one pass: the literal one, without escapes, and the pattern for fnmatch(3).
 * Outside of brackets, `* ? [..]` make a glob. Inside <> and () only `*` and `?` do: `Vec<*>::push`
 * is a glob, while `<[T]>::len` and `f[abi:cxx11]` are what demanglers print. The symbol behind
 * `operator` is always literal.
 */
#include <string.h>

#include "probe/spec_parse.h"

struct symbol {
	const struct spec_parser *p;
	bool is_marker; /* USDT: '-' is "__" */
	bool is_glob;
	bool in_class; /* inside a glob's [..] */
	size_t stars;
	size_t phrase_end; /* spaces before it belong to the name */
	char *literal, *pattern;
	size_t n_literal, n_pattern;
};

static void put_literal(struct symbol *to, char c)
{
	to->literal[to->n_literal++] = c;
	if (strchr("*?[]\\", c))
		to->pattern[to->n_pattern++] = '\\';
	to->pattern[to->n_pattern++] = c;
}

static void put_glob(struct symbol *to, char c)
{
	to->is_glob = true;
	to->literal[to->n_literal++] = c;
	bool again = c == '*' && to->stars && to->n_pattern &&
		     to->pattern[to->n_pattern - 1] == '*' &&
		     (to->n_pattern < 2 || to->pattern[to->n_pattern - 2] != '\\');
	if (again)
		return;
	to->stars += c == '*';
	to->pattern[to->n_pattern++] = c;
}

static void put_in_class(struct symbol *to, char c)
{
	to->literal[to->n_literal++] = c;
	to->pattern[to->n_pattern++] = c;
}

static void put_dash(struct symbol *to, char c)
{
	if (!to->is_marker) {
		put_literal(to, c);
		return;
	}
	put_literal(to, '_');
	put_literal(to, '_');
}

static void put_text(struct symbol *to, struct spec_span span)
{
	for (size_t at = span.start; at < span.end; at++) {
		char c = to->p->text[at];
		if (to->in_class)
			put_in_class(to, c);
		else if (c == '*' || c == '?')
			put_glob(to, c);
		else if (c == '-')
			put_dash(to, c);
		else
			put_literal(to, c);
	}
}

static void put_escape(struct symbol *to, char c)
{
	if (!to->in_class) {
		put_literal(to, c);
		return;
	}
	to->literal[to->n_literal++] = c;
	to->pattern[to->n_pattern++] = '\\';
	to->pattern[to->n_pattern++] = c;
}

/* A '[' outside of brackets opens a glob's class, but for what demanglers and Go put there. */
static bool opens_class(const struct spec_parser *p, const struct scanner *s, size_t end)
{
	struct spec_span rest = {s->unit, end};
	return p->text[s->unit] == '[' && s->depth == 1 && !spec_span_starts(p, rest, "[abi:") &&
	       !spec_span_starts(p, rest, "[clone ") && !spec_span_starts(p, rest, "[...]");
}

static struct err *unexpected_space(const struct spec_parser *p, size_t at)
{
	struct err *e = spec_error(p, at, "unexpected text behind the name");
	if (p->text[at] == '{')
		return err_hint(e, "a probe has no program: give its name alone");
	if (p->text[at] == '/')
		return err_hint(e, "a filter is written 'if CONDITION'");
	return err_hint(e, "probes are separated by ',', types are 'NAME(int, str) -> int', and a "
			   "space in a name is '\\ '");
}

static struct err *unexpected(const struct spec_parser *p, size_t at)
{
	struct spec_span one = {at, at + 1};
	const char *shown = spec_quote(p, one);
	struct err *e = spec_error(p, at, "unexpected '%s' in a name", shown);
	switch (p->text[at]) {
	case '!':
		return err_hint(e, "'!' goes in front of the whole: '!libc:free'");
	case '%':
		return err_hint(e, "'%%return' ends a name, as in 'malloc%%return'; a class of "
				   "system calls stands alone, as in '%%file'");
	case '"':
		return err_hint(e, "names need no quotes: leave them out");
	default:
		return err_hint(e, "if the name really holds it, write '\\%s'", shown);
	}
}

static bool is_name_text(const struct scanner *s)
{
	char c = s->p->text[s->unit];
	if (s->depth)
		return (unsigned char)c >= 0x20 && c != 0x7f;
	return spec_is_word(c) || strchr(".@~#'/*?-", c) != NULL;
}

/* Spaces that are part of a name: `operator< <int>`, `f [clone .cold]`, thunks. */
static bool is_name_space(const struct symbol *to, const struct scanner *s, enum scan_unit before)
{
	struct spec_span rest = {s->at, s->end};
	return s->unit < to->phrase_end ||
	       (before == SCAN_OPERATOR && spec_span_starts(to->p, rest, "<")) ||
	       spec_span_starts(to->p, rest, "[clone ");
}

static struct err *put_unit(struct symbol *to, const struct scanner *s, enum scan_unit unit,
			    enum scan_unit before)
{
	const struct spec_parser *p = to->p;
	switch (unit) {
	case SCAN_ESCAPE:
		put_escape(to, p->text[s->unit + 1]);
		return NULL;
	case SCAN_OPERATOR:
		for (size_t at = s->unit; at < s->at; at++)
			put_literal(to, p->text[at]);
		return NULL;
	case SCAN_SPACE:
		if (!is_name_space(to, s, before))
			return unexpected_space(p, s->at);
		put_literal(to, ' ');
		return NULL;
	case SCAN_OPEN:
		if (opens_class(p, s, s->end))
			to->in_class = to->is_glob = true;
		break;
	case SCAN_CLOSE:
	case SCAN_SCOPE:
		break;
	default:
		if (!is_name_text(s))
			return unexpected(p, s->unit);
	}
	put_text(to, (struct spec_span){s->unit, s->at});
	to->in_class = to->in_class && s->depth;
	return NULL;
}

/* Reads up to the '+' of an offset; *ret_end: there, or the end. */
static struct err *read_units(struct symbol *to, struct spec_span span, size_t *ret_end)
{
	struct scanner s;
	enum scan_unit unit, before = SCAN_TEXT;
	scan_init(&s, to->p, span);
	for (;;) {
		struct err *e = scan_next(&s, &unit);
		bool is_offset = !e && unit == SCAN_TEXT && !s.depth && to->p->text[s.unit] == '+';
		if (!e && (unit == SCAN_END || is_offset)) {
			*ret_end = s.unit;
			return NULL;
		}
		e = e ?: put_unit(to, &s, unit, before);
		if (e)
			return e;
		before = unit;
	}
}

/* perf's `malloc%return`. */
static struct err *take_return(const struct spec_parser *p, struct spec_span *span,
			       struct spec *spec)
{
	size_t length = strlen("%return");
	if (span->end - span->start <= length)
		return NULL;
	struct spec_span tail = {span->end - length, span->end};
	if (!spec_span_is(p, tail, "%return") || p->text[tail.start - 1] == '\\')
		return NULL;
	bool function =
		spec->kind == PROBE_URETPROBE || (spec->kind == PROBE_CALL && !spec->kind_given);
	if (!function)
		return err_hint(spec_error(p, tail.start, "'%%return' contradicts the kind '%s'",
					   probe_kind_name(spec->kind)),
				"write 'uretprobe:[MODULE:]NAME'");
	spec->kind = PROBE_URETPROBE;
	spec->kind_given = true;
	span->end = tail.start;
	return NULL;
}

static struct err *take_offset(const struct spec_parser *p, struct spec_span rest,
			       const struct symbol *symbol, struct spec *spec)
{
	if (rest.start >= rest.end)
		return NULL;
	if (symbol->is_glob)
		return err_hint(spec_error(p, rest.start, "an offset needs one exact name"),
				"name the function, as in 'libc:malloc+0x1d'");
	if (spec->kind == PROBE_URETPROBE)
		return err_hint(spec_error(p, rest.start, "a return has no offset"),
				"an instruction is 'uprobe:[MODULE:]NAME+OFFSET'");
	struct err *e =
		spec_parse_number(p, (struct spec_span){rest.start + 1, rest.end}, &spec->offset);
	if (e)
		return e;
	if (spec->kind == PROBE_CALL && spec->kind_given && spec->offset)
		return err_hint(spec_error(p, rest.start, "a call starts at its first instruction"),
				"an instruction inside is 'uprobe:[MODULE:]NAME+OFFSET'");
	if (spec->kind == PROBE_CALL && !spec->kind_given) {
		spec->kind = PROBE_UPROBE;
		spec->kind_given = true;
	}
	return NULL;
}

static struct err *check_text(const struct spec_parser *p, struct spec_span span,
			      const struct symbol *symbol, const struct spec *spec)
{
	if (symbol->stars > SPEC_STARS_MAX)
		return err_hint(
			spec_error(p, span.start, "more than %d '*' in a name", SPEC_STARS_MAX),
			"use a regular expression: '/EXPRESSION/'");
	if (!symbol->n_literal)
		return err_hint(spec_error(p, span.start, "no name before '+'"),
				"an offset is 'NAME+0x1d', an address '0x1234'");
	/* `cpu:99` is a rate. */
	bool number = spec->kind <= PROBE_FEXIT && !symbol->is_glob;
	if (number && strspn(symbol->literal, "0123456789") == symbol->n_literal)
		return err_hint(spec_error(p, span.start, "a number is no name"),
				"an address is hex, as in '0x1234'; a line is '@FILE:LINE'");
	return NULL;
}

size_t spec_phrase_end(const struct spec_parser *p, struct spec_span span)
{
	static const char *const phrases[] = {"virtual thunk to ", "non-virtual thunk to ",
					      "covariant return thunk to ",
					      "transaction clone for "};
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (spec_span_starts(p, span, phrases[i]))
			return span.start + strlen(phrases[i]);
	return span.start;
}

static struct err *keep(const struct spec_parser *p, const struct symbol *symbol, struct spec *spec)
{
	spec->name_kind = symbol->is_glob ? SPEC_NAME_GLOB : SPEC_NAME_EXACT;
	spec->name = symbol->is_glob ? symbol->pattern : symbol->literal;
	struct spec_matcher *matcher = arena_alloc(&p->memory->arena, sizeof(*matcher));
	if (!matcher)
		return &err_nomem;
	matcher->literal = symbol->literal;
	spec->matcher = matcher;
	return NULL;
}

struct err *spec_parse_symbol(const struct spec_parser *p, struct spec_span span, struct spec *spec)
{
	struct symbol symbol = {.p = p, .is_marker = spec->kind == PROBE_USDT};
	struct err *e = take_return(p, &span, spec);
	if (e)
		return e;
	/* The scope operator of the global namespace is in no symbol table. */
	if (spec_span_starts(p, span, "::") && span.end - span.start > 2)
		span.start += 2;
	symbol.phrase_end = spec_phrase_end(p, span);
	size_t length = span.end - span.start;
	symbol.literal = arena_alloc(&p->memory->arena, 2 * length + 1);
	symbol.pattern = arena_alloc(&p->memory->arena, 2 * length + 1);
	if (!symbol.literal || !symbol.pattern)
		return &err_nomem;
	size_t end = span.end;
	e = read_units(&symbol, span, &end);
	e = e ?: check_text(p, span, &symbol, spec);
	e = e ?: take_offset(p, (struct spec_span){end, span.end}, &symbol, spec);
	return e ?: keep(p, &symbol, spec);
}
