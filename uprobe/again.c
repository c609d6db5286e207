/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/again.c — functions that an earlier spec has probed already. */
#include "uprobe/adding.h"
#include "uprobe/goroutine.h"

static void set_values(struct probe_site *site, const struct function_values *values)
{
	if (site->wire.kind == SITE_RETURN) {
		site->return_plan = values->return_plan;
		site->results = values->results;
		return;
	}
	site->entry_plan = values->entry_plan;
	site->arguments = values->arguments;
	if (site->wire.kind == SITE_ENTRY) {
		site->return_plan = values->return_plan;
		site->results = values->results;
		site->changes = values->changes;
		site->n_changes = values->n_changes;
	}
}

/* At most one of each kind: see adding_has(). */
static struct probe_site *find_start(const struct adding *adding, uint64_t offset,
				     enum probe_kind kind)
{
	for (size_t i = 1; i < adding->set->sites.count; i++) {
		struct probe_site *site = adding->set->sites.items[i];
		bool starts = site->wire.kind == SITE_ENTRY || site->wire.kind == SITE_INSTANT;
		if (starts && site->image == adding->image && site->offset == offset &&
		    site->probe->kind == kind)
			return site;
	}
	return NULL;
}

/* At its start, and where it returns. */
static void set_all_values(const struct adding *adding, struct probe_site *start,
			   const struct function_values *values)
{
	for (size_t i = start->id; i < adding->set->sites.count; i++) {
		struct probe_site *site = adding->set->sites.items[i];
		if (site == start ||
		    (site->wire.kind == SITE_RETURN && site->wire.owner == start->id &&
		     !(site->wire.flags & SITE_TAIL_CALL)))
			set_values(site, values);
	}
}

struct err *adding_retype(struct adding *adding, const struct function *function, uint64_t offset)
{
	const struct spec *spec = adding->spec;
	struct function_values values;
	if (!spec->has_types && !spec->types.result)
		return NULL;
	struct err *e = values_compile(adding->set, adding->image, function, spec,
				       adding_is_span(spec->kind), &values);
	struct probe_site *start = find_start(adding, offset, spec->kind);
	if (e || !start)
		return e;
	if (start->wire.flags & SITE_GO)
		return goroutine_retype(adding, start->id, function);
	set_all_values(adding, start, &values);
	return NULL;
}

struct err *adding_join_spans(struct adding *adding, const struct function *function,
			      uint64_t offset, const char *name, bool *ret_joined)
{
	const struct spec *spec = adding->spec;
	bool is_call = spec->kind == PROBE_CALL;
	enum probe_kind other_kind = is_call ? PROBE_URETPROBE : PROBE_CALL;
	/* Not looked for in all that there is for each of ten thousand. */
	bool is_there = adding_is_span(spec->kind) && adding_has(adding, offset, other_kind);
	struct probe_site *other = is_there ? find_start(adding, offset, other_kind) : NULL;
	/* A call without an end says nothing of it: why there is none is told. */
	if (other && !is_call && !(other->wire.flags & (SITE_HAS_RETURN | SITE_GO)))
		other = NULL;
	*ret_joined = other != NULL;
	if (!other)
		return NULL;
	bool has_own = spec->condition || spec->rate.count || other->condition || other->rate.count;
	if (has_own || (is_call && other->wire.flags & SITE_GO)) {
		struct err *e = err_new(ERR_USAGE, 0,
					"'%s': the calls of '%s' and its returns are asked for, "
					"one with terms of its own",
					spec->text, name);
		return err_hint(e, "one of them is enough: a call is shown with its return");
	}
	if (!is_call)
		return probe_set_note(adding->set, "%s:%s: its calls show their returns",
				      adding->module, name);
	struct function_values values;
	struct err *e = values_compile(adding->set, adding->image, function, spec, true, &values);
	if (!e)
		set_all_values(adding, other, &values);
	for (size_t i = 0; !e && i < adding->set->probes.count; i++)
		if (adding->set->probes.items[i] == other->probe)
			adding->set->probes.items[i]->kind = PROBE_CALL;
	return e;
}
