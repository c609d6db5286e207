/* SPDX-License-Identifier: Apache-2.0 */
#include "output/escape.h"

#include "common/cleanup.h"

static void put_byte(struct buffer *buffer, unsigned char byte)
{
	char *to = buffer_reserve(buffer, 4);
	to[0] = '\\';
	to[1] = 'x';
	to[2] = "0123456789abcdef"[byte >> 4];
	to[3] = "0123456789abcdef"[byte & 15];
	buffer->used += 4;
}

static void put_ascii(struct buffer *buffer, unsigned char byte, bool is_extra)
{
	char letter = 0;
	switch (byte) {
	case '\n':
		letter = 'n';
		break;
	case '\t':
		letter = 't';
		break;
	case '\r':
		letter = 'r';
		break;
	case '\\':
		letter = '\\';
		break;
	case '"':
	case '\'':
		letter = (char)byte;
		break;
	}
	if (letter) {
		buffer_put_char(buffer, '\\');
		buffer_put_char(buffer, letter);
	} else if (is_extra || byte < 0x20 || byte == 0x7f) {
		put_byte(buffer, byte);
	}
}

/* Bytes that need no look: printable ASCII but the backslash and what the caller excludes. */
static size_t plain_run(const char *bytes, size_t size, const char *also)
{
	char first = also[0], second = first ? also[1] : 0;
	size_t n = 0;
	/* Eight at a time: none below 0x20, none above 0x7e, none of the three. */
	const uint64_t ones = 0x0101010101010101ULL, high = 0x8080808080808080ULL;
	const uint64_t a = ones * (unsigned char)(first ? first : '\\');
	const uint64_t b = ones * (unsigned char)(second ? second : '\\');
	for (; size >= 8 && n < size; n += 8) {
		uint64_t w, x, y, z;
		/* The last eight overlap those before. */
		size_t at = n + 8 <= size ? n : size - 8;
		memcpy(&w, bytes + at, 8);
		x = w ^ (ones * '\\'), y = w ^ a, z = w ^ b;
		uint64_t bad = (w - ones * 0x20) | (w + ones) | w;
		bad |= (x - ones) | (y - ones) | (z - ones);
		if (bad & high)
			break;
	}
	if (n > size)
		return size;
	for (; n < size; n++) {
		unsigned char c = (unsigned char)bytes[n];
		if (c < 0x20 || c >= 0x7f || c == '\\' || (first && bytes[n] == first) ||
		    (second && bytes[n] == second))
			break;
	}
	return n;
}

void escape_put(struct buffer *buffer, const char *bytes, size_t size, const char *also)
{
	for (size_t at = 0; at < size;) {
		size_t plain = plain_run(bytes + at, size - at, also);
		buffer_put(buffer, bytes + at, plain);
		at += plain;
		if (at == size)
			return;
		uint32_t code;
		size_t length = utf8_decode(bytes + at, size - at, &code);
		if (length == 1) {
			put_ascii(buffer, (unsigned char)bytes[at], code >= 0x20);
		} else if (length && code_is_printable(code)) {
			buffer_put_short(buffer, bytes + at, length);
		} else {
			length = length ?: 1;
			for (size_t i = 0; i < length; i++)
				put_byte(buffer, (unsigned char)bytes[at + i]);
		}
		at += length;
	}
}

void escape_name(struct buffer *buffer, const char *name)
{
	if (name)
		escape_put(buffer, name, strlen(name), "");
}

void escape_quoted(struct buffer *buffer, const char *bytes, size_t size)
{
	buffer_put_char(buffer, '"');
	escape_put(buffer, bytes, size, "\"");
	buffer_put_char(buffer, '"');
}

void escape_print(FILE *out, const char *text, const char *keep)
{
	size_t length = strlen(text);
	if (plain_run(text, length, "") == length) {
		fwrite(text, 1, length, out);
		return;
	}
	_cleanup_(buffer_deinit) struct buffer buffer;
	struct err *e = buffer_init(&buffer, -1, "");
	if (e) {
		err_free(e);
		fputc('?', out);
		return;
	}
	while (*text) {
		/* These are ASCII: no character is cut in two. */
		size_t size = strcspn(text, keep);
		size_t kept = strspn(text + size, keep);
		escape_put(&buffer, text, size, "");
		buffer_put(&buffer, text + size, kept);
		text += size + kept;
	}
	fwrite(buffer.data, 1, buffer.used, out);
}
