/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in prototypes: prototypes.txt, whose head describes its form.
 *
 * Of the text, an image keeps where the declarations of its own groups are, by name; a declaration
 * is parsed when somebody asks for it.
 */
#include "symbols/prototypes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/array.h"
#include "common/cleanup.h"
#include "symbols/image.h"

/* Longest line, and parameters of one function, of a text that is ours. */
#define LINE_LENGTH_MAX 255
#define PARAMETERS_MAX	12

struct builtin {
	struct arena arena;
	struct name_map types;	      /* const struct type * */
	struct name_map declarations; /* const char *: the line */
	struct name_map parsed;	      /* const struct prototype * */
	bool is_library;	      /* found by soname: the declarations are its interface */
};

/* --- words ----------------------------------------------------------------------------------- */

struct span {
	const char *text;
	size_t length;
};

static struct span trim(const char *text, size_t length)
{
	while (length && isspace((unsigned char)*text)) {
		text++;
		length--;
	}
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	return (struct span){text, length};
}

static bool span_is(struct span span, const char *word)
{
	return span.length == strlen(word) && !memcmp(span.text, word, span.length);
}

static bool span_begins(struct span span, const char *word)
{
	return span.length >= strlen(word) && !memcmp(span.text, word, strlen(word));
}

static size_t identifier_tail(struct span span)
{
	size_t length = 0;
	while (length < span.length &&
	       (isalnum((unsigned char)span.text[span.length - 1 - length]) ||
		span.text[span.length - 1 - length] == '_'))
		length++;
	return length;
}

/* --- types ----------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum type_kind kind;
} kinds[] = {
	{"void", TYPE_VOID},   {"int", TYPE_INT},     {"uint", TYPE_UINT}, {"hex", TYPE_HEX},
	{"octal", TYPE_OCTAL}, {"bool", TYPE_BOOL},   {"char", TYPE_CHAR}, {"float", TYPE_FLOAT},
	{"fd", TYPE_FD},       {"errno", TYPE_ERRNO},
};

static bool kind_of(struct span word, enum type_kind *ret)
{
	for (size_t i = 0; i < array_size(kinds); i++) {
		if (!span_is(word, kinds[i].word))
			continue;
		*ret = kinds[i].kind;
		return true;
	}
	return false;
}

static struct type *new_type(struct builtin *builtin, enum type_kind kind, uint32_t size,
			     struct span name)
{
	struct type *type = arena_alloc(&builtin->arena, sizeof(*type));
	if (!type)
		return NULL;
	type->kind = kind;
	type->size = size;
	type->name = arena_substring(&builtin->arena, name.text, name.length);
	return type->name ? type : NULL;
}

/* "type NAME = KIND SIZE"; false: makes no sense. */
static bool add_type(struct builtin *builtin, struct span line)
{
	enum type_kind kind;
	const char *equals = memchr(line.text, '=', line.length);
	if (!equals)
		return false;
	struct span name = trim(line.text + 5, (size_t)(equals - line.text) - 5);
	struct span rest = trim(equals + 1, (size_t)(line.text + line.length - equals) - 1);
	const char *space = memchr(rest.text, ' ', rest.length);
	if (!space || !kind_of(trim(rest.text, (size_t)(space - rest.text)), &kind))
		return false;
	const struct type *type = new_type(builtin, kind, (uint32_t)atoi(space), name);
	return type &&
	       name_map_add(&builtin->types, type->name, name.length, (uint64_t)(uintptr_t)type);
}

static struct span without_const(struct span span)
{
	return span_begins(span, "const ") ? trim(span.text + 6, span.length - 6) : span;
}

static const struct type *known_type(struct builtin *builtin, struct span name)
{
	const uint64_t *known = name_map_find(&builtin->types, name.text, name.length);
	return known ? (const struct type *)(uintptr_t)*known : NULL;
}

static const struct type text_type = {.kind = TYPE_STRING, .size = 8, .name = "char *"};

/* "const char *", "struct stat *", "out int *", "size_t"; NULL: no such type, or out of memory. */
static const struct type *find_type(struct builtin *builtin, struct span text)
{
	bool is_out = span_begins(text, "out ");
	if (is_out)
		text = trim(text.text + 4, text.length - 4);
	struct span bare = without_const(text);
	if (!bare.length || bare.text[bare.length - 1] != '*')
		return is_out ? NULL : known_type(builtin, bare);
	struct span target = trim(bare.text, bare.length - 1);
	enum type_kind kind = span_is(target, "char") ? TYPE_STRING : TYPE_POINTER;
	struct type *type = new_type(builtin, kind, 8, text);
	if (type && span_is(target, "char *"))
		type->target = &text_type;
	if (type && span_is(target, "code"))
		type->is_code = true;
	if (!type || !is_out)
		return type;
	type->is_out = type->out_if_ok = true;
	if (kind == TYPE_POINTER && !type->target)
		type->target = known_type(builtin, target);
	return type;
}

/* --- declarations ---------------------------------------------------------------------------- */

struct declaration {
	struct span result, name;
	struct span parameters[PARAMETERS_MAX];
	size_t n_parameters;
	bool variadic;
};

