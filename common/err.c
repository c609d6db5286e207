/* SPDX-License-Identifier: Apache-2.0 */
#include "common/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

struct err {
	enum err_kind kind;
	int errnum;
	char *what;
	char *why;
	char *hint;
	char **doing; /* innermost first */
	size_t n_doing;
};

static char nomem_text[] = "out of memory";
struct err err_nomem = {.kind = ERR_FAILED, .what = nomem_text};

static char *format(const char *text, va_list args) printf_like(1, 0);

static char *format(const char *text, va_list args)
{
	char *ret = NULL;
	if (vasprintf(&ret, text, args) < 0)
		return NULL;
	return ret;
}

/* Three names in parentheses: err.h has macros of these names for the analyzer. */
struct err *(err_new)(enum err_kind kind, int errnum, const char *what, ...)
{
	struct err *e = calloc(1, sizeof(*e));
	if (!e)
		return &err_nomem;
	e->kind = kind;
	e->errnum = errnum;
	va_list args;
	va_start(args, what);
	e->what = format(what, args);
	va_end(args);
	if (errnum > 0)
		e->why = strdup(strerror(errnum));
	if (!e->what || (errnum > 0 && !e->why)) {
		err_free(e);
		return &err_nomem;
	}
	return e;
}

/* Replaces one line of an error; one that cannot grow stays as it is. */
static void replace_line(char **line, const char *text, va_list args) printf_like(2, 0);

static void replace_line(char **line, const char *text, va_list args)
{
	char *made = format(text, args);
	if (!made)
		return;
	free(*line);
	*line = made;
}

struct err *(err_why)(struct err *e, const char *why, ...)
{
	if (!e || e == &err_nomem)
		return e;
	va_list args;
	va_start(args, why);
	replace_line(&e->why, why, args);
	va_end(args);
	return e;
}

struct err *(err_hint)(struct err *e, const char *hint, ...)
{
	if (!e || e == &err_nomem)
		return e;
	va_list args;
	va_start(args, hint);
	replace_line(&e->hint, hint, args);
	va_end(args);
	return e;
}

struct err *err_wrap(struct err *e, const char *doing, ...)
{
	if (!e || e == &err_nomem)
		return e;
	char **grown = reallocarray(e->doing, e->n_doing + 1, sizeof(*grown));
	if (!grown)
		return e;
	e->doing = grown;
	va_list args;
	va_start(args, doing);
	e->doing[e->n_doing] = format(doing, args);
	va_end(args);
	if (e->doing[e->n_doing])
		e->n_doing++;
	return e;
}

enum err_kind err_kind(const struct err *e)
{
	return e->kind;
}

int err_errno(const struct err *e)
{
	return e->errnum;
}

const char *err_what(const struct err *e)
{
	return e->what;
}

const char *err_reason(const struct err *e)
{
	return e->why ? e->why : "";
}

const char *err_advice(const struct err *e)
{
	return e->hint ? e->hint : "";
}

/* A line that goes on in further lines keeps its indent. */
static void put_indented(FILE *out, const char *label, const char *text)
{
	fprintf(out, "  %-7s", label);
	for (const char *c = text; *c; c++) {
		fputc(*c, out);
		if (*c == '\n')
			fputs("         ", out);
	}
	fputc('\n', out);
}

char *err_text(const struct err *e, const char *program)
{
	char *text = NULL;
	size_t size = 0;
	{
		_cleanup_fclose_ FILE *out = open_memstream(&text, &size);
		if (!out)
			return NULL;
		fprintf(out, "%s: %s\n", program, e->what);
		for (size_t i = 0; i < e->n_doing; i++)
			put_indented(out, "while:", e->doing[i]);
		if (e->why)
			put_indented(out, "why:", e->why);
		if (e->hint)
			put_indented(out, "hint:", e->hint);
	}
	return text;
}

void err_free(struct err *e)
{
	if (!e || e == &err_nomem)
		return;
	for (size_t i = 0; i < e->n_doing; i++)
		free(e->doing[i]);
	free(e->doing);
	free(e->what);
	free(e->why);
	free(e->hint);
	free(e);
}
