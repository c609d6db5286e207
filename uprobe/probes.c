/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a spec to probes with sites.
 *
 * A span (call) has one entry site. Its return comes from the trampoline, with the entry's cookie,
 * or from sites on each `ret` and each jump out. The stack pointer at these is what it was at the
 * entry, which is how a hit finds its call. What cannot be seen is told: a function that was not
 * decoded whole has entries only, and says why.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "uprobe/adding.h"
#include "uprobe/condition.h"
#include "uprobe/goroutine.h"
#include "uprobe/match.h"
#include "uprobe/return_form.h"

/* Functions of a pattern that were refused and are named one by one; the others are counted. */
#define REFUSALS_NAMED 8

/* --- what is there already -------------------------------------------------------------------- */

static uint64_t key_of(uint64_t offset, enum probe_kind kind)
{
	return offset << 2 | (uint64_t)(kind - PROBE_CALL);
}

static struct err *collect_taken(struct adding *adding)
{
	for (size_t i = 1; i < adding->set->sites.count; i++) {
		const struct probe_site *site = adding->set->sites.items[i];
		bool starts = site->wire.kind == SITE_ENTRY || site->wire.kind == SITE_INSTANT;
		if (site->image != adding->image || !starts || site->probe->kind == PROBE_USDT)
			continue;
		uint64_t *kept = array_push(&adding->taken);
		if (!kept)
			return &err_nomem;
		*kept = key_of(site->offset, site->probe->kind);
	}
	if (adding->taken.count)
		qsort(adding->taken.items, adding->taken.count, sizeof(uint64_t),
		      array_compare_u64);
	return NULL;
}

bool adding_has(const struct adding *adding, uint64_t offset, enum probe_kind kind)
{
	uint64_t key = key_of(offset, kind);
	return adding->taken.count && bsearch(&key, adding->taken.items, adding->taken.count,
					      sizeof(key), array_compare_u64);
}

/* --- refusals --------------------------------------------------------------------------------- */

static bool is_pattern(const struct spec *spec)
{
	return spec->name_kind == SPEC_NAME_GLOB || spec->name_kind == SPEC_NAME_REGEX;
}

struct err *adding_refuse(struct adding *adding, const char *name, const char *why)
{
	adding->refused++;
	if (is_pattern(adding->spec)) {
		if (adding->refused > REFUSALS_NAMED)
			return NULL;
		return probe_set_refuse(adding->set, "%s:%s: not probed: %s", adding->module, name,
					why);
	}
	struct err *e =
		err_new(ERR_FAILED, 0, "'%s:%s' cannot be probed safely", adding->module, name);
	return err_why(e, "%s", why);
}

static struct err *note_refusals(const struct adding *adding)
{
	if (adding->refused <= REFUSALS_NAMED)
		return NULL;
	return probe_set_refuse(adding->set, "%s: %zu more functions not probed, for like reasons",
				adding->module, adding->refused - REFUSALS_NAMED);
}

static struct err *refuse_function(struct adding *adding, const struct function *function,
				   const char *name, const char *why)
{
	char candidates[512];
	if (!function->ifunc)
		return adding_refuse(adding, name, why);
	match_candidates(adding->image, function, candidates, sizeof(candidates));
	if (is_pattern(adding->spec) && *candidates)
		why = arena_printf(&adding->set->arena, "%s; probe what it chooses from: %s", why,
				   candidates);
	struct err *e = why ? adding_refuse(adding, name, why) : &err_nomem;
	if (!e || e == &err_nomem)
		return e;
	if (*candidates)
		return err_hint(e, "probe what it chooses from: %s", candidates);
	return err_hint(e, "the functions that it chooses from have no symbols here; the library's "
			   "debug symbols name them");
}

/* --- sites ------------------------------------------------------------------------------------ */

static struct err *add_probe(struct adding *adding, const struct place *place, enum probe_kind kind,
			     struct probe **ret)
{
	struct probe *probe;
	struct err *e = probe_set_add_probe(adding->set, &probe);
	if (e)
		return e;
	probe->kind = kind;
	probe->module = adding->module;
	probe->name = arena_string(&adding->set->arena, place->name);
	probe->symbol = place->function && strcmp(place->function->symbol, place->name) != 0
				? arena_string(&adding->set->arena, place->function->symbol)
				: probe->name;
	*ret = probe;
	return probe->name && probe->symbol ? NULL : &err_nomem;
}

