/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TYPES: the parameters as words (`int, str:arg3`) or as C declares them (`const char *path`).
 *
 * A declaration is read from left to right, as specifiers, asterisks, a name, brackets: enough for
 * every prototype in a manual page, function pointers included. What a value by a type unknown here
 * would occupy cannot be told, so such a type is an error; a pointer to it is a pointer.
 */
#include <limits.h>
#include <string.h>

#include "common/array.h"
#include "probe/fetch.h"
#include "probe/spec_parse.h"

/* A record holds FETCH_SLOTS_MAX values; no calling convention has so many registers. */
#define PARAMETERS_MAX 64

struct declaration {
	const struct spec_parser *p;
	size_t at, end;
	struct type_words words;
	struct spec_span specifiers; /* from the first word to the last, without the name */
	struct spec_span name;
	unsigned int pointers;
	bool is_reference;
	bool is_function; /* int (*f)(void) */
	bool has_length;  /* str:argN, buf:N, buf:argN, sockaddr:argN */
	bool is_void;
};

static char peek(const struct declaration *d)
{
	return d->at < d->end ? d->p->text[d->at] : '\0';
}

static void skip_spaces(struct declaration *d)
{
	while (spec_is_space(peek(d)))
		d->at++;
}

/* An identifier, with its `ns::` parts and its template arguments. */
static struct spec_span read_word(struct declaration *d)
{
	struct spec_span word = {d->at, d->at};
	size_t depth = 0;
	while (d->at < d->end) {
		char c = d->p->text[d->at];
		bool scope = c == ':' && d->at + 1 < d->end && d->p->text[d->at + 1] == ':';
		if (c == '<' && d->at > word.start)
			depth++;
		else if (c == '>' && depth)
			depth--;
		else if (scope)
			d->at++;
		else if (!depth && !spec_is_word(c))
			break;
		d->at++;
	}
	word.end = d->at;
	return word;
}

/* Words that say little about a value; a tag says that the next word is no type of ours. */
static bool take_qualifier(const struct spec_parser *p, struct spec_span word,
			   struct type_words *words)
{
	static const char *const qualifiers[] = {"const",    "volatile",   "restrict",
						 "register", "__restrict", "__restrict__",
						 "typename"};
	bool is_first = !words->has_base && !words->has_integer && !words->is_const;
	if (is_first && !words->is_out && spec_span_is(p, word, "out"))
		return words->is_out = true;
	static const char *const tags[] = {"struct", "union", "class", "enum"};
	for (size_t i = 0; i < array_size(qualifiers); i++) {
		if (!spec_span_is(p, word, qualifiers[i]))
			continue;
		words->is_const |= !words->has_base && !words->has_integer && i == 0;
		return true;
	}
	for (size_t i = 0; i < array_size(tags); i++) {
		if (!spec_span_is(p, word, tags[i]))
			continue;
		words->is_tagged = true;
		words->is_enum = i == array_size(tags) - 1;
		return true;
	}
	return false;
}

/* Specifiers, up to the first word that must be the parameter's name. */
static void read_specifiers(struct declaration *d)
{
	d->specifiers = (struct spec_span){d->at, d->at};
	for (;;) {
		skip_spaces(d);
		size_t start = d->at;
		struct spec_span word = read_word(d);
		if (word.start == word.end)
			return;
		bool taken = take_qualifier(d->p, word, &d->words);
		if (!taken && !d->words.has_base)
			taken = spec_take_integer_word(d->p, word, &d->words);
		if (!taken && !d->words.has_base && !d->words.has_integer) {
			d->words.base = word;
			taken = d->words.has_base = true;
		}
		if (!taken) {
			d->at = start;
			return;
		}
		d->specifiers.end = word.end;
	}
}

static void read_pointers(struct declaration *d)
{
	for (;;) {
		skip_spaces(d);
		char c = peek(d);
		if (c == '*' || c == '&') {
			d->pointers += c == '*' || !d->is_reference;
			d->is_reference = d->is_reference || c == '&';
			d->at++;
			continue;
		}
		size_t start = d->at;
		struct spec_span word = read_word(d);
		if (word.start == word.end || !take_qualifier(d->p, word, &d->words)) {
			d->at = start;
			return;
		}
	}
}

/* From an opening bracket to behind its partner; the scanner has seen that they match. */
static void skip_group(struct declaration *d, char opening, char closing)
{
	size_t depth = 0;
	for (; d->at < d->end; d->at++) {
		char c = d->p->text[d->at];
		depth += c == opening;
		if (c == closing && --depth == 0) {
			d->at++;
			return;
		}
	}
}

