/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/functions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "common/cleanup.h"
#include "kernel/btf_types.h"
#include "kernel/function_groups.h"
#include "kernel/point.h"
#include "probe/regs.h"

struct err *functions_no_kprobes(void)
{
	return err_hint(err_why(err_new(ERR_UNSUPPORTED, 0,
					"functions of the kernel cannot be probed here"),
				"this kernel was built without kprobes (CONFIG_KPROBES, "
				"CONFIG_KPROBE_EVENTS)"),
			"its tracepoints can: 'tracepoint:CATEGORY:NAME', 'rawtracepoint:NAME'");
}

struct err *functions_event_type(uint32_t *ret)
{
	_cleanup_fclose_ FILE *file = fopen("/sys/bus/event_source/devices/kprobe/type", "re");
	return file && fscanf(file, "%u", ret) == 1 ? NULL : functions_no_kprobes();
}

/* MAX_BPF_FUNC_ARGS, include/linux/bpf.h */
#define WORDS_MAX 12

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

/* Words at the context that a parameter takes: a structure by value has those of its own. */
static __u32 words_of(__s64 size)
{
	return size > 8 ? ((__u32)size + 7) / 8 : 1;
}

/* Where parameters are, one after the other. */
struct places {
	enum function_form form;
	__u32 next;
	bool lost; /* a structure by value takes registers, or none: what follows is not known */
};

static struct fetch_source next_place(struct places *places, __s64 size)
{
	struct fetch_source none = {.unavailable = "behind a structure"};
	__u32 at = places->next;
	places->lost |= size < 0 || (places->form == FUNCTION_KPROBE && size > 8);
	if (places->lost)
		return none;
	places->next += words_of(size);
	none.unavailable = size > 8 ? "a structure by value" : "on the stack";
	if (size > 8)
		return none;
	if (places->form == FUNCTION_FENTRY && at < WORDS_MAX)
		return fetch_from_register((uint8_t)at, 8, false);
	if (places->form == FUNCTION_KPROBE && at < array_size(argument_registers))
		return fetch_from_register(argument_registers[at], 8, false);
	return none;
}

static struct err *add_parameters(struct plan_builder *builder, const struct btf *btf,
				  const struct btf_type *prototype, struct places *places,
				  struct point_names *names)
{
	const struct btf_param *parameters = btf_params(prototype);
	struct err *e = NULL;
	for (__u32 i = 0; !e && i < btf_vlen(prototype) && parameters[i].type; i++) {
		const char *name = btf__name_by_offset(btf, parameters[i].name_off);
		char number[16];
		snprintf(number, sizeof(number), "arg%u", i + 1);
		__s64 size = btf__resolve_size(btf, parameters[i].type);
		struct fetch_source source = next_place(places, size);
		point_name(names, &source);
		e = btf_add_value(builder, btf, name && *name ? name : number, parameters[i].type,
				  &source);
	}
	return e;
}

/* At the return; behind the arguments where these are words. */
static struct fetch_source result_place(const struct btf *btf, const struct btf_type *prototype,
					enum function_form form)
{
	struct places places = {.form = form};
	if (form == FUNCTION_KPROBE)
		return fetch_from_register(RESULT_REGISTER, 8, false);
	for (__u32 i = 0; i < btf_vlen(prototype) && btf_params(prototype)[i].type; i++)
		next_place(&places, btf__resolve_size(btf, btf_params(prototype)[i].type));
	if (!places.lost && places.next < WORDS_MAX)
		return fetch_from_register((uint8_t)places.next, 8, false);
	return (struct fetch_source){.unavailable = "behind too many arguments"};
}

/* What never returns has no end to wait for: kernel/exit.c. */
static bool comes_back(const char *name)
{
	static const char *const others[] = {"do_exit", "do_group_exit", "make_task_dead",
					     "do_task_dead", "rewind_stack_and_make_dead"};
	for (size_t i = 0; i < array_size(others); i++)
		if (strcmp(name, others[i]) == 0)
			return false;
	const char *call = strstr(name, "sys_exit");
	return !call || (strcmp(call, "sys_exit") != 0 && strcmp(call, "sys_exit_group") != 0);
}

