/* SPDX-License-Identifier: Apache-2.0 */
#include "output/shown_text.h"

#include <string.h>

#include "output/wide.h"

bool shown_is_character(const struct type *type)
{
	return type && type->kind == TYPE_CHAR && (type->size == 1 || type_is_wide(type));
}

void shown_text(const struct type *character, const char *bytes, uint32_t length, uint32_t flags,
		struct shown *ret)
{
	bool is_wide = character && type_is_wide(character);
	*ret = (struct shown){.kind = is_wide ? SHOWN_WIDE : SHOWN_STRING,
			      .type = character,
			      .bytes = bytes,
			      .length = length,
			      .truncated = flags & FETCH_BLOB_TRUNCATED};
}

void shown_text_array(const struct type *character, const char *bytes, uint32_t length,
		      bool truncated, struct shown *ret)
{
	uint32_t used = (uint32_t)strnlen(bytes, length);
	if (type_is_wide(character)) {
		shown_text(character, bytes, length, 0, ret);
		ret->truncated = !wide_end(ret, length) && truncated;
		return;
	}
	bool is_cut = truncated && used == length;
	shown_text(character, bytes, used, is_cut ? FETCH_BLOB_TRUNCATED : 0, ret);
}

void shown_text_pages(const struct value *value, const struct slots *slots, const char *bytes,
		      uint32_t length, struct shown *ret)
{
	const struct slot *next =
		(uint32_t)value->text_slot < slots->count ? &slots->items[value->text_slot] : NULL;
	shown_text(value->type->target, bytes, length, 0, ret);
	if (next && next->available && next->is_blob) {
		ret->rest = next->bytes;
		ret->rest_length = next->length;
	}
	ret->truncated = !wide_end(ret, value->type->size);
}
