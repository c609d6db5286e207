/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C++ overloads: `ns::f` means all functions of that name, `ns::f(int, char const*)` the one that
 * has these parameters.
 *
 * Demanglers write types in one way ("char const*", "unsigned int"), people in several. Both lists
 * are brought to one form, a character string without spaces but those between words.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "uprobe/match.h"

#define OVERLOADS_TOLD 8

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* --- one form ----------------------------------------------------------------------------------
 */

/* What the library's types are really called, without their default arguments. */
static const struct {
	const char *real, *usual;
} library_names[] = {
	{"std::__cxx11::", "std::"},
	{"std::basic_string<char>", "std::string"},
	{"std::basic_string_view<char>", "std::string_view"},
};

/* Arguments of templates that nobody writes. */
static const char *const default_arguments[] = {
	",std::allocator<", ",std::char_traits<", ",std::default_delete<",
	",std::less<",	    ",std::hash<",	  ",std::equal_to<",
};

static void replace_all(char *text, const char *from, const char *to)
{
	size_t length = strlen(from), shorter = strlen(to);
	for (char *at = text; (at = strstr(at, from)); at += shorter) {
		memmove(at + shorter, at + length, strlen(at + length) + 1);
		for (size_t i = 0; i < shorter; i++)
			at[i] = to[i];
	}
}

/* Cuts out every ",std::allocator<...>". */
static void drop_argument(char *text, const char *start)
{
	for (char *at = text; (at = strstr(at, start));) {
		char *end = at + strlen(start);
		for (size_t depth = 1; depth && *end; end++) {
			depth += *end == '<';
			depth -= *end == '>';
		}
		memmove(at, end, strlen(end) + 1);
	}
}

/* Without the spaces that mean nothing. */
static void squeeze(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++) {
		bool matters = to > text && (is_word(to[-1]) || to[-1] == '>');
		const char *next = from + strspn(from, " ");
		if (*from != ' ') {
			*to++ = *from;
			continue;
		}
		if (matters && is_word(*next))
			*to++ = ' ';
		from = next - 1;
	}
	*to = '\0';
}

/* How a group of words is counted: "unsigned long int" in any order. */
struct number_words {
	unsigned int longs;
	bool is_unsigned, is_signed, is_short, is_int, is_char, is_number;
};

static bool take_number_word(const char *word, size_t length, struct number_words *to)
{
	static const char *const words[] = {"unsigned", "signed", "short", "int", "char", "long"};
	bool *const flags[] = {&to->is_unsigned, &to->is_signed, &to->is_short, &to->is_int,
			       &to->is_char};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i]) != length || strncmp(word, words[i], length) != 0)
			continue;
		to->is_number = true;
		if (i < sizeof(flags) / sizeof(flags[0]))
			*flags[i] = true;
		else
			to->longs++;
		return true;
	}
	return false;
}

static void put_number(const struct number_words *words, char *to, size_t size)
{
	const char *base = words->is_char     ? "char"
			   : words->is_short  ? "short"
			   : words->longs > 1 ? "long long"
			   : words->longs     ? "long"
					      : "int";
	const char *sign = words->is_unsigned			? "unsigned "
			   : words->is_signed && words->is_char ? "signed "
								: "";
	snprintf(to, size, "%s%s", sign, base);
}

/*
 * The words at the beginning of one parameter, put in order: qualifiers behind the type. Of the
 * rest
 * ("*", "&", "const*", "[4]", a function's parameters), nothing is moved.
 */
static void put_parameter(const char *text, size_t length, char *to, size_t size)
{
	struct number_words number = {0};
	bool is_const = false, is_volatile = false;
	char other[1024] = "", base[1100];
	size_t at = 0, n_other = 0;
	while (at < length) {
		size_t start = at, depth = 0;
		while (at < length &&
		       (depth || is_word(text[at]) || text[at] == ':' || text[at] == '<')) {
			depth += text[at] == '<';
			depth -= text[at] == '>' && depth;
			at++;
		}
		size_t word = at - start;
		if (!word)
			break;
		if (word == 5 && !strncmp(text + start, "const", word))
			is_const = true;
		else if (word == 8 && !strncmp(text + start, "volatile", word))
			is_volatile = true;
		else if (!take_number_word(text + start, word, &number) && !n_other++ &&
			 word < sizeof(other))
			memcpy(other, text + start, word);
		/* A second name is the parameter's own. */
		if (at < length && text[at] == ' ')
			at++;
		else
			break;
	}
	if (number.is_number)
		put_number(&number, base, sizeof(base));
	else
		snprintf(base, sizeof(base), "%s", other);
	size_t rest = length - at;
	while (rest && is_word(text[at + rest - 1]) && strchr("*&", text[at]))
		rest--;
	bool by_value = !rest;
	snprintf(to, size, "%s%s%s%.*s", base, is_const && !by_value ? " const" : "",
		 is_volatile && !by_value ? " volatile" : "", (int)rest, text + at);
}

