/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/outputs.h"

#include <elf.h>

#include "probe/regs.h"

static const char no_room[] = "too many values";

bool outputs_is_one(const struct parameter *parameter)
{
	return parameter->type->is_out;
}

/* The word that the entry keeps, as the return finds it. */
static struct fetch_source keep(struct outputs *outputs, const struct fetch_source *source,
				uint8_t size, bool is_signed)
{
	struct fetch_source ret = {.unavailable = source->unavailable};
	if (ret.unavailable)
		return ret;
	int word = plan_keep_word(outputs->entry, source, size, is_signed);
	if (word < 0)
		return (struct fetch_source){.unavailable = no_room};
	uint8_t first = outputs->machine == EM_AARCH64 ? ARM64_KEPT : X86_KEPT;
	return fetch_from_register((uint8_t)(first + word), 8, false);
}

static struct fetch_source keep_length(struct outputs *outputs, uint32_t number, uint8_t pointed)
{
	const struct prototype *prototype = outputs->prototype;
	bool is_listed = number <= prototype->n_parameters;
	const struct type *type = is_listed ? prototype->parameters[number - 1].type : NULL;
	uint8_t size = type && compile_is_scalar_size(type->size) ? (uint8_t)type->size : 8;
	if (number > outputs->n_sources)
		return (struct fetch_source){.unavailable = "no such argument for its length"};
	if (!pointed)
		return keep(outputs, &outputs->sources[number - 1], size,
			    type && type_is_signed(type));
	struct fetch_source ret = keep(outputs, &outputs->sources[number - 1], 8, false);
	if (!ret.unavailable)
		ret.ops[ret.n_ops++] = (struct fetch_op){.code = FETCH_DEREF, .size = pointed};
	return ret;
}

/* In a register, as wide as its type: an int leaves the upper half of it undefined. */
static struct fetch_source result_length(const struct outputs *outputs)
{
	const struct type *type = outputs->prototype->result;
	struct fetch_source ret = outputs->result;
	if (ret.unavailable || ret.is_address || ret.n_parts || ret.n_ops != 1)
		return (struct fetch_source){.unavailable = "its length is not a number"};
	ret.ops[0].size = type && compile_is_scalar_size(type->size) ? (uint8_t)type->size : 8;
	ret.ops[0].flags = !type || type_is_signed(type) ? FETCH_SIGNED : 0;
	return ret;
}

struct err *outputs_add(struct outputs *outputs, uint32_t index, const char *name)
{
	const struct type *type = outputs->prototype->parameters[index].type;
	struct fetch_source source = keep(outputs, &outputs->sources[index], 8, false);
	struct fetch_source length = {0};
	if (type->length_arg == LENGTH_RESULT)
		length = result_length(outputs);
	else if (type->length_arg > 0)
		length = keep_length(outputs, (uint32_t)type->length_arg, type->length_bytes);
	if (!source.unavailable)
		source.unavailable = length.unavailable;
	struct err *e = plan_add_value(outputs->leave, name, type, &source,
				       type->length_arg ? &length : NULL);
	if (e)
		return e;
	struct value *value = &outputs->leave->values.items[outputs->leave->values.count - 1];
	value->at_return = true;
	if (type->out_if_ok)
		value->filled_by = FILLED_BY_OK;
	return NULL;
}

bool outputs_result_length(struct outputs *outputs, const struct type *type,
			   struct fetch_source *ret)
{
	if (type->length_arg <= 0)
		return false;
	*ret = keep_length(outputs, (uint32_t)type->length_arg, type->length_bytes);
	return true;
}

struct err *outputs_add_change(struct outputs *outputs, uint32_t index, const struct value *before,
			       bool *ret_added)
{
	const struct type *type = outputs->prototype->parameters[index].type;
	bool leads = before->copy_slot || before->copy || before->n_members;
	*ret_added = false;
	if (type->kind != TYPE_POINTER || before->unavailable || !leads)
		return NULL;
	struct fetch_source source = keep(outputs, &outputs->sources[index], 8, false);
	if (source.unavailable)
		return NULL;
	*ret_added = true;
	return plan_add_value(outputs->leave, before->name, type, &source, NULL);
}
