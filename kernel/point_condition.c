/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/point_condition.c — what a condition can name at a probe in the kernel. */
#include <string.h>

#include "kernel/point.h"

void point_name(struct point_names *names, const struct fetch_source *source)
{
	if (names->count < POINT_NAMES_MAX)
		names->items[names->count].source = *source;
	names->count++;
}

/* Values come in the order in which they were named. */
static size_t take_types(const struct value_list *list, struct point_names *names)
{
	size_t count = names->count < POINT_NAMES_MAX ? names->count : POINT_NAMES_MAX;
	if (list->count < count)
		count = list->count;
	for (size_t i = 0; i < count; i++) {
		names->items[i].name = list->items[i].name;
		names->items[i].type = list->items[i].type;
	}
	return count;
}

static struct err *compile(struct probe_set *set, struct probe_site *site,
			   const struct point_names *names)
{
	static const char one_place[] = "this is one place, not a call";
	const struct probe *probe = site->probe;
	bool at_return = site->wire.flags & SITE_AT_RETURN;
	struct condition_scope scope = {
		.names = names->items,
		.n_names = names->count,
		.no_duration = one_place,
		.result = names->has_result ? &names->result : NULL,
		.no_result = at_return ? "the function returns nothing" : one_place,
	};
	scope.what = arena_printf(&set->arena, "%s:%s", probe_kind_name(probe->kind), probe->name);
	return scope.what ? condition_compile(site->condition, &scope, &set->arena, &site->filter)
			  : &err_nomem;
}

struct err *point_condition(struct probe_set *set, const struct spec *spec,
			    struct point_names *names, struct probe_site *site)
{
	if (!spec->condition)
		return NULL;
	struct point_names *kept = arena_alloc(&set->arena, sizeof(*kept));
	if (!kept)
		return &err_nomem;
	names->count = take_types(&site->arguments, names);
	names->has_result &= site->arguments.count > 0;
	if (names->has_result) {
		names->result.name = "ret";
		names->result.type = site->arguments.items[0].type;
	}
	*kept = *names;
	site->condition = spec->condition;
	site->names = kept;
	struct err *e = compile(set, site, kept);
	/* Of a pattern, those that lack what it names are left out. */
	if (!e || e == &err_nomem || spec->name_kind == SPEC_NAME_EXACT)
		return e;
	err_free(e);
	site->wire.kind = 0;
	return probe_set_note(set, "'%s': %s has not what the condition names", spec->text,
			      site->probe->name);
}

struct err *point_join(struct probe_set *set, const struct spec *spec, struct probe_site *site)
{
	set->repeated++;
	const struct condition *before = site->condition;
	struct err *e = condition_either(&set->arena, before, spec->condition, &site->condition);
	if (e || site->condition == before)
		return e;
	site->filter = NULL;
	return site->condition ? compile(set, site, site->names) : NULL;
}
