/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/arguments.c — what reads the arguments of a system call: operations for its entry and for
 * its return, and the values that are found in their slots.
 */
#include <fcntl.h>
#include <linux/mman.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "common/array.h"
#include "kernel/making.h"

static const char full_text[] = "too many values";
const char making_overwritten[] = "overwritten by the result";

static struct fetch_source argument_source(const struct making *making, uint32_t index,
					   bool at_return)
{
	const struct type *type = making->call->arguments[index].type;
	struct fetch_source source = fetch_from_register(argument_registers[index],
							 (uint8_t)type->size, type_is_signed(type));
	if (is_overwritten(index, at_return))
		source.unavailable = making_overwritten;
	return source;
}

/* Where the length of a buffer is: in the result, in an argument, or behind an argument. */
static struct fetch_source length_source(const struct making *making, int length_arg,
					 bool at_return)
{
	if (length_arg == SYSCALL_LENGTH_RESULT)
		return fetch_from_register(RESULT_REGISTER, 8, true);
	uint32_t index = (uint32_t)length_arg - 1;
	struct fetch_source source = argument_source(making, index, at_return);
	if (making->call->arguments[index].type->kind == TYPE_POINTER)
		/* accept's `int *upeer_addrlen` */
		source.ops[source.n_ops++] =
			(struct fetch_op){.code = FETCH_DEREF, .size = 4, .flags = FETCH_SIGNED};
	return source;
}

/* --- slots ----------------------------------------------------------------------------------- */

void place_slot(struct making *making, const struct ops *ops, bool at_return, struct value *value)
{
	value->at_return = at_return;
	value->slot = VALUE_NO_SLOT;
	if (!ops->full)
		value->slot = plan_add_slot(builder_of(making, at_return), ops->items, ops->count);
	if (value->slot == VALUE_NO_SLOT)
		value->unavailable = full_text;
}

/* --- pointers, and a copy of what they lead to ------------------------------------------------ */

static bool is_compound(const struct type *type)
{
	return type->kind == TYPE_STRUCT || type->kind == TYPE_ARRAY;
}

static uint32_t element_size(const struct type *type)
{
	return type->kind == TYPE_ARRAY && type->target ? type->target->size : type->size;
}

uint32_t copied_size(const struct type *type)
{
	if (type->kind != TYPE_ARRAY || type->size)
		return type->size;
	return type->n_members * element_size(type);
}

void add_word(struct making *making, uint32_t index, struct value *value)
{
	struct ops ops = {0};
	add_register(&ops, argument_registers[index]);
	add_op(&ops, (struct fetch_op){.code = FETCH_INT, .size = 8});
	place_slot(making, &ops, false, value);
}

/* A byte for each page of 4096 bytes, and one for what is less: of larger pages there are fewer,
 * and the output knows how many. */
static void add_pages(struct ops *ops, const struct syscall_argument *argument)
{
	add_op(ops, (struct fetch_op){.code = FETCH_REG,
				      .reg = argument_registers[argument->length_arg - 1],
				      .size = 4,
				      .shift = 12});
	add_op(ops, (struct fetch_op){.code = FETCH_ADD, .imm = 1});
	add_length(ops, 0, ARRAY_BYTES_MAX);
}

static void add_copy(struct making *making, uint32_t index, const struct syscall_argument *argument,
		     struct value *copy)
{
	struct ops ops = {0};
	const struct type *type = argument->type->target;
	if (is_overwritten(index, argument->at_return)) {
		copy->unavailable = making_overwritten;
		return;
	}
	if (argument->shape == SHAPE_PAGES) {
		add_pages(&ops, argument);
		copy->at_most = &making->items[argument->length_arg - 1];
	} else if (argument->length_arg) {
		struct fetch_source count =
			length_source(making, argument->length_arg, argument->at_return);
		if (count.unavailable || count.n_ops != 1) {
			copy->unavailable = count.unavailable ?: "elements not counted";
			return;
		}
		add_op(&ops, (struct fetch_op){.code = FETCH_CONST});
		add_op(&ops, (struct fetch_op){.code = FETCH_INDEX,
					       .reg = count.ops[0].reg,
					       .size = count.ops[0].size,
					       .flags = count.ops[0].flags,
					       .imm = element_size(type)});
		add_length(&ops, 0, ARRAY_BYTES_MAX);
	}
	add_bytes(&ops, argument_registers[index], 0,
		  argument->length_arg ? ARRAY_BYTES_MAX : copied_size(type));
	place_slot(making, &ops, argument->at_return, copy);
}

static bool is_boxed(const struct type *type)
{
	return !is_compound(type) && type->kind != TYPE_SIGNAL_SET && type->kind != TYPE_COUNT;
}