struct err *adding_site(struct adding *adding, const struct probe *probe, uint32_t kind,
			const struct instruction *at, struct probe_site **ret)
{
	struct probe_site *site;
	uint64_t offset;
	/* Decoding read it from there; the answer is checked all the same. */
	if (!image_offset_of(adding->image, at->address, &offset) ||
	    !image_is_text(adding->image, offset, at->length))
		return err_new(ERR_BUG, 0, "%s:%s: address 0x%" PRIx64 " is not in the text",
			       probe->module, probe->name, at->address);
	struct err *e = probe_set_add_site(adding->set, probe, &site);
	if (e)
		return e;
	site->wire.kind = kind;
	site->image = adding->image;
	site->offset = offset;
	site->instruction = at->text;
	site->emulated = at->emulated;
	*ret = site;
	return NULL;
}

static struct err *add_return_site(struct adding *adding, const struct probe_site *entry,
				   const struct function_values *values,
				   const struct instruction *at, uint32_t flags)
{
	struct probe_site *site;
	struct err *e = adding_site(adding, entry->probe, SITE_RETURN, at, &site);
	if (e)
		return e;
	site->wire.owner = entry->id;
	site->wire.flags = flags;
	site->filter = entry->filter;
	if (!(flags & SITE_TAIL_CALL)) {
		site->return_plan = values->return_plan;
		site->results = values->results;
	}
	return NULL;
}

static struct err *add_return_sites(struct adding *adding, const struct probe_site *entry,
				    const struct place *place)
{
	const struct code *code = &place->code;
	struct err *e = NULL;
	for (size_t i = 0; !e && i < code->n_returns; i++) {
		struct instruction at = {.address = code->returns[i], .length = 1, .text = "ret"};
		e = add_return_site(adding, entry, &place->values, &at, 0);
	}
	for (size_t i = 0; !e && i < code->n_tail_jumps; i++) {
		struct instruction at;
		e = code_instruction_at(adding->image, code->tail_jumps[i], &adding->set->arena,
					&at);
		if (!e)
			e = add_return_site(adding, entry, &place->values, &at, SITE_TAIL_CALL);
	}
	return e;
}

/* What a pattern finds may lack what the condition names: such a function is left out. *ret_taken:
 * it is not. */
static struct err *set_condition(struct adding *adding, const struct place *place,
				 struct probe_site *site, const char *no_return, bool *ret_taken)
{
	const struct spec *spec = adding->spec;
	*ret_taken = true;
	site->condition = spec->condition;
	site->rate = spec->rate;
	struct err *e =
		place->names ? place_condition(adding->set, place->names, place->n_names,
					       spec->condition, site, &site->filter)
			     : function_condition(adding->set, adding->image, place->function, spec,
						  spec->condition, site, no_return, &site->filter);
	if (!e || e == &err_nomem || !is_pattern(spec))
		return e;
	const char *why = arena_string(&adding->set->arena, err_what(e));
	err_free(e);
	*ret_taken = false;
	return why ? adding_refuse(adding, place->name, why) : &err_nomem;
}

/* Takes back what was added last. */
static void drop_last(struct adding *adding)
{
	adding->set->sites.count--;
	adding->set->probes.count--;
	adding->added--;
}

/* Nobody but the kernel knows which calls were left out, and it knows them by threads. */
static struct err *check_stack_mode(const struct adding *adding, bool keeps)
{
	if (adding->options->return_mode != RETURN_STACK || !keeps)
		return NULL;
	return err_hint(err_why(err_new(ERR_USAGE, 0,
					"'%s': calls by their places on stacks have no conditions, "
					"rates and sums",
					adding->spec->text),
				"what belongs together is found behind the kernel, where all of "
				"them must be seen"),
			"leave out the condition, --rate, --inside or 'stat', or "
			"--return=stack");
}

