/* SPDX-License-Identifier: Apache-2.0 */
#include "output/shown_list.h"

#include <string.h>

static uint32_t count_elements(const char *list, uint32_t length)
{
	uint32_t position = 0, count = 0;
	struct list_element element;
	while (slot_list_next(list, length, &position, &element))
		count++;
	return count;
}

/* Where the element at *position ends; false: there is none, or not even its length. */
static bool next_sized(const struct type *type, const char *bytes, uint32_t length,
		       uint32_t *position, uint32_t *ret_length)
{
	uint64_t size = 0, align = type->length_size > 4 ? type->length_size : 4;
	if (*position > length || length - *position < type->length_size)
		return false;
	memcpy(&size, bytes + *position, type->length_size);
	if (size < type->length_size)
		return false;
	uint32_t left = length - *position;
	*ret_length = size < left ? (uint32_t)size : left;
	size = size < left ? (size + align - 1) & ~(align - 1) : left;
	*position += size < left ? (uint32_t)size : left;
	return true;
}

uint32_t shown_count_sized(const struct type *type, const char *bytes, uint32_t length)
{
	uint32_t count = 0, position = 0, unused;
	while (next_sized(type, bytes, length, &position, &unused))
		count++;
	return count;
}

void shown_sized(const struct shown *whole, uint32_t index, struct shown *ret)
{
	uint32_t position = 0, start = 0, length = 0;
	for (uint32_t i = 0; i <= index; i++) {
		start = position;
		if (!next_sized(whole->type, whole->bytes, whole->length, &position, &length)) {
			shown_unavailable(ret, "not copied");
			return;
		}
	}
	*ret = (struct shown){
		.kind = SHOWN_STRUCT,
		.type = whole->type,
		.bytes = whole->bytes + start,
		.length = length,
		.count = whole->type->n_members,
	};
}

void shown_list(const struct type *type, const char *list, uint32_t length, bool truncated,
		const struct slots *slots, struct shown *ret)
{
	*ret = (struct shown){
		.kind = SHOWN_ARRAY,
		.type = type->target,
		.bytes = list,
		.length = length,
		.count = count_elements(list, length),
		.truncated = truncated,
		.is_list = true,
		.slots = slots,
	};
}

void shown_element(const struct shown *whole, uint32_t index, struct shown *ret)
{
	uint32_t position = 0;
	struct list_element element;
	for (uint32_t i = 0; i <= index; i++)
		if (!slot_list_next(whole->bytes, whole->length, &position, &element)) {
			shown_unavailable(ret, "not copied");
			return;
		}
	if (whole->type->kind == TYPE_STRUCT && element.length < whole->type->size) {
		shown_unavailable(ret, "not copied");
	} else if (whole->type->kind == TYPE_STRUCT) {
		shown_memory(whole->type, element.bytes, element.length, ret);
		ret->length = element.length;
		ret->is_list = true;
		ret->blob_flags = element.blob_flags;
		ret->slots = whole->slots;
		ret->netlink = whole->netlink;
	} else if (element.blob_flags & FETCH_BLOB_UNREADABLE) {
		shown_unavailable(ret, whole->slots->unreadable);
		ret->address = element.address;
	} else {
		*ret = (struct shown){
			.kind = SHOWN_STRING,
			.bytes = element.bytes,
			.length = element.length,
			.truncated = element.blob_flags & FETCH_BLOB_TRUNCATED,
		};
	}
}

/* An iovec of a list has its buffer behind it. */
void shown_gathered(const struct shown *whole, struct shown *ret)
{
	uint64_t base;
	memcpy(&base, whole->bytes, sizeof(base)); /* as long as the iovec at least */
	if (!base)
		*ret = (struct shown){.kind = SHOWN_NULL};
	else if (whole->blob_flags & FETCH_BLOB_UNREADABLE) {
		shown_unavailable(ret, whole->slots->unreadable);
		ret->address = base;
	} else
		*ret = (struct shown){
			.kind = SHOWN_STRING,
			.bytes = whole->bytes + whole->type->size,
			.length = whole->length - whole->type->size,
			.truncated = whole->blob_flags & FETCH_BLOB_TRUNCATED,
		};
}

static uint64_t load(const char *bytes, uint32_t size)
{
	uint64_t ret = 0; /* both machines are little-endian */
	memcpy(&ret, bytes, size < sizeof(ret) ? size : sizeof(ret));
	return ret;
}

/* Has one of the members of this name before it a meaning? */
static bool is_decided(const struct shown *whole, uint32_t index)
{
	const struct type_member *members = whole->type->members;
	for (uint32_t i = 0; i < index; i++)
		if (strcmp(members[i].name, members[index].name) == 0 &&
		    shown_has_meaning(whole, i))
			return true;
	return false;
}

bool shown_has_meaning(const struct shown *whole, uint32_t index)
{
	const struct type_condition *condition = whole->type->conditions;
	if (condition && condition[index].offset == TYPE_CONDITION_ELSE)
		return !is_decided(whole, index);
	if (!condition || !condition[index].mask)
		return true;
	condition += index;
	if (whole->length < sizeof(uint32_t) ||
	    condition->offset > whole->length - sizeof(uint32_t))
		return true;
	uint64_t other = load(whole->bytes + condition->offset, whole->length - condition->offset);
	return ((other & condition->mask) == condition->value) != condition->is_not;
}

void shown_halves(const struct shown *whole, const struct type_member *member, struct shown *ret)
{
	uint32_t low, high, at = member->offset + whole->type->size / 2;
	if (whole->length < sizeof(low) || at > whole->length - sizeof(high)) {
		shown_unavailable(ret, "not copied");
		return;
	}
	memcpy(&low, whole->bytes + member->offset, sizeof(low));
	memcpy(&high, whole->bytes + at, sizeof(high));
	shown_bits(member->type, low | (uint64_t)high << 32, ret);
}

void shown_elements(const struct shown_scope *scope, const struct value *value,
		    const struct slots *slots, struct shown *ret)
{
	uint64_t count = (uint64_t)scope->event->syscall_result;
	const char *why;
	if (value->counted_by &&
	    !value_scalar(value->counted_by, scope->event->arguments, &count, &why)) {
		shown_unavailable(ret, why);
		return;
	}
	*ret = (struct shown){
		.kind = SHOWN_ARRAY,
		.members = value->members,
		.count = count < value->n_members ? (uint32_t)count : (uint32_t)value->n_members,
		.truncated = count > value->n_members,
		.slots = slots,
	};
}