/* `(*name)(...)`: peek() is the first parenthesis. */
static struct err *read_function(struct declaration *d)
{
	size_t start = d->at++;
	skip_spaces(d);
	if (peek(d) != '*')
		return err_hint(spec_error(d->p, start, "unexpected '(' in a type"),
				"a function pointer is 'int (*name)(int)', or just 'ptr'");
	d->at++;
	skip_spaces(d);
	d->name = read_word(d);
	d->at = start;
	skip_group(d, '(', ')');
	skip_spaces(d);
	if (peek(d) == '(')
		skip_group(d, '(', ')');
	d->is_function = true;
	return NULL;
}

static struct err *bad_length(const struct spec_parser *p, size_t at, bool is_buffer)
{
	struct err *e = spec_error(p, at, "no length behind ':'");
	if (is_buffer)
		return err_hint(e,
				"write 'buf:16' (1 to %d bytes), 'buf:arg2' (as many as argument 2 "
				"says), or 'buf:ret' (as many as the function returns)",
				FETCH_STRING_MAX);
	return err_hint(e, "write 'str:arg2': as many bytes as argument 2 says; or 'str:ret': as "
			   "many as the function returns");
}

/* A length that only another argument knows: no bytes of our own choice. */
static void set_length(struct declaration *d, struct spec_span word, bool is_buffer,
		       int8_t argument, struct type *ret)
{
	ret->kind = is_buffer ? TYPE_BYTES : TYPE_STRING;
	ret->size = is_buffer ? 0 : 8;
	ret->length_arg = argument;
	d->has_length = true;
	d->specifiers.end = word.end;
}

/* `str:arg2`, `buf:16`, `buf:ret`: d->at stands behind the ':'. */
static struct err *read_length(struct declaration *d, struct type *ret)
{
	bool is_address = spec_span_is(d->p, d->words.base, "sockaddr");
	bool is_buffer = is_address || spec_span_is(d->p, d->words.base, "buf");
	struct spec_span word = read_word(d);
	uint64_t value = 0;
	bool is_result = spec_span_is(d->p, word, "ret");
	bool argument = spec_span_starts(d->p, word, "arg");
	struct spec_span number = {word.start + (argument ? 3 : 0), word.end};
	if (is_result) {
		set_length(d, word, is_buffer, LENGTH_RESULT, ret);
		return NULL;
	}
	if (number.start == number.end || (!argument && !is_buffer) ||
	    !spec_is_digit(d->p->text[number.start]))
		return bad_length(d->p, word.start, is_buffer);
	struct err *e = spec_parse_number(d->p, number, &value);
	if (e)
		return e;
	if (!value || value > (argument ? PARAMETERS_MAX : FETCH_STRING_MAX))
		return bad_length(d->p, number.start, is_buffer);
	set_length(d, word, is_buffer, argument ? (int8_t)value : 0, ret);
	if (!argument)
		ret->size = (uint32_t)value;
	return NULL;
}

/* The text, with one space where there were some. */
static char *squeeze(const struct spec_parser *p, struct spec_span span, size_t more)
{
	char *ret = arena_alloc(&p->memory->arena, span.end - span.start + more + 1);
	if (!ret)
		return NULL;
	char *to = ret;
	for (size_t at = span.start; at < span.end; at++) {
		bool space = spec_is_space(p->text[at]);
		if (!space)
			*to++ = p->text[at];
		else if (to > ret && to[-1] != ' ')
			*to++ = ' ';
	}
	return ret;
}

/* As C writes it: "const char *", "struct request **", "ns::T &". */
static const char *type_name(const struct declaration *d, size_t start)
{
	if (d->is_function)
		return squeeze(d->p, spec_trim(d->p, (struct spec_span){start, d->end}), 0);
	char *ret = squeeze(d->p, d->specifiers, d->pointers + 1);
	if (!ret || !d->pointers)
		return ret;
	strcat(ret, " ");
	char *to = ret + strlen(ret);
	memset(to, '*', d->pointers);
	if (d->is_reference)
		to[d->pointers - 1] = '&';
	return ret;
}

