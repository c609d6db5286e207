/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/raw_tracepoints.c — what the kernel's code hands to a tracepoint, typed by BTF. */
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "kernel/btf_types.h"
#include "kernel/point.h"
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
				 const struct btf_type *prototype, const struct spec *spec,
				 struct probe_site *site)
{
	struct plan_builder builder;
	struct point_names names = {.count = 0};
	point_plan_begin(&builder, set);
	__u32 count = btf_vlen(prototype);
	const struct btf_type *named = named_prototype(btf, name, count);
	struct err *e = NULL;
	for (__u32 i = 1; !e && i < count && i <= WORDS_MAX; i++) {
		const char *argument =
			named ? btf__name_by_offset(btf, btf_params(named)[i].name_off) : NULL;
		char number[16];
		snprintf(number, sizeof(number), "arg%u", i);
		struct fetch_source source = fetch_from_register((uint8_t)(i - 1), 8, false);
		point_name(&names, &source);
		e = btf_add_value(&builder, btf, argument && *argument ? argument : number,
				  btf_params(prototype)[i].type, &source);
	}
	e = point_plan_end(&builder, e, site);
	return e ? e : point_condition(set, spec, &names, site);
}

static struct err *add_point(struct probe_set *set, const struct btf *btf, const char *name,
			     const struct btf_type *prototype, const struct spec *spec)
{
	struct probe_site *site = point_find(set, spec, "rawtracepoint", name);
	if (site)
		return point_join(set, spec, site);
	struct err *e = point_add(set, spec, "rawtracepoint", name, &site);
	return e ? e : add_arguments(set, btf, name, prototype, spec, site);
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
		e = point_check_limit(++found, limit, spec, "raw tracepoints");
		e = e ? e : add_point(set, btf, name, prototype, spec);
	}
	return e;
}
