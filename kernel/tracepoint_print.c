/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/tracepoint_print.c — how the kernel itself prints a tracepoint's fields. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/tracepoint_format.h"

#define ENUMERATORS_MAX 256

/* Behind the string that starts at `at`. */
static const char *skip_string(const char *at)
{
	for (at++; *at && *at != '"'; at++)
		if (*at == '\\' && at[1])
			at++;
	return *at ? at + 1 : at;
}

/* Where the argument that starts at `at` ends: at a ',' or ')' of its own level, or the end. */
static const char *skip_argument(const char *at)
{
	int depth = 0;
	while (*at) {
		if (*at == '"') {
			at = skip_string(at);
			continue;
		}
		if (depth == 0 && (*at == ',' || *at == ')'))
			return at;
		depth += *at == '(' || *at == '{';
		depth -= *at == ')' || *at == '}';
		at++;
	}
	return at;
}

/* The next conversion of a format string, '\0' at its end. `*` takes an argument of its own. */
static char next_conversion(const char **at)
{
	const char *p = *at;
	while (*p && *p != '"') {
		if (*p != '%') {
			p += *p == '\\' && p[1] ? 2 : 1;
			continue;
		}
		p++;
		if (*p == '%') {
			p++;
			continue;
		}
		while (*p && strchr("-+ #0123456789.hlLqjzt", *p))
			p++;
		*at = *p && *p != '"' ? p + 1 : p;
		return *p == '"' ? '\0' : *p;
	}
	*at = p;
	return '\0';
}

static struct tracepoint_field *named_field(struct tracepoint_format *format, const char *name)
{
	for (uint32_t i = 0; i < format->n_fields; i++) {
		size_t length = strlen(format->fields[i].name);
		if (strncmp(name, format->fields[i].name, length) == 0 &&
		    !isalnum((unsigned char)name[length]) && name[length] != '_')
			return &format->fields[i];
	}
	return NULL;
}

/* The field that is first named between `at` and `end`. */
static struct tracepoint_field *field_in(struct tracepoint_format *format, const char *at,
					 const char *end)
{
	static const char record[] = "REC->";
	const char *found = memmem(at, (size_t)(end - at), record, strlen(record));
	return found ? named_field(format, found + strlen(record)) : NULL;
}

/* `{ 0x1, "S" }`: false when its number is an expression. */
static bool take_enumerator(struct arena *arena, const char *at, const char *end,
			    struct enumerator *ret)
{
	char *behind;
	at += strspn(at, "{( \t");
	ret->value = (int64_t)strtoull(at, &behind, 0);
	if (behind == at)
		return false;
	behind += strspn(behind, "UuLl) \t");
	const char *quote = behind + 1 + strspn(behind + (*behind ? 1 : 0), " \t");
	if (*behind != ',' || quote >= end || *quote != '"')
		return false;
	const char *close = skip_string(quote);
	if (close > end || close[-1] != '"' || close - quote < 2)
		return false;
	ret->name = arena_substring(arena, quote + 1, (size_t)(close - quote) - 2);
	return ret->name != NULL;
}

/* What stands for no flags at all, where the kernel prints a word then. `at`: the ')'. */
static bool take_otherwise(struct arena *arena, const char *at, struct enumerator *ret)
{
	static const char otherwise[] = ") : \"";
	if (strncmp(at, otherwise, strlen(otherwise)) != 0)
		return false;
	at += strlen(otherwise);
	size_t length = strcspn(at, "\"");
	*ret = (struct enumerator){0};
	ret->name = length && at[length] ? arena_substring(arena, at, length) : NULL;
	return ret->name != NULL;
}

/* `at` is behind the parenthesis of __print_flags( or __print_symbolic(. */
static void take_names(struct arena *arena, const char *at, bool is_flags,
		       struct tracepoint_format *format)
{
	struct enumerator found[ENUMERATORS_MAX];
	uint32_t n = 0;
	const char *end = skip_argument(at);
	struct tracepoint_field *field = field_in(format, at, end);
	if (!field || field->enumerators)
		return;
	while (*end == ',' && n < ENUMERATORS_MAX) {
		at = end + 1 + strspn(end + 1, " \t");
		end = skip_argument(at);
		found[n] = (struct enumerator){0};
		if (*at == '{' && take_enumerator(arena, at, end, &found[n]))
			n++;
	}
	/* `x ? __print_flags(...) : "R"` */
	if (n && n < ENUMERATORS_MAX && is_flags && *end == ')' &&
	    take_otherwise(arena, end, &found[n]))
		n++;
	if (!n || field->form != FIELD_PLAIN)
		return;
	field->enumerators = arena_copy(arena, found, n * sizeof(found[0]));
	field->n_enumerators = field->enumerators ? n : 0;
	field->is_flags = is_flags;
}

static bool take_call(struct arena *arena, const char *at, const char *end, const char *word,
		      bool is_flags, struct tracepoint_format *format)
{
	const char *found = memmem(at, (size_t)(end - at), word, strlen(word));
	if (!found)
		return false;
	take_names(arena, found + strlen(word), is_flags, format);
	return true;
}

void tracepoint_print_apply(struct arena *arena, const char *print,
			    struct tracepoint_format *format)
{
	const char *text = print + strspn(print, " \t");
	if (*text != '"')
		return;
	const char *at = skip_string(text);
	text++;
	while (*at == ',') {
		char conversion = next_conversion(&text);
		const char *start = at + 1;
		at = skip_argument(start);
		if (take_call(arena, start, at, "__print_flags(", true, format) ||
		    take_call(arena, start, at, "__print_symbolic(", false, format))
			continue;
		struct tracepoint_field *field = field_in(format, start, at);
		if (!field || field->form != FIELD_PLAIN)
			continue;
		field->is_hex |= conversion == 'x' || conversion == 'X' || conversion == 'p';
		field->is_octal |= conversion == 'o';
	}
}
