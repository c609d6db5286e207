/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan/pairs.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "probe/compile.h"
#include "probe/regs.h"

#define REGISTER_ARGUMENTS 6

/* --- which sites ------------------------------------------------------------------------------ */

static bool is_function_kind(enum probe_kind kind)
{
	return plan_is_function_kind(kind);
}

/* NULL: no spec that was typed. */
static const struct probe_spec *origin_of(const struct plan *plan, const struct probe_site *site)
{
	for (size_t i = 0; i < plan->probe_specs.count; i++)
		if (plan->probe_specs.items[i].probe == site->probe)
			return &plan->probe_specs.items[i];
	return NULL;
}

/* Does this site stand for this spec, which may have found it probed already? */
static bool stands_for(const struct plan *plan, const struct probe_site *site,
		       const struct spec *spec, size_t number)
{
	const struct probe_spec *origin = origin_of(plan, site);
	if (origin && origin->number == number)
		return true;
	if (spec->negated)
		return false;
	/* A bare name may be that of a system call. */
	bool bare_syscall = site->probe->kind == PROBE_SYSCALL && is_function_kind(spec->kind) &&
			    !spec->kind_given && !spec->module &&
			    spec->name_kind == SPEC_NAME_EXACT &&
			    strcmp(spec->name, site->probe->name) == 0;
	return bare_syscall || (site->probe->kind == spec->kind && plan_spec_matches(site, spec));
}

static bool is_asked_for(const struct options *options, const struct plan *plan,
			 const struct probe_site *site)
{
	/* Added by no spec that was typed: the default, --inside. */
	if (!origin_of(plan, site))
		return true;
	for (size_t i = 0; i < options->specs.count; i++)
		if (!spec_is_of_pair(&options->pairs, i) &&
		    stands_for(plan, site, &options->specs.items[i], i))
			return true;
	return false;
}

/* --- keys: one more slot ---------------------------------------------------------------------- */

static const struct value *value_named(const struct value_list *list, const char *name,
				       size_t *ret_place)
{
	char *rest = NULL;
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	unsigned long place = strncmp(name, "arg", 3) == 0 ? strtoul(name + 3, &rest, 10) : 0;
	*ret_place = rest && !*rest ? place : 0;
	/* arg1 is the first, whatever its name is. */
	return *ret_place && *ret_place <= list->count ? &list->items[*ret_place - 1] : NULL;
}

/* The operations that load what goes into a slot: the pointer, where the slot is a text. */
static size_t find_load(const struct fetch_plan *plan, int slot, const struct fetch_op **ret)
{
	size_t start = 0;
	int slots = 0;
	for (size_t i = 0; plan && i < plan->n_ops; i++) {
		const struct fetch_op *op = &plan->ops[i];
		if (op->code == FETCH_LENGTH)
			start = i + 1;
		if (op->code < FETCH_INT)
			continue;
		if (slots++ == slot) {
			*ret = &plan->ops[start];
			return op->flags & FETCH_FROM_REG ? 0 : i - start;
		}
		start = i + 1;
	}
	return 0;
}

/* The plan with one more slot, a number; *ret_slot: which. False: it does not fit. */
static bool append_number(struct arena *arena, const struct fetch_plan **plan,
			  const struct fetch_op *load, size_t n_load, int *ret_slot)
{
	struct fetch_plan *grown = arena_alloc(arena, sizeof(*grown));
	size_t before = *plan ? (*plan)->n_ops : 0;
	if (!grown || before + n_load + 1 > FETCH_OPS_MAX ||
	    (*plan && (*plan)->n_slots >= FETCH_SLOTS_MAX))
		return false;
	memset(grown, 0, sizeof(*grown));
	if (*plan)
		memcpy(grown, *plan, fetch_plan_size(*plan));
	memcpy(&grown->ops[before], load, n_load * sizeof(*load));
	grown->ops[before + n_load] = (struct fetch_op){.code = FETCH_INT, .size = 8};
	*ret_slot = grown->n_slots++;
	grown->n_ops = (uint16_t)(before + n_load + 1);
	*plan = grown;
	return true;
}

static uint8_t argument_register(const struct probe_site *site, size_t place)
{
	static const uint8_t x86[REGISTER_ARGUMENTS] = {X86_RDI, X86_RSI, X86_RDX,
							X86_RCX, X86_R8,  X86_R9};
	return image_machine(site->image) == EM_AARCH64 ? (uint8_t)(place - 1) : x86[place - 1];
}

static uint8_t result_register(const struct probe_site *site)
{
	return image_machine(site->image) == EM_AARCH64 ? ARM64_X0 : X86_RAX;
}

