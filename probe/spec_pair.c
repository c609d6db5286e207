/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/spec_pair.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"

#define BLANKS " \t\n"

static struct err *bad_pair(const char *text, const char *why)
{
	return err_hint(err_why(err_new(ERR_USAGE, 0, "'%s': a pair of probes", text), "%s", why),
			"-e 'BEGIN ~~ END' or -e 'BEGIN ~~ END by KEY', as in 'lock ~~ unlock by "
			"arg1'");
}

/* Where `~~` stands between blanks; NULL: nowhere. */
static const char *find_tildes(const char *text)
{
	for (const char *at = text; (at = strstr(at, "~~")); at++) {
		bool before = at > text && isspace((unsigned char)at[-1]);
		bool after = isspace((unsigned char)at[2]);
		if (before && after)
			return at;
	}
	return NULL;
}

static bool is_key_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* A name, or two with '=' between; *ret_second is the second, or the first again. */
static bool split_key(char *key, char **ret_second)
{
	char *equals = strchr(key, '=');
	*ret_second = equals ? equals + 1 : key;
	if (equals)
		*equals = '\0';
	for (const char *at = key; *at; at++)
		if (!is_key_char(*at))
			return false;
	for (const char *at = *ret_second; *at; at++)
		if (!is_key_char(*at))
			return false;
	return *key && **ret_second;
}

static void trim(char *text)
{
	size_t length = strlen(text);
	while (length && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
}

/* Cuts ` by KEY` off the end; NULL: there is none. */
static char *cut_key(char *text)
{
	char *last = NULL;
	for (char *at = text; (at = strstr(at, "by")); at++)
		if (at > text && isspace((unsigned char)at[-1]) && isspace((unsigned char)at[2]))
			last = at;
	if (!last)
		return NULL;
	*last = '\0';
	last += 3;
	return last + strspn(last, BLANKS);
}

/* One side: exactly one spec. A function is meant where it begins. */
static struct err *parse_side(const char *whole, const char *side, struct spec_list *specs,
			      size_t *ret)
{
	size_t before = specs->count;
	struct err *e = spec_parse(side, specs);
	if (e)
		return e;
	struct spec *spec = &specs->items[before];
	if (specs->count != before + 1)
		return bad_pair(whole, "there is one probe on each side; lists go into several -e");
	if (spec->negated || spec->optional)
		return bad_pair(whole, "'!' and '?' say nothing here");
	if (spec->kind == PROBE_KERNEL)
		return bad_pair(whole, "of a function of the kernel, say which end: 'fentry:NAME' "
				       "or 'fexit:NAME', 'kprobe:NAME' or 'kretprobe:NAME'");
	if (spec->kind > PROBE_RAWTRACEPOINT)
		return bad_pair(whole, "its sides are functions, markers, system calls and places "
				       "in the kernel");
	if (spec->kind == PROBE_CALL)
		spec->kind = PROBE_UPROBE;
	*ret = before;
	return NULL;
}

static struct err *add_keys(struct spec_pair *pair, const char *whole, char *key)
{
	char *second;
	if (!key || strcmp(key, "tid") == 0)
		return NULL;
	if (!split_key(key, &second))
		return bad_pair(whole, "behind 'by' stands the name of an argument (arg1, fd), or "
				       "two: 'by arg1=arg2'");
	pair->begin_key = strdup(key);
	pair->end_key = strdup(second);
	return pair->begin_key && pair->end_key ? NULL : &err_nomem;
}

static struct err *parse_pair(const char *text, const char *tildes, struct spec_list *specs,
			      struct spec_pair_list *pairs)
{
	_cleanup_free_ char *begin = strndup(text, (size_t)(tildes - text));
	_cleanup_free_ char *end = strdup(tildes + 2);
	struct spec_pair *pair = array_push(pairs);
	if (!begin || !end || !pair)
		return &err_nomem;
	pair->text = strdup(text);
	if (!pair->text)
		return &err_nomem;
	if (find_tildes(end))
		return bad_pair(text, "there is one '~~' in it");
	char *key = cut_key(end);
	if (key)
		trim(key);
	trim(begin);
	trim(end);
	if (asprintf((char **)&pair->name, "%s ~~ %s", begin + strspn(begin, BLANKS),
		     end + strspn(end, BLANKS)) < 0)
		return &err_nomem;
	struct err *e = add_keys(pair, text, key);
	e = e ? e : parse_side(text, begin, specs, &pair->begin);
	return e ? e : parse_side(text, end, specs, &pair->end);
}

struct err *spec_parse_pairs(const char *text, struct spec_list *specs,
			     struct spec_pair_list *pairs)
{
	const char *tildes = find_tildes(text);
	return tildes ? parse_pair(text, tildes, specs, pairs) : spec_parse(text, specs);
}

void spec_pair_list_deinit(struct spec_pair_list *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free((char *)pairs->items[i].begin_key);
		free((char *)pairs->items[i].end_key);
		free((char *)pairs->items[i].text);
		free((char *)pairs->items[i].name);
	}
	free(pairs->items);
	*pairs = (struct spec_pair_list){0};
}

bool spec_is_of_pair(const struct spec_pair_list *pairs, size_t number)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (pairs->items[i].begin == number || pairs->items[i].end == number)
			return true;
	return false;
}
