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