/* Trampolines of many kernels pass on no more, and no structures (arch_prepare_bpf_trampoline() of
 * x86-64 before 6.6). */
#define TRAMPOLINE_WORDS 6

static bool fits_trampoline(const struct btf *btf, const struct btf_type *prototype)
{
	const struct btf_param *parameters = btf_params(prototype);
	for (__u32 i = 0; i < btf_vlen(prototype); i++) {
		__s64 size = parameters[i].type ? btf__resolve_size(btf, parameters[i].type) : -1;
		if (size < 0 || size > 8)
			return false;
	}
	return btf_vlen(prototype) <= TRAMPOLINE_WORDS;
}

struct found {
	const struct btf *btf;
	const struct btf_type *prototype;
	enum function_form form;
	bool has_kprobes;
	struct point_names names;
};

/* The result of a span: a plan of its own. */
static struct err *add_result(struct probe_set *set, struct found *found, struct probe_site *site)
{
	struct plan_builder builder;
	struct value_list arguments = site->arguments;
	const struct fetch_plan *entry_plan = site->entry_plan;
	if (!found->prototype->type)
		return NULL;
	point_plan_begin(&builder, set);
	found->names.result.source = result_place(found->btf, found->prototype, found->form);
	found->names.has_result = true;
	struct err *e = btf_add_value(&builder, found->btf, "", found->prototype->type,
				      &found->names.result.source);
	e = point_plan_end(&builder, e, site);
	site->return_plan = site->entry_plan;
	site->results = site->arguments;
	site->entry_plan = entry_plan;
	site->arguments = arguments;
	return e;
}

/* The last of the values is the result. */
static void split_result(struct probe_site *site)
{
	if (!site->arguments.count)
		return;
	site->arguments.count--;
	site->results.items = &site->arguments.items[site->arguments.count];
	site->results.count = 1;
}

static struct err *add_values(struct probe_set *set, struct found *found, const struct spec *spec,
			      struct probe_site *site)
{
	struct plan_builder builder;
	struct places places = {.form = found->form};
	struct err *e = NULL;
	const struct btf_type *prototype = found->prototype;
	bool is_return = spec->kind == PROBE_KRETPROBE || spec->kind == PROBE_FEXIT;
	struct fetch_source result = result_place(found->btf, prototype, found->form);
	point_plan_begin(&builder, set);
	/* In the middle of it, registers hold anything. */
	if (spec->kind != PROBE_KRETPROBE && !spec->offset)
		e = add_parameters(&builder, found->btf, prototype, &places, &found->names);
	if (!e && is_return && prototype->type) {
		found->names.result.source = result;
		found->names.has_result = true;
		e = btf_add_value(&builder, found->btf, "", prototype->type, &result);
	}
	e = point_plan_end(&builder, e, site);
	if (!e && is_return && prototype->type)
		split_result(site);
	if (!e && spec->kind == PROBE_KERNEL)
		e = add_result(set, found, site);
	return e ? e : point_condition(set, spec, &found->names, site);
}

static struct err *add_function(struct probe_set *set, struct found *found, const char *name,
				const struct spec *spec)
{
	struct probe_site *site = point_find(set, spec, "kernel", name);
	if (site)
		return point_join(set, spec, site);
	struct err *e = point_add(set, spec, "kernel", name, &site);
	if (e)
		return e;
	found->names = (struct point_names){.count = 0};
	if (spec->kind == PROBE_KERNEL && found->has_kprobes &&
	    !fits_trampoline(found->btf, found->prototype))
		found->form = FUNCTION_KPROBE;
	if (spec->kind == PROBE_KRETPROBE || spec->kind == PROBE_FEXIT)
		site->wire.flags |= SITE_AT_RETURN;
	site->by_fentry = found->form == FUNCTION_FENTRY;
	site->of_pattern = spec->name_kind != SPEC_NAME_EXACT;
	if (spec->kind == PROBE_KERNEL) {
		site->wire.kind = SITE_ENTRY;
		if (comes_back(name))
			site->wire.flags |= SITE_HAS_RETURN;
	}
	return add_values(set, found, spec, site);
}

