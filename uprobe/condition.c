/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/condition.h"

#include <elf.h>

#include "probe/regs.h"
#include "uprobe/args.h"
#include "uprobe/match.h"
#include "uprobe/values.h"

static const struct type word_type = {.kind = TYPE_WORD, .size = 8, .name = "word"};

/* Nobody knows what the function takes: the registers of its first arguments, as they are. */
static size_t raw_arguments(unsigned int machine, struct condition_name *ret)
{
	static const uint8_t x86[] = {X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8, X86_R9};
	size_t count = machine == EM_AARCH64 ? 8 : array_size(x86);
	for (size_t i = 0; i < count; i++) {
		uint8_t reg = machine == EM_AARCH64 ? (uint8_t)(ARM64_X0 + i) : x86[i];
		ret[i] = (struct condition_name){.name = "",
						 .type = &word_type,
						 .source = fetch_from_register(reg, 8, false)};
	}
	return count;
}

static const char in_several[] = "it is in several places";

static size_t typed_arguments(unsigned int machine, const struct prototype *prototype, bool is_rust,
			      struct condition_name *ret)
{
	struct fetch_source sources[VALUES_PARAMETERS_MAX];
	uint32_t n_sources = values_sources(machine, prototype, is_rust, sources);
	for (uint32_t i = 0; i < prototype->n_parameters; i++) {
		const struct parameter *parameter = &prototype->parameters[i];
		int8_t counted = parameter->type->length_arg;
		ret[i] = (struct condition_name){.name = parameter->name,
						 .type = values_entry_type(parameter->type),
						 .source = sources[i]};
		if (args_is_unknown(&sources[i]))
			ret[i].source.unavailable = "its place is not known";
		else if (sources[i].n_parts && ret[i].type->kind != TYPE_STRUCT)
			ret[i].source.unavailable = in_several;
		if (counted <= 0 || (uint32_t)counted > n_sources ||
		    sources[counted - 1].unavailable)
			continue;
		ret[i].length = sources[counted - 1];
		ret[i].has_length = true;
	}
	return prototype->n_parameters;
}

static void place_result(unsigned int machine, const struct prototype *prototype, bool is_rust,
			 struct condition_name *ret)
{
	const struct type *type = prototype->result ? prototype->result : &word_type;
	*ret = (struct condition_name){.name = "ret", .type = type};
	values_place_result(machine, prototype, type, is_rust, &ret->source);
	if (args_is_unknown(&ret->source))
		ret->source.unavailable = "its place is not known";
	else if (ret->source.n_parts && type->kind != TYPE_STRUCT)
		ret->source.unavailable = in_several;
}

struct err *function_condition(struct probe_set *set, struct image *image,
			       const struct function *function, const struct spec *spec,
			       const struct condition *condition, const struct probe_site *site,
			       const char *no_return, const struct filter **ret)
{
	struct condition_name names[VALUES_PARAMETERS_MAX], result;
	struct prototype prototype = {0};
	unsigned int machine = image_machine(image);
	*ret = NULL;
	if (!condition)
		return NULL;
	struct condition_scope scope = {.names = names, .no_result = no_return};
	scope.what = arena_printf(&set->arena, "%s:%s", site->probe->module, site->probe->name);
	struct err *e = scope.what ? NULL : &err_nomem;
	if (image)
		image_open_types(image, set->options.depth);
	if (!e && function)
		e = values_prototype(image, function, spec, &set->arena, &prototype);
	if (e)
		return e;
	bool is_rust = prototype.is_rust || (function && match_is_rust(function->symbol));
	if (prototype.n_parameters)
		scope.n_names = typed_arguments(machine, &prototype, is_rust, names);
	else if (function && !prototype.parameters && !prototype.source)
		scope.n_names = raw_arguments(machine, names);
	scope.no_duration = no_return;
	if (!no_return && prototype.result && prototype.result->kind == TYPE_VOID) {
		scope.no_result = "the function returns nothing";
	} else if (!no_return) {
		place_result(machine, &prototype, is_rust, &result);
		scope.result = &result;
	}
	return condition_compile(condition, &scope, &set->arena, ret);
}

static const char one_place[] = "this is one place, not a call";

struct err *place_condition(struct probe_set *set, const struct condition_name *names,
			    size_t n_names, const struct condition *condition,
			    const struct probe_site *site, const struct filter **ret)
{
	struct condition_scope scope = {.names = names,
					.n_names = n_names,
					.no_result = one_place,
					.no_duration = one_place};
	*ret = NULL;
	if (!condition)
		return NULL;
	scope.what = arena_printf(&set->arena, "%s:%s", site->probe->module, site->probe->name);
	return scope.what ? condition_compile(condition, &scope, &set->arena, ret) : &err_nomem;
}

static const char *why_no_return(const struct probe_site *site)
{
	if (site->wire.flags & SITE_GO)
		return NULL;
	if (site->wire.kind == SITE_INSTANT)
		return one_place;
	return site->wire.flags & SITE_HAS_RETURN ? NULL : site->probe->return_why;
}

struct err *function_join_conditions(struct probe_set *set, struct image *image,
				     const struct function *function, const struct spec *spec,
				     uint64_t offset)
{
	struct probe_site *entry = NULL;
	struct err *e = NULL;
	for (size_t i = 1; !e && i < set->sites.count; i++) {
		struct probe_site *site = set->sites.items[i];
		bool starts = site->wire.kind == SITE_ENTRY || site->wire.kind == SITE_INSTANT;
		if (!starts && entry && site->wire.owner == entry->id)
			site->filter = entry->filter;
		if (!starts || site->image != image || site->offset != offset ||
		    site->probe->kind != spec->kind)
			continue;
		entry = site;
		e = condition_either(&set->arena, site->condition, spec->condition,
				     &site->condition);
		e = e
			    ?: function_condition(set, image, function, spec, site->condition, site,
						  why_no_return(site), &site->filter);
	}
	return e;
}
