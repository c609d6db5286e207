/* SPDX-License-Identifier: Apache-2.0 */
#include "common/utf8.h"

#include "common/array.h"

struct code_range {
	uint32_t first, last;
};

/*
 * Characters beyond ASCII that are not shown as they are. Controls, format characters that are
 * invisible or change the order of what is around them (Unicode general category Cf and those of
 * Bidi_Control), blanks that look like nothing, line separators, surrogates, and non-characters.
 * In ascending order.
 */
static const struct code_range unprintable[] = {
	{0x80, 0x9f},	    /* C1 controls */
	{0xad, 0xad},	    /* soft hyphen */
	{0x34f, 0x34f},	    /* combining grapheme joiner */
	{0x600, 0x605},	    /* Arabic number signs */
	{0x61c, 0x61c},	    /* Arabic letter mark */
	{0x6dd, 0x6dd},	    /* Arabic end of ayah */
	{0x70f, 0x70f},	    /* Syriac abbreviation mark */
	{0x115f, 0x1160},   /* Hangul fillers */
	{0x17b4, 0x17b5},   /* Khmer inherent vowels */
	{0x180b, 0x180e},   /* Mongolian selectors, vowel separator */
	{0x200b, 0x200f},   /* zero-width space and joiners, direction marks */
	{0x2028, 0x202e},   /* line and paragraph separator, bidi embeddings and overrides */
	{0x2060, 0x206f},   /* word joiner, invisible operators, bidi isolates */
	{0x3164, 0x3164},   /* Hangul filler */
	{0xd800, 0xdfff},   /* surrogates */
	{0xfdd0, 0xfdef},   /* non-characters */
	{0xfeff, 0xfeff},   /* byte order mark, zero-width no-break space */
	{0xffa0, 0xffa0},   /* halfwidth Hangul filler */
	{0xfff0, 0xfffb},   /* unassigned, interlinear annotation */
	{0xfffe, 0xffff},   /* non-characters */
	{0x13430, 0x1343f}, /* Egyptian hieroglyph format controls */
	{0x1bca0, 0x1bca3}, /* shorthand format controls */
	{0x1d173, 0x1d17a}, /* musical format controls */
	{0xe0000, 0xe0fff}, /* tags, selectors: text inside text */
	{0x110000, UINT32_MAX},
};

bool code_is_printable(uint32_t code)
{
	if (code < 0x80)
		return code >= 0x20 && code != 0x7f;
	if ((code & 0xfffe) == 0xfffe) /* the last two of every plane */
		return false;
	for (size_t i = 0; i < array_size(unprintable) && code >= unprintable[i].first; i++) {
		if (code <= unprintable[i].last)
			return false;
	}
	return true;
}

/* Length of the sequence that a first byte announces, and its smallest code; 0: not a first byte.
 */
static size_t sequence_length(unsigned char first, uint32_t *ret_code, uint32_t *ret_smallest)
{
	if (first < 0x80) {
		*ret_code = first;
		*ret_smallest = 0;
		return 1;
	}
	if (first >= 0xc2 && first < 0xe0) {
		*ret_code = first & 0x1f;
		*ret_smallest = 0x80;
		return 2;
	}
	if (first >= 0xe0 && first < 0xf0) {
		*ret_code = first & 0x0f;
		*ret_smallest = 0x800;
		return 3;
	}
	if (first >= 0xf0 && first < 0xf5) {
		*ret_code = first & 0x07;
		*ret_smallest = 0x10000;
		return 4;
	}
	return 0;
}

size_t utf8_decode(const char *bytes, size_t size, uint32_t *ret_code)
{
	uint32_t code, smallest;
	size_t length = sequence_length((unsigned char)bytes[0], &code, &smallest);
	if (!length || length > size)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (code < smallest || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return length;
}

size_t utf8_encode(uint64_t code, char to[static 4])
{
	if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = length - 1; i > 0; i--) {
		to[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	/* as many leading ones as there are bytes */
	to[0] = (char)((0xf00u >> length & 0xff) | code);
	return length;
}

bool utf8_valid(const char *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		uint32_t code;
		size_t length = utf8_decode(bytes + at, size - at, &code);
		if (!length)
			return false;
		at += length;
	}
	return true;
}

size_t utf8_whole(const char *bytes, size_t size)
{
	/* At most three bytes of a character can be there without its last. */
	for (size_t back = 1; back <= 3 && back <= size; back++) {
		unsigned char first = (unsigned char)bytes[size - back];
		if ((first & 0xc0) == 0x80)
			continue;
		uint32_t code, smallest;
		return sequence_length(first, &code, &smallest) > back ? size - back : size;
	}
	return size;
}
