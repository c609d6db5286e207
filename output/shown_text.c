/* SPDX-License-Identifier: Apache-2.0 */
#include "output/shown_text.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "output/sockaddr.h"
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

void shown_rest(const struct type *type, const char *bytes, uint32_t available, struct shown *ret)
{
	bool is_address = sockaddr_is_type(type);
	uint32_t most = sizeof(struct sockaddr);
	*ret = (struct shown){.kind = is_address ? SHOWN_SOCKADDR : SHOWN_STRING,
			      .bytes = bytes,
			      .length = is_address && available > most ? most : available};
}

void shown_limit(const struct value *value, const struct slots *entry, struct shown *ret)
{
	uint64_t size;
	const char *why;
	if (value->at_most && ret->kind == SHOWN_BIT_SET &&
	    value_scalar(value->at_most, entry, &size, &why)) {
		ret->limit = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
		ret->truncated = ret->truncated && size > ret->length * UINT64_C(8);
	}
	if (value->at_most && ret->kind == SHOWN_STRING &&
	    value_scalar(value->at_most, entry, &size, &why) && size < ret->length) {
		ret->length = (uint32_t)size;
		ret->truncated = false;
	}
	/* mincore(): of so many bytes, a byte for each page. */
	if (value->at_most && ret->kind == SHOWN_ARRAY &&
	    value_scalar(value->at_most, entry, &size, &why)) {
		uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
		uint64_t pages = size / page + (size % page != 0);
		ret->truncated = pages > ret->count;
		ret->count = pages < ret->count ? (uint32_t)pages : ret->count;
	}
}
