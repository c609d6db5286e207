/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a code address to the DIE of the function that begins there.
 *
 * .debug_aranges leads to the unit at once; clang does not write it, so the units' own ranges are
 * the other way. A unit that was once asked for is indexed, as whoever traces one function of a
 * file tends to trace its neighbours.
 */
#include <dwarf.h>
#include <string.h>

#include "common/array.h"
#include "symbols/dwarf_info.h"
#include "symbols/radix.h"

/* DIEs to visit in one unit. The biggest units (one-file databases, LTO) have some millions. */
#define DIES_MAX 20000000
/* Namespaces and classes within each other; and ranges of all units together. */
#define DEPTH_MAX  64
#define RANGES_MAX 20000000

struct unit_walk {
	ARRAY_OF(struct unit_function) functions;
	size_t budget;
	bool deep;
	bool failed; /* out of memory */
};

/* A split function has DW_AT_ranges: the first is where calls arrive. */
static bool first_address(Dwarf_Die *die, uint64_t *ret)
{
	Dwarf_Addr base, low, high;
	if (dwarf_entrypc(die, &low) == 0 || dwarf_ranges(die, 0, &base, &low, &high) > 0) {
		*ret = low;
		return true;
	}
	return false;
}

static void note_function(struct unit_walk *walk, Dwarf_Die *die)
{
	uint64_t address;
	if (!dwarf_hasattr(die, DW_AT_low_pc) && !dwarf_hasattr(die, DW_AT_ranges))
		return;
	if (!first_address(die, &address))
		return;
	struct unit_function *function = array_push(&walk->functions);
	if (function)
		*function = (struct unit_function){address, dwarf_dieoffset(die)};
	else
		walk->failed = true;
}

static bool may_hold_functions(const struct unit_walk *walk, int tag)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
	case DW_TAG_compile_unit:
	case DW_TAG_partial_unit:
		return true;
	case DW_TAG_subprogram: /* functions in functions are rare, and their bodies are long */
	case DW_TAG_lexical_block:
	case DW_TAG_inlined_subroutine:
		return walk->deep;
	default:
		return false;
	}
}

