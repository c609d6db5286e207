/* SPDX-License-Identifier: Apache-2.0 */
#include "output/wide.h"

#include <string.h>

#include "common/utf8.h"
#include "output/escape.h"

static uint32_t length_of(const struct shown *text)
{
	return text->length + text->rest_length;
}

/* One that is not aligned may lie in both places. */
static uint32_t unit_at(const struct shown *text, uint32_t at)
{
	char bytes[4] = {0};
	uint32_t ret; /* both machines are little-endian */
	for (uint32_t i = 0; i < text->type->size; i++, at++)
		bytes[i] = at < text->length ? text->bytes[at] : text->rest[at - text->length];
	memcpy(&ret, bytes, sizeof(ret));
	return ret;
}

bool wide_end(struct shown *text, uint32_t limit)
{
	uint32_t unit = text->type->size, used = 0, length = length_of(text);
	while (length - used >= unit && used < limit && unit_at(text, used))
		used += unit;
	bool has_end = length - used >= unit && !unit_at(text, used);
	text->length = used < text->length ? used : text->length;
	text->rest_length = used - text->length;
	return has_end;
}

static bool is_high(uint32_t unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(uint32_t unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

bool wide_next(const struct shown *text, uint32_t *at, uint32_t *ret_code, bool *ret_is_valid)
{
	uint32_t unit = text->type->size, length = length_of(text), left = length - *at;
	char bytes[4];
	if (*at > length || left < unit)
		return false;
	*ret_code = unit_at(text, *at);
	*at += unit;
	*ret_is_valid = utf8_encode(*ret_code, bytes);
	if (unit != 2 || !is_high(*ret_code))
		return true;
	if (left < 2 * unit)
		return !text->truncated; /* half of a character that was cut */
	uint32_t low = unit_at(text, *at);
	if (!is_low(low))
		return true;
	*ret_code = 0x10000 + ((*ret_code - 0xd800) << 10) + (low - 0xdc00);
	*at += unit;
	*ret_is_valid = true;
	return true;
}

static void put_escape(struct buffer *buffer, uint32_t code)
{
	int digits = code < 0x10000 ? 4 : 8;
	char *to = buffer_reserve(buffer, 10);
	*to++ = '\\';
	*to++ = digits == 4 ? 'u' : 'U';
	for (int i = digits - 1; i >= 0; i--)
		*to++ = "0123456789abcdef"[code >> 4 * i & 15];
	buffer->used += (size_t)digits + 2;
}

void wide_put_code(struct buffer *buffer, uint32_t code, const char *quote)
{
	char bytes[4];
	size_t length = utf8_encode(code, bytes);
	if (length && (code < 0x80 || code_is_printable(code)))
		escape_put(buffer, bytes, length, quote);
	else
		put_escape(buffer, code);
}

void wide_put(struct buffer *buffer, const struct shown *text)
{
	uint32_t at = 0, code;
	bool is_valid;
	buffer_put_char(buffer, text->type->prefix);
	buffer_put_char(buffer, '"');
	while (wide_next(text, &at, &code, &is_valid))
		wide_put_code(buffer, code, "\"");
	buffer_put_char(buffer, '"');
}

bool wide_put_utf8(struct buffer *buffer, const struct shown *text)
{
	uint32_t at = 0, code;
	bool is_valid, all_valid = true;
	char bytes[4];
	while (wide_next(text, &at, &code, &is_valid)) {
		all_valid &= is_valid;
		buffer_put_short(buffer, bytes, utf8_encode(is_valid ? code : 0xfffd, bytes));
	}
	return all_valid;
}
