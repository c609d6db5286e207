/* SPDX-License-Identifier: Apache-2.0 */
#include "output/shown_list.h"

#include <string.h>

static void unavailable(struct shown *ret, const char *why)
{
	*ret = (struct shown){.kind = SHOWN_UNAVAILABLE, .text = why};
}

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
			unavailable(ret, "not copied");
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
			unavailable(ret, "not copied");
			return;
		}
	if (whole->type->kind == TYPE_STRUCT && element.length < whole->type->size) {
		unavailable(ret, "not copied");
	} else if (whole->type->kind == TYPE_STRUCT) {
		shown_memory(whole->type, element.bytes, element.length, ret);
		ret->length = element.length;
		ret->is_list = true;
		ret->blob_flags = element.blob_flags;
		ret->slots = whole->slots;
	} else if (element.blob_flags & FETCH_BLOB_UNREADABLE) {
		unavailable(ret, whole->slots->unreadable);
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
	else if (whole->blob_flags & FETCH_BLOB_UNREADABLE)
		unavailable(ret, whole->slots->unreadable);
	else
		*ret = (struct shown){
			.kind = SHOWN_STRING,
			.bytes = whole->bytes + whole->type->size,
			.length = whole->length - whole->type->size,
			.truncated = whole->blob_flags & FETCH_BLOB_TRUNCATED,
		};
}
