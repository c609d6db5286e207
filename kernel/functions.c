/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/functions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "common/cleanup.h"
#include "kernel/btf_types.h"
#include "kernel/point.h"
#include "probe/regs.h"

struct err *functions_event_type(uint32_t *ret)
{
	_cleanup_fclose_ FILE *file = fopen("/sys/bus/event_source/devices/kprobe/type", "re");
	if (file && fscanf(file, "%u", ret) == 1)
		return NULL;
	return err_hint(err_why(err_new(ERR_UNSUPPORTED, 0,
					"functions of the kernel cannot be probed here"),
				"this kernel was built without kprobes (CONFIG_KPROBES, "
				"CONFIG_KPROBE_EVENTS)"),
			"its tracepoints can: 'tracepoint:CATEGORY:NAME', 'rawtracepoint:NAME'");
}

/* Of the kernel's calling convention: whole words, in order. */
static const uint8_t argument_registers[] = {
#if defined(__x86_64__)
	X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8, X86_R9,
#else
	ARM64_X0,     ARM64_X0 + 1, ARM64_X0 + 2, ARM64_X0 + 3,
	ARM64_X0 + 4, ARM64_X0 + 5, ARM64_X0 + 6, ARM64_X0 + 7,
#endif
};

#if defined(__x86_64__)
#define RESULT_REGISTER X86_RAX
#else
#define RESULT_REGISTER ARM64_X0
#endif

static struct err *add_parameters(struct plan_builder *builder, const struct btf *btf,
				  const struct btf_type *prototype, struct point_names *names)
{
	const struct btf_param *parameters = btf_params(prototype);
	struct err *e = NULL;
	bool known = true;
	for (__u32 i = 0; !e && i < btf_vlen(prototype) && parameters[i].type; i++) {
		struct fetch_source source = {.unavailable = "on the stack"};
		const char *name = btf__name_by_offset(btf, parameters[i].name_off);
		char number[16];
		snprintf(number, sizeof(number), "arg%u", i + 1);
		__s64 size = btf__resolve_size(btf, parameters[i].type);
		/* A structure by value takes registers, or none: what follows is not known. */
		known = known && size >= 0 && size <= 8;
		if (!known)
			source.unavailable = "behind a structure";
		else if (i < array_size(argument_registers))
			source = fetch_from_register(argument_registers[i], 8, false);
		point_name(names, &source);
		e = btf_add_value(builder, btf, name && *name ? name : number, parameters[i].type,
				  &source);
	}
	return e;
}

static struct err *add_values(struct probe_set *set, const struct btf *btf,
			      const struct btf_type *prototype, const struct spec *spec,
			      struct probe_site *site)
{
	struct plan_builder builder;
	struct point_names names = {.count = 0};
	point_plan_begin(&builder, set);
	struct err *e = NULL;
	struct fetch_source result = fetch_from_register(RESULT_REGISTER, 8, false);
	bool is_return = spec->kind == PROBE_KRETPROBE;
	if (is_return && prototype->type) {
		names.result.source = result;
		names.has_result = true;
		e = btf_add_value(&builder, btf, "", prototype->type, &result);
	}
	/* In the middle of it, registers hold anything. */
	if (!is_return && !spec->offset)
		e = add_parameters(&builder, btf, prototype, &names);
	e = point_plan_end(&builder, e, site);
	if (is_return)
		site->wire.flags |= SITE_AT_RETURN;
	return e ? e : point_condition(set, spec, &names, site);
}

static struct err *add_function(struct probe_set *set, const struct btf *btf, const char *name,
				const struct btf_type *prototype, const struct spec *spec)
{
	struct probe_site *site = point_find(set, spec, "kernel", name);
	if (site)
		return point_join(set, spec, site);
	struct err *e = point_add(set, spec, "kernel", name, &site);
	return e ? e : add_values(set, btf, prototype, spec, site);
}

struct err *functions_add_probes(struct probe_set *set, const struct spec *spec,
				 const struct btf *btf, size_t limit)
{
	size_t found = 0;
	struct err *e = NULL;
	__u32 count = btf__type_cnt(btf);
	for (__u32 id = 1; !e && id < count; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		if (!btf_is_func(type))
			continue;
		const char *name = btf__name_by_offset(btf, type->name_off);
		if (!name || !spec_name_matches(spec, name))
			continue;
		const struct btf_type *prototype = btf__type_by_id(btf, type->type);
		if (!prototype || !btf_is_func_proto(prototype))
			continue;
		e = point_check_limit(++found, limit, spec, "functions of the kernel");
		e = e ? e : add_function(set, btf, name, prototype, spec);
	}
	return e;
}
