/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/point_condition.c — what a condition can name at a probe in the kernel. */
#include <string.h>

#include "kernel/point.h"
#include "kernel/views.h"

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
		names->items[i].file_of = list->items[i].file_of;
	}
	return count;
}

static const char one_place[] = "this is one place, not a call";

static struct err *compile(struct probe_set *set, struct probe_site *site,
			   const struct point_names *names)
{
	const struct probe *probe = site->probe;
	bool is_span = site->wire.kind == SITE_ENTRY;
	const char *no_return = !is_span			     ? one_place
				: site->wire.flags & SITE_HAS_RETURN ? NULL
								     : "it does not come back";
	struct condition_scope scope = {
		.names = names->items,
		.n_names = names->count,
		.no_duration = no_return,
		.result = names->has_result && !(is_span && no_return) ? &names->result : NULL,
		.no_result = is_span && no_return ? no_return
			     : is_span || (site->wire.flags & SITE_AT_RETURN)
				     ? "the function returns nothing"
				     : one_place,
	};
	if (site->view) {
		scope.no_duration =
			site->view->has_duration ? NULL : "this is one moment, and takes no time";
		scope.no_result = "its field says it: 'result'";
		scope.no_user = "the kernel tells it in another thread than its own";
	}
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
	if (site->results.count && names->has_result) {
		names->result.name = "ret";
		names->result.type = site->results.items[0].type;
		names->result.file_of = site->results.items[0].file_of;
	} else {
		names->has_result = false;
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