static struct err *add_span(struct adding *adding, const struct place *place)
{
	struct return_form form;
	struct probe *probe;
	struct probe_site *entry;
	bool keeps =
		adding->options->keep_go || adding->spec->condition || adding->spec->rate.count;
	struct err *e = check_stack_mode(adding, keeps);
	e = e ? e
	      : return_form_choose(adding->options, place->function, &place->code, keeps,
				   &adding->set->arena, &form);
	if (e)
		return e;
	if (!form.flags && adding->spec->kind == PROBE_URETPROBE) {
		const char *why = arena_printf(&adding->set->arena, "its return cannot be seen: %s",
					       form.why);
		return why ? adding_refuse(adding, place->name, why) : &err_nomem;
	}
	e = add_probe(adding, place, adding->spec->kind, &probe);
	if (!e)
		e = adding_site(adding, probe, SITE_ENTRY, &place->at, &entry);
	if (e)
		return e;
	probe->return_form = form.name;
	probe->return_why = form.why;
	bool taken;
	bool has_end = form.flags & (SITE_HAS_RETURN | SITE_GO);
	e = set_condition(adding, place, entry, has_end ? NULL : form.why, &taken);
	if (e || !taken) {
		drop_last(adding);
		return e;
	}
	entry->wire.flags = form.flags;
	if (form.flags & SITE_GO)
		return goroutine_sites(adding, entry, place, keeps);
	struct function_values values = place->values;
	if (!form.flags && (values.has_outputs || values.n_changes))
		e = values_compile(adding->set, adding->image, place->function, adding->spec, false,
				   &values);
	if (e)
		return e;
	entry->entry_plan = values.entry_plan;
	entry->arguments = values.arguments;
	entry->return_plan = values.return_plan;
	entry->results = values.results;
	entry->changes = values.changes;
	entry->n_changes = form.flags ? values.n_changes : 0;
	return form.by_sites ? add_return_sites(adding, entry, place) : NULL;
}

struct err *adding_instant(struct adding *adding, const struct place *place)
{
	struct probe *probe;
	struct probe_site *site;
	struct err *e = add_probe(adding, place, PROBE_UPROBE, &probe);
	if (!e)
		e = adding_site(adding, probe, SITE_INSTANT, &place->at, &site);
	if (e)
		return e;
	bool taken;
	/* Behind its start, a function has its arguments anywhere. */
	struct place here = *place;
	if (adding->spec->offset || adding->spec->name_kind == SPEC_NAME_ADDRESS)
		here.function = NULL;
	e = set_condition(adding, &here, site, "this is one place, not a call", &taken);
	if (e || !taken) {
		drop_last(adding);
		return e;
	}
	site->entry_plan = place->values.entry_plan;
	site->arguments = place->values.arguments;
	return NULL;
}

/* --- functions -------------------------------------------------------------------------------- */

/* Only as much as is needed. */
static struct err *decode_for(const struct adding *adding, const struct function *function,
			      struct code *ret)
{
	struct arena *arena = &adding->set->arena;
	bool span = adding_is_span(adding->spec->kind);
	bool sites = span && adding->options->return_mode != RETURN_TRAMPOLINE;
	enum code_depth depth = sites ? CODE_WHOLE : span ? CODE_ENTRY_AND_SLOT : CODE_ENTRY;
	struct err *e = code_decode_function(&adding->file, function, depth, arena, ret);
	bool uses_return_address = ret->uses_return_address;
	if (!e && ret->entry.length && depth != CODE_WHOLE && span &&
	    return_form_wants_sites(adding->options, function, ret))
		e = code_decode_function(&adding->file, function, CODE_WHOLE, arena, ret);
	ret->uses_return_address = uses_return_address;
	return e;
}

/* For patterns the list of all would be longer than what is traced. */
static struct err *note_folded(struct adding *adding, const struct function *function,
			       const char *name)
{
	const struct function *other =
		is_pattern(adding->spec) ? NULL : match_folded(adding->image, function);
	if (!other)
		return NULL;
	_cleanup_free_ char *whole = image_demangle_whole(adding->image, other->symbol);
	return probe_set_note(adding->set,
			      "%s: %s and %s are one piece of code: calls of either are told",
			      adding->module, name, whole ? whole : other->symbol);
}

