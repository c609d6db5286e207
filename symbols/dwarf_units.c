/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a code address to the unit that describes it, with what libdw will read of it unpacked.
 *
 * .debug_aranges leads to the unit at once. libdw's own reader of it looks at each unit's header,
 * and so would have all of .debug_info unpacked; hence ours. clang does not write the section, so
 * the units' own ranges are the other way.
 */
#include <dwarf.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "symbols/dwarf_info.h"
#include "symbols/radix.h"
#include "symbols/sources/split.h"
#include "symbols/sources/view.h"

/* Ranges of all units together. */
#define RANGES_MAX 20000000

struct range_list {
	ARRAY_OF(struct unit_range) ranges;
};

static bool add_range(struct range_list *list, uint64_t low, uint64_t high, Dwarf_Off unit)
{
	struct unit_range *range =
		list->ranges.count < RANGES_MAX ? array_push(&list->ranges) : NULL;
	if (range)
		*range = (struct unit_range){low, high, unit};
	return range;
}

static void sort_ranges(const struct range_list *list, struct unit_ranges *ret)
{
	size_t count = list->ranges.count;
	_cleanup_free_ struct radix_item *items = reallocarray(NULL, count + 1, sizeof(*items));
	ret->items = reallocarray(NULL, count + 1, sizeof(*ret->items));
	for (size_t i = 0; items && i < count; i++)
		items[i] = (struct radix_item){list->ranges.items[i].low, i};
	bool ok = items && ret->items && radix_sort(items, count);
	for (size_t i = 0; ok && i < count; i++)
		ret->items[i] = list->ranges.items[items[i].index];
	ret->count = ok ? count : 0;
}

/* --- .debug_aranges (DWARF 5, 6.1.2) ---------------------------------------------------------- */

struct bytes {
	const uint8_t *at, *end;
};

static bool take(struct bytes *bytes, void *to, size_t size)
{
	if ((size_t)(bytes->end - bytes->at) < size)
		return false;
	memcpy(to, bytes->at, size);
	bytes->at += size;
	return true;
}

/* 4 bytes, or, behind 0xffffffff, 8. */
static bool take_length(struct bytes *bytes, uint64_t *ret, size_t *ret_offset_size)
{
	uint32_t length;
	if (!take(bytes, &length, sizeof(length)))
		return false;
	*ret = length;
	*ret_offset_size = length == UINT32_MAX ? 8 : 4;
	return length != UINT32_MAX || take(bytes, ret, sizeof(*ret));
}

/* The ranges of one unit; what is not understood (another address size) is left out. */
static bool read_set(struct bytes set, const uint8_t *start, size_t offset_size,
		     struct range_list *list)
{
	uint16_t version;
	uint8_t address_size, segment_size;
	uint64_t unit = 0, pair[2];
	if (!take(&set, &version, sizeof(version)) || !take(&set, &unit, offset_size) ||
	    !take(&set, &address_size, 1) || !take(&set, &segment_size, 1) || version != 2 ||
	    address_size != 8 || segment_size != 0)
		return true;
	/* The pairs are aligned to their size, from the beginning of the set. */
	size_t padding = -(size_t)(set.at - start) & (sizeof(pair) - 1);
	if (padding > (size_t)(set.end - set.at))
		return true;
	set.at += padding;
	while (take(&set, pair, sizeof(pair)) && (pair[0] || pair[1])) {
		uint64_t high;
		if (pair[1] && !__builtin_add_overflow(pair[0], pair[1], &high) &&
		    !add_range(list, pair[0], high, unit))
			return false;
	}
	return true;
}

static void read_aranges(struct dwarf_info *info)
{
	struct range_list list = {0};
	uint64_t size = debug_view_size(info->view, ".debug_aranges"), length;
	const uint8_t *at = debug_view_bytes(info->view, ".debug_aranges", 0, size);
	struct bytes bytes = {at, at ? at + size : NULL};
	size_t offset_size;
	info->aranges.read = true;
	while (at && bytes.at < bytes.end) {
		const uint8_t *start = bytes.at;
		if (!take_length(&bytes, &length, &offset_size) ||
		    length > (uint64_t)(bytes.end - bytes.at))
			break;
		struct bytes set = {bytes.at, bytes.at + length};
		bytes.at += length;
		if (!read_set(set, start, offset_size, &list))
			break;
	}
	sort_ranges(&list, &info->aranges);
	free(list.ranges.items);
}

