/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/point.h"

#include <fnmatch.h>
#include <string.h>

#include "common/array.h"
#include "kernel/function_groups.h"

static const char *own_name(const struct probe *probe)
{
	return probe->symbol ? probe->symbol : probe->name;
}

struct probe_site *point_find(const struct probe_set *set, const struct spec *spec,
			      const char *module, const char *name)
{
	for (size_t i = 1; i < set->sites.count; i++) {
		struct probe_site *site = set->sites.items[i];
		const struct probe *probe = site->probe;
		if (site->wire.kind && probe->kind == spec->kind && site->offset == spec->offset &&
		    strcmp(own_name(probe), name) == 0 && strcmp(probe->module, module) == 0)
			return site;
	}
	return NULL;
}

struct err *point_add(struct probe_set *set, const struct spec *spec, const char *module,
		      const char *name, struct probe_site **ret_site)
{
	struct probe *probe;
	struct err *e = probe_set_add_probe(set, &probe);
	if (e)
		return e;
	probe->kind = spec->kind;
	probe->module = arena_string(&set->arena, module);
	probe->name = probe->symbol = arena_string(&set->arena, name);
	if (spec->offset)
		probe->name = arena_printf(&set->arena, "%s+0x%llx", name,
					   (unsigned long long)spec->offset);
	if (!probe->module || !probe->symbol || !probe->name)
		return &err_nomem;
	e = probe_set_add_site(set, probe, ret_site);
	if (e)
		return e;
	(*ret_site)->wire.kind = SITE_INSTANT;
	(*ret_site)->wire.flags = SITE_IN_KERNEL;
	(*ret_site)->offset = spec->offset;
	(*ret_site)->rate = spec->rate;
	return NULL;
}

struct err *point_check_limit(size_t found, size_t limit, const struct spec *spec, const char *what)
{
	if (found <= limit)
		return NULL;
	return err_hint(
		err_new(ERR_USAGE, 0, "'%s': more than %zu %s match", spec->text, limit, what),
		"name fewer, or raise the limit: --max-probes");
}

void point_plan_begin(struct plan_builder *builder, struct probe_set *set)
{
	struct compile_options options = set->options;
	options.files = options.sockets = false;
	plan_builder_init(builder, &set->arena, &options);
}

static uint8_t file_of(const char *structure)
{
	static const char *const known[] = {
		[FETCH_OF_FILE] = "file", [FETCH_OF_PATH] = "path", [FETCH_OF_DENTRY] = "dentry"};
	for (size_t i = FETCH_OF_FILE; i < array_size(known); i++)
		if (strcmp(known[i], structure) == 0)
			return (uint8_t)i;
	return 0;
}

bool point_is_path(const char *structure)
{
	return file_of(structure);
}

void point_add_path(struct plan_builder *builder, const char *structure)
{
	struct value *value = &builder->values.items[builder->values.count - 1];
	/* The accumulator still holds the pointer. */
	struct fetch_op op = {.code = FETCH_FILE, .size = file_of(structure)};
	if (!op.size || value->slot < 0)
		return;
	value->file_of = op.size;
	value->file_slot = 1 + plan_add_slot(builder, &op, 1);
}

struct err *point_plan_end(struct plan_builder *builder, struct err *e, struct probe_site *site)
{
	e = e ? e : plan_finish(builder, &site->entry_plan, &site->arguments);
	plan_builder_deinit(builder);
	return e;
}

static bool is_named(const struct spec *spec, const char *name)
{
	return spec->name_kind == SPEC_NAME_CLASS ? function_group_has(spec->name, name)
						  : spec_name_matches(spec, name);
}

void point_remove(struct probe_set *set, const struct spec *spec)
{
	for (size_t i = 1; i < set->sites.count; i++) {
		struct probe_site *site = set->sites.items[i];
		const struct probe *probe = site->probe;
		if (site->wire.kind && probe->kind == spec->kind &&
		    is_named(spec, own_name(probe)) &&
		    (!spec->module || fnmatch(spec->module, probe->module, 0) == 0))
			site->wire.kind = 0;
	}
}
