/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing names with a spec: a target has hundred thousands of them, so everything is made ready
 * when the spec is parsed.
 *
 * glibc's regcomp() copies what a repetition repeats, so `((((a{255}){255}){255}){255})` or a row
 * of nested `+` asks for all memory. Its size is estimated first, and bounded; matching is then
 * linear in the name (no back-references, no captures). And it goes all ways on which no
 * character is needed: each anchor doubles their number, each repetition of what may be nothing
 * (`a*+`, `(a*b*)*`) does more; an anchor that is repeated has no measure, and is refused.
 */
#include <fnmatch.h>
#include <string.h>

#include "probe/spec_parse.h"
#include "symbols/clone.h"

#define REGEX_DEPTH_MAX	 32
#define REGEX_REPEAT_MAX 255
/* States after copying. glibc keeps a set of states for each state: memory grows with the square.
 */
#define REGEX_COST_MAX	     2000
#define REGEX_COST_ALL_MAX   20000 /* of all expressions of one list */
#define REGEX_COST_SATURATED (1U << 24)
#define REGEX_WORK_MAX	     100000 /* states times ways: up to some hundredths of a second */

/* Of a part of an expression, and of the ways through it. */
struct weight {
	size_t states;	/* after copying */
	size_t anchors; /* of one alternative, outside of groups; inside of all together */
	size_t idle;	/* repetitions of what may be nothing */
	bool nothing;	/* it may be that */
};

struct cost {
	const struct spec_parser *p;
	struct spec_span pattern;
	size_t at;
	size_t depth;
	struct weight sum[REGEX_DEPTH_MAX + 1];	   /* of the group, without the last atom */
	struct weight last[REGEX_DEPTH_MAX + 1];   /* the last atom, which a repetition copies */
	struct weight before[REGEX_DEPTH_MAX + 1]; /* the alternatives before */
};

static struct err *refuse(const struct cost *c, size_t at, const char *why, const char *hint)
{
	return err_hint(spec_error(c->p, at, "regular expression: %s", why), "%s", hint);
}

static char peek(const struct cost *c, size_t ahead)
{
	return c->at + ahead < c->pattern.end ? c->p->text[c->at + ahead] : '\0';
}

static size_t saturated(size_t cost)
{
	return cost > REGEX_COST_SATURATED ? REGEX_COST_SATURATED : cost;
}

/* One behind the other. */
static struct weight join(const struct weight *a, const struct weight *b)
{
	return (struct weight){saturated(a->states + b->states), a->anchors + b->anchors,
			       a->idle + b->idle, a->nothing && b->nothing};
}

/* Of the alternative, with the last atom. */
static struct weight alternative(const struct cost *c)
{
	return join(&c->sum[c->depth], &c->last[c->depth]);
}

/* Of the group. Outside of groups the anchors of one alternative never follow those of another. */
static struct weight whole(const struct cost *c)
{
	struct weight last = alternative(c), ret = join(&c->before[c->depth], &last);
	bool has_more = c->before[c->depth].states;
	ret.nothing = last.nothing || (has_more && c->before[c->depth].nothing);
	if (!c->depth && has_more)
		ret.anchors =
			last.anchors > c->before[0].anchors ? last.anchors : c->before[0].anchors;
	return ret;
}

static void begin_alternative(struct cost *c)
{
	c->sum[c->depth] = c->last[c->depth] = (struct weight){.nothing = true};
}

static void add_atom(struct cost *c, struct weight weight)
{
	c->sum[c->depth] = alternative(c);
	c->last[c->depth] = weight;
}

static void add_character(struct cost *c)
{
	add_atom(c, (struct weight){.states = 1});
}

static void add_anchor(struct cost *c)
{
	add_atom(c, (struct weight){.states = 1, .anchors = 1, .nothing = true});
}

/* `least`: how often at least; `most`: how many copies are made. */
static struct err *repeat(struct cost *c, size_t least, size_t most)
{
	struct weight *last = &c->last[c->depth];
	if (last->anchors)
		return refuse(c, c->at, "an anchor is repeated",
			      "'^', '$', '\\b' stand outside of what is repeated");
	last->states = saturated(last->states * most + 1);
	last->idle += last->nothing;
	last->nothing |= !least;
	return NULL;
}

static void add_alternative(struct cost *c)
{
	struct weight weight = whole(c);
	weight.states++;
	c->before[c->depth] = weight;
	begin_alternative(c);
}

