/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a code address to the DIE of the function that begins there.
 *
 * A unit that was once asked for is indexed, as whoever traces one function of a file tends to
 * trace its neighbours.
 */
#include <dwarf.h>
#include <string.h>

#include "common/array.h"
#include "symbols/dwarf_info.h"
#include "symbols/radix.h"

/* DIEs to visit in one unit. The biggest units (one-file databases, LTO) have some millions. */
#define DIES_MAX 20000000
/* Namespaces and classes within each other. */
#define DEPTH_MAX 64

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
	Dwarf_Attribute attribute;
	/* What dwarf_entrypc() does, in half the time where there is none of its own. */
	if (!dwarf_hasattr(die, DW_AT_entry_pc) &&
	    dwarf_formaddr(dwarf_attr(die, DW_AT_low_pc, &attribute), ret) == 0)
		return true;
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
	/* Not by offset: those of the halves of split units are the same in each file. */
	const void *address = unit->addr;
	const uint64_t *known = name_map_find(&info->units, (char *)&address, sizeof(address));
	if (known)
		return (struct unit_index *)(uintptr_t)*known;
	const char *key = arena_copy(&info->arena, &address, sizeof(address));
	struct unit_index *index = arena_alloc(&info->arena, sizeof(*index));
	if (!key || !index ||
	    !name_map_add(&info->units, key, sizeof(address), (uint64_t)(uintptr_t)index))
		return NULL;
	fill_index(unit, false, index);
	return index;
}

static bool find_in_index(const struct unit_index *index, uint64_t address, Dwarf_Off *ret)
{
	size_t low = array_count_first(index->count, i, index->functions[i].address < address);
	if (low == index->count || index->functions[low].address != address)
		return false;
	*ret = index->functions[low].die;
	return true;
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
	return found && dwarf_offdie(dwarf_cu_getdwarf(unit.cu), offset, ret);
}