/* A comma outside of all brackets ends a parameter. */
static size_t parameter_length(const char *text)
{
	size_t depth = 0, at = 0;
	for (; text[at] && (depth || text[at] != ','); at++) {
		depth += strchr("<([{", text[at]) != NULL;
		depth -= depth && strchr(">)]}", text[at]);
	}
	return at;
}

/* NULL: out of memory, or longer than anyone types. */
static char *one_form(const char *list, size_t length)
{
	_cleanup_free_ char *text = strndup(list, length);
	char *ret = text ? calloc(2 * length + 64, 1) : NULL;
	if (!ret)
		return NULL;
	squeeze(text);
	for (size_t i = 0; i < sizeof(default_arguments) / sizeof(default_arguments[0]); i++)
		drop_argument(text, default_arguments[i]);
	for (size_t i = 0; i < sizeof(library_names) / sizeof(library_names[0]); i++)
		replace_all(text, library_names[i].real, library_names[i].usual);
	if (!strcmp(text, "void"))
		text[0] = '\0';
	size_t used = 0, size = 2 * length + 64;
	for (const char *at = text; *at; at += *at == ',') {
		size_t part = parameter_length(at);
		if (used + 2 * part + 32 > size)
			break;
		if (used)
			ret[used++] = ',';
		put_parameter(at, part, ret + used, size - used);
		used += strlen(ret + used);
		at += part;
	}
	return ret;
}

/* --- the choice ---------------------------------------------------------------------------------
 */

/* The parameters of "ns::f(int, g(long)) const": the group that ends last. */
static const char *list_of(const char *whole, size_t *ret_length)
{
	const char *end = strrchr(whole, ')');
	size_t depth = 0;
	for (const char *at = end; at && at >= whole; at--) {
		depth += *at == ')';
		depth -= *at == '(';
		if (depth)
			continue;
		*ret_length = (size_t)(end - at) - 1;
		return at + 1;
	}
	return NULL;
}

bool overload_matches(struct image *image, const char *symbol, const char *signature)
{
	size_t length;
	_cleanup_free_ char *whole = image_demangle_whole(image, symbol);
	const char *list = whole ? list_of(whole, &length) : NULL;
	_cleanup_free_ char *has = list ? one_form(list, length) : NULL;
	_cleanup_free_ char *wanted = one_form(signature, strlen(signature));
	return has && wanted && !strcmp(has, wanted);
}

static struct err *none_matches(struct image *image, const struct spec *spec,
				const struct matches *matches)
{
	char text[2048];
	size_t used = 0, told = 0;
	for (size_t i = 0; i < matches->functions.count && told < OVERLOADS_TOLD; i++) {
		_cleanup_free_ char *whole =
			image_demangle_whole(image, matches->functions.items[i]->symbol);
		if (!whole)
			continue;
		int n = snprintf(text + used, sizeof(text) - used, "%s'%s'", told++ ? ", " : "",
				 whole);
		used += n < 0 || (size_t)n >= sizeof(text) - used ? 0 : (size_t)n;
	}
	struct err *e = err_new(ERR_USAGE, 0, "'%s': no function of that name has these parameters",
				spec->text);
	if (!told)
		return err_why(e,
			       "it is no C++ function, and these are no types that can be given");
	return err_hint(e, "there %s %s%s", told == 1 ? "is" : "are", text,
			told < matches->functions.count ? ", ..." : "");
}

/* Types that nobody gives by hand. */
static bool is_cpp_list(const char *signature)
{
	return strpbrk(signature, "&<") || strstr(signature, "::");
}

static bool any_cpp(const struct matches *matches)
{
	for (size_t i = 0; i < matches->functions.count; i++) {
		const char *symbol = matches->functions.items[i]->symbol;
		if (!strncmp(symbol, "_Z", 2) && !match_is_rust(symbol))
			return true;
	}
	return false;
}

struct err *overload_choose(struct image *image, const struct spec *spec, struct matches *matches)
{
	size_t kept = 0;
	if (!spec->signature || spec->name_kind != SPEC_NAME_EXACT || !matches->functions.count)
		return NULL;
	const struct function **items = matches->functions.items;
	for (size_t i = 0; i < matches->functions.count; i++)
		if (overload_matches(image, items[i]->symbol, spec->signature))
			items[kept++] = items[i];
	if (kept)
		matches->functions.count = kept;
	else if (!spec->has_types || (is_cpp_list(spec->signature) && any_cpp(matches)))
		return none_matches(image, spec, matches);
	return NULL;
}
