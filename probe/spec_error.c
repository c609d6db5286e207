/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors with a caret. The text comes from the command line or from a file, so what a terminal
 * would obey is shown as '?'; every character takes one column, so that the caret stands right.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/distance.h"
#include "common/utf8.h"
#include "probe/spec_parse.h"

#define SHOWN_WHOLE 200 /* columns; of a longer text, a window around the place is shown */
#define SHOWN_SIDE  60
#define QUOTE_MAX   60

/* Bytes of the character at `text`; *ret_plain: may be printed as it is. */
static size_t character(const char *text, size_t left, bool *ret_plain)
{
	uint32_t code;
	size_t length = utf8_decode(text, left, &code);
	*ret_plain = length && code_is_printable(code);
	return length ? length : 1;
}

static size_t columns(const char *text, size_t length)
{
	size_t count = 0;
	bool plain;
	for (size_t at = 0; at < length; count++)
		at += character(text + at, length - at, &plain);
	return count;
}

/* Prints the characters in columns [from, to). */
static void print_columns(FILE *out, const char *text, size_t length, size_t from, size_t to)
{
	size_t column = 0;
	for (size_t at = 0; at < length && column < to; column++) {
		bool plain;
		size_t size = character(text + at, length - at, &plain);
		if (column >= from && plain)
			fwrite(text + at, 1, size, out);
		else if (column >= from)
			fputc(spec_is_space(text[at]) ? ' ' : '?', out);
		at += size;
	}
}

/* The text and, in a second line, spaces and a caret. */
static char *text_with_caret(const struct spec_parser *p, size_t at)
{
	char *made = NULL;
	size_t made_size = 0;
	FILE *out = open_memstream(&made, &made_size);
	if (!out)
		return NULL;
	size_t total = columns(p->text, p->length);
	size_t caret = columns(p->text, at);
	size_t from = 0, to = total;
	if (total > SHOWN_WHOLE) {
		from = caret > SHOWN_SIDE ? caret - SHOWN_SIDE : 0;
		to = total - caret > SHOWN_SIDE ? caret + SHOWN_SIDE : total;
	}
	fputs(from ? "..." : "", out);
	print_columns(out, p->text, p->length, from, to);
	fprintf(out, "%s\n%*s^", to < total ? "..." : "", (int)(caret - from + (from ? 3 : 0)), "");
	if (fclose(out) == 0)
		return made;
	free(made);
	return NULL;
}

struct err *(spec_error)(const struct spec_parser *p, size_t at, const char *what, ...)
{
	va_list args;
	va_start(args, what);
	_cleanup_free_ char *made = NULL;
	if (vasprintf(&made, what, args) < 0)
		made = NULL;
	va_end(args);
	_cleanup_free_ char *why = text_with_caret(p, at);
	if (!made || !why)
		return &err_nomem;
	return err_why(err_new(ERR_USAGE, 0, "probe spec: %s", made), "%s", why);
}

const char *spec_quote(const struct spec_parser *p, struct spec_span span)
{
	_cleanup_free_ char *made = NULL;
	size_t made_size = 0;
	FILE *out = open_memstream(&made, &made_size);
	if (!out)
		return "?";
	const char *text = p->text + span.start;
	/* What is left of a part that is all spaces may start behind the end of the whole. */
	size_t length = span.end > span.start ? span.end - span.start : 0;
	print_columns(out, text, length, 0, QUOTE_MAX);
	if (columns(text, length) > QUOTE_MAX)
		fputs("...", out);
	if (fclose(out))
		return "?";
	const char *kept = arena_string(&p->memory->arena, made);
	return kept ? kept : "?";
}

#define WORD_MAX 24 /* longer than any word that is suggested, with two letters too many */

const char *spec_nearest(const char *word, const char *const *words)
{
	size_t length = strlen(word);
	if (!length || length > WORD_MAX)
		return NULL;
	const char *ret = NULL;
	size_t best = length <= 4 ? 1 : 2;
	for (; *words; words++) {
		if (strlen(*words) > WORD_MAX)
			continue;
		size_t d = word_distance(word, *words);
		if (d < best || (d == best && !ret)) {
			best = d;
			ret = *words;
		}
	}
	return ret;
}
