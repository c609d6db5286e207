/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/match.h"

#include <ctype.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uprobe/code.h"

#define NAME_MAX_BYTES 4096

bool match_is_mangled(const char *symbol)
{
	return !strncmp(symbol, "_Z", 2) || !strncmp(symbol, "_R", 2);
}

static size_t without_suffix(const char *text, size_t length, const char *suffix)
{
	size_t n = strlen(suffix);
	return length > n && !strncmp(text + length - n, suffix, n) ? length - n : length;
}

/* " [clone .isra.0]", and what may follow the parameters of a method. */
static size_t without_qualifiers(const char *text, size_t length)
{
	static const char *const qualifiers[] = {" const", " volatile", " &", " &&", "&"};
	for (;;) {
		size_t before = length;
		if (length && text[length - 1] == ']') {
			size_t open = length;
			while (open && text[open - 1] != '[')
				open--;
			if (open >= 2 && text[open - 2] == ' ')
				length = open - 2;
		}
		for (size_t i = 0; i < array_size(qualifiers); i++)
			length = without_suffix(text, length, qualifiers[i]);
		if (length == before)
			return length;
	}
}

/* The last, parenthesised group: is it the name itself, not a list of parameters? */
static bool is_part_of_name(const char *text, size_t open)
{
	if (!open || text[open - 1] == ':') /* "(anonymous namespace)" */
		return true;
	return open >= 8 && !strncmp(text + open - 8, "operator", 8); /* "operator()" */
}

/* Length of what stands before the parameters; all when there are none. */
static size_t without_parameters(const char *text, size_t length)
{
	size_t end = without_qualifiers(text, length);
	if (!end || text[end - 1] != ')')
		return length;
	int depth = 0;
	for (size_t i = end; i > 0; i--) {
		depth += (text[i - 1] == ')') - (text[i - 1] == '(');
		if (!depth)
			return is_part_of_name(text, i - 1) ? length : i - 1;
	}
	return length;
}

/* Where the name begins behind "int " or "std::vector<int> ". */
static size_t behind_result(const char *text, size_t length)
{
	int depth = 0;
	for (size_t i = length; i > 0; i--) {
		char c = text[i - 1];
		/* The '>' of operator-> and the like belongs to the name. */
		if (i >= 9 && !strncmp(text + i - 9, "operator", 8))
			return 0;
		depth += (c == '>' || c == ')') - (c == '<' || c == '(');
		if (c == ' ' && !depth)
			return i;
	}
	return 0;
}

void match_plain_name(const char *demangled, char *buffer, size_t size)
{
	size_t length = without_parameters(demangled, strlen(demangled));
	size_t start = 0;
	if (length < strlen(demangled))
		start = behind_result(demangled, length);
	snprintf(buffer, size, "%.*s", (int)(length - start), demangled + start);
}

static bool demangled_matches(struct image *image, const struct spec *spec, const char *symbol)
{
	char plain[NAME_MAX_BYTES];
	const char *demangled = image_demangle(image, symbol);
	if (demangled == symbol)
		return false;
	if (spec_name_matches(spec, demangled))
		return true;
	match_plain_name(demangled, plain, sizeof(plain));
	return spec_name_matches(spec, plain);
}

/*
 * Demangling is dear, and a function's own name stands in its symbol as it is: the last identifier
 * of an exact name must occur. (Not for `std::string::string`, whose class has an abbreviation:
 * a second round without this catches it.)
 */
static void own_name(const struct spec *spec, char *buffer, size_t size)
{
	buffer[0] = '\0';
	if (spec->name_kind != SPEC_NAME_EXACT || strchr(spec->name, '<'))
		return;
	const char *end = strchr(spec->name, '(');
	end = end ? end : spec->name + strlen(spec->name);
	const char *start = end;
	while (start > spec->name && (isalnum((unsigned char)start[-1]) || start[-1] == '_'))
		start--;
	snprintf(buffer, size, "%.*s", (int)(end - start), start);
}

static bool symbol_matches(struct image *image, const struct spec *spec, const char *symbol,
			   const char *hint)
{
	if (spec_name_matches(spec, symbol))
		return true;
	if (!match_is_mangled(symbol) || !strstr(symbol, hint))
		return false;
	return demangled_matches(image, spec, symbol);
}

/* Lower is better known. */
static int rank(const struct spec *spec, const struct function *function)
{
	const char *symbol = function->symbol;
	if (spec->name_kind == SPEC_NAME_EXACT && !strcmp(symbol, spec->name))
		return 0;
	return 1 + 4 * (function->binding == STB_LOCAL) + 2 * (symbol[0] == '_');
}

static bool is_better(const struct spec *spec, const struct function *a, const struct function *b)
{
	int difference = rank(spec, a) - rank(spec, b);
	if (!difference) {
		size_t la = strlen(a->symbol), lb = strlen(b->symbol);
		difference = (la > lb) - (la < lb);
	}
	return difference < 0;
}

static struct err *keep(struct matches *matches, const struct spec *spec,
			const struct function *function)
{
	const struct function **last =
		matches->functions.count ? &matches->functions.items[matches->functions.count - 1]
					 : NULL;
	if (last && (*last)->address == function->address) {
		if (is_better(spec, function, *last))
			*last = function;
		return NULL;
	}
	const struct function **kept = array_push(&matches->functions);
	if (!kept)
		return &err_nomem;
	*kept = function;
	return NULL;
}

static struct err *find(struct image *image, const struct spec *spec, const char *hint,
			struct matches *ret)
{
	const struct function *functions;
	size_t count;
	struct err *e = image_functions(image, &functions, &count);
	for (size_t i = 0; !e && i < count; i++) {
		/* Parts of functions are none, unless asked for by name. */
		bool hidden = spec->name_kind != SPEC_NAME_EXACT &&
			      code_is_cold_name(functions[i].symbol);
		if (!hidden && symbol_matches(image, spec, functions[i].symbol, hint))
			e = keep(ret, spec, &functions[i]);
	}
	return e;
}

struct err *matches_find(struct image *image, const struct spec *spec, struct matches *ret)
{
	char hint[256];
	own_name(spec, hint, sizeof(hint));
	*ret = (struct matches){0};
	struct err *e = find(image, spec, hint, ret);
	/* A plain C name has had its chance: only C++ and Rust names hold more than one word. */
	if (!e && !ret->functions.count && *hint && strcmp(hint, spec->name) != 0)
		e = find(image, spec, "", ret);
	if (e)
		matches_deinit(ret);
	return e;
}

void matches_deinit(struct matches *matches)
{
	free(matches->functions.items);
	*matches = (struct matches){0};
}
