/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/values.h"

#include <elf.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "probe/regs.h"
#include "symbols/clone.h"
#include "uprobe/args.h"
#include "uprobe/match.h"
#include "uprobe/outputs.h"
#include "uprobe/prologue.h"
#include "uprobe/result_proof.h"

static const struct type unknown_type = {.kind = TYPE_UNKNOWN, .size = 8, .name = "unknown"};

/* Who gives types means the platform's convention; by that of a copy that the compiler made, and
 * that was not asked for by its own name, only DWARF can go. */
static void place_given(const struct function *function, const struct spec *spec,
			const struct prototype *known, struct prototype *ret)
{
	bool is_copy = clone_is_changed(function->symbol) && !clone_is_changed(spec->name);
	bool is_placed = is_copy && known && known->n_parameters >= ret->n_parameters;
	ret->places = is_placed ? known->places : NULL;
	ret->no_convention = is_copy ? "optimised out" : NULL;
	ret->is_optimised = false;
}

/* The spec's words win over the image's knowledge, each half by itself. */
struct err *values_prototype(struct image *image, const struct function *function,
			     const struct spec *spec, struct arena *arena, struct prototype *ret)
{
	const struct prototype *known = NULL;
	/* The list has chosen one of several functions, whose types are known better. */
	bool is_choice =
		spec->signature && overload_matches(image, function->symbol, spec->signature);
	if (!spec->has_types || !spec->types.result || is_choice ||
	    clone_is_changed(function->symbol)) {
		struct err *e = image_prototype(image, function, &known);
		if (e)
			return e;
	}
	*ret = known ? *known : (struct prototype){0};
	struct err *e = result_proof_use(image, function, ret);
	e = e ?: prologue_use(image, function, arena, ret);
	if (e)
		return e;
	result_proof_settle(ret);
	if (spec->has_types && !(known && is_choice)) {
		ret->source = "given";
		ret->parameters = spec->types.parameters;
		ret->n_parameters = spec->types.n_parameters;
		place_given(function, spec, known, ret);
	}
	if (spec->types.result) {
		ret->result = spec->types.result;
		ret->no_result = NULL;
		ret->result_proof = 0;
	}
	if (ret->n_parameters > VALUES_PARAMETERS_MAX)
		ret->n_parameters = VALUES_PARAMETERS_MAX;
	return NULL;
}

uint32_t values_sources(unsigned int machine, const struct prototype *prototype, bool is_rust,
			struct fetch_source *ret)
{
	static const struct type word = {.kind = TYPE_UINT, .size = 8, .name = "size_t"};
	struct parameter parameters[VALUES_PARAMETERS_MAX];
	struct prototype all = *prototype;
	int8_t last = prototype->result ? prototype->result->length_arg : 0;
	for (uint32_t i = 0; i < prototype->n_parameters; i++) {
		parameters[i] = prototype->parameters[i];
		if (parameters[i].type->length_arg > last)
			last = parameters[i].type->length_arg;
	}
	while (all.n_parameters < VALUES_PARAMETERS_MAX && (int)all.n_parameters < last)
		parameters[all.n_parameters++] = (struct parameter){.name = "", .type = &word};
	all.parameters = parameters;
	args_place(machine, &all, is_rust, ret);
	args_use_places(machine, prototype, ret);
	return all.n_parameters;
}

void values_place_result(unsigned int machine, const struct prototype *prototype,
			 const struct type *type, bool is_rust, struct fetch_source *ret)
{
	if (prototype->result_proof)
		args_place_rust_result(type, prototype->result_proof, ret);
	else if (prototype->no_result)
		*ret = args_unavailable(prototype->no_result);
	else if (args_is_go(prototype) && type->kind == TYPE_STRUCT)
		args_place_go_result(machine, type, ret);
	else
		args_place_result(machine, type, is_rust, ret);
}

uint8_t values_pc(unsigned int machine)
{
	return machine == EM_AARCH64 ? ARM64_PC : X86_RIP;
}

const struct type *values_entry_type(const struct type *type)
{
	static const struct type pointer = {.kind = TYPE_POINTER, .size = 8, .name = "ptr"};
	return type->is_out ? &pointer : type;
}

static void builder_deinit(struct plan_builder *builder)
{
	plan_builder_deinit(builder);
}

/* What is compiled for a function whose return is seen, or only its entry. */
struct compiling {
	struct outputs outputs;
	bool is_rust, returns;
	const struct call_key *key; /* NULL: entry and return are not told of by themselves */
	bool changes;		    /* are shown, too */
	size_t n_results;	    /* before the others, in the values of the return */
	uint32_t n_outputs, n_changes;
	int leaves[VALUES_PARAMETERS_MAX]; /* of each parameter, there; -1: none */
};