/* `T *`: what it leads to is told when it is one level and T is known. */
static struct err *make_pointer(const struct declaration *d, bool known, const struct type *pointee,
				struct type *ret)
{
	*ret = (struct type){.kind = TYPE_POINTER, .size = 8};
	bool opaque = pointee->kind == TYPE_VOID || pointee->kind == TYPE_POINTER ||
		      pointee->kind == TYPE_STRING;
	bool to_text = d->pointers == (pointee->kind == TYPE_CHAR ? 2 : 1) &&
		       (pointee->kind == TYPE_CHAR || pointee->kind == TYPE_STRING);
	if (to_text && !d->is_function && !d->is_reference)
		ret->target = &spec_text_type;
	if (d->is_function || d->pointers > 1 || !known || opaque)
		return NULL;
	if (pointee->kind == TYPE_CHAR && !d->is_reference) {
		ret->kind = TYPE_STRING;
		return NULL;
	}
	struct type *target = arena_copy(&d->p->memory->arena, pointee, sizeof(*pointee));
	if (!target)
		return &err_nomem;
	target->name = squeeze(d->p, d->specifiers, 0);
	ret->target = target;
	return target->name ? NULL : &err_nomem;
}

static struct err *make_type(struct declaration *d, size_t start, struct type *type)
{
	bool known = d->has_length || spec_type_by_words(d->p, &d->words, type);
	bool by_value = !d->pointers && !d->is_function;
	if (d->has_length && !by_value)
		return err_hint(spec_error(d->p, d->specifiers.start, "a length with a pointer"),
				"'%s' is the pointer already", spec_quote(d->p, d->specifiers));
	if (by_value && !known && spec_span_is(d->p, d->words.base, "buf"))
		return bad_length(d->p, d->words.base.end, true);
	if (by_value && !known)
		return spec_unknown_type(d->p, &d->words);
	struct type pointee = *type;
	struct err *e = by_value ? NULL : make_pointer(d, known, &pointee, type);
	type->name = type_name(d, start);
	/* A buffer that is not const, and `out`, are of the function's making. */
	type->out_if_ok = type->length_arg == LENGTH_RESULT;
	type->is_out = d->words.is_out || type->length_arg == LENGTH_RESULT ||
		       (type->kind == TYPE_BYTES && !d->words.is_const);
	if (d->words.is_out && type->kind != TYPE_POINTER && type->kind != TYPE_STRING &&
	    type->kind != TYPE_BYTES && !e)
		e = err_hint(spec_error(d->p, d->specifiers.start, "'out' is for pointers"),
			     "write 'out str', 'out buf:16', 'out int *'");
	d->is_void = type->kind == TYPE_VOID;
	return e ?: type->name ? NULL : &err_nomem;
}

static struct err *unexpected(const struct declaration *d)
{
	struct spec_span one = {d->at, d->at + 1};
	struct err *e = spec_error(d->p, d->at, "unexpected '%s' in a type", spec_quote(d->p, one));
	if (peek(d) == ':')
		return err_hint(e, "the type comes first: 'int fd'; lengths are 'str:argN', "
				   "'buf:N', 'buf:argN' and 'sockaddr:argN'");
	return err_hint(e, "write types as words or as in C: '(int fd, const char *path)'");
}

static void read_arrays(struct declaration *d)
{
	for (skip_spaces(d); peek(d) == '['; skip_spaces(d)) {
		skip_group(d, '[', ']');
		d->pointers++;
	}
}

static bool is_length_word(const struct declaration *d)
{
	return peek(d) == ':' && (spec_span_is(d->p, d->words.base, "str") ||
				  spec_span_is(d->p, d->words.base, "buf") ||
				  spec_span_is(d->p, d->words.base, "sockaddr"));
}

/* One declaration, all of `span`. */
static struct err *parse_declaration(const struct spec_parser *p, struct spec_span span,
				     struct parameter *ret, bool *ret_void)
{
	struct declaration d = {.p = p, .at = span.start, .end = span.end};
	struct type *type = arena_alloc(&p->memory->arena, sizeof(*type));
	struct err *e = type ? NULL : &err_nomem;
	if (e)
		return e;
	read_specifiers(&d);
	if (!d.words.has_base && !d.words.has_integer)
		return d.at < d.end
			       ? unexpected(&d)
			       : err_hint(spec_error(p, span.start, "a type is missing"),
					  "write a type between the commas, as in '(int, str)'");
	if (is_length_word(&d)) {
		d.at++;
		e = read_length(&d, type);
	}
	read_pointers(&d);
	if (!e && peek(&d) == '(')
		e = read_function(&d);
	else if (!e && (spec_is_word(peek(&d)) && !spec_is_digit(peek(&d))))
		d.name = read_word(&d);
	read_arrays(&d);
	if (!e && d.at < d.end)
		e = unexpected(&d);
	e = e ?: make_type(&d, span.start, type);
	if (e)
		return e;
	ret->type = type;
	ret->name = spec_copy(p, d.name);
	*ret_void = d.is_void;
	return ret->name ? NULL : &err_nomem;
}

