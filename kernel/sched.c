/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/sched.h"

#include <string.h>

#include "common/array.h"
#include "kernel/point.h"
#include "kernel/syscalls.h"
#include "stream/event.h"

static const char off_name[] = "off", runq_name[] = "runq";

static const struct type time_type = {.kind = TYPE_UINT, .size = 8, .name = "nanoseconds"};
static const struct type flag_type = {.kind = TYPE_BOOL, .size = 4, .name = "bool"};
static const struct type address_type = {.kind = TYPE_POINTER, .size = 8, .name = "void *"};
static const struct type number_type = {.kind = TYPE_UINT, .size = 4, .name = "number"};
static const struct type text_type = {.kind = TYPE_STRING, .size = 8, .name = "text"};

static const struct enumerator things[] = {
	{"disk", BLOCKED_ON_DISK, 0},	  {"socket", BLOCKED_ON_SOCKET, 0},
	{"pipe", BLOCKED_ON_PIPE, 0},	  {"file", BLOCKED_ON_FILE, 0},
	{"device", BLOCKED_ON_DEVICE, 0}, {"stop", BLOCKED_ON_STOP, 0},
};
static const struct type thing_type = {.kind = TYPE_ENUM,
				       .size = 4,
				       .name = "thing",
				       .enumerators = things,
				       .n_enumerators = array_size(things)};

/* Their order is that of the slots, and of the names that conditions have. */
static const struct {
	const char *name;
	enum sched_register reg;
	const struct type *type; /* NULL: of system calls */
} values[] = {
	{"dur", SCHED_DURATION, &time_type},
	{"blocked", SCHED_BLOCKED, &time_type},
	{"waiting", SCHED_WAITING, &time_type},
	{"preempted", SCHED_PREEMPTED, &flag_type},
	{"in", SCHED_IN, NULL},
	{"on", SCHED_ON, &thing_type},
	{"lock", SCHED_LOCK, &address_type},
	{"waker_pid", SCHED_WAKER_PID, &number_type},
	{"waker_tid", SCHED_WAKER_TID, &number_type},
	{"waker", SCHED_WAKER, &text_type},
};

const struct probe_site *sched_site(const struct probe_set *set, bool is_runq)
{
	for (size_t i = 1; i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (site->wire.kind && site->probe->kind == PROBE_SCHED &&
		    strcmp(site->probe->name, is_runq ? runq_name : off_name) == 0)
			return site;
	}
	return NULL;
}

/* System calls by name, and what is none. */
static const struct type *call_type(struct arena *arena)
{
	size_t count;
	const struct syscall_info *calls = syscall_first(&count);
	struct enumerator *names = arena_array(arena, count + 1, sizeof(*names));
	struct type *type = arena_alloc(arena, sizeof(*type));
	if (!names || !type)
		return NULL;
	for (size_t i = 0; i < count; i++)
		names[i] = (struct enumerator){calls[i].name, (int64_t)calls[i].number, 0};
	names[count] = (struct enumerator){"page_fault", BLOCKED_OUTSIDE, 0};
	*type = (struct type){.kind = TYPE_ENUM,
			      .size = 4,
			      .name = "system call",
			      .enumerators = names,
			      .n_enumerators = (uint32_t)count + 1};
	return type;
}

static struct fetch_source source_of(enum sched_register reg, const struct type *type)
{
	return fetch_from_register((uint8_t)reg, (uint8_t)type->size, type_is_signed(type));
}

/* How long one waited in the queue is the duration of `sched:runq`. */
static enum sched_register register_of(size_t i, bool is_runq)
{
	return is_runq && values[i].reg == SCHED_DURATION ? SCHED_WAITING : values[i].reg;
}

static struct err *add_values(struct probe_set *set, struct probe_site *site, bool is_runq)
{
	struct plan_builder builder;
	struct err *e = NULL;
	const struct type *call = call_type(&set->arena);
	if (!call)
		return &err_nomem;
	point_plan_begin(&builder, set);
	for (size_t i = 0; !e && i < array_size(values); i++) {
		const struct type *type = values[i].type ?: call;
		struct fetch_source source = source_of(register_of(i, is_runq), type);
		e = plan_add_value(&builder, values[i].name, type, &source, NULL);
	}
	return point_plan_end(&builder, e, site);
}

/* The switch happens while the one before still is the current thread: what is known of that one
 * by helpers must not be asked for. */
static void take_names(const struct probe_site *site, bool is_runq, struct condition_name *names,
		       size_t *ret_count)
{
	static const char *const unknown[] = {"uid", "gid"};
	size_t count = 0;
	for (size_t i = 0; i < array_size(values); i++) {
		const struct type *type = site->arguments.items[i].type;
		names[count++] = (struct condition_name){
			.name = values[i].name,
			.type = type,
			.source = source_of(register_of(i, is_runq), type),
		};
	}
	names[count++] = (struct condition_name){
		.name = "comm", .type = &text_type, .source = source_of(SCHED_COMM, &text_type)};
	for (size_t i = 0; i < array_size(unknown); i++)
		names[count++] = (struct condition_name){
			.name = unknown[i],
			.type = &number_type,
			.source.unavailable = "a switch from thread to thread does not tell it"};
	*ret_count = count;
}

static struct err *compile(struct probe_set *set, struct probe_site *site, bool is_runq)
{
	struct condition_name names[array_size(values) + 3];
	struct condition_scope scope = {.names = names,
					.no_result = "no call ends there",
					.what = is_runq ? "sched:runq" : "sched"};
	take_names(site, is_runq, names, &scope.n_names);
	site->filter = NULL;
	return site->condition
		       ? condition_compile(site->condition, &scope, &set->arena, &site->filter)
		       : NULL;
}

static struct err *no_such_name(const struct spec *spec)
{
	struct err *e = err_new(ERR_USAGE, 0, "'%s': 'sched' has 'off' and 'runq'", spec->text);
	return err_hint(e, "'sched': each time off the CPU; 'sched:runq': how long it waited for "
			   "one; events of the kernel's scheduler are 'tracepoint:sched:NAME'");
}

static struct err *add_site(struct probe_set *set, const struct spec *spec, bool is_runq)
{
	struct probe_site *site = (struct probe_site *)sched_site(set, is_runq);
	if (site) {
		set->repeated++;
		const struct condition *before = site->condition;
		struct err *e =
			condition_either(&set->arena, before, spec->condition, &site->condition);
		return e ? e : compile(set, site, is_runq);
	}
	struct err *e = point_add(set, spec, "sched", is_runq ? runq_name : off_name, &site);
	if (e)
		return e;
	site->condition = spec->condition;
	e = add_values(set, site, is_runq);
	return e ? e : compile(set, site, is_runq);
}

struct err *sched_add_probe(struct probe_set *set, const struct spec *spec)
{
	bool is_all = strcmp(spec->name, "*") == 0 || strcmp(spec->name, "sched") == 0;
	bool is_runq = strcmp(spec->name, runq_name) == 0;
	if (spec->negated) {
		for (int i = 0; i < 2; i++) {
			struct probe_site *site = (struct probe_site *)sched_site(set, i == 1);
			if (site && (is_all || is_runq == (i == 1)))
				site->wire.kind = 0;
		}
		return NULL;
	}
	if (!is_all && !is_runq && strcmp(spec->name, off_name) != 0)
		return no_such_name(spec);
	return add_site(set, spec, is_runq);
}
