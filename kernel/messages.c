/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/messages.c — struct msghdr and what it leads to: address, buffers, control messages; and
 * arrays of these. The kernel's struct user_msghdr is laid out as the C library's struct msghdr.
 */
#include <sys/socket.h>

#include "kernel/making.h"

/* Of control messages; what is beyond is cut. */
#define CONTROL_BYTES_MAX 512

/* Messages of an array that are read: a plan has no room for more. */
#define MESSAGES_MAX 2

/* The order in structs.tbl. */
enum message_member {
	MESSAGE_NAME,
	MESSAGE_NAME_LENGTH,
	MESSAGE_BUFFERS,
	MESSAGE_N_BUFFERS,
	MESSAGE_CONTROL,
	MESSAGE_CONTROL_LENGTH,
	MESSAGE_FLAGS,
	MESSAGE_MEMBERS
};

/* Where one message is. */
struct message {
	uint8_t reg;
	size_t offset; /* behind the register */
	bool in_array; /* its length stands behind it, and is not the result of the call */
};

static void add_name(struct making *making, const struct message *message, struct value *value)
{
	struct ops ops = {0};
	add_field(&ops, message->reg, message->offset + offsetof(struct msghdr, msg_namelen), 4);
	add_length(&ops, 0, sizeof(struct sockaddr_storage));
	add_field(&ops, message->reg, message->offset + offsetof(struct msghdr, msg_name), 8);
	add_op(&ops, (struct fetch_op){.code = FETCH_BYTES,
				       .flags = FETCH_NULL_OK,
				       .imm = sizeof(struct sockaddr_storage)});
	place_slot(making, &ops, value->at_return, value);
}

static void add_message_buffers(struct making *making, const struct message *message,
				struct value *value)
{
	struct ops ops = {0};
	add_field(&ops, message->reg, message->offset + offsetof(struct msghdr, msg_iovlen), 8);
	limit_buffers(&ops, value->at_return && !message->in_array);
	if (value->at_return && message->in_array) {
		add_field(&ops, message->reg, message->offset + offsetof(struct mmsghdr, msg_len),
			  4);
		add_length(&ops, FETCH_IN_ALL, INT32_MAX);
	}
	add_field(&ops, message->reg, message->offset + offsetof(struct msghdr, msg_iov), 8);
	add_buffers_at(making, &ops, value->at_return, value);
}

/* What is sent and received in them (SCM_RIGHTS). */
static void add_control_files(struct making *making, const struct message *message,
			      struct value *value)
{
	const struct files_place place = {.where = FILES_IN_CONTROL, .at_return = value->at_return};
	struct ops ops = {0};
	add_field(&ops, message->reg, message->offset + offsetof(struct msghdr, msg_controllen), 8);
	add_length(&ops, 0, CONTROL_BYTES_MAX);
	add_field(&ops, message->reg, message->offset + offsetof(struct msghdr, msg_control), 8);
	add_files(making, &ops, &place, value);
}

static void add_control(struct making *making, const struct message *message, struct value *value)
{
	struct ops ops = {0};
	add_field(&ops, message->reg, message->offset + offsetof(struct msghdr, msg_controllen), 8);
	add_length(&ops, 0, CONTROL_BYTES_MAX);
	add_field(&ops, message->reg, message->offset + offsetof(struct msghdr, msg_control), 8);
	add_op(&ops, (struct fetch_op){.code = FETCH_BYTES,
				       .flags = FETCH_NULL_OK,
				       .imm = CONTROL_BYTES_MAX});
	place_slot(making, &ops, value->at_return, value);
	add_control_files(making, message, value);
}

/* Who receives from a socket that is connected gets no name: then the place for one is told. */
static struct err *tell_place(struct making *making, struct value *name)
{
	static const struct type address = {.kind = TYPE_POINTER, .size = 8, .name = "void *"};
	struct value *place = arena_array(making->arena, 1, sizeof(*place));
	if (!place)
		return &err_nomem;
	*place = *name;
	place->type = &address;
	name->instead = place;
	return NULL;
}

