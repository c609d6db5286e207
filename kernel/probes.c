/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/probes.c — system calls as probes, one probe with one site each; what specs name. */
#include "kernel/syscalls.h"

#include <string.h>

#include "kernel/table.h"

static const struct type raw_word = {.kind = TYPE_HEX, .size = 8, .name = "unsigned long"};
static const struct type raw_result = {.kind = TYPE_INT, .size = 8, .name = "long"};

/* `name` and what `call` points at live as long as the set. */
static struct err *add_call(struct probe_set *set, const struct syscall_info *call,
			    const struct spec *spec)
{
	const struct condition *condition = spec ? spec->condition : NULL;
	const struct filter *filter;
	struct probe *probe;
	struct probe_site *site;
	struct err *e = syscall_condition(set, call, condition, &filter);
	e = e ? e : probe_set_add_probe(set, &probe);
	if (e)
		return e;
	probe->kind = PROBE_SYSCALL;
	probe->name = call->name;
	e = probe_set_add_site(set, probe, &site);
	if (e)
		return e;
	site->wire.kind = SITE_SYSCALL;
	site->wire.flags = call->no_return ? 0 : SITE_HAS_RETURN;
	site->syscall_number = call->number;
	site->is_others = call->number == SYSCALL_OTHERS;
	site->filter = filter;
	site->condition = condition;
	site->rate = spec ? spec->rate : (struct rate_limit){0};
	return syscall_arguments(set, call, site);
}

/* All that have no name here: of newer kernels, of x32, and numbers that no kernel has. */
#define WORD(text)                                \
	{                                         \
		.name = (text), .type = &raw_word \
	}
static const struct syscall_info others = {
	.name = "syscall_?",
	.number = SYSCALL_OTHERS,
	.n_arguments = SYSCALL_ARGUMENTS_MAX,
	.arguments = {WORD("arg1"), WORD("arg2"), WORD("arg3"), WORD("arg4"), WORD("arg5"),
		      WORD("arg6")},
	.result = {.name = "", .type = &raw_result},
};

static bool is_syscall_site(const struct probe_site *site)
{
	return site && site->wire.kind == SITE_SYSCALL;
}

static struct probe_site *find_call(const struct probe_set *set, uint32_t number)
{
	for (size_t i = 0; i < set->sites.count; i++) {
		struct probe_site *site = set->sites.items[i];
		if (is_syscall_site(site) && site->syscall_number == number)
			return site;
	}
	return NULL;
}

/* --- specs ----------------------------------------------------------------------------------- */

/* A bare name may be a system call's, a bare pattern is one of functions. */
static bool may_name_syscalls(const struct spec *spec)
{
	if (spec->kind == PROBE_SYSCALL)
		return true;
	return !spec->kind_given && !spec->module && !spec->provider && !spec->offset &&
	       (spec->name_kind == SPEC_NAME_EXACT || spec->name_kind == SPEC_NAME_CLASS);
}

/* Calls that the kernel's own probe trampolines make, and no program: they are traces of tracing,
 * shown only when they are asked for by name. */
static bool is_trampoline_call(const char *name)
{
	return strcmp(name, "uretprobe") == 0 || strcmp(name, "uprobe") == 0;
}

static bool names_call(const struct spec *spec, const char *name, uint32_t classes)
{
	if (spec->name_kind != SPEC_NAME_EXACT && is_trampoline_call(name))
		return false;
	if (spec->name_kind == SPEC_NAME_CLASS)
		return syscall_class_by_name(spec->name) & classes;
	return spec_name_matches(spec, name);
}

static bool names_site(const struct spec *spec, const struct probe_site *site)
{
	if (!is_syscall_site(site))
		return false;
	const struct syscall_info *call = syscall_by_number(site->syscall_number);
	return names_call(spec, site->probe->name, call ? call->classes : 0);
}

static void remove_probe(struct probe_set *set, const struct probe *probe)
{
	size_t kept = 0;
	for (size_t i = 0; i < set->probes.count; i++)
		if (set->probes.items[i] != probe)
			set->probes.items[kept++] = set->probes.items[i];
	set->probes.count = kept;
}

/* Ids are places in the list: what comes after moves up, and owners are told. */
static struct err *remove_calls(struct probe_set *set, const struct spec *spec)
{
	uint32_t *moved = arena_array(&set->arena, set->sites.count ?: 1, sizeof(*moved));
	if (!moved)
		return &err_nomem;
	uint32_t kept = 0;
	for (size_t i = 0; i < set->sites.count; i++) {
		struct probe_site *site = set->sites.items[i];
		if (names_site(spec, site)) {
			remove_probe(set, site->probe);
			continue;
		}
		moved[i] = kept;
		set->sites.items[kept++] = site;
	}
	set->sites.count = kept;
	for (uint32_t id = 0; id < kept; id++) {
		struct probe_site *site = set->sites.items[id];
		if (!site)
			continue;
		site->id = id;
		site->wire.owner = moved[site->wire.owner];
	}
	return NULL;
}

/* A call that is there already counts when either spec says so. */
static struct err *join_conditions(struct probe_set *set, const struct syscall_info *call,
				   const struct condition *condition, struct probe_site *site)
{
	set->repeated++;
	struct err *e = condition_either(&set->arena, site->condition, condition, &site->condition);
	return e ? e : syscall_condition(set, call, site->condition, &site->filter);
}

/* Of a pattern or a class, calls that lack what the condition names are left out. */
static struct err *add_one(struct probe_set *set, const struct spec *spec,
			   const struct syscall_info *call, size_t *left_out)
{
	struct probe_site *site = find_call(set, call->number);
	const struct filter *filter;
	struct err *e = syscall_condition(set, call, spec->condition, &filter);
	if (e && e != &err_nomem && spec->name_kind != SPEC_NAME_EXACT) {
		++*left_out;
		err_free(e);
		return NULL;
	}
	if (e)
		return e;
	return site ? join_conditions(set, call, spec->condition, site) : add_call(set, call, spec);
}

/* Who asks for all of them. */
static bool names_others(const struct spec *spec)
{
	return spec->name_kind != SPEC_NAME_EXACT && spec->name_kind != SPEC_NAME_CLASS &&
	       spec_name_matches(spec, others.name);
}

struct err *syscalls_add_probes(struct probe_set *set, const struct spec *spec)
{
	if (!may_name_syscalls(spec))
		return NULL;
	if (spec->negated)
		return remove_calls(set, spec);
	size_t count;
	const struct syscall_info *calls = syscall_first(&count);
	struct err *e = NULL;
	size_t left_out = 0, before = set->sites.count;
	for (size_t i = 0; !e && i < count; i++)
		if (names_call(spec, calls[i].name, calls[i].classes))
			e = add_one(set, spec, &calls[i], &left_out);
	if (!e && names_others(spec))
		e = add_one(set, spec, &others, &left_out);
	if (!e && left_out && set->sites.count > before)
		e = probe_set_note(set, "'%s': %zu system calls have not what the condition names",
				   spec->text, left_out);
	else if (!e && left_out)
		e = err_hint(err_new(ERR_USAGE, 0,
				     "'%s': no system call has what the condition names",
				     spec->text),
			     "'utrail list syscalls' tells their arguments");
	return err_wrap(e, "preparing system call probes for '%s'", spec->text ?: spec->name);
}
