/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/condition.c — what a condition can name at a system call. */
#include "kernel/registers.h"
#include "kernel/table.h"

static const struct type long_type = {.kind = TYPE_INT, .size = 8, .name = "long"};

/* A length that lies in a register, as it is for inputs. */
static void set_length(const struct syscall_info *call, uint32_t index, struct condition_name *name)
{
	const struct syscall_argument *argument = &call->arguments[index];
	if (argument->length_arg <= 0)
		return;
	uint32_t counted = (uint32_t)argument->length_arg - 1;
	const struct type *type = call->arguments[counted].type;
	if (type->kind == TYPE_POINTER)
		return;
	name->length = fetch_from_register(argument_registers[counted], (uint8_t)type->size,
					   type_is_signed(type));
	name->has_length = true;
}

static void set_name(const struct syscall_info *call, uint32_t index, struct condition_name *ret)
{
	const struct syscall_argument *argument = &call->arguments[index];
	const struct type *type = argument->type;
	bool is_text = type->kind == TYPE_BYTES || type->kind == TYPE_STRING;
	bool whole = type->size != 1 && type->size != 2 && type->size != 4;
	*ret = (struct condition_name){.name = argument->name, .type = type};
	ret->source = fetch_from_register(argument_registers[index],
					  whole || is_text ? 8 : (uint8_t)type->size, false);
	if (argument->at_return)
		ret->source.unavailable = "the call fills it in";
	else if (argument->shape != SHAPE_PLAIN)
		ret->source.unavailable = "it is a list";
	else
		set_length(call, index, ret);
}

struct err *syscall_condition(struct probe_set *set, const struct syscall_info *call,
			      const struct condition *condition, const struct filter **ret)
{
	struct condition_name names[SYSCALL_ARGUMENTS_MAX];
	const struct condition_name result = {
		.name = "ret",
		.type = &long_type,
		.source = fetch_from_register(RESULT_REGISTER, 8, false)};
	struct condition_scope scope = {.what = call->name,
					.names = names,
					.n_names = call->n_arguments,
					.is_syscall = true};
	for (uint32_t i = 0; i < call->n_arguments; i++)
		set_name(call, i, &names[i]);
	if (call->no_return)
		scope.no_result = scope.no_duration = "it never returns";
	else
		scope.result = &result;
	return condition_compile(condition, &scope, &set->arena, ret);
}
