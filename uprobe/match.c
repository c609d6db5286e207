/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/match.h"

#include <ctype.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/clone.h"
#include "uprobe/code.h"

static bool is_mangled(const char *symbol)
{
	return !strncmp(symbol, "_Z", 2) || !strncmp(symbol, "_R", 2);
}

bool match_is_rust(const char *symbol)
{
	/* 17h, 16 hexadecimal digits, E */
	enum { HASH = 20 };
	size_t length = strlen(symbol);
	if (!strncmp(symbol, "_R", 2))
		return true;
	if (strncmp(symbol, "_ZN", 3) != 0 || length < HASH)
		return false;
	const char *hash = symbol + length - HASH;
	return !strncmp(hash, "17h", 3) && strspn(hash + 3, "0123456789abcdef") == 16 &&
	       hash[HASH - 1] == 'E';
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
	if (!is_mangled(symbol) || !strstr(symbol, hint))
		return false;
	const char *demangled = image_demangle(image, symbol);
	return demangled != symbol && spec_name_matches(spec, demangled);
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
		bool hidden =
			spec->name_kind != SPEC_NAME_EXACT && clone_is_cold(functions[i].symbol);
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
	e = e ?: overload_choose(image, spec, ret);
	if (e)
		matches_deinit(ret);
	return e;
}

void matches_deinit(struct matches *matches)
{
	free(matches->functions.items);
	*matches = (struct matches){0};
}

void match_candidates(struct image *image, const struct function *function, char *buffer,
		      size_t size)
{
	const struct function *functions;
	size_t count, used = 0, named = 0;
	buffer[0] = '\0';
	struct err *e = image_functions(image, &functions, &count);
	if (e) {
		err_free(e);
		return;
	}
	size_t length = strlen(function->symbol);
	for (size_t i = 0; i < count && named < 5; i++) {
		const char *symbol = functions[i].symbol;
		const char *start = symbol + strspn(symbol, "_");
		if (functions[i].ifunc || strncmp(start, function->symbol, length) != 0 ||
		    start[length] != '_' || clone_is_cold(symbol) || strstr(symbol, "_chk") ||
		    strstr(symbol, "_ifunc"))
			continue;
		int n = snprintf(buffer + used, size - used, "%s%s", named++ ? ", " : "", symbol);
		used += n < 0 || (size_t)n >= size - used ? 0 : (size_t)n;
	}
}

/* --- one code for several functions ----------------------------------------------------------- */

/* Of C++: with parameters. Constructors of one class differ in their symbols alone. */
static bool is_other_cpp(struct image *image, const char *a, const char *b)
{
	char *whole_a = image_demangle_whole(image, a), *whole_b = image_demangle_whole(image, b);
	bool differ = whole_a && whole_b && strcmp(whole_a, whole_b) != 0;
	free(whole_a);
	free(whole_b);
	return differ;
}

/* Libraries give their functions several names, and programs hardly ever do. */
static bool is_other_c(const struct image *image, const char *a, const char *b)
{
	bool is_program = image_interpreter(image) && !image_soname(image);
	a += strspn(a, "_");
	b += strspn(b, "_");
	return is_program && strcmp(a, b) != 0 && !strchr(a, '.') && !strchr(b, '.');
}

const struct function *match_folded(struct image *image, const struct function *function)
{
	const struct function *functions;
	size_t count = 0;
	uint64_t address = function->address;
	err_free(image_functions(image, &functions, &count));
	size_t first = array_count_first(count, k, functions[k].address < address);
	for (size_t i = first; i < count && functions[i].address == address; i++) {
		const char *other = functions[i].symbol, *symbol = function->symbol;
		bool both = is_mangled(other) && is_mangled(symbol);
		bool neither = !is_mangled(other) && !is_mangled(symbol);
		if (!functions[i].size || functions[i].ifunc || match_is_rust(symbol))
			continue;
		if ((both && is_other_cpp(image, other, symbol)) ||
		    (neither && is_other_c(image, other, symbol)))
			return &functions[i];
	}
	return NULL;
}
