/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that goroutines and coroutines make: their entries and ends are told of by themselves, each
 * with what tells whose call it is, and put together where the events are in order
 * (stream/goroutines.c).
 */
#include "uprobe/goroutine.h"

#include <string.h>

/* The runtime changes a goroutine's state there, in all versions; its first parameter is the
 * structure. */
static const char takes_g[] = "runtime.casgstatus";

static uint32_t member_offset(const struct type *type, const char *name)
{
	for (uint32_t i = 0; type && type->kind == TYPE_STRUCT && i < type->n_members; i++)
		if (type->members[i].name && !strcmp(type->members[i].name, name))
			return type->members[i].offset;
	return 0;
}

/* Where the number of a goroutine is: by the types, where there are any. */
static struct err *find_goid(struct adding *adding)
{
	const struct prototype *prototype = NULL;
	const struct function *function = NULL;
	uint64_t address;
	if (adding->has_goid)
		return NULL;
	adding->has_goid = true;
	image_open_types(adding->image, adding->set->options.depth);
	if (image_symbol_address(adding->image, takes_g, &address))
		function = image_function_at(adding->image, address);
	struct err *e = function ? image_prototype(adding->image, function, &prototype) : NULL;
	if (!e && prototype && prototype->n_parameters)
		adding->goid = member_offset(prototype->parameters[0].type->target, "goid");
	return e;
}

static struct err *compile(struct adding *adding, const struct function *function, bool by_stack,
			   struct function_values *ret)
{
	struct err *e = by_stack ? NULL : find_goid(adding);
	const struct call_key key = {.by_stack = by_stack, .goid = adding->goid};
	return e ? e
		 : values_compile_halves(adding->set, adding->image, function, adding->spec, &key,
					 ret);
}

static void set_entry(struct probe_site *site, const struct function_values *values)
{
	site->entry_plan = values->entry_plan;
	site->arguments = values->arguments;
	site->return_plan = values->return_plan;
	site->results = values->results;
}

/* Its hit is an event of its own, for which the plan of a return is the plan of the hit. */
static void set_end(struct probe_site *site, const struct function_values *values)
{
	site->entry_plan = values->return_plan;
	site->results = values->results;
}

static struct err *add_end(struct adding *adding, const struct probe_site *entry,
			   const struct function_values *values, const struct instruction *at,
			   uint32_t flags)
{
	struct probe_site *site;
	struct err *e = adding_site(adding, entry->probe, SITE_INSTANT, at, &site);
	if (e)
		return e;
	site->wire.owner = entry->id;
	site->wire.flags = entry->wire.flags | flags;
	site->filter = entry->filter;
	site->has_goid = entry->has_goid;
	site->by_stack = entry->by_stack;
	set_end(site, values);
	if (flags & SITE_TAIL_CALL)
		site->results = (struct value_list){0};
	return NULL;
}

/* How much of its code lies behind the entry's place. */
static uint16_t extent(const struct place *place)
{
	uint64_t end = place->function->address + place->function->size;
	uint64_t bytes = end > place->at.address ? end - place->at.address : 0;
	return bytes < SITE_EXTENT_MAX ? (uint16_t)bytes : SITE_EXTENT_MAX;
}

struct err *goroutine_sites(struct adding *adding, struct probe_site *entry,
			    const struct place *place, bool keeps)
{
	const struct code *code = &place->code;
	struct function_values values;
	entry->by_stack = !code->in_goroutine;
	struct err *e = compile(adding, place->function, entry->by_stack, &values);
	if (e)
		return e;
	entry->wire.kind = SITE_INSTANT;
	entry->wire.flags = SITE_GO | (keeps ? SITE_GO_KEPT : 0);
	entry->wire.extent = extent(place);
	entry->has_goid = !entry->by_stack && adding->goid;
	set_entry(entry, &values);
	for (size_t i = 0; !e && i < code->n_returns; i++) {
		struct instruction at = {.address = code->returns[i], .length = 1, .text = "ret"};
		e = add_end(adding, entry, &values, &at, 0);
	}
	for (size_t i = 0; !e && i < code->n_tail_jumps; i++) {
		struct instruction at;
		e = code_instruction_at(adding->image, code->tail_jumps[i], &adding->set->arena,
					&at);
		e = e ? e : add_end(adding, entry, &values, &at, SITE_TAIL_CALL);
	}
	return e;
}

struct err *goroutine_retype(struct adding *adding, uint32_t entry, const struct function *function)
{
	struct function_values values;
	bool by_stack = adding->set->sites.items[entry]->by_stack;
	struct err *e = compile(adding, function, by_stack, &values);
	for (size_t i = entry; !e && i < adding->set->sites.count; i++) {
		struct probe_site *site = adding->set->sites.items[i];
		if (site->wire.owner != entry)
			break;
		if (site->id == entry)
			set_entry(site, &values);
		else
			set_end(site, &values);
	}
	return e;
}