/* `[...]`, where a ']' may come first, and [:alpha:] [.x.] [=x=] inside. */
static struct err *skip_class(struct cost *c)
{
	size_t start = c->at++;
	c->at += peek(c, 0) == '^';
	c->at += peek(c, 0) == ']';
	while (c->at < c->pattern.end && peek(c, 0) != ']') {
		char kind = peek(c, 1);
		if (peek(c, 0) == '[' && (kind == ':' || kind == '.' || kind == '=')) {
			c->at += 2;
			while (c->at < c->pattern.end && !(peek(c, 0) == kind && peek(c, 1) == ']'))
				c->at++;
			c->at++;
		}
		c->at++;
	}
	if (c->at >= c->pattern.end)
		return refuse(c, start, "'[' is not closed", "close it with ']', or write '\\['");
	c->at++;
	add_character(c);
	return NULL;
}

/* `{m}`, `{m,}`, `{m,n}`: how many copies. Anything else is left to regcomp(). */
static struct err *take_repeat(struct cost *c)
{
	size_t start = c->at++, bound[2] = {0, 0}, n = 0;
	for (; c->at < c->pattern.end && peek(c, 0) != '}'; c->at++) {
		char digit = peek(c, 0);
		if (digit == ',' && n == 0)
			n = 1;
		else if (spec_is_digit(digit))
			bound[n] = bound[n] * 10 + (size_t)(digit - '0');
		else
			return refuse(c, start, "'{' needs a number of times",
				      "write 'x{2,5}', or '\\{' for the character");
		if (bound[n] > REGEX_REPEAT_MAX)
			return refuse(c, start, "more than 255 repetitions", "use '*' or '+'");
	}
	if (c->at++ == c->pattern.end)
		return refuse(c, start, "'{' needs a number of times",
			      "write 'x{2,5}', or '\\{' for the character");
	return repeat(c, bound[0], (bound[0] > bound[1] ? bound[0] : bound[1]) + 1);
}

static struct err *open_group(struct cost *c)
{
	if (c->depth == REGEX_DEPTH_MAX)
		return refuse(c, c->at, "groups nest too deep", "at most 32 groups may nest");
	c->depth++;
	c->before[c->depth] = (struct weight){0};
	begin_alternative(c);
	c->at++;
	return NULL;
}

static struct err *close_group(struct cost *c)
{
	if (!c->depth)
		return refuse(c, c->at, "')' closes nothing", "write '\\)' for the character");
	struct weight weight = whole(c);
	weight.states++;
	c->depth--;
	add_atom(c, weight);
	c->at++;
	return NULL;
}

static struct err *take_escape(struct cost *c)
{
	char escaped = peek(c, 1);
	if (escaped >= '1' && escaped <= '9')
		return refuse(c, c->at, "back-references are not supported",
			      "write the text again, or use a glob");
	if (escaped && strchr("bB<>`'", escaped))
		add_anchor(c);
	else
		add_character(c);
	c->at += 2;
	return NULL;
}

static struct err *take_operator(struct cost *c)
{
	bool at_least_once = peek(c, 0) == '+';
	struct err *e = repeat(c, at_least_once, at_least_once ? 2 : 1);
	c->at++;
	return e;
}

static struct err *take_token(struct cost *c)
{
	switch (peek(c, 0)) {
	case '\\':
		return take_escape(c);
	case '[':
		return skip_class(c);
	case '(':
		return open_group(c);
	case ')':
		return close_group(c);
	case '{':
		return take_repeat(c);
	case '+':
	case '*':
	case '?':
		return take_operator(c);
	case '|':
		add_alternative(c);
		break;
	case '^':
	case '$':
		add_anchor(c);
		break;
	default:
		add_character(c);
	}
	c->at++;
	return NULL;
}

static bool goes_too_many_ways(const struct weight *weight)
{
	size_t doublings = weight->anchors + 2 * weight->idle;
	return doublings > 16 || weight->states << doublings > REGEX_WORK_MAX;
}

static struct err *check_cost(const struct spec_parser *p, struct spec_span pattern)
{
	struct cost c = {.p = p, .pattern = pattern, .at = pattern.start};
	begin_alternative(&c);
	while (c.at < pattern.end) {
		struct err *e = take_token(&c);
		if (e)
			return e;
	}
	if (c.depth)
		return refuse(&c, pattern.start, "'(' is not closed",
			      "close it with ')', or write '\\('");
	struct weight weight = whole(&c);
	size_t cost = weight.states;
	p->memory->regex_cost += cost;
	if (cost > REGEX_COST_MAX)
		return refuse(&c, pattern.start, "too large", "use fewer repetitions, or a glob");
	if (goes_too_many_ways(&weight))
		return refuse(&c, pattern.start, "too many ways to match nothing",
			      "use fewer anchors, and '+' or '*' once: 'a*', '(ab)*'");
	if (p->memory->regex_cost > REGEX_COST_ALL_MAX)
		return refuse(&c, pattern.start, "too many of them",
			      "use globs, or one expression with '|'");
	return NULL;
}