static void walk_children(struct unit_walk *walk, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;
	if (depth > DEPTH_MAX || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);
		if (!walk->budget || walk->failed)
			return;
		walk->budget--;
		if (tag == DW_TAG_subprogram)
			note_function(walk, &die);
		if (may_hold_functions(walk, tag))
			walk_children(walk, &die, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

static bool sort_functions(struct unit_walk *walk, struct unit_index *ret)
{
	size_t count = walk->functions.count;
	struct radix_item *items = reallocarray(NULL, count + 1, sizeof(*items));
	ret->functions = reallocarray(NULL, count + 1, sizeof(*ret->functions));
	for (size_t i = 0; items && i < count; i++)
		items[i] = (struct radix_item){walk->functions.items[i].address, i};
	bool ok = items && ret->functions && radix_sort(items, count);
	for (size_t i = 0; ok && i < count; i++)
		ret->functions[i] = walk->functions.items[items[i].index];
	ret->count = ok ? count : 0;
	free(items);
	return ok;
}

static void fill_index(Dwarf_Die *unit, bool deep, struct unit_index *index)
{
	struct unit_walk walk = {.budget = DIES_MAX, .deep = deep};
	free(index->functions);
	*index = (struct unit_index){.deep = deep};
	walk_children(&walk, unit, 0);
	if (!walk.failed)
		sort_functions(&walk, index);
	free(walk.functions.items);
}

static struct unit_index *index_of(struct dwarf_info *info, Dwarf_Die *unit)
{
	Dwarf_Off offset = dwarf_dieoffset(unit);
	const uint64_t *known = name_map_find(&info->units, (char *)&offset, sizeof(offset));
	if (known)
		return (struct unit_index *)(uintptr_t)*known;
	const char *key = arena_copy(&info->arena, &offset, sizeof(offset));
	struct unit_index *index = arena_alloc(&info->arena, sizeof(*index));
	if (!key || !index ||
	    !name_map_add(&info->units, key, sizeof(offset), (uint64_t)(uintptr_t)index))
		return NULL;
	fill_index(unit, false, index);
	return index;
}

static bool find_in_index(const struct unit_index *index, uint64_t address, Dwarf_Off *ret)
{
	size_t low = 0, high = index->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (index->functions[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == index->count || index->functions[low].address != address)
		return false;
	*ret = index->functions[low].die;
	return true;
}

struct range_list {
	ARRAY_OF(struct unit_range) ranges;
};

/* Appends the ranges of one unit; false: no more, out of memory or beyond reason. */
static bool add_unit_ranges(struct range_list *list, Dwarf_Die *unit)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;
	if (!dwarf_hasattr(unit, DW_AT_low_pc) && !dwarf_hasattr(unit, DW_AT_ranges))
		return true;
	while ((at = dwarf_ranges(unit, at, &base, &low, &high)) > 0) {
		struct unit_range *range =
			list->ranges.count < RANGES_MAX ? array_push(&list->ranges) : NULL;
		if (!range)
			return false;
		*range = (struct unit_range){low, high, dwarf_dieoffset(unit)};
	}
	return true;
}

static void sort_ranges(struct dwarf_info *info, const struct range_list *list)
{
	size_t count = list->ranges.count;
	struct radix_item *items = reallocarray(NULL, count + 1, sizeof(*items));
	info->ranges = reallocarray(NULL, count + 1, sizeof(*info->ranges));
	for (size_t i = 0; items && i < count; i++)
		items[i] = (struct radix_item){list->ranges.items[i].low, i};
	bool ok = items && info->ranges && radix_sort(items, count);
	for (size_t i = 0; ok && i < count; i++)
		info->ranges[i] = list->ranges.items[items[i].index];
	info->n_ranges = ok ? count : 0;
	free(items);
}

static void read_ranges(struct dwarf_info *info)
{
	struct range_list list = {0};
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	uint8_t type;
	info->ranges_read = true;
	while (dwarf_get_units(info->dwarf, unit, &unit, NULL, &type, &die, NULL) == 0) {
		if (type == DW_UT_compile && !add_unit_ranges(&list, &die))
			break;
	}
	sort_ranges(info, &list);
	free(list.ranges.items);
}

/* The last range that begins at the address or below. Units of one program do not overlap. */
static bool find_in_ranges(struct dwarf_info *info, uint64_t address, Dwarf_Die *ret)
{
	if (!info->ranges_read)
		read_ranges(info);
	size_t low = 0, high = info->n_ranges;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (info->ranges[middle].low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < info->ranges[low - 1].high &&
	       dwarf_offdie(info->dwarf, info->ranges[low - 1].unit, ret);
}

static bool find_in_aranges(struct dwarf_info *info, uint64_t address, Dwarf_Die *ret)
{
	Dwarf_Aranges *ranges;
	size_t count;
	Dwarf_Off unit;
	if (dwarf_getaranges(info->dwarf, &ranges, &count) != 0 || !count)
		return false;
	Dwarf_Arange *range = dwarf_getarange_addr(ranges, address);
	return range && dwarf_getarangeinfo(range, NULL, NULL, &unit) == 0 &&
	       dwarf_offdie(info->dwarf, unit, ret);
}

/* A skeleton's functions are in a .dwo file. */
static bool is_whole(Dwarf_Die *unit)
{
	uint8_t type;
	return dwarf_cu_info(unit->cu, NULL, &type, NULL, NULL, NULL, NULL, NULL) == 0 &&
	       type != DW_UT_skeleton && type != DW_UT_split_compile;
}

bool dwarf_unit_at(struct dwarf_info *info, uint64_t address, Dwarf_Die *ret)
{
	/* .debug_aranges may lack the units of another compiler. */
	return (find_in_aranges(info, address, ret) || find_in_ranges(info, address, ret)) &&
	       is_whole(ret);
}

bool dwarf_function_at(struct dwarf_info *info, uint64_t address, Dwarf_Die *ret)
{
	Dwarf_Die unit;
	Dwarf_Off offset;
	if (!dwarf_unit_at(info, address, &unit))
		return false;
	struct unit_index *index = index_of(info, &unit);
	if (!index)
		return false;
	bool found = find_in_index(index, address, &offset);
	if (!found && !index->deep) {
		fill_index(&unit, true, index);
		found = find_in_index(index, address, &offset);
	}
	return found && dwarf_offdie(info->dwarf, offset, ret);
}
