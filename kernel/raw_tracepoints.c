/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/raw_tracepoints.c — what the kernel's code hands to a tracepoint, typed by BTF. */
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "kernel/btf_types.h"
#include "kernel/tracepoints.h"

/* The kernel has a typedef of this name for each tracepoint, for BTF alone (bpf_probe.h). */
#define TYPEDEF_PREFIX "btf_trace_"
/* MAX_BPF_FUNC_ARGS, include/linux/bpf.h */
#define WORDS_MAX 12

/* The first parameter is the kernel's own. NULL: this is no such typedef. */
static const struct btf_type *prototype_of(const struct btf *btf, const struct btf_type *type)
{
	if (!type || !btf_is_typedef(type))
		return NULL;
	type = btf__type_by_id(btf, type->type);
	if (!type || !btf_is_ptr(type))
		return NULL;
	type = btf__type_by_id(btf, type->type);
	return type && btf_is_func_proto(type) && btf_vlen(type) ? type : NULL;
}

/* A function's type has no names of parameters; the function that calls the probes has. */
static const struct btf_type *named_prototype(const struct btf *btf, const char *name, __u32 count)
{
	static const char *const prefixes[] = {"__traceiter_", "__probestub_", "__bpf_trace_"};
	char function[256];
	for (size_t i = 0; i < array_size(prefixes); i++) {
		int length = snprintf(function, sizeof(function), "%s%s", prefixes[i], name);
		if (length < 0 || (size_t)length >= sizeof(function))
			continue;
		__s32 id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
		const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
		type = type ? btf__type_by_id(btf, type->type) : NULL;
		if (type && btf_is_func_proto(type) && btf_vlen(type) == count)
			return type;
	}
	return NULL;
}

static struct err *add_arguments(struct probe_set *set, const struct btf *btf, const char *name,
				 const struct btf_type *prototype, struct probe_site *site)
{
	struct compile_options options = set->options;
	options.files = options.sockets = false;
	struct plan_builder builder;
	plan_builder_init(&builder, &set->arena, &options);
	__u32 count = btf_vlen(prototype);
	const struct btf_type *named = named_prototype(btf, name, count);
	struct err *e = NULL;
	for (__u32 i = 1; !e && i < count && i <= WORDS_MAX; i++) {
		const char *argument =
			named ? btf__name_by_offset(btf, btf_params(named)[i].name_off) : NULL;
		char number[16];
		snprintf(number, sizeof(number), "arg%u", i);
		struct fetch_source source = fetch_from_register((uint8_t)(i - 1), 8, false);
		e = btf_add_value(&builder, btf, argument && *argument ? argument : number,
				  btf_params(prototype)[i].type, &source);
	}
	e = e ? e : plan_finish(&builder, &site->entry_plan, &site->arguments);
	plan_builder_deinit(&builder);
	return e;
}

static bool has_probe(const struct probe_set *set, const char *name)
{
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (site->wire.kind && site->probe->kind == PROBE_RAWTRACEPOINT &&
		    strcmp(site->probe->name, name) == 0)
			return true;
	}
	return false;
}

static struct err *add_point(struct probe_set *set, const struct btf *btf, const char *name,
			     const struct btf_type *prototype, const struct spec *spec)
{
	struct probe *probe;
	struct probe_site *site;
	if (has_probe(set, name)) {
		set->repeated++;
		return NULL;
	}
	struct err *e = probe_set_add_probe(set, &probe);
	if (e)
		return e;
	probe->kind = PROBE_RAWTRACEPOINT;
	probe->module = "rawtracepoint";
	probe->name = arena_string(&set->arena, name);
	e = probe->name ? probe_set_add_site(set, probe, &site) : &err_nomem;
	if (e)
		return e;
	site->wire.kind = SITE_INSTANT;
	site->wire.flags = SITE_IN_KERNEL;
	site->rate = spec->rate;
	return add_arguments(set, btf, name, prototype, site);
}

struct err *raw_tracepoints_add_probes(struct probe_set *set, const struct spec *spec,
				       const struct btf *btf, size_t limit)
{
	size_t found = 0;
	struct err *e = NULL;
	__u32 count = btf__type_cnt(btf);
	for (__u32 id = 1; !e && id < count; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name =
			btf_is_typedef(type) ? btf__name_by_offset(btf, type->name_off) : NULL;
		if (!name || strncmp(name, TYPEDEF_PREFIX, strlen(TYPEDEF_PREFIX)) != 0)
			continue;
		name += strlen(TYPEDEF_PREFIX);
		const struct btf_type *prototype = prototype_of(btf, type);
		if (!prototype || !spec_name_matches(spec, name))
			continue;
		if (++found > limit)
			return err_hint(err_new(ERR_USAGE, 0,
						"'%s': more than %zu raw tracepoints match",
						spec->text, limit),
					"name fewer, or raise the limit: --max-probes");
		e = add_point(set, btf, name, prototype, spec);
	}
	return e;
}