/* `\/` is how a slash is written between slashes; regcomp() need not know it. */
static char *pattern_text(const struct spec_parser *p, struct spec_span pattern)
{
	char *ret = spec_copy(p, pattern);
	if (!ret)
		return NULL;
	char *to = ret;
	for (const char *from = ret; *from; from++) {
		if (from[0] == '\\' && from[1] == '/')
			from++;
		else if (from[0] == '\\' && from[1])
			*to++ = *from++;
		*to++ = *from;
	}
	*to = '\0';
	return ret;
}

struct err *spec_compile_regex(const struct spec_parser *p, struct spec_span pattern,
			       struct spec *spec)
{
	struct err *e = check_cost(p, pattern);
	if (e)
		return e;
	struct spec_matcher *matcher = arena_alloc(&p->memory->arena, sizeof(*matcher));
	spec->name = pattern_text(p, pattern);
	spec->name_kind = SPEC_NAME_REGEX;
	if (!matcher || !spec->name)
		return &err_nomem;
	int failure = regcomp(&matcher->regex, spec->name, REG_EXTENDED | REG_NOSUB);
	if (failure) {
		char why[128];
		regerror(failure, &matcher->regex, why, sizeof(why));
		return err_hint(spec_error(p, pattern.start, "regular expression: %s", why),
				"it is an extended regular expression, as 'grep -E' takes");
	}
	matcher->has_regex = true;
	matcher->next = p->memory->regexes;
	p->memory->regexes = matcher;
	spec->matcher = matcher;
	return NULL;
}

/* Demanglers differ in where they put spaces: only one between two words counts. */
static bool equal_but_spaces(const char *a, const char *b)
{
	bool word = false; /* the last character compared was one of a word */
	for (;;) {
		bool space_a = *a == ' ', space_b = *b == ' ';
		a += strspn(a, " ");
		b += strspn(b, " ");
		if (*a != *b || (space_a != space_b && word && spec_is_word(*a)))
			return false;
		if (!*a)
			return true;
		word = spec_is_word(*a);
		a++;
		b++;
	}
}

/*
 * Rust's two manglings demangle a method of a type itself in two ways: `<crate::Type>::method` and
 * `crate::Type::method`. Where the '>' of the first is; NULL: it is not of that form.
 */
static const char *type_end(const char *name)
{
	size_t depth = 0;
	for (const char *c = name; *name == '<' && *c; c++) {
		bool is_arrow = c > name && c[-1] == '-' && *c == '>';
		depth += *c == '<';
		if (depth == 1 && strncmp(c, " as ", 4) == 0)
			return NULL;
		if (*c == '>' && !is_arrow && --depth == 0)
			return strncmp(c + 1, "::", 2) == 0 ? c : NULL;
	}
	return NULL;
}

/* Is `plain` what `wrapped` is without its outer brackets? */
static bool equal_unwrapped(const char *wrapped, const char *plain)
{
	const char *end = type_end(wrapped);
	size_t length = end ? (size_t)(end - wrapped) - 1 : 0;
	return end && strncmp(wrapped + 1, plain, length) == 0 &&
	       equal_but_spaces(end + 1, plain + length);
}

static bool equal_names(const char *wanted, const char *name)
{
	return strcmp(wanted, name) == 0 ||
	       (strpbrk(wanted, "<( ") && equal_but_spaces(wanted, name)) ||
	       equal_unwrapped(wanted, name) || equal_unwrapped(name, wanted);
}

/* Calls of a copy that the compiler has made are calls of the function. But what lies where in it
 * (f+0x1d), each has for itself. */
static bool is_copy(const struct spec *spec, const char *name)
{
	return !spec->offset && clone_is_copy_of(name, spec->name);
}

bool spec_name_matches(const struct spec *spec, const char *name)
{
	switch (spec->name_kind) {
	case SPEC_NAME_EXACT:
		return equal_names(spec->name, name) || is_copy(spec, name);
	case SPEC_NAME_GLOB:
		return strcmp(spec->name, "*") == 0 ||
		       (spec->matcher && strcmp(spec->matcher->literal, name) == 0) ||
		       fnmatch(spec->name, name, 0) == 0;
	case SPEC_NAME_REGEX:
		return regexec(&spec->matcher->regex, name, 0, NULL, 0) == 0;
	default:
		return false;
	}
}

bool spec_provider_matches(const struct spec *spec, const char *provider)
{
	return !spec->provider || strcmp(spec->provider, provider) == 0 ||
	       fnmatch(spec->provider, provider, 0) == 0;
}