/* "const void buf[n]" ends in the length's name; cuts it off. */
static struct span take_length(struct span *parameter)
{
	const char *bracket = memchr(parameter->text, '[', parameter->length);
	if (!bracket)
		return (struct span){0};
	struct span length = {bracket + 1,
			      (size_t)(parameter->text + parameter->length - bracket) - 2};
	parameter->length = (size_t)(bracket - parameter->text);
	return length;
}

static bool split_parameters(struct span list, struct declaration *ret)
{
	if (span_is(list, "void"))
		return true;
	for (const char *at = list.text, *end = at + list.length; at < end;) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct span one = trim(at, (size_t)((comma ? comma : end) - at));
		at = (comma ? comma : end) + 1;
		if (span_is(one, "...")) {
			ret->variadic = true;
			continue;
		}
		if (ret->n_parameters == PARAMETERS_MAX || ret->variadic)
			return false;
		ret->parameters[ret->n_parameters++] = one;
	}
	return ret->n_parameters || ret->variadic;
}

static bool split_declaration(struct span line, struct declaration *ret)
{
	const char *open = memchr(line.text, '(', line.length);
	if (!open || line.length < 3 || memcmp(line.text + line.length - 2, ");", 2) != 0)
		return false;
	struct span head = trim(line.text, (size_t)(open - line.text));
	size_t name = identifier_tail(head);
	*ret = (struct declaration){
		.name = {head.text + head.length - name, name},
		.result = trim(head.text, head.length - name),
	};
	struct span list = trim(open + 1, (size_t)(line.text + line.length - open) - 3);
	return name && ret->result.length && split_parameters(list, ret);
}

/* The 1-based number of the parameter of that name; 0: none. */
static int8_t parameter_number(const struct declaration *declaration, struct span name)
{
	for (size_t i = 0; i < declaration->n_parameters; i++) {
		struct span parameter = declaration->parameters[i];
		size_t length = identifier_tail(parameter);
		if (length == name.length &&
		    !memcmp(parameter.text + parameter.length - length, name.text, length))
			return (int8_t)(i + 1);
	}
	return 0;
}

/* The size of what a parameter "size_t *n" leads to; 0: none of ours. */
static uint8_t pointed_size(struct builtin *builtin, struct span parameter)
{
	struct span text = trim(parameter.text, parameter.length - identifier_tail(parameter));
	struct span bare = without_const(text);
	if (!bare.length || bare.text[bare.length - 1] != '*')
		return 0;
	const struct type *target = known_type(builtin, trim(bare.text, bare.length - 1));
	return target ? (uint8_t)target->size : 0;
}

/* "n", "*n", "return", "return <= n"; false: none of these. */
static bool read_length(struct builtin *builtin, const struct declaration *declaration,
			struct span length, struct type *ret)
{
	bool is_pointer = length.length && *length.text == '*';
	if (span_is(length, "return")) {
		ret->length_arg = LENGTH_RESULT;
		return true;
	}
	if (span_begins(length, "return <= ")) {
		struct span name = trim(length.text + 10, length.length - 10);
		ret->length_arg = LENGTH_RESULT;
		ret->most_arg = parameter_number(declaration, name);
		return ret->most_arg;
	}
	if (is_pointer)
		length = (struct span){length.text + 1, length.length - 1};
	ret->length_arg = parameter_number(declaration, length);
	if (is_pointer && ret->length_arg)
		ret->length_bytes =
			pointed_size(builtin, declaration->parameters[ret->length_arg - 1]);
	return ret->length_arg && (!is_pointer || ret->length_bytes);
}

/* What is not const is filled in by the function. */
static const struct type *counted_type(struct builtin *builtin,
				       const struct declaration *declaration, struct span text,
				       struct span length)
{
	bool is_text = span_is(without_const(text), "char");
	struct type *type = new_type(builtin, is_text ? TYPE_STRING : TYPE_BYTES, 0, text);
	if (!type)
		return NULL;
	type->size = is_text ? 8 : 0;
	type->name = arena_printf(&builtin->arena, "%.*s *", (int)text.length, text.text);
	type->is_out = type->out_if_ok = !span_begins(text, "const ");
	return type->name && read_length(builtin, declaration, length, type) ? type : NULL;
}

static bool parse_parameter(struct builtin *builtin, const struct declaration *declaration,
			    struct span text, struct parameter *ret)
{
	struct span length = take_length(&text);
	size_t name = identifier_tail(text);
	struct span type = trim(text.text, text.length - name);
	ret->name = arena_substring(&builtin->arena, text.text + text.length - name, name);
	if (!ret->name || !name || !type.length)
		return false;
	ret->type = length.length ? counted_type(builtin, declaration, type, length)
				  : find_type(builtin, type);
	return ret->type;
}

