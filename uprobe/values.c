/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/values.h"

#include <elf.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "probe/regs.h"
#include "uprobe/args.h"
#include "uprobe/match.h"

static const struct type unknown_type = {.kind = TYPE_UNKNOWN, .size = 8, .name = "unknown"};

/* The spec's words win over the image's knowledge, each half by itself. */
struct err *values_prototype(struct image *image, const struct function *function,
			     const struct spec *spec, struct prototype *ret)
{
	const struct prototype *known = NULL;
	/* The list has chosen one of several functions, whose types are known better. */
	bool is_choice =
		spec->signature && overload_matches(image, function->symbol, spec->signature);
	if (!spec->has_types || !spec->types.result || is_choice) {
		struct err *e = image_prototype(image, function, &known);
		if (e)
			return e;
	}
	*ret = known ? *known : (struct prototype){0};
	if (spec->has_types && !(known && is_choice)) {
		ret->source = "given";
		ret->parameters = spec->types.parameters;
		ret->n_parameters = spec->types.n_parameters;
		/* Who gives types means the platform's convention. */
		ret->places = NULL;
		ret->no_convention = NULL;
		ret->is_optimised = false;
	}
	if (spec->types.result) {
		ret->result = spec->types.result;
		ret->no_result = NULL;
	}
	if (ret->n_parameters > VALUES_PARAMETERS_MAX)
		ret->n_parameters = VALUES_PARAMETERS_MAX;
	return NULL;
}

static struct err *add_argument(struct plan_builder *builder, const struct prototype *prototype,
				const struct fetch_source *sources, uint32_t index)
{
	const struct parameter *parameter = &prototype->parameters[index];
	const struct fetch_source *length = NULL;
	const char *name = parameter->name;
	int8_t counted = parameter->type->length_arg;
	if (counted > 0 && (uint32_t)counted <= prototype->n_parameters)
		length = &sources[counted - 1];
	if (!name || !*name)
		name = arena_printf(builder->arena, "arg%u", index + 1);
	return name ? plan_add_value(builder, name, parameter->type, &sources[index], length)
		    : &err_nomem;
}

static void builder_deinit(struct plan_builder *builder)
{
	plan_builder_deinit(builder);
}

static struct err *compile_arguments(struct probe_set *set, unsigned int machine,
				     const struct prototype *prototype, bool is_rust,
				     struct function_values *ret)
{
	struct fetch_source sources[VALUES_PARAMETERS_MAX];
	if (!prototype->n_parameters)
		return NULL;
	_cleanup_(builder_deinit) struct plan_builder builder;
	plan_builder_init(&builder, &set->arena, &set->options);
	builder.place_reg = machine == EM_AARCH64 ? ARM64_PC : X86_RIP;
	args_place(machine, prototype, is_rust, sources);
	args_use_places(machine, prototype, sources);
	struct err *e = NULL;
	for (uint32_t i = 0; !e && i < prototype->n_parameters; i++)
		e = add_argument(&builder, prototype, sources, i);
	return e ? e : plan_finish(&builder, &ret->entry_plan, &ret->arguments);
}

static struct err *compile_result(struct probe_set *set, unsigned int machine,
				  const struct prototype *prototype, bool is_rust,
				  struct function_values *ret)
{
	const struct type *type = prototype->result ? prototype->result : &unknown_type;
	struct fetch_source source;
	if (type->kind == TYPE_VOID)
		return NULL;
	_cleanup_(builder_deinit) struct plan_builder builder;
	plan_builder_init(&builder, &set->arena, &set->options);
	args_place_result(machine, type, is_rust, &source);
	if (prototype->no_result)
		source = (struct fetch_source){.unavailable = prototype->no_result};
	struct err *e = plan_add_value(&builder, "", type, &source, NULL);
	return e ? e : plan_finish(&builder, &ret->return_plan, &ret->results);
}

struct err *values_compile(struct probe_set *set, struct image *image,
			   const struct function *function, const struct spec *spec,
			   struct function_values *ret)
{
	struct prototype prototype;
	unsigned int machine = image_machine(image);
	bool is_rust = match_is_rust(function->symbol);
	*ret = (struct function_values){0};
	image_open_types(image, set->options.depth);
	struct err *e = values_prototype(image, function, spec, &prototype);
	is_rust |= !e && prototype.is_rust;
	/* A return alone is shown without them. */
	if (!e && spec->kind != PROBE_URETPROBE)
		e = compile_arguments(set, machine, &prototype, is_rust, ret);
	if (!e)
		e = compile_result(set, machine, &prototype, is_rust, ret);
	return e;
}