/* The members, of a message whose own bytes are in the slot of `copy`, at `offset` there. */
static struct value *new_members(struct making *making, const struct type *type,
				 const struct value *copy, uint32_t offset)
{
	struct value *members = arena_array(making->arena, MESSAGE_MEMBERS, sizeof(*members));
	for (uint32_t i = 0; members && i < MESSAGE_MEMBERS && i < type->n_members; i++)
		members[i] = (struct value){.name = type->members[i].name,
					    .type = type->members[i].type,
					    .slot = copy->slot,
					    .at_return = copy->at_return,
					    .in_blob = true,
					    .offset = offset + type->members[i].offset,
					    .unavailable = copy->unavailable};
	if (members) {
		members[MESSAGE_CONTROL].shown_if = &members[MESSAGE_CONTROL_LENGTH];
		members[MESSAGE_CONTROL].shown_if_bits = UINT64_MAX;
	}
	return members;
}

/* What the member leads to is read. */
static void take_out(struct value *member)
{
	member->in_blob = false;
	member->slot = VALUE_NO_SLOT;
	member->unavailable = NULL;
}

struct err *add_message(struct making *making, uint32_t index,
			const struct syscall_argument *argument, struct value *value)
{
	const struct message message = {.reg = argument_registers[index]};
	struct value *copy = new_copy(making, argument);
	struct ops ops = {0};
	if (!copy)
		return &err_nomem;
	add_word(making, index, value);
	add_bytes(&ops, message.reg, 0, sizeof(struct msghdr));
	place_slot(making, &ops, argument->at_return, copy);
	struct value *members = new_members(making, argument->type->target, copy, 0);
	if (!members)
		return &err_nomem;
	struct err *e = tell_place(making, &members[MESSAGE_NAME]);
	take_out(&members[MESSAGE_NAME]);
	take_out(&members[MESSAGE_BUFFERS]);
	take_out(&members[MESSAGE_CONTROL]);
	add_name(making, &message, &members[MESSAGE_NAME]);
	add_message_buffers(making, &message, &members[MESSAGE_BUFFERS]);
	add_control(making, &message, &members[MESSAGE_CONTROL]);
	copy->members = members;
	copy->n_members = MESSAGE_MEMBERS;
	value->copy = copy;
	return e;
}

/* --- struct msgbuf ---------------------------------------------------------------------------- */

/* What comes behind the head is its last member. */
struct err *add_headed(struct making *making, uint32_t index,
		       const struct syscall_argument *argument, struct value *value)
{
	const struct type *type = argument->type->target;
	bool is_result = argument->length_arg == SYSCALL_LENGTH_RESULT;
	uint32_t head = type->members[type->n_members - 1].offset;
	uint32_t most = head + making->entry.options.string_limit;
	struct value *copy = new_copy(making, argument);
	struct ops ops = {0};
	if (!copy)
		return &err_nomem;
	add_word(making, index, value);
	add_op(&ops,
	       (struct fetch_op){.code = FETCH_REG,
				 .reg = is_result ? RESULT_REGISTER
						  : argument_registers[argument->length_arg - 1],
				 .size = 4});
	add_op(&ops, (struct fetch_op){.code = FETCH_ADD, .imm = head});
	add_length(&ops, 0, most);
	add_bytes(&ops, argument_registers[index], 0, most);
	place_slot(making, &ops, argument->at_return, copy);
	value->copy = copy;
	return NULL;
}

/* --- struct mmsghdr --------------------------------------------------------------------------- */

enum { HEADER, LENGTH, ELEMENT_MEMBERS };

