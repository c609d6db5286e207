/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/probe.h"

#include <stdarg.h>
#include <stdio.h>

struct err *probe_set_init(struct probe_set *set, const struct compile_options *options)
{
	*set = (struct probe_set){.options = *options};
	/* Site 0 stays unused, so that a zero cookie is never a site. */
	return array_push(&set->sites) ? NULL : &err_nomem;
}

void probe_set_deinit(struct probe_set *set)
{
	free(set->probes.items);
	free(set->sites.items);
	free(set->notes.items);
	arena_deinit(&set->arena);
	*set = (struct probe_set){0};
}

struct err *probe_set_add_probe(struct probe_set *set, struct probe **ret)
{
	struct probe *probe = arena_alloc(&set->arena, sizeof(*probe));
	if (!probe)
		return &err_nomem;
	struct probe **kept = array_push(&set->probes);
	if (!kept)
		return &err_nomem;
	*kept = probe;
	*ret = probe;
	return NULL;
}

struct err *probe_set_add_site(struct probe_set *set, const struct probe *probe,
			       struct probe_site **ret)
{
	struct probe_site *site = arena_alloc(&set->arena, sizeof(*site));
	if (!site)
		return &err_nomem;
	struct probe_site **kept = array_push(&set->sites);
	if (!kept)
		return &err_nomem;
	*kept = site;
	site->probe = probe;
	site->id = (uint32_t)(set->sites.count - 1);
	site->wire.owner = site->id;
	*ret = site;
	return NULL;
}

bool probe_set_has_kind(const struct probe_set *set, enum site_kind kind)
{
	for (size_t i = 1; i < set->sites.count; i++)
		if (set->sites.items[i]->wire.kind == kind)
			return true;
	return false;
}

bool probe_set_has_flags(const struct probe_set *set, uint32_t flags)
{
	for (size_t i = 1; i < set->sites.count; i++)
		if ((set->sites.items[i]->wire.flags & flags) == flags)
			return true;
	return false;
}

bool probe_set_shows_code(const struct probe_set *set)
{
	for (size_t i = 1; i < set->sites.count; i++)
		if (set->sites.items[i]->arguments.shows_code)
			return true;
	return false;
}

bool probe_set_shows_pointers(const struct probe_set *set)
{
	for (size_t i = 1; i < set->sites.count; i++)
		if (set->sites.items[i]->arguments.place_slot)
			return true;
	return false;
}

printf_like(3, 0) static struct err *add_note(struct probe_set *set, bool is_refusal,
					      const char *text, va_list args)
{
	struct probe_note *note = array_push(&set->notes);
	if (!note)
		return &err_nomem;
	char made[1024];
	vsnprintf(made, sizeof(made), text, args);
	note->is_refusal = is_refusal;
	note->text = arena_string(&set->arena, made);
	if (note->text)
		return NULL;
	set->notes.count--;
	return &err_nomem;
}

struct err *probe_set_note(struct probe_set *set, const char *text, ...)
{
	va_list args;
	va_start(args, text);
	struct err *e = add_note(set, false, text, args);
	va_end(args);
	return e;
}

struct err *probe_set_refuse(struct probe_set *set, const char *text, ...)
{
	va_list args;
	va_start(args, text);
	struct err *e = add_note(set, true, text, args);
	va_end(args);
	return e;
}