/* At its start. */
static struct err *add_function(struct adding *adding, const struct function *function,
				const char *name)
{
	const struct spec *spec = adding->spec;
	struct place place = {.name = name, .function = function};
	struct err *e = decode_for(adding, function, &place.code);
	if (e)
		return e;
	place.at = place.code.entry;
	if (!place.at.length)
		return refuse_function(adding, function, name, place.code.why_not);
	uint64_t offset = 0;
	if (image_offset_of(adding->image, place.at.address, &offset) &&
	    adding_has(adding, offset, spec->kind)) {
		adding->set->repeated++;
		e = adding_retype(adding, function, offset);
		return e
			       ?: function_join_conditions(adding->set, adding->image, function,
							   adding->spec, offset);
	}
	bool joined;
	e = adding_join_spans(adding, function, offset, name, &joined);
	if (joined) {
		adding->set->repeated++;
		return e;
	}
	e = e ? e
	      : values_compile(adding->set, adding->image, function, spec,
			       adding_is_span(spec->kind), &place.values);
	if (!e)
		e = adding_is_span(spec->kind) ? add_span(adding, &place)
					       : adding_instant(adding, &place);
	adding->added++;
	return e ?: note_folded(adding, function, name);
}

/* It was chosen by number: another number is what helps. */
static struct err *refuse_place(const struct adding *adding, const char *name, const char *why)
{
	struct err *e =
		err_new(ERR_USAGE, 0, "'%s:%s' cannot be probed safely", adding->module, name);
	return err_hint(err_why(e, "%s", why),
			"take an address that 'objdump -d %s' shows at the start of a line",
			image_path(adding->image));
}

/* Somewhere inside; `function` NULL: nobody knows of what. */
static struct err *add_offset(struct adding *adding, const struct function *function,
			      uint64_t offset, const char *name)
{
	struct place place = {.name = name};
	const char *why;
	bool ok;
	if (adding_is_span(adding->spec->kind) && adding->spec->kind_given)
		return err_hint(err_new(ERR_USAGE, 0, "'%s': a span begins at a function's start",
					adding->spec->text),
				"for one place inside: uprobe:%s:%s", adding->module, name);
	if (adding->spec->has_types || adding->spec->types.result)
		return err_hint(err_new(ERR_USAGE, 0, "'%s': types by hand are those of a call",
					adding->spec->text),
				"leave them out: what is in scope there is shown, as far as debug "
				"information tells of it");
	struct err *e = code_check_boundary(adding->image, offset, &adding->set->arena, &ok,
					    &place.at, &why);
	if (e)
		return e;
	if (!ok)
		return refuse_place(adding, name, why);
	place.function = function;
	if (adding_has(adding, offset, PROBE_UPROBE)) {
		adding->set->repeated++;
		return function_join_conditions(adding->set, adding->image, NULL, adding->spec,
						offset);
	}
	adding->added++;
	/* Not the parameters as calls put them: what is where at this instruction. */
	e = locals_find(adding, place.at.address, 0, 0, &place);
	return e ?: adding_instant(adding, &place);
}

static struct err *add_match(struct adding *adding, const struct function *function)
{
	const struct spec *spec = adding->spec;
	const char *plain = image_demangle(adding->image, function->symbol);
	char name[1056];
	if (!spec->offset)
		return add_function(adding, function, plain);
	snprintf(name, sizeof(name), "%s+0x%" PRIx64, plain, spec->offset);
	if (function->size && spec->offset >= function->size)
		return err_why(
			err_new(ERR_USAGE, 0, "'%s' lies behind the function's end", spec->text),
			"%s has 0x%" PRIx64 " bytes", plain, function->size);
	return add_offset(adding, function, function->offset + spec->offset, name);
}

/* How many probes on functions the set has; system calls do not count against the limit. */
static size_t count_function_probes(const struct probe_set *set)
{
	size_t count = 0;
	for (size_t i = 0; i < set->probes.count; i++)
		count += set->probes.items[i]->kind <= PROBE_URETPROBE;
	return count;
}

static struct err *check_count(const struct adding *adding, size_t matching)
{
	size_t before = count_function_probes(adding->set);
	size_t max = adding->options->max_probes;
	if (before + matching <= max)
		return NULL;
	struct err *e =
		err_new(ERR_USAGE, 0, "'%s': %zu functions match, more than --max-probes=%zu",
			adding->spec->text, matching, max);
	if (before)
		e = err_why(e, "%zu were there before", before);
	return err_hint(e, "name fewer, or raise the limit: --max-probes=%zu", before + matching);
}