/* The numbers of functions in BTF. */
struct ids {
	ARRAY_OF(__u32) found;
};

static void ids_free(struct ids *ids)
{
	free(ids->found.items);
}

static struct err *add_id(struct ids *ids, __u32 id)
{
	__u32 *added = array_push(&ids->found);
	if (!added)
		return &err_nomem;
	*added = id;
	return NULL;
}

static const char *name_of(const struct btf *btf, __u32 id)
{
	return btf__name_by_offset(btf, btf__type_by_id(btf, id)->name_off);
}

static const struct btf_type *prototype_of(const struct btf *btf, __u32 id)
{
	const struct btf_type *function = btf__type_by_id(btf, id);
	const struct btf_type *prototype = btf__type_by_id(btf, function->type);
	return prototype && btf_is_func_proto(prototype) ? prototype : NULL;
}

/* Of the names that a function has in different kernels. */
static struct err *find_one_of(const struct btf *btf, const char *names, struct ids *ids)
{
	_cleanup_free_ char *copy = strdup(names);
	char *rest = copy;
	if (!copy)
		return &err_nomem;
	for (const char *name; (name = strsep(&rest, "/"));) {
		__s32 id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
		if (id > 0 && prototype_of(btf, (__u32)id))
			return add_id(ids, (__u32)id);
	}
	return NULL;
}

static struct err *find_group(const struct btf *btf, const char *group, struct ids *ids)
{
	struct err *e = NULL;
	const char *names;
	for (size_t i = 0; !e && (names = function_group_names(group, i)); i++)
		e = find_one_of(btf, names, ids);
	return e;
}

/* Of a module those of its own types: they follow those of the kernel. */
static struct err *find_matches(const struct btf *btf, const struct spec *spec, struct ids *ids)
{
	const struct btf *base = btf__base_btf(btf);
	__u32 types = btf__type_cnt(btf);
	struct err *e = NULL;
	for (__u32 id = base ? btf__type_cnt(base) : 1; !e && id < types; id++) {
		if (!btf_is_func(btf__type_by_id(btf, id)))
			continue;
		const char *name = name_of(btf, id);
		if (name && spec_name_matches(spec, name) && prototype_of(btf, id))
			e = add_id(ids, id);
	}
	return e;
}

/* Not for functions of modules: whoever loads a program for one looks for it in all of them. */
static struct err *choose_form(const struct function_forms *forms, const struct spec *spec,
			       const struct btf *btf, size_t count, enum function_form *ret)
{
	bool in_module = btf__base_btf(btf) && forms->kprobe;
	struct function_forms kprobe = {.kprobe = true};
	return function_form_choose(in_module && spec->kind == PROBE_KERNEL ? &kprobe : forms,
				    spec->kind, count, ret);
}

struct err *functions_add_probes(struct probe_set *set, const struct spec *spec,
				 const struct btf *btf, const struct function_forms *forms,
				 size_t limit)
{
	struct found *found = arena_alloc(&set->arena, sizeof(*found));
	_cleanup_(ids_free) struct ids ids = {.found = {0}};
	enum function_form form;
	if (!found)
		return &err_nomem;
	struct err *e = spec->name_kind == SPEC_NAME_CLASS ? find_group(btf, spec->name, &ids)
							   : find_matches(btf, spec, &ids);
	e = e ? e : point_check_limit(ids.found.count, limit, spec, "functions of the kernel");
	e = e ? e : choose_form(forms, spec, btf, ids.found.count, &form);
	*found = (struct found){.btf = btf, .has_kprobes = forms->kprobe};
	for (size_t i = 0; !e && i < ids.found.count; i++) {
		found->prototype = prototype_of(btf, ids.found.items[i]);
		found->form = form;
		e = add_function(set, found, name_of(btf, ids.found.items[i]), spec);
	}
	return e;
}
