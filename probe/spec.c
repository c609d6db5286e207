/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/spec.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "probe/spec_parse.h"

struct err *spec_append(const struct spec_parser *p, const struct spec *spec)
{
	struct spec_list *list = p->list;
	void *items = list->items;
	bool grown = array_grow(&items, &p->memory->capacity, list->count + 1, sizeof(*spec));
	list->items = items;
	if (!grown)
		return &err_nomem;
	list->items[list->count++] = *spec;
	return NULL;
}

/* `!` and `?`, each at most once, in any order. */
static struct err *take_prefixes(const struct spec_parser *p, size_t *at, struct spec *spec)
{
	for (;; ++*at) {
		while (spec_is_space(p->text[*at]))
			++*at;
		bool *which = p->text[*at] == '!'   ? &spec->negated
			      : p->text[*at] == '?' ? &spec->optional
						    : NULL;
		if (!which)
			return NULL;
		if (*which)
			return err_hint(spec_error(p, *at, "'%c' twice", p->text[*at]),
					"once is enough: '%cNAME'", p->text[*at]);
		*which = true;
	}
}

static struct err *empty(const struct spec_parser *p, const struct spec_item *item)
{
	size_t at = item->head.start;
	bool in_list = p->item == at && (p->text[at] == ',' || (at && !p->text[at]));
	if (in_list)
		return err_hint(spec_error(p, at, "no name beside ','"),
				"leave the ',' out, or name something: 'libc:malloc,libc:free'");
	return err_hint(spec_error(p, at, "no name"),
			"write '[KIND:][MODULE:]NAME[(TYPES)]', as in 'libc:malloc'");
}

/* One item of own or foreign grammar that is one spec. */
static struct err *parse_item(const struct spec_parser *p, size_t start, struct spec *spec,
			      size_t *ret_next)
{
	struct spec_item item;
	struct err *e = spec_item_scan(p, start, &item);
	if (e)
		return e;
	*ret_next = item.next;
	spec->text = spec_copy(p, (struct spec_span){p->item, item.text.end});
	if (!spec->text)
		return &err_nomem;
	if (item.n_segments == 1 && item.head.start == item.head.end)
		return empty(p, &item);
	bool taken = false;
	e = spec_parse_dtrace(p, &item, spec, &taken);
	if (!e && !taken)
		e = spec_parse_perf(p, &item, spec, &taken);
	return e || taken ? e : spec_parse_own(p, &item, spec);
}

static struct err *parse_next(struct spec_parser *p, size_t *at)
{
	struct spec spec = {0};
	bool taken = false;
	while (spec_is_space(p->text[*at]))
		++*at;
	p->item = *at;
	struct err *e = take_prefixes(p, at, &spec);
	e = e ?: spec_parse_strace(p, *at, &taken);
	if (e || taken) {
		*at = p->length;
		return e;
	}
	e = spec_refuse_systemtap(p, (struct spec_span){*at, p->length});
	e = e ?: parse_item(p, *at, &spec, at);
	return e ?: spec_append(p, &spec);
}

static struct err *parse_all(struct spec_parser *p)
{
	for (size_t at = 0;; at++) {
		struct err *e = parse_next(p, &at);
		if (e || at >= p->length)
			return e;
	}
}

struct err *spec_parse(const char *text, struct spec_list *list)
{
	size_t length = strnlen(text, SPEC_TEXT_MAX + 1);
	if (length > SPEC_TEXT_MAX)
		return err_hint(
			err_new(ERR_USAGE, 0, "probe spec: longer than %d bytes", SPEC_TEXT_MAX),
			"use globs, or several -e");
	if (!list->memory)
		list->memory = calloc(1, sizeof(struct spec_memory));
	if (!list->memory)
		return &err_nomem;
	struct spec_parser p = {
		.text = text, .length = length, .list = list, .memory = list->memory};
	size_t count = list->count;
	struct err *e = parse_all(&p);
	if (e)
		list->count = count;
	return e;
}

void spec_list_deinit(struct spec_list *list)
{
	struct spec_memory *memory = list->memory;
	if (memory) {
		for (struct spec_matcher *m = memory->regexes; m; m = m->next)
			regfree(&m->regex);
		arena_deinit(&memory->arena);
	}
	free(memory);
	free(list->items);
	*list = (struct spec_list){0};
}