static struct err *add_matches(struct adding *adding)
{
	struct matches matches;
	struct err *e = matches_find(adding->image, adding->spec, &matches);
	if (e)
		return e;
	e = check_count(adding, matches.functions.count);
	for (size_t i = 0; !e && i < matches.functions.count; i++)
		e = add_match(adding, matches.functions.items[i]);
	matches_deinit(&matches);
	if (e)
		return e;
	return note_refusals(adding);
}

static struct err *add_address(struct adding *adding)
{
	uint64_t address = adding->spec->address + adding->spec->offset, offset;
	char name[1056];
	if (!image_offset_of(adding->image, address, &offset))
		return err_hint(
			err_why(err_new(ERR_USAGE, 0, "'%s': no such address", adding->spec->text),
				"no part of '%s' is loaded there", image_path(adding->image)),
			"addresses are those of the file, as 'objdump -d' shows them");
	const struct function *function = image_function_at(adding->image, address);
	snprintf(name, sizeof(name), "0x%" PRIx64, address);
	if (!function)
		return add_offset(adding, NULL, offset, name);
	const char *plain = image_demangle(adding->image, function->symbol);
	if (function->address == address)
		return add_function(adding, function, plain);
	snprintf(name, sizeof(name), "%s+0x%" PRIx64, plain, address - function->address);
	return add_offset(adding, function, offset, name);
}

static struct err *add_by_name(struct adding *adding)
{
	switch (adding->spec->name_kind) {
	case SPEC_NAME_EXACT:
	case SPEC_NAME_GLOB:
	case SPEC_NAME_REGEX:
		return add_matches(adding);
	case SPEC_NAME_ADDRESS:
		return add_address(adding);
	case SPEC_NAME_LINE:
		return lines_add(adding);
	default:
		return NULL;
	}
}

struct err *uprobe_add_probes(struct probe_set *set, struct image *image, const char *module,
			      const struct spec *spec, const struct uprobe_options *options)
{
	struct adding adding = {.set = set,
				.image = image,
				.file = code_file_of(image),
				.spec = spec,
				.options = options};
	adding.module = arena_string(&set->arena, module);
	if (!adding.module)
		return &err_nomem;
	struct plan_made made[2] = {0};
	set->made = made;
	struct err *e = collect_taken(&adding);
	if (!e)
		e = add_by_name(&adding);
	set->made = NULL;
	free(adding.taken.items);
	return e;
}

/* --- the proof is gone ------------------------------------------------------------------------ */

/* The entry may sit behind the function's first instruction; the function is what covers it. */
static const struct function *function_of(const struct probe_site *entry)
{
	uint64_t address;
	return image_address_of(entry->image, entry->offset, &address)
		       ? image_function_at(entry->image, address)
		       : NULL;
}

static struct err *move_to_sites(struct probe_set *set, struct probe_site *entry, const char *why)
{
	struct adding adding = {
		.set = set, .image = entry->image, .file = code_file_of(entry->image)};
	struct place place = {.name = entry->probe->name, .function = function_of(entry)};
	place.values = (struct function_values){.return_plan = entry->return_plan,
						.results = entry->results};
	struct err *e = NULL;
	if (place.function)
		e = code_decode_function(&adding.file, place.function, CODE_WHOLE, &set->arena,
					 &place.code);
	entry->wire.flags &= ~(uint32_t)(SITE_TRAMPOLINE | SITE_HAS_RETURN);
	if (e)
		return e;
	const char *why_not = return_form_why_no_sites(&place.code);
	if (why_not) {
		entry->returns_until_ns = UINT64_MAX;
		return probe_set_note(set, "%s:%s: its returns are no longer seen: %s; and %s",
				      entry->probe->module, entry->probe->name, why, why_not);
	}
	entry->wire.flags |= SITE_HAS_RETURN;
	return add_return_sites(&adding, entry, &place);
}

struct err *uprobe_use_return_sites(struct probe_set *set, const char *why)
{
	size_t count = set->sites.count;
	struct err *e = NULL;
	for (size_t i = 1; !e && i < count; i++) {
		struct probe_site *site = set->sites.items[i];
		if (site->wire.kind == SITE_ENTRY && (site->wire.flags & SITE_TRAMPOLINE))
			e = move_to_sites(set, site, why);
	}
	return e;
}