/* As many as there are; after the call, as many as it did something with. */
static void place_array(struct making *making, uint32_t index,
			const struct syscall_argument *argument, bool at_return,
			struct value *value)
{
	uint8_t count = at_return ? RESULT_REGISTER : argument_registers[argument->length_arg - 1];
	struct ops ops = {0};
	add_op(&ops, (struct fetch_op){.code = FETCH_CONST});
	add_op(&ops, (struct fetch_op){.code = FETCH_INDEX,
				       .reg = count,
				       .size = 4,
				       .flags = at_return ? FETCH_SIGNED : 0,
				       .imm = sizeof(struct mmsghdr)});
	add_length(&ops, 0, MESSAGES_MAX * sizeof(struct mmsghdr));
	add_bytes(&ops, argument_registers[index], 0, MESSAGES_MAX * sizeof(struct mmsghdr));
	place_slot(making, &ops, at_return, value);
}

/* The first message is read as a whole, of the others only the buffers; the rest is addresses. */
static struct err *add_element(struct making *making, const struct message *message,
			       const struct value *array, const struct value *lengths,
			       struct value *element)
{
	static const struct type address = {.kind = TYPE_POINTER, .size = 8, .name = "void *"};
	const struct type *type = array->type->target, *header = type->members[HEADER].type;
	uint32_t offset = (uint32_t)message->offset;
	struct value *parts = arena_array(making->arena, ELEMENT_MEMBERS, sizeof(*parts));
	struct value *members = new_members(making, header, array, offset);
	if (!parts || !members)
		return &err_nomem;
	take_out(&members[MESSAGE_BUFFERS]);
	add_message_buffers(making, message, &members[MESSAGE_BUFFERS]);
	if (message->offset == 0) {
		take_out(&members[MESSAGE_NAME]);
		take_out(&members[MESSAGE_CONTROL]);
		add_name(making, message, &members[MESSAGE_NAME]);
		add_control(making, message, &members[MESSAGE_CONTROL]);
	} else {
		members[MESSAGE_NAME].type = members[MESSAGE_CONTROL].type = &address;
	}
	parts[HEADER] = (struct value){.name = type->members[HEADER].name,
				       .type = header,
				       .slot = VALUE_NO_SLOT,
				       .at_return = array->at_return,
				       .members = members,
				       .n_members = MESSAGE_MEMBERS};
	parts[LENGTH] =
		(struct value){.name = type->members[LENGTH].name,
			       .type = type->members[LENGTH].type,
			       .slot = lengths->slot,
			       .at_return = true,
			       .in_blob = true,
			       .offset = offset + (uint32_t)offsetof(struct mmsghdr, msg_len),
			       .unavailable = lengths->unavailable};
	*element = (struct value){.name = "",
				  .type = type,
				  .slot = VALUE_NO_SLOT,
				  .at_return = array->at_return,
				  .members = parts,
				  .n_members = ELEMENT_MEMBERS};
	return NULL;
}

struct err *add_messages(struct making *making, uint32_t index,
			 const struct syscall_argument *argument, struct value *value)
{
	struct value *copy = new_copy(making, argument), lengths = {0};
	struct value *elements = arena_array(making->arena, MESSAGES_MAX, sizeof(*elements));
	struct err *e = NULL;
	if (!copy || !elements)
		return &err_nomem;
	add_word(making, index, value);
	place_array(making, index, argument, argument->at_return, copy);
	if (argument->at_return)
		lengths = *copy;
	else
		place_array(making, index, argument, true, &lengths);
	for (uint32_t i = 0; !e && i < MESSAGES_MAX; i++) {
		const struct message message = {.reg = argument_registers[index],
						.offset = i * sizeof(struct mmsghdr),
						.in_array = true};
		e = add_element(making, &message, copy, &lengths, &elements[i]);
	}
	copy->members = elements;
	copy->n_members = MESSAGES_MAX;
	if (!argument->at_return)
		copy->counted_by = &making->items[argument->length_arg - 1];
	value->copy = copy;
	return e;
}