/* --- the units' own ranges -------------------------------------------------------------------- */

/* Appends the ranges of one unit; false: no more, out of memory or beyond reason. */
static bool add_unit_ranges(struct range_list *list, Dwarf_Die *unit, Dwarf_Off header)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;
	if (!dwarf_hasattr(unit, DW_AT_low_pc) && !dwarf_hasattr(unit, DW_AT_ranges))
		return true;
	while ((at = dwarf_ranges(unit, at, &base, &low, &high)) > 0)
		if (!add_range(list, low, high, header))
			return false;
	return true;
}

static void read_unit_ranges(struct dwarf_info *info)
{
	struct range_list list = {0};
	Dwarf_Off at = 0, next;
	size_t header_size;
	Dwarf_Die die;
	info->unit_ranges.read = true;
	dwarf_info_unpack(info);
	for (; dwarf_next_unit(info->dwarf, at, &next, &header_size, NULL, NULL, NULL, NULL, NULL,
			       NULL) == 0;
	     at = next)
		if (dwarf_offdie(info->dwarf, at + header_size, &die) &&
		    !add_unit_ranges(&list, &die, at))
			break;
	sort_ranges(&list, &info->unit_ranges);
	free(list.ranges.items);
}

/* --- a unit ----------------------------------------------------------------------------------- */

/* Unpacks the unit, and, the first time, all else that units refer to. */
static bool unpack_unit(struct dwarf_info *info, Dwarf_Off header)
{
	uint64_t length;
	size_t offset_size;
	if (!info->all_read)
		debug_view_need_all(info->view, ".debug_info");
	if (!info->all_read)
		info->strings = dwarf_line_strings(info->view);
	info->all_read = true;
	const uint8_t *at = debug_view_bytes(info->view, ".debug_info", header, 12);
	struct bytes bytes = {at, at ? at + 12 : NULL};
	return at && take_length(&bytes, &length, &offset_size) &&
	       debug_view_bytes(info->view, ".debug_info", header + (uint64_t)(bytes.at - at),
				length);
}

static bool unit_at(struct dwarf_info *info, Dwarf_Off header, Dwarf_Die *ret)
{
	size_t header_size;
	Dwarf_Off next;
	const uint64_t *known = name_map_find(&info->complete, (char *)&header, sizeof(header));
	if (!unpack_unit(info, header) ||
	    dwarf_next_unit(info->dwarf, header, &next, &header_size, NULL, NULL, NULL, NULL, NULL,
			    NULL) != 0 ||
	    !dwarf_offdie(info->dwarf, header + header_size, ret))
		return false;
	if (info->is_whole || known)
		return true;
	dwarf_check_unit_lines(info->view, ret, &info->strings);
	if (!dwarf_unit_is_complete(info, ret, next))
		dwarf_info_unpack(info);
	const char *key = arena_copy(&info->arena, &header, sizeof(header));
	return key && name_map_add(&info->complete, key, sizeof(header), 1);
}

/* The last range that begins at the address or below. Units of one program do not overlap. */
static bool find_range(struct dwarf_info *info, const struct unit_ranges *ranges, uint64_t address,
		       Dwarf_Die *ret)
{
	size_t low = array_count_first(ranges->count, i, ranges->items[i].low <= address);
	if (!low || address >= ranges->items[low - 1].high ||
	    !unit_at(info, ranges->items[low - 1].unit, ret))
		return false;
	info->last_range = ranges->items[low - 1];
	return true;
}

/* .debug_aranges may lack the units of another compiler. */
static bool look_for_unit(struct dwarf_info *info, uint64_t address, Dwarf_Die *ret)
{
	if (!info->aranges.read)
		read_aranges(info);
	bool found = find_range(info, &info->aranges, address, ret);
	if (!found && !info->unit_ranges.read)
		read_unit_ranges(info);
	found = found || find_range(info, &info->unit_ranges, address, ret);
	return found && dwarf_whole_unit(info, ret);
}

/* Neighbours are asked for one after the other. */
bool dwarf_unit_at(struct dwarf_info *info, uint64_t address, Dwarf_Die *ret)
{
	bool known = info->has_last && address >= info->last_range.low &&
		     address < info->last_range.high;
	if (!known)
		info->has_last = look_for_unit(info, address, &info->last_unit);
	if (info->has_last)
		*ret = info->last_unit;
	return info->has_last;
}