struct value *new_copy(struct making *making, const struct syscall_argument *argument)
{
	struct value *copy = arena_array(making->arena, 1, sizeof(*copy));
	if (copy)
		*copy = (struct value){.name = argument->name,
				       .type = argument->type->target,
				       .slot = VALUE_NO_SLOT,
				       .at_return = argument->at_return,
				       .filled_by = argument->filled_by,
				       .in_blob = !is_compound(argument->type->target),
				       .boxed = is_boxed(argument->type->target)};
	return copy;
}

static void add_copied_files(struct making *making, uint32_t index,
			     const struct syscall_argument *argument, struct value *copy)
{
	struct fetch_source source = fetch_from_register(argument_registers[index], 8, false);
	source.is_address = true;
	if (copy->unavailable)
		return;
	plan_add_array_files(builder_of(making, argument->at_return), &source, copy);
	add_element_files(making, index, argument, copy);
}

static struct err *add_after(struct making *making, uint32_t index,
			     const struct syscall_argument *argument, struct value *copy)
{
	struct syscall_argument later = *argument;
	later.at_return = true;
	later.filled_by = FILLED_BY_SUCCESS;
	struct value *after = new_copy(making, &later);
	if (!after)
		return &err_nomem;
	add_copy(making, index, &later, after);
	copy->after = after;
	return NULL;
}

static struct err *add_pointer(struct making *making, uint32_t index,
			       const struct syscall_argument *argument, struct value *value)
{
	struct value *copy = new_copy(making, argument);
	if (!copy)
		return &err_nomem;
	add_word(making, index, value);
	if (!making->entry.options.depth)
		return NULL;
	value->copy = copy;
	if (strcmp(making->call->name, "io_submit") == 0)
		return add_iocbs(making, index, argument, copy);
	add_copy(making, index, argument, copy);
	add_copied_files(making, index, argument, copy);
	if (strcmp(making->call->name, "clone3") == 0)
		return add_clone_outputs(making, index, copy);
	return argument->both ? add_after(making, index, argument, copy) : NULL;
}

/* --- lists ----------------------------------------------------------------------------------- */

static void add_strings(struct making *making, uint32_t index, struct value *value)
{
	struct ops ops = {0};
	add_op(&ops, (struct fetch_op){.code = FETCH_CONST, .imm = FETCH_LIST_MAX});
	add_length(&ops, 0, FETCH_LIST_MAX);
	add_register(&ops, argument_registers[index]);
	add_op(&ops, (struct fetch_op){.code = FETCH_STRING,
				       .flags = FETCH_LIST,
				       .imm = making->entry.options.string_limit});
	place_slot(making, &ops, false, value);
}

void limit_buffers(struct ops *ops, bool at_return)
{
	add_length(ops, 0, FETCH_LIST_MAX);
	if (!at_return)
		return;
	add_op(ops, (struct fetch_op){.code = FETCH_REG, .reg = RESULT_REGISTER, .size = 8});
	add_length(ops, FETCH_IN_ALL, INT32_MAX);
}

void add_buffers_at(struct making *making, struct ops *ops, bool at_return, struct value *value)
{
	uint8_t wide = making->netlink_slot ? FETCH_WIDE : 0;
	value->netlink_slot = making->netlink_slot;
	add_op(ops, (struct fetch_op){.code = FETCH_BYTES,
				      .flags = (uint8_t)(FETCH_LIST | wide |
							 (at_return ? FETCH_LENGTH_SIGNED : 0)),
				      .imm = making->entry.options.string_limit});
	place_slot(making, ops, at_return, value);
}

/* The iovecs alone, as they were given: what is known when the call fails. NULL: no memory. */
static const struct value *places_of_buffers(struct making *making, uint32_t index,
					     const struct syscall_argument *argument)
{
	static const struct type array = {.kind = TYPE_ARRAY,
					  .name = "const struct iovec *",
					  .target = &syscall_struct_remote_iovec};
	static const struct type pointer = {
		.kind = TYPE_POINTER, .size = 8, .name = "const struct iovec *", .target = &array};
	const struct syscall_argument given = {
		.name = argument->name, .type = &pointer, .length_arg = argument->length_arg};
	struct value *value = new_copy(making, &given), *copy = new_copy(making, &given);
	if (!value || !copy)
		return NULL;
	*value = (struct value){.name = argument->name, .type = &pointer, .copy = copy};
	add_word(making, index, value);
	add_copy(making, index, &given, copy);
	return value;
}

static void add_buffers(struct making *making, uint32_t index,
			const struct syscall_argument *argument, struct value *value)
{
	struct ops ops = {0};
	uint32_t count = (uint32_t)argument->length_arg - 1;
	if (is_overwritten(index, argument->at_return)) {
		value->unavailable = making_overwritten;
		return;
	}
	if (argument->both)
		value->instead = places_of_buffers(making, index, argument);
	add_register(&ops, argument_registers[count]);
	limit_buffers(&ops, argument->at_return);
	add_register(&ops, argument_registers[index]);
	add_buffers_at(making, &ops, argument->at_return, value);
}

