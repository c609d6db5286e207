/* SPDX-License-Identifier: Apache-2.0 */
/* DWARF 5, 6.2.4: the header of a line table. */
#include "symbols/sources/line_check.h"

#include <dwarf.h>
#include <string.h>

struct header {
	const uint8_t *at, *end;
	size_t offset_size;
	const struct line_strings *strings;
};

static bool skip(struct header *header, uint64_t size)
{
	if ((uint64_t)(header->end - header->at) < size)
		return false;
	header->at += size;
	return true;
}

static bool take(struct header *header, void *to, size_t size)
{
	if ((size_t)(header->end - header->at) < size)
		return false;
	memcpy(to, header->at, size);
	header->at += size;
	return true;
}

static bool take_uleb(struct header *header, uint64_t *ret)
{
	*ret = 0;
	for (unsigned int shift = 0; header->at < header->end && shift < 64; shift += 7) {
		uint8_t byte = *header->at++;
		*ret |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static bool check_offset(struct header *header, uint64_t size)
{
	uint64_t offset = 0;
	return take(header, &offset, header->offset_size) && offset < size;
}

static bool check_string(struct header *header)
{
	const uint8_t *end = memchr(header->at, 0, (size_t)(header->end - header->at));
	header->at = end ? end + 1 : header->end;
	return end;
}

/* `is_name`: it must be text, and one that is there. */
static bool check_value(struct header *header, uint64_t form, bool is_name)
{
	uint64_t size;
	uint8_t length;
	uint16_t length2;
	switch (form) {
	case DW_FORM_string:
		return check_string(header);
	case DW_FORM_line_strp:
		return check_offset(header, is_name ? header->strings->line_str : UINT64_MAX);
	case DW_FORM_strp:
		return check_offset(header, is_name ? header->strings->str : UINT64_MAX);
	case DW_FORM_udata:
		return !is_name && take_uleb(header, &size);
	case DW_FORM_data1:
		return !is_name && skip(header, 1);
	case DW_FORM_data2:
		return !is_name && skip(header, 2);
	case DW_FORM_data4:
		return !is_name && skip(header, 4);
	case DW_FORM_data8:
		return !is_name && skip(header, 8);
	case DW_FORM_data16:
		return !is_name && skip(header, 16);
	case DW_FORM_block:
		return !is_name && take_uleb(header, &size) && skip(header, size);
	case DW_FORM_block1:
		return !is_name && take(header, &length, 1) && skip(header, length);
	case DW_FORM_block2:
		return !is_name && take(header, &length2, 2) && skip(header, length2);
	default:
		return false;
	}
}

/* Directories or files: how each is written, then how many there are, then these. */
static bool check_entries(struct header *header)
{
	uint64_t format[255][2], count;
	uint8_t n_formats;
	bool has_name = false;
	if (!take(header, &n_formats, 1))
		return false;
	for (unsigned int i = 0; i < n_formats; i++) {
		if (!take_uleb(header, &format[i][0]) || !take_uleb(header, &format[i][1]))
			return false;
		has_name |= format[i][0] == DW_LNCT_path;
	}
	if (!take_uleb(header, &count))
		return false;
	if (count && !has_name)
		return false;
	/* A name takes a byte at least, so that the count is bounded by the bytes. */
	for (; count; count--)
		for (unsigned int i = 0; i < n_formats; i++)
			if (!check_value(header, format[i][1], format[i][0] == DW_LNCT_path))
				return false;
	return true;
}

/* Reads the length and keeps what it counts. */
static bool enter(struct header *header)
{
	uint32_t length;
	uint64_t long_length;
	if (!take(header, &length, sizeof(length)))
		return false;
	header->offset_size = length == UINT32_MAX ? 8 : 4;
	long_length = length;
	if (length == UINT32_MAX && !take(header, &long_length, sizeof(long_length)))
		return false;
	if (long_length > (uint64_t)(header->end - header->at))
		return false;
	header->end = header->at + long_length;
	return true;
}

/* Versions 2 to 4: a table of files only, without a program. */
static bool has_no_program(struct header *header)
{
	uint64_t length = 0;
	return take(header, &length, header->offset_size) &&
	       length == (uint64_t)(header->end - header->at);
}

bool line_table_is_sound(const uint8_t *bytes, size_t size, const struct line_strings *strings,
			 bool has_directory)
{
	struct header header = {bytes, bytes + size, 4, strings};
	uint16_t version;
	uint8_t opcodes;
	if (!enter(&header) || !take(&header, &version, sizeof(version)))
		return false;
	if (version < 5)
		return has_directory || has_no_program(&header);
	/* Sizes of addresses and selectors, length of the header; then four numbers of one byte and
	 * a flag, the number of opcodes, and the length of each. */
	if (version != 5 || !skip(&header, 2) || !skip(&header, header.offset_size) ||
	    !skip(&header, 5) || !take(&header, &opcodes, 1) ||
	    !skip(&header, opcodes ? opcodes - 1u : 0))
		return false;
	/* Directories, then files. */
	bool is_sound = check_entries(&header);
	return is_sound && check_entries(&header);
}
