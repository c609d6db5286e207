/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/probes.c — system calls as probes: one probe with one site each, whose entry plan reads
 * the inputs and whose return plan reads the outputs, when they are filled.
 */
#include <string.h>
#include <sys/socket.h>

#include "kernel/registers.h"
#include "kernel/syscalls.h"

#include <fcntl.h>

static const struct type raw_word = {.kind = TYPE_HEX, .size = 8, .name = "unsigned long"};
static const struct type raw_result = {.kind = TYPE_INT, .size = 8, .name = "long"};

static bool is_signed(const struct type *type)
{
	return type->kind == TYPE_INT || type->kind == TYPE_ENUM || type->kind == TYPE_FD;
}

static struct fetch_source argument_source(const struct syscall_info *call, uint32_t index,
					   bool at_return)
{
	const struct type *type = call->arguments[index].type;
	uint8_t reg = argument_registers[index];
	struct fetch_source source;
	if (type->kind == TYPE_ARRAY) {
		source = fetch_from_register(reg, 8, false);
		source.is_address = true;
	} else {
		source = fetch_from_register(reg, (uint8_t)type->size, is_signed(type));
	}
	if (at_return && reg == RESULT_REGISTER)
		source.unavailable = "overwritten by the result";
	return source;
}

/* Where the length of a buffer is: in the result, in an argument, or behind an argument. */
static struct fetch_source length_source(const struct syscall_info *call, int length_arg,
					 bool at_return)
{
	if (length_arg == SYSCALL_LENGTH_RESULT)
		return fetch_from_register(RESULT_REGISTER, 8, true);
	uint32_t index = (uint32_t)length_arg - 1;
	struct fetch_source source = argument_source(call, index, at_return);
	if (call->arguments[index].type->kind == TYPE_POINTER)
		/* accept's `int *upeer_addrlen` */
		source.ops[source.n_ops++] =
			(struct fetch_op){.code = FETCH_DEREF, .size = 4, .flags = FETCH_SIGNED};
	return source;
}

static struct err *add_argument(struct plan_builder *builder, const struct syscall_info *call,
				uint32_t index, bool at_return)
{
	const struct syscall_argument *argument = &call->arguments[index];
	struct fetch_source source = argument_source(call, index, at_return);
	if (!argument->length_arg)
		return plan_add_value(builder, argument->name, argument->type, &source, NULL);
	struct fetch_source length = length_source(call, argument->length_arg, at_return);
	if (length.unavailable)
		source.unavailable = length.unavailable;
	/* Half an address says nothing: the limit for texts is not for them. */
	uint32_t limit = builder->options.string_limit;
	if (strstr(argument->type->name, "struct sockaddr"))
		builder->options.string_limit = sizeof(struct sockaddr_storage);
	struct err *e = plan_add_value(builder, argument->name, argument->type, &source, &length);
	builder->options.string_limit = limit;
	return e;
}

/* Only the number in the register, whatever it leads to. */
static struct err *add_pointer(struct plan_builder *builder,
			       const struct syscall_argument *argument, uint32_t index)
{
	struct type *type = arena_copy(builder->arena, argument->type, sizeof(*type));
	if (!type)
		return &err_nomem;
	type->target = NULL;
	struct fetch_source source = fetch_from_register(argument_registers[index], 8, false);
	return plan_add_value(builder, argument->name, type, &source, NULL);
}

/* `struct timespec *` as an output: the pointer is known at entry, the members at return. */
static bool is_output_struct(const struct syscall_argument *argument)
{
	return argument->at_return && argument->type->kind == TYPE_POINTER;
}

struct builders {
	struct plan_builder entry, leave;
};

static bool is_input_fd(const struct syscall_argument *argument)
{
	return !argument->at_return && argument->type->kind == TYPE_FD;
}

/*
 * Descriptors come first in the plan: when the inputs are read again at the return, their files
 * must stay as they were at the entry, which is simple while nothing of varying size stands before
 * them.
 */
static struct err *add_arguments(struct builders *builders, const struct syscall_info *call)
{
	struct err *e = NULL;
	for (uint32_t i = 0; !e && i < call->n_arguments; i++)
		if (is_input_fd(&call->arguments[i]))
			e = add_argument(&builders->entry, call, i, false);
	for (uint32_t i = 0; !e && i < call->n_arguments; i++) {
		const struct syscall_argument *argument = &call->arguments[i];
		if (is_input_fd(argument))
			continue;
		if (!argument->at_return)
			e = add_argument(&builders->entry, call, i, false);
		else if (is_output_struct(argument))
			e = add_pointer(&builders->entry, argument, i);
		if (argument->at_return)
			e = e ?: add_argument(&builders->leave, call, i, true);
	}
	return e;
}

/* The members are the plan builder's, in the set's arena, and nobody else's yet. */
static void mark_at_return(struct value *value)
{
	value->at_return = true;
	struct value *members = (struct value *)value->members;
	for (size_t i = 0; i < value->n_members; i++)
		mark_at_return(&members[i]);
}

/* open(2): without one of these flags the mode is whatever was in the register. */
static void hide_unused_mode(const struct syscall_info *call, struct value *items)
{
	const struct value *flags = NULL;
	if (strncmp(call->name, "open", 4) != 0)
		return;
	for (uint32_t i = 0; i < call->n_arguments; i++) {
		if (strcmp(items[i].name, "flags") == 0)
			flags = &items[i];
		if (!flags || strcmp(items[i].name, "mode") != 0)
			continue;
		items[i].shown_if = flags;
		items[i].shown_if_bits = O_CREAT | (O_TMPFILE & ~O_DIRECTORY);
	}
}

