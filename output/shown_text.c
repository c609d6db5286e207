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
	bool is_wide = type_is_wide(character);
	uint32_t used = is_wide ? wide_used(bytes, length, character->size)
				: (uint32_t)strnlen(bytes, length);
	bool has_end = length - used >= character->size;
	shown_text(character, bytes, used, truncated && !has_end ? FETCH_BLOB_TRUNCATED : 0, ret);
}