/* --- one call -------------------------------------------------------------------------------- */

/* Of a socket that may be a netlink socket: which protocol, in a slot of its own. What does not fit
 * is left out. */
static void add_protocol(struct making *making, uint32_t index)
{
	struct ops ops = {0};
	add_register(&ops, argument_registers[index]);
	add_op(&ops, (struct fetch_op){.code = FETCH_NETLINK});
	add_op(&ops, (struct fetch_op){.code = FETCH_INT, .size = 4});
	making->netlink_slot = plan_add_slot(&making->entry, ops.items, ops.count) + 1;
}

/* What such a socket sends and receives is told whole: half a message says little. */
static void widen(const struct making *making, struct plan_builder *builder, uint32_t first,
		  struct value *value)
{
	if (value->type->kind != TYPE_BYTES || !making->netlink_slot ||
	    strstr(value->type->name, "struct sockaddr"))
		return;
	value->netlink_slot = making->netlink_slot;
	for (uint32_t i = first; i < builder->plan.n_ops; i++)
		if (builder->plan.ops[i].code == FETCH_LENGTH)
			builder->plan.ops[i].flags |= FETCH_WIDE;
}

/* Words, texts and buffers: what the plan builder does for all probes. */
static struct err *add_plain(struct making *making, uint32_t index,
			     const struct syscall_argument *argument, struct value *ret)
{
	struct plan_builder *builder = builder_of(making, argument->at_return);
	struct fetch_source source = argument_source(making, index, argument->at_return);
	struct fetch_source length;
	if (argument->length_arg) {
		length = length_source(making, argument->length_arg, argument->at_return);
		if (length.unavailable)
			source.unavailable = length.unavailable;
	}
	/* Half an address says nothing: the limit for texts is not for them. */
	uint32_t limit = builder->options.string_limit, first = builder->plan.n_ops;
	if (strstr(argument->type->name, "struct sockaddr"))
		builder->options.string_limit = sizeof(struct sockaddr_storage);
	struct err *e = plan_add_value(builder, argument->name, argument->type, &source,
				       argument->length_arg ? &length : NULL);
	builder->options.string_limit = limit;
	if (e)
		return e;
	*ret = builder->values.items[builder->values.count - 1];
	widen(making, builder, first, ret);
	ret->at_return = argument->at_return;
	ret->filled_by = argument->filled_by;
	return NULL;
}

static struct err *add_argument(struct making *making, uint32_t index)
{
	const struct syscall_argument *argument = &making->call->arguments[index];
	struct value *value = &making->items[index];
	struct err *e = NULL;
	*value = (struct value){.name = argument->name,
				.type = argument->type,
				.slot = VALUE_NO_SLOT,
				.at_return = argument->at_return,
				.filled_by = argument->filled_by};
	switch (argument->shape) {
	case SHAPE_STRINGS:
		add_strings(making, index, value);
		return NULL;
	case SHAPE_COUNT:
		return add_count(making, index, argument, value);
	case SHAPE_BUFFERS:
		add_buffers(making, index, argument, value);
		return NULL;
	case SHAPE_HEADED:
		return add_headed(making, index, argument, value);
	case SHAPE_MESSAGE:
		return add_message(making, index, argument, value);
	case SHAPE_MESSAGES:
		return add_messages(making, index, argument, value);
	case SHAPE_BITS:
	case SHAPE_BITMAP:
		add_bits(making, index, argument, value);
		return NULL;
	case SHAPE_ENTRIES:
		return add_entries(making, index, argument, value);
	case SHAPE_MASK:
		return add_mask(making, index, argument, value);
	default:
		break;
	}
	if (argument->type->kind == TYPE_POINTER && argument->type->target)
		e = add_pointer(making, index, argument, value);
	else
		e = add_plain(making, index, argument, value);
	if (!e && argument->shape == SHAPE_SOCKET)
		add_protocol(making, index);
	if (!e && argument->choices)
		e = add_chosen(making, index, argument, value);
	return e;
}

/*
 * open(2): without one of these flags the mode is whatever was in the register. mknod(2): only a
 * device, block or character, has a number; both have this bit, and nothing else that mknod makes.
 */
