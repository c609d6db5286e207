/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/views.h"

#include <stdio.h>
#include <string.h>

#include "kernel/point.h"

/* Longer than any field: what is shown of strings elsewhere has no say here. */
#define FIELD_BYTES_MAX 64

static const struct view *const views[] = {&view_tcp, &view_block};

const struct view *view_of_kind(enum probe_kind kind)
{
	for (size_t i = 0; i < array_size(views); i++)
		if (views[i]->kind == kind)
			return views[i];
	return NULL;
}

/* `tcp` alone: the parser leaves the word itself as the name. */
static bool is_bare(const struct spec *spec)
{
	return spec->name_kind == SPEC_NAME_EXACT &&
	       strcmp(spec->name, probe_kind_name(spec->kind)) == 0;
}

static bool is_meant(const struct spec *spec, const struct view_event *event)
{
	return is_bare(spec) ? event->by_default : spec_name_matches(spec, event->name);
}

/* Register 0 is the address of the record. */
static struct fetch_source field_source(const struct view_field *field)
{
	struct fetch_source source = fetch_from_register(0, 8, false);
	source.ops[source.n_ops++] =
		(struct fetch_op){.code = FETCH_ADD, .imm = (int64_t)field->offset};
	/* Bytes are what an address leads to, numbers what lies there. */
	source.is_address = field->type->kind != TYPE_BYTES && field->type->kind != TYPE_STRING;
	return source;
}

static struct err *add_field(struct plan_builder *builder, const struct view_field *field,
			     struct point_names *names)
{
	struct fetch_source source = field_source(field);
	point_name(names, &source);
	struct err *e = plan_add_value(builder, field->name, field->type, &source, NULL);
	if (!e)
		builder->values.items[builder->values.count - 1].quiet = field->quiet;
	return e;
}

static struct err *add_event(struct probe_set *set, const struct spec *spec,
			     const struct view_event *event)
{
	struct probe_site *site;
	struct err *e = point_add(set, spec, probe_kind_name(spec->kind), event->name, &site);
	if (e)
		return e;
	site->wire.flags = SITE_VIEW;
	site->view = event;
	site->no_stack = event->no_stack;
	set->has_views = true;
	struct plan_builder builder;
	struct point_names names = {.count = 0};
	point_plan_begin(&builder, set);
	builder.options.string_limit = FIELD_BYTES_MAX;
	for (size_t i = 0; !e && i < event->n_fields; i++)
		e = add_field(&builder, &event->fields[i], &names);
	e = point_plan_end(&builder, e, site);
	return e ? e : point_condition(set, spec, &names, site);
}

static struct err *no_match(const struct spec *spec, const struct view *view)
{
	const char *word = probe_kind_name(view->kind);
	char names[256] = "";
	size_t used = 0;
	for (size_t i = 0; i < view->n_events && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s:%s",
					 i ? ", " : "", word, view->events[i].name);
	return err_hint(err_new(ERR_USAGE, 0, "'%s': no such event", spec->text),
			"there are %s; '%s' alone is the most useful of them", names, word);
}

static void remove_events(struct probe_set *set, const struct spec *spec)
{
	for (size_t i = 1; i < set->sites.count; i++) {
		struct probe_site *site = set->sites.items[i];
		if (site->view && site->probe->kind == spec->kind &&
		    (is_bare(spec) || spec_name_matches(spec, site->view->name)))
			site->wire.kind = 0;
	}
}

struct err *views_add_probes(struct probe_set *set, const struct spec *spec)
{
	const struct view *view = view_of_kind(spec->kind);
	bool found = false;
	struct err *e = NULL;
	if (spec->negated) {
		remove_events(set, spec);
		return NULL;
	}
	for (size_t i = 0; !e && i < view->n_events; i++) {
		const struct view_event *event = &view->events[i];
		if (!is_meant(spec, event))
			continue;
		found = true;
		struct probe_site *known =
			point_find(set, spec, probe_kind_name(spec->kind), event->name);
		e = known ? point_join(set, spec, known) : add_event(set, spec, event);
	}
	return e || found || spec->optional ? e : no_match(spec, view);
}

static const struct probe_site *find(const struct probe_set *set, enum view_number number)
{
	/* Asked for each program of each view, where there may be tens of thousands of sites. */
	if (!set->has_views)
		return NULL;
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (site && site->wire.kind && site->view && site->view->number == number)
			return site;
	}
	return NULL;
}

uint32_t views_site(const struct probe_set *set, enum view_number number)
{
	const struct probe_site *site = find(set, number);
	return site ? site->id : 0;
}

bool views_want(const struct probe_set *set, enum probe_kind kind)
{
	const struct view *view = view_of_kind(kind);
	for (size_t i = 0; view && i < view->n_events; i++)
		if (find(set, view->events[i].number))
			return true;
	return false;
}
