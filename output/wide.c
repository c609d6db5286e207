/* SPDX-License-Identifier: Apache-2.0 */
#include "output/wide.h"

#include <string.h>

#include "common/utf8.h"
#include "output/escape.h"

static uint32_t unit_at(const char *bytes, uint32_t unit)
{
	uint32_t ret = 0; /* both machines are little-endian */
	memcpy(&ret, bytes, unit);
	return ret;
}

uint32_t wide_used(const char *bytes, uint32_t length, uint32_t unit)
{
	uint32_t used = 0;
	while (length - used >= unit && unit_at(bytes + used, unit))
		used += unit;
	return used;
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
	uint32_t unit = text->type->size, left = text->length - *at;
	char bytes[4];
	if (*at > text->length || left < unit)
		return false;
	*ret_code = unit_at(text->bytes + *at, unit);
	*at += unit;
	*ret_is_valid = utf8_encode(*ret_code, bytes);
	if (unit != 2 || !is_high(*ret_code))
		return true;
	if (left < 2 * unit)
		return !text->truncated; /* half of a character that was cut */
	uint32_t low = unit_at(text->bytes + *at, unit);
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