/* A function's result: at its entry site, and at all the places where it returns. */
static bool add_result_slot(struct plan *plan, struct probe_site *site, int *ret_slot)
{
	const struct fetch_op load = {.code = FETCH_REG, .reg = result_register(site), .size = 8};
	if (!append_number(&plan->set.arena, &site->return_plan, &load, 1, ret_slot))
		return false;
	for (size_t i = site->id + 1; i < plan->set.sites.count; i++) {
		struct probe_site *other = plan->set.sites.items[i];
		if (other->wire.kind == SITE_RETURN && other->wire.owner == site->id &&
		    !(other->wire.flags & SITE_TAIL_CALL))
			other->return_plan = site->return_plan;
	}
	return true;
}

/* By what the file knows of its parameters, else by the calling convention. */
static bool add_argument_slot(struct plan *plan, struct probe_site *site, const char *name,
			      int *ret_slot)
{
	size_t place = 0, n_load = 0;
	const struct fetch_op *load = NULL;
	struct fetch_op by_register = {.code = FETCH_REG, .size = 8};
	const struct value *value = value_named(&site->arguments, name, &place);
	if (value && value->slot >= 0 && !value->in_blob)
		n_load = find_load(site->entry_plan, value->slot, &load);
	if (value && !n_load)
		return false;
	if (!value) {
		bool known = is_function_kind(site->probe->kind) && !site->arguments.count;
		if (!known || !place || place > REGISTER_ARGUMENTS)
			return false;
		by_register.reg = argument_register(site, place);
		load = &by_register;
		n_load = 1;
	}
	return append_number(&plan->set.arena, &site->entry_plan, load, n_load, ret_slot);
}

/* In the kernel, the result of a span is in a plan of its own, else behind the arguments. */
static bool add_kernel_result(struct plan *plan, struct probe_site *site, struct pair_site *ret)
{
	const struct fetch_op *load = NULL;
	bool is_span = site->wire.kind == SITE_ENTRY;
	const struct fetch_plan **from = is_span ? &site->return_plan : &site->entry_plan;
	if (!site->results.count || site->results.items[0].slot < 0)
		return false;
	size_t n_load = find_load(*from, site->results.items[0].slot, &load);
	ret->is_result = is_span;
	return n_load && append_number(&plan->set.arena, from, load, n_load, &ret->slot);
}

/* System calls are not asked for more: their values are looked up by name. */
static bool add_slot(struct plan *plan, struct probe_site *site, const char *name,
		     struct pair_site *ret)
{
	size_t place;
	if (strcmp(name, "ret") == 0 && (site->wire.flags & SITE_IN_KERNEL) && site->results.count)
		return add_kernel_result(plan, site, ret);
	if (strcmp(name, "ret") == 0 && !(site->wire.flags & SITE_IN_KERNEL)) {
		ret->is_result = true;
		if (site->wire.kind == SITE_SYSCALL)
			return true;
		return site->wire.kind == SITE_ENTRY && add_result_slot(plan, site, &ret->slot);
	}
	if (site->wire.kind != SITE_SYSCALL)
		return add_argument_slot(plan, site, name, &ret->slot);
	const struct value *value = value_named(&site->arguments, name, &place);
	ret->value = value;
	return value && value->slot >= 0;
}

static struct err *no_such_key(struct plan *plan, const struct probe_site *site,
			       const struct spec_pair *pair, const char *name, bool late)
{
	char names[256] = "";
	for (size_t i = 0; i < site->arguments.count; i++) {
		size_t used = strlen(names);
		snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
			 site->arguments.items[i].name);
	}
	if (late)
		return probe_set_note(&plan->set, "'%s': %s has no '%s' that can be a key",
				      pair->text, site->probe->name, name);
	struct err *e = err_why(err_new(ERR_USAGE, 0, "'%s': %s has no '%s' that can be a key",
					pair->text, site->probe->name, name),
				"it has: %s", *names ? names : "no arguments that are known");
	return err_hint(e,
			"the result of a function is there where it returns: "
			"'uretprobe:%s ~~ ... by ret=...'",
			site->probe->name);
}

static struct err *add_side(const struct options *options, struct plan *plan,
			    struct probe_site *site, size_t pair, enum span_side side, bool late)
{
	const struct spec_pair *spec_pair = &options->pairs.items[pair];
	const char *name = side == SPAN_BEGIN ? spec_pair->begin_key : spec_pair->end_key;
	struct pair_site *kept = array_push(&plan->pair_sites);
	if (!kept)
		return &err_nomem;
	*kept = (struct pair_site){.site_id = site->id, .pair = pair, .side = side, .slot = -1};
	if (!name || add_slot(plan, site, name, kept))
		return NULL;
	plan->pair_sites.count--;
	return no_such_key(plan, site, spec_pair, name, late);
}