/* Inputs and outputs in the order of the call. */
static struct err *merge_values(struct arena *arena, const struct syscall_info *call,
				const struct value_list *inputs, const struct value_list *outputs,
				struct value_list *ret)
{
	struct value *items = arena_array(arena, call->n_arguments ?: 1, sizeof(*items));
	if (!items)
		return &err_nomem;
	size_t fds = 0, in = 0, out = 0;
	for (uint32_t i = 0; i < call->n_arguments; i++)
		in += is_input_fd(&call->arguments[i]);
	for (uint32_t i = 0; i < call->n_arguments; i++) {
		const struct syscall_argument *argument = &call->arguments[i];
		if (is_input_fd(argument)) {
			items[i] = inputs->items[fds++];
			continue;
		}
		if (!argument->at_return) {
			items[i] = inputs->items[in++];
			continue;
		}
		struct value output = outputs->items[out++];
		mark_at_return(&output);
		items[i] = output;
		if (is_output_struct(argument)) {
			items[i] = inputs->items[in++];
			items[i].type = argument->type;
			items[i].members = output.members;
			items[i].n_members = output.n_members;
		}
	}
	hide_unused_mode(call, items);
	*ret = (struct value_list){.items = items, .count = call->n_arguments};
	return NULL;
}

/* The result itself is in every record; the list only says its type, and where its file is. */
static struct err *list_result(struct arena *arena, const struct syscall_info *call, int file_slot,
			       struct value_list *ret)
{
	struct value result = {
		.name = "", .type = call->result, .slot = VALUE_NO_SLOT, .file_slot = file_slot};
	const struct value *item = arena_copy(arena, &result, sizeof(result));
	if (!item)
		return &err_nomem;
	*ret = (struct value_list){.items = item, .count = 1};
	return NULL;
}

static struct err *build_plans(struct probe_set *set, const struct syscall_info *call,
			       struct builders *builders, struct probe_site *site)
{
	struct value_list inputs, outputs;
	struct fetch_source result = fetch_from_register(RESULT_REGISTER, 4, true);
	int file_slot = 0;
	struct err *e = add_arguments(builders, call);
	if (!e && call->result->kind == TYPE_FD)
		plan_add_file(&builders->leave, &result, &file_slot);
	e = e ?: plan_finish(&builders->entry, &site->entry_plan, &inputs);
	e = e ?: plan_finish(&builders->leave, &site->return_plan, &outputs);
	e = e ?: merge_values(&set->arena, call, &inputs, &outputs, &site->arguments);
	return e ?: list_result(&set->arena, call, file_slot, &site->results);
}

static struct err *compile_call(struct probe_set *set, const struct syscall_info *call,
				struct probe_site *site)
{
	struct builders builders;
	plan_builder_init(&builders.entry, &set->arena, &set->options);
	plan_builder_init(&builders.leave, &set->arena, &set->options);
	struct err *e = build_plans(set, call, &builders, site);
	plan_builder_deinit(&builders.entry);
	plan_builder_deinit(&builders.leave);
	return e;
}

/* `name` and what `call` points at live as long as the set. */
static struct err *add_call(struct probe_set *set, const struct syscall_info *call)
{
	struct probe *probe;
	struct probe_site *site;
	struct err *e = probe_set_add_probe(set, &probe);
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
	return compile_call(set, call, site);
}

static bool is_syscall_site(const struct probe_site *site)
{
	return site && site->wire.kind == SITE_SYSCALL;
}

static bool has_call(const struct probe_set *set, uint32_t number)
{
	for (size_t i = 0; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (is_syscall_site(site) && site->syscall_number == number)
			return true;
	}
	return false;
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

struct err *syscalls_add_probes(struct probe_set *set, const struct spec *spec)
{
	if (!may_name_syscalls(spec))
		return NULL;
	if (spec->negated)
		return remove_calls(set, spec);
	size_t count;
	const struct syscall_info *calls = syscall_first(&count);
	struct err *e = NULL;
	for (size_t i = 0; !e && i < count; i++)
		if (names_call(spec, calls[i].name, calls[i].classes) &&
		    !has_call(set, calls[i].number))
			e = add_call(set, &calls[i]);
	return err_wrap(e, "preparing system call probes for '%s'", spec->text ?: spec->name);
}

struct err *syscalls_add_unknown(struct probe_set *set, uint32_t number)
{
	static const char *const names[SYSCALL_ARGUMENTS_MAX] = {"arg1", "arg2", "arg3",
								 "arg4", "arg5", "arg6"};
	const struct syscall_info *known = syscall_by_number(number);
	if (has_call(set, number))
		return NULL;
	if (known)
		return add_call(set, known);
	struct syscall_info call = {
		.name = arena_printf(&set->arena, "syscall_%u", number),
		.number = number,
		.n_arguments = SYSCALL_ARGUMENTS_MAX,
		.result = &raw_result,
	};
	if (!call.name)
		return &err_nomem;
	for (uint32_t i = 0; i < SYSCALL_ARGUMENTS_MAX; i++)
		call.arguments[i] = (struct syscall_argument){.name = names[i], .type = &raw_word};
	return add_call(set, &call);
}