static const char *argument_name(struct plan_builder *builder, const struct parameter *parameter,
				 uint32_t index)
{
	const char *name = parameter->name;
	return name && *name ? name : arena_printf(builder->arena, "arg%u", index + 1);
}

static bool is_output(const struct compiling *compiling, uint32_t index)
{
	return compiling->returns && !compiling->key &&
	       outputs_is_one(&compiling->outputs.prototype->parameters[index]);
}

/* The same at the return, of the value that was appended last. */
static struct err *add_change(struct compiling *compiling, uint32_t index)
{
	const struct outputs *outputs = &compiling->outputs;
	size_t count = outputs->leave->values.count;
	bool added;
	if (!compiling->changes || !compiling->returns)
		return NULL;
	const struct value *before =
		&outputs->entry->values.items[outputs->entry->values.count - 1];
	struct err *e = outputs_add_change(&compiling->outputs, index, before, &added);
	if (e || !added)
		return e;
	compiling->leaves[index] = (int)count;
	compiling->n_changes++;
	return NULL;
}

static struct err *add_argument(struct compiling *compiling, uint32_t index)
{
	const struct outputs *outputs = &compiling->outputs;
	const struct parameter *parameter = &outputs->prototype->parameters[index];
	const struct fetch_source *length = NULL;
	const struct type *type = parameter->type;
	const char *name = argument_name(outputs->entry, parameter, index);
	if (!name)
		return &err_nomem;
	compiling->leaves[index] = -1;
	if (is_output(compiling, index)) {
		compiling->n_outputs++;
		compiling->leaves[index] = (int)outputs->leave->values.count;
		return outputs_add(&compiling->outputs, index, name);
	}
	type = values_entry_type(type);
	if (type->length_arg > 0 && (uint32_t)type->length_arg <= outputs->n_sources)
		length = &outputs->sources[type->length_arg - 1];
	struct err *e =
		plan_add_value(outputs->entry, name, type, &outputs->sources[index], length);
	return e ?: add_change(compiling, index);
}

static struct err *add_result(struct compiling *compiling)
{
	struct outputs *outputs = &compiling->outputs;
	const struct type *type = outputs->prototype->result ?: &unknown_type;
	struct fetch_source length;
	if (type->kind == TYPE_VOID)
		return NULL;
	bool counted = outputs_result_length(outputs, type, &length);
	struct err *e = plan_add_value(outputs->leave, "", type, &outputs->result,
				       counted ? &length : NULL);
	compiling->n_results = outputs->leave->values.count;
	return e;
}

/* The arguments in their order, of which some are values of the return. */
static struct err *merge(const struct compiling *compiling, struct arena *arena,
			 struct value_list inputs, struct value_list leaves,
			 struct function_values *ret)
{
	const struct prototype *prototype = compiling->outputs.prototype;
	size_t in = 0;
	ret->results = (struct value_list){.items = leaves.items, .count = compiling->n_results};
	ret->has_outputs = compiling->n_outputs != 0;
	ret->arguments = inputs;
	if ((!compiling->n_outputs && !compiling->n_changes) || !leaves.items)
		return NULL;
	struct value *all = arena_array(arena, prototype->n_parameters, sizeof(*all));
	struct value_change *changes =
		arena_array(arena, compiling->n_changes + 1, sizeof(*changes));
	if (!all || !changes)
		return &err_nomem;
	for (uint32_t i = 0; i < prototype->n_parameters; i++) {
		const struct type *type = prototype->parameters[i].type;
		const struct value *leave =
			compiling->leaves[i] < 0 ? NULL : &leaves.items[compiling->leaves[i]];
		bool fills = leave && is_output(compiling, i);
		all[i] = fills ? *leave : inputs.items[in++];
		if (fills && type->most_arg)
			all[i].at_most = &all[type->most_arg - 1];
		if (!fills && leave)
			changes[ret->n_changes++] = (struct value_change){&all[i], leave};
	}
	ret->changes = changes;
	ret->arguments.items = all;
	ret->arguments.count = prototype->n_parameters;
	return NULL;
}

/* Slots of enum probe_go_slot, before all others. */
static void add_goroutine(struct plan_builder *builder, uint32_t goid)
{
	const struct fetch_op g = {.code = FETCH_REG, .reg = X86_R14, .size = 8};
	const struct fetch_op number = {.code = FETCH_INT, .size = 8};
	const struct fetch_op address[] = {g, number};
	const struct fetch_op stack[] = {g, {.code = FETCH_BYTES, .imm = 16}};
	const struct fetch_op pointer[] = {{.code = FETCH_REG, .reg = X86_RSP, .size = 8}, number};
	const struct fetch_op own_number[] = {
		g, {.code = FETCH_ADD, .imm = goid}, {.code = FETCH_DEREF, .size = 8}, number};
	plan_add_slot(builder, address, array_size(address));
	plan_add_slot(builder, stack, array_size(stack));
	plan_add_slot(builder, pointer, array_size(pointer));
	if (goid)
		plan_add_slot(builder, own_number, array_size(own_number));
}