struct err *pairs_plan(const struct options *options, struct plan *plan, size_t first, bool late)
{
	struct err *e = NULL;
	if (!options->pairs.count)
		return NULL;
	/* Of sites for which there was no room. */
	while (plan->pair_sites.count &&
	       plan->pair_sites.items[plan->pair_sites.count - 1].site_id >= first)
		plan->pair_sites.count--;
	for (size_t id = first ? first : 1; !e && id < plan->set.sites.count; id++) {
		struct probe_site *site = plan->set.sites.items[id];
		if (!site->wire.kind || probe_site_is_end(site))
			continue;
		size_t before = plan->pair_sites.count;
		for (size_t p = 0; !e && p < options->pairs.count; p++) {
			const struct spec_pair *pair = &options->pairs.items[p];
			const struct spec *specs = options->specs.items;
			if (stands_for(plan, site, &specs[pair->begin], pair->begin))
				e = add_side(options, plan, site, p, SPAN_BEGIN, late);
			if (!e && stands_for(plan, site, &specs[pair->end], pair->end))
				e = add_side(options, plan, site, p, SPAN_END, late);
		}
		bool is_shown = is_asked_for(options, plan, site);
		for (size_t i = before; i < plan->pair_sites.count; i++)
			plan->pair_sites.items[i].is_shown = is_shown;
	}
	return e;
}

/* --- while tracing ---------------------------------------------------------------------------- */

/* Sites have few entries, and they lie together, in order. */
static const struct pair_site *first_entry(const struct plan *plan, uint32_t site_id)
{
	size_t low = array_count_first(plan->pair_sites.count, i,
				       plan->pair_sites.items[i].site_id < site_id);
	return low < plan->pair_sites.count && plan->pair_sites.items[low].site_id == site_id
		       ? &plan->pair_sites.items[low]
		       : NULL;
}

static bool is_last_entry(const struct plan *plan, const struct pair_site *entry)
{
	return entry + 1 == plan->pair_sites.items + plan->pair_sites.count ||
	       entry[1].site_id != entry->site_id;
}

static const struct pair_site *find_entry(const struct plan *plan, uint32_t site_id, size_t pair,
					  enum span_side side)
{
	const struct pair_site *entry = first_entry(plan, site_id);
	for (; entry; entry = is_last_entry(plan, entry) ? NULL : entry + 1)
		if (entry->pair == pair && entry->side == (unsigned int)side)
			return entry;
	return NULL;
}

static unsigned int side_of(void *context, size_t pair, const struct probe_site *site)
{
	unsigned int side = SPAN_NONE;
	if (find_entry(context, site->id, pair, SPAN_BEGIN))
		side |= SPAN_BEGIN;
	if (find_entry(context, site->id, pair, SPAN_END))
		side |= SPAN_END;
	return side;
}

static bool is_shown(void *context, const struct probe_site *site)
{
	const struct pair_site *entry = first_entry(context, site->id);
	return !entry || entry->is_shown;
}

static bool take_slot(const struct slots *slots, int slot, struct span_key *ret)
{
	if (!slots || slot < 0 || (uint32_t)slot >= slots->count)
		return false;
	const struct slot *from = &slots->items[slot];
	if (!from->available || from->is_list || (from->blob_flags & FETCH_BLOB_TRUNCATED))
		return false;
	ret->number = from->number;
	if (from->is_blob) {
		ret->text = from->bytes;
		ret->length = from->length;
	}
	return true;
}

static bool key_of(void *context, size_t pair, enum span_side side,
		   const struct stream_event *event, struct span_key *ret)
{
	const struct pair_site *entry = find_entry(context, event->site->id, pair, side);
	if (!entry)
		return false;
	/* Small numbers are numbers, others are most likely addresses. */
	if (entry->value)
		return take_slot(entry->value->at_return ? event->results : event->arguments,
				 entry->value->slot, ret);
	if (event->kind == STREAM_SYSCALL) {
		ret->number = (uint64_t)event->syscall_result;
		return entry->is_result && event->ending == ENDING_RETURNED;
	}
	bool found =
		take_slot(entry->is_result ? event->results : event->arguments, entry->slot, ret);
	ret->is_hex = ret->number > UINT32_MAX && (int64_t)ret->number > 0;
	return found;
}

struct err *pairs_open(const struct options *options, const struct plan *plan,
		       const struct stream_sink *sink, struct spans **ret)
{
	struct span_pair *pairs = calloc(options->pairs.count + 1, sizeof(*pairs));
	if (!pairs)
		return &err_nomem;
	for (size_t i = 0; i < options->pairs.count; i++)
		pairs[i] = (struct span_pair){.name = options->pairs.items[i].name,
					      .has_key = options->pairs.items[i].begin_key != NULL};
	const struct spans_options how = {.sink = *sink,
					  .where = options->where,
					  .pairs = pairs,
					  .n_pairs = options->pairs.count,
					  .context = (void *)plan,
					  .side = side_of,
					  .key = key_of,
					  .is_shown = is_shown,
					  .show_exec = plan->show_exec,
					  .show_exit = plan->show_exit,
					  .from_start = plan->launch && !plan->processes.count,
					  .max_events = options->max_events};
	struct err *e = options->pairs.count ? spans_create(&how, ret) : NULL;
	free(pairs);
	return e;
}