static void hide_unused(const struct syscall_info *call, struct value *items)
{
	static const struct {
		const char *calls, *name, *other;
		uint64_t bits;
	} uses[] = {
		{"open", "mode", "flags", O_CREAT | (O_TMPFILE & ~O_DIRECTORY)},
		{"mknod", "dev", "mode", S_IFCHR},
		{"mremap", "new_addr", "flags", MREMAP_FIXED | MREMAP_DONTUNMAP},
		/* On machines of 64 bits the first half of the offset is all of it. */
		{"preadv", "pos_h", "fd", 0},
		{"pwritev", "pos_h", "fd", 0},
	};
	for (size_t use = 0; use < array_size(uses); use++) {
		const struct value *other = NULL;
		if (strncmp(call->name, uses[use].calls, strlen(uses[use].calls)) != 0)
			continue;
		for (uint32_t i = 0; i < call->n_arguments; i++) {
			if (strcmp(items[i].name, uses[use].other) == 0)
				other = &items[i];
			if (!other || strcmp(items[i].name, uses[use].name) != 0)
				continue;
			items[i].shown_if = other;
			items[i].shown_if_bits = uses[use].bits;
		}
	}
}

/* The number itself is in every record; what is made here says how it is shown. */
static struct err *add_result(struct making *making, struct value_list *ret)
{
	const struct syscall_argument *result = &making->call->result;
	struct value *value = arena_array(making->arena, 1, sizeof(*value));
	if (!value)
		return &err_nomem;
	*value = (struct value){.name = result->name, .type = result->type, .slot = VALUE_NO_SLOT};
	value->file_slot = making->result_file_slot;
	*ret = (struct value_list){.items = value, .count = 1};
	return result->choices ? add_result_choices(making, value) : NULL;
}

static bool is_input_fd(const struct syscall_argument *argument)
{
	return !argument->at_return && argument->type->kind == TYPE_FD;
}

/*
 * Descriptors come first in the plan: when the inputs are read again at the return, their files
 * must stay as they were at the entry, which is simple while nothing of varying size stands before
 * them.
 */
static struct err *add_arguments(struct making *making)
{
	const struct syscall_info *call = making->call;
	struct err *e = NULL;
	for (uint32_t i = 0; !e && i < call->n_arguments; i++)
		if (is_input_fd(&call->arguments[i]))
			e = add_argument(making, i);
	for (uint32_t i = 0; !e && i < call->n_arguments; i++)
		if (!is_input_fd(&call->arguments[i]))
			e = add_argument(making, i);
	return e;
}

/* After a failed call, too? A buffer that was NULL is told apart from one that was not filled. */
static bool is_read_anyway(const struct syscall_argument *argument)
{
	return argument->at_return &&
	       (argument->filled_by == FILLED_ANYWAY || argument->type->kind == TYPE_BYTES);
}

/* Always, or by another argument: fcntl's. */
static bool may_be_fd(const struct syscall_argument *result)
{
	for (size_t i = 0; result->choices && i < result->choices->count; i++) {
		const struct syscall_argument *choice = result->choices->items[i].argument;
		if (choice && choice->type->kind == TYPE_FD)
			return true;
	}
	return result->type->kind == TYPE_FD;
}

static struct err *make_all(struct making *making, struct probe_site *site)
{
	struct value_list unused;
	uint32_t count = making->call->n_arguments;
	bool has_frame = strcmp(making->call->name, "rt_sigreturn") == 0;
	struct fetch_source result = fetch_from_register(RESULT_REGISTER, 4, true);
	struct err *e = add_arguments(making);
	if (!e && has_frame)
		add_frame(making, &making->items[0]);
	if (!e && may_be_fd(&making->call->result))
		plan_add_file(&making->leave, &result, &making->result_file_slot);
	e = e ?: plan_finish(&making->entry, &site->entry_plan, &unused);
	e = e ?: plan_finish(&making->leave, &site->return_plan, &unused);
	if (e)
		return e;
	hide_unused(making->call, making->items);
	for (uint32_t i = 0; i < count; i++)
		if (making->call->arguments[i].at_most_arg)
			making->items[i].at_most =
				&making->items[making->call->arguments[i].at_most_arg - 1];
	for (uint32_t i = 0; i < count; i++)
		if (is_read_anyway(&making->call->arguments[i]))
			site->wire.flags |= SITE_OUTPUTS_ANYWAY;
	site->arguments = (struct value_list){.items = making->items, .count = count + has_frame};
	return add_result(making, &site->results);
}

struct err *syscall_arguments(struct probe_set *set, const struct syscall_info *call,
			      struct probe_site *site)
{
	struct making making = {.arena = &set->arena, .call = call};
	making.items = arena_array(&set->arena, call->n_arguments ?: 1, sizeof(*making.items));
	if (!making.items)
		return &err_nomem;
	plan_builder_init(&making.entry, &set->arena, &set->options);
	plan_builder_init(&making.leave, &set->arena, &set->options);
	struct err *e = make_all(&making, site);
	plan_builder_deinit(&making.entry);
	plan_builder_deinit(&making.leave);
	return e;
}