static void add_key(struct plan_builder *builder, unsigned int machine, const struct call_key *key)
{
	const struct fetch_op frame = {.code = FETCH_INT,
				       .flags = FETCH_FROM_REG,
				       .reg = machine == EM_AARCH64 ? ARM64_SP : X86_RSP,
				       .size = 8};
	if (key->by_stack)
		plan_add_slot(builder, &frame, 1);
	else
		add_goroutine(builder, key->goid);
}

static void add_place(struct compiling *compiling)
{
	const struct outputs *outputs = &compiling->outputs;
	const struct prototype *prototype = outputs->prototype;
	uint8_t pc = values_pc(outputs->machine);
	if (compiling->returns)
		plan_add_place(outputs->entry, pc, prototype->result);
	for (uint32_t i = 0; i < prototype->n_parameters; i++)
		plan_add_place(outputs->entry, pc, prototype->parameters[i].type);
}

static struct err *compile(struct compiling *compiling, struct probe_set *set, bool has_arguments,
			   struct function_values *ret)
{
	struct value_list inputs = {0}, leaves = {0};
	const struct outputs *outputs = &compiling->outputs;
	if (compiling->key) {
		add_key(outputs->entry, outputs->machine, compiling->key);
		add_key(outputs->leave, outputs->machine, compiling->key);
	}
	struct err *e = compiling->returns ? add_result(compiling) : NULL;
	for (uint32_t i = 0; !e && has_arguments && i < outputs->prototype->n_parameters; i++)
		e = add_argument(compiling, i);
	if (!e && has_arguments)
		add_place(compiling);
	e = e ?: plan_finish(outputs->entry, &ret->entry_plan, &inputs);
	e = e ?: plan_finish(outputs->leave, &ret->return_plan, &leaves);
	return e ?: merge(compiling, &set->arena, inputs, leaves, ret);
}

static struct err *compile_both(struct probe_set *set, unsigned int machine,
				const struct prototype *prototype, struct compiling *compiling,
				bool has_arguments, struct function_values *ret)
{
	struct fetch_source sources[VALUES_PARAMETERS_MAX];
	struct outputs *outputs = &compiling->outputs;
	_cleanup_(builder_deinit) struct plan_builder entry;
	plan_builder_init(&entry, &set->arena, &set->options);
	_cleanup_(builder_deinit) struct plan_builder leave;
	plan_builder_init(&leave, &set->arena, &set->options);
	entry.made = set->made ? &set->made[0] : NULL;
	leave.made = set->made ? &set->made[1] : NULL;
	*outputs = (struct outputs){.machine = machine,
				    .prototype = prototype,
				    .sources = sources,
				    .entry = &entry,
				    .leave = &leave};
	outputs->n_sources = values_sources(machine, prototype, compiling->is_rust, sources);
	values_place_result(machine, prototype, prototype->result ?: &unknown_type,
			    compiling->is_rust, &outputs->result);
	return compile(compiling, set, has_arguments, ret);
}

static struct err *compile_function(struct probe_set *set, struct image *image,
				    const struct function *function, const struct spec *spec,
				    struct compiling *compiling, struct function_values *ret)
{
	struct prototype prototype;
	unsigned int machine = image_machine(image);
	*ret = (struct function_values){0};
	image_open_types(image, set->options.depth);
	struct err *e = values_prototype(image, function, spec, &set->arena, &prototype);
	if (e)
		return e;
	compiling->is_rust = match_is_rust(function->symbol) || prototype.is_rust;
	/* A return alone is shown without them. */
	bool has_arguments = spec->kind != PROBE_URETPROBE;
	return compile_both(set, machine, &prototype, compiling, has_arguments, ret);
}

struct err *values_compile(struct probe_set *set, struct image *image,
			   const struct function *function, const struct spec *spec, bool returns,
			   struct function_values *ret)
{
	struct compiling compiling = {.returns = returns, .changes = set->options.changes};
	return compile_function(set, image, function, spec, &compiling, ret);
}

/* What a pointer leads to when the call is over is not read: where it was is not kept. */
struct err *values_compile_halves(struct probe_set *set, struct image *image,
				  const struct function *function, const struct spec *spec,
				  const struct call_key *key, struct function_values *ret)
{
	struct compiling compiling = {.returns = true, .key = key};
	return compile_function(set, image, function, spec, &compiling, ret);
}