/* Where the parameter that starts at `at` ends: at a comma outside of brackets. */
static size_t parameter_end(const struct spec_parser *p, size_t at, size_t end)
{
	size_t depth = 0;
	for (; at < end; at++) {
		char c = p->text[at];
		if (strchr("([{<", c))
			depth++;
		else if (strchr(")]}>", c) && depth)
			depth--;
		else if (c == ',' && !depth)
			return at;
	}
	return end;
}

/* A length must come from another argument, which must be there and be a number. */
static struct err *check_length(const struct spec_parser *p, size_t at, const struct type *type,
				const struct prototype *prototype, size_t own)
{
	size_t n = type->length_arg > 0 ? (size_t)type->length_arg : 0;
	/* What is not listed is an integer. */
	if (!n || n > prototype->n_parameters)
		return NULL;
	if (n == own)
		return err_hint(
			spec_error(p, at, "the length is argument %zu, which is not another", n),
			"name the argument that holds it, as in '(str:arg2, size_t)'");
	enum type_kind kind = prototype->parameters[n - 1].type->kind;
	if (kind == TYPE_INT || kind == TYPE_UINT || kind == TYPE_HEX)
		return NULL;
	return err_hint(spec_error(p, at, "the length is argument %zu, which is no integer", n),
			"give argument %zu an integer type, as in '(str:arg2, size_t)'", n);
}

struct parameters {
	struct parameter items[PARAMETERS_MAX];
	size_t at[PARAMETERS_MAX]; /* where each stands */
	uint32_t count;
};

static struct err *add_parameter(const struct spec_parser *p, struct spec_span span, bool is_last,
				 struct parameters *to, struct prototype *prototype)
{
	span = spec_trim(p, span);
	if (to->count == PARAMETERS_MAX)
		return err_hint(
			spec_error(p, span.start, "more than %d parameters", PARAMETERS_MAX),
			"list the first ones only");
	if (is_last && spec_span_is(p, span, "...")) {
		prototype->variadic = true;
		return NULL;
	}
	bool is_void = false;
	struct err *e = parse_declaration(p, span, &to->items[to->count], &is_void);
	if (e)
		return e;
	if (is_void && is_last && !to->count)
		return NULL;
	if (is_void)
		return err_hint(spec_error(p, span.start, "a parameter cannot be void"),
				"write 'void *' or 'ptr' for a pointer");
	to->at[to->count++] = span.start;
	return NULL;
}

static struct err *read_parameters(const struct spec_parser *p, struct spec_span span,
				   struct parameters *to, struct prototype *prototype)
{
	span = spec_trim(p, span);
	for (size_t at = span.start; at < span.end || at > span.start;) {
		size_t end = parameter_end(p, at, span.end);
		bool is_last = end == span.end;
		struct err *e =
			add_parameter(p, (struct spec_span){at, end}, is_last, to, prototype);
		if (e || is_last)
			return e;
		at = end + 1;
	}
	return NULL;
}

struct err *spec_parse_types(const struct spec_parser *p, struct spec_span span, bool is_method,
			     struct prototype *ret)
{
	static const struct type this_type = {.kind = TYPE_POINTER, .size = 8, .name = "ptr"};
	struct parameters parameters = {.count = 0};
	if (is_method) {
		parameters.items[0] = (struct parameter){.name = "this", .type = &this_type};
		parameters.at[parameters.count++] = span.start;
	}
	struct err *e = read_parameters(p, span, &parameters, ret);
	if (e)
		return e;
	ret->source = "given";
	ret->n_parameters = parameters.count;
	ret->parameters = arena_copy(&p->memory->arena, parameters.items,
				     parameters.count * sizeof(parameters.items[0]));
	if (!ret->parameters)
		return &err_nomem;
	for (uint32_t i = 0; i < parameters.count && !e; i++)
		e = check_length(p, parameters.at[i], parameters.items[i].type, ret, i + 1);
	return e;
}

struct err *spec_parse_result(const struct spec_parser *p, struct spec_span span,
			      struct prototype *ret)
{
	struct parameter result;
	bool is_void;
	span = spec_trim(p, span);
	if (span.start == span.end)
		return err_hint(spec_error(p, span.start, "no type behind '->'"),
				"write '-> int', '-> str', '-> void'");
	struct err *e = parse_declaration(p, span, &result, &is_void);
	if (e)
		return e;
	if (*result.name && !strchr(result.type->name, '('))
		return err_hint(spec_error(p, span.start, "a result has no name"),
				"write the type alone: '-> %s'", result.type->name);
	ret->result = result.type;
	ret->source = "given";
	return check_length(p, span.start, result.type, ret, 0);
}