/* NULL: makes no sense, or out of memory. */
static const struct prototype *parse(struct builtin *builtin, struct span line)
{
	struct declaration declaration;
	struct prototype *prototype = arena_alloc(&builtin->arena, sizeof(*prototype));
	struct parameter *parameters =
		arena_array(&builtin->arena, PARAMETERS_MAX, sizeof(*parameters));
	if (!prototype || !parameters || !split_declaration(line, &declaration))
		return NULL;
	for (size_t i = 0; i < declaration.n_parameters; i++)
		if (!parse_parameter(builtin, &declaration, declaration.parameters[i],
				     &parameters[i]))
			return NULL;
	*prototype = (struct prototype){
		.parameters = parameters,
		.n_parameters = (uint32_t)declaration.n_parameters,
		.variadic = declaration.variadic,
		.result = find_type(builtin, declaration.result),
		.source = "built-in",
	};
	return prototype->result ? prototype : NULL;
}

/* --- the text -------------------------------------------------------------------------------- */

static bool group_word_matches(struct builtin *builtin, struct image *image, struct span word,
			       bool is_symbol)
{
	char name[LINE_LENGTH_MAX + 1];
	snprintf(name, sizeof(name), "%.*s", (int)word.length, word.text);
	if (is_symbol)
		return image_defines(image, name);
	const char *soname = image_soname(image);
	bool matches = soname && !strcmp(soname, name);
	builtin->is_library |= matches;
	return matches;
}

/* "[libc.so.6 libc.so | __libc_start_main]": is the image meant? */
static bool group_matches(struct builtin *builtin, struct image *image, struct span line)
{
	bool is_symbol = false;
	const char *at = line.text + 1, *end = line.text + line.length - 1;
	while (at < end) {
		const char *space = memchr(at, ' ', (size_t)(end - at));
		struct span word = trim(at, (size_t)((space ? space : end) - at));
		at = (space ? space : end) + 1;
		if (span_is(word, "|"))
			is_symbol = true;
		else if (word.length && group_word_matches(builtin, image, word, is_symbol))
			return true;
	}
	return false;
}

static bool add_declaration(struct builtin *builtin, struct span line)
{
	struct declaration declaration;
	if (!split_declaration(line, &declaration))
		return false;
	return name_map_add(&builtin->declarations, declaration.name.text, declaration.name.length,
			    (uint64_t)(uintptr_t)line.text);
}

/* `*is_ours`: does the group that the line is in concern the image? */
static bool read_line(struct builtin *builtin, struct image *image, struct span line, bool *is_ours)
{
	if (!line.length || line.text[0] == '#')
		return true;
	if (line.length > LINE_LENGTH_MAX)
		return false;
	if (line.text[0] == '[') {
		*is_ours = group_matches(builtin, image, line);
		return line.text[line.length - 1] == ']';
	}
	if (span_begins(line, "type "))
		return add_type(builtin, line);
	return !*is_ours || add_declaration(builtin, line);
}

struct err *builtin_create(struct image *image, const char *text, struct builtin **ret,
			   unsigned int *ret_bad_line)
{
	struct builtin *builtin = calloc(1, sizeof(*builtin));
	bool is_ours = false;
	unsigned int number = 0;
	if (!builtin)
		return &err_nomem;
	*ret_bad_line = 0;
	for (const char *at = text; *at;) {
		const char *end = strchrnul(at, '\n');
		number++;
		if (!read_line(builtin, image, trim(at, (size_t)(end - at)), &is_ours) &&
		    !*ret_bad_line)
			*ret_bad_line = number;
		at = *end ? end + 1 : end;
	}
	*ret = builtin;
	return NULL;
}

struct err *builtin_lookup(struct builtin *builtin, const char *symbol,
			   const struct prototype **ret)
{
	size_t length = strlen(symbol);
	*ret = NULL;
	const uint64_t *parsed = name_map_find(&builtin->parsed, symbol, length);
	const uint64_t *line = name_map_find(&builtin->declarations, symbol, length);
	if (parsed)
		*ret = (const struct prototype *)(uintptr_t)*parsed;
	if (parsed || !line)
		return NULL;
	const char *at = (const char *)(uintptr_t)*line;
	const char *key = arena_substring(&builtin->arena, symbol, length);
	*ret = parse(builtin, trim(at, (size_t)(strchrnul(at, '\n') - at)));
	if (!key || !name_map_add(&builtin->parsed, key, length, (uint64_t)(uintptr_t)*ret))
		return &err_nomem;
	return NULL;
}

void builtin_free(struct builtin *builtin)
{
	if (!builtin)
		return;
	name_map_deinit(&builtin->types);
	name_map_deinit(&builtin->declarations);
	name_map_deinit(&builtin->parsed);
	arena_deinit(&builtin->arena);
	free(builtin);
}

static struct err *create_once(struct image *image)
{
	unsigned int bad_line;
	if (image->builtin)
		return NULL;
	return builtin_create(image, builtin_text, &image->builtin, &bad_line);
}

bool builtin_has_any(struct image *image)
{
	struct err *e = create_once(image);
	bool any = !e && image->builtin->declarations.count;
	err_free(e);
	return any;
}

struct err *builtin_prototype(struct image *image, const char *symbol, bool *ret_is_library,
			      const struct prototype **ret)
{
	struct err *e = create_once(image);
	if (e)
		return e;
	*ret_is_library = image->builtin->is_library;
	return builtin_lookup(image->builtin, symbol, ret);
}
