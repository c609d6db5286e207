/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the references of a unit lead. With link-time optimisation a unit is built from entries
 * of others; as long as those have come before it and refer to nothing but themselves, what follows
 * in .debug_info need not be unpacked, which can be a quarter of a gigabyte.
 */
#include <dwarf.h>
#include <string.h>

#include "symbols/dwarf_info.h"

/* Abbreviations of one unit, and attributes of one of them; compilers make some hundreds. */
#define ABBREVS_MAX    100000
#define ATTRIBUTES_MAX 1000
/* Entries to look at, levels of them, and units that one may refer to. */
#define DIES_MAX    5000000
#define DEPTH_MAX   512
#define TARGETS_MAX 2000

enum reach {
	REACH_ITSELF,
	REACH_BY_OFFSET, /* DW_FORM_ref_addr */
	REACH_ANYTHING,
};

/* dwarf_getattrcnt() (0.192) takes the values of DW_FORM_implicit_const for attributes; not asked.
 */
static enum reach abbrev_reach(Dwarf_Abbrev *abbrev)
{
	unsigned int name, form;
	enum reach reach = REACH_ITSELF;
	for (size_t i = 0; i < ATTRIBUTES_MAX; i++) {
		if (dwarf_getabbrevattr(abbrev, i, &name, &form, NULL) != 0)
			return reach;
		if (form == DW_FORM_ref_sig8 || form == DW_FORM_indirect)
			return REACH_ANYTHING;
		if (form == DW_FORM_ref_addr)
			reach = REACH_BY_OFFSET;
	}
	return REACH_ANYTHING;
}

/* By the forms that its attributes are written in. */
static enum reach unit_reach(Dwarf_Die *unit)
{
	Dwarf_Off offset = 0;
	size_t length;
	enum reach reach = REACH_ITSELF;
	for (size_t i = 0; i < ABBREVS_MAX && reach != REACH_ANYTHING; i++) {
		Dwarf_Abbrev *abbrev = dwarf_getabbrev(unit, offset, &length);
		if (abbrev == DWARF_END_ABBREV)
			return reach;
		enum reach here = abbrev ? abbrev_reach(abbrev) : REACH_ANYTHING;
		reach = here > reach ? here : reach;
		offset += length;
	}
	return REACH_ANYTHING;
}

struct walk {
	struct dwarf_info *info;
	Dwarf_Off end; /* of what is unpacked */
	Dwarf_CU *units[TARGETS_MAX];
	size_t count;
	size_t budget;
	size_t offset_size; /* of a reference, in bytes */
	bool leaves;
};

static bool is_known(const struct walk *walk, const Dwarf_CU *unit)
{
	for (size_t i = walk->count; i > 0; i--)
		if (walk->units[i - 1] == unit)
			return true;
	return false;
}

/* The unit that was referred to is read as if it had been asked for. */
static bool take_target(struct walk *walk, Dwarf_Off offset)
{
	Dwarf_Die die, unit;
	if (offset >= walk->end || !dwarf_offdie(walk->info->dwarf, offset, &die))
		return false;
	if (is_known(walk, die.cu))
		return true;
	if (walk->count == TARGETS_MAX || !dwarf_diecu(&die, &unit, NULL, NULL) ||
	    unit_reach(&unit) != REACH_ITSELF)
		return false;
	dwarf_check_unit_lines(walk->info->view, &unit, &walk->info->strings);
	walk->units[walk->count++] = die.cu;
	return true;
}

static int see_attribute(Dwarf_Attribute *attribute, void *context)
{
	struct walk *walk = context;
	Dwarf_Off target = 0;
	if (dwarf_whatform(attribute) != DW_FORM_ref_addr)
		return DWARF_CB_OK;
	/* Not by libdw, which would take the zeros behind what is unpacked for units. */
	memcpy(&target, attribute->valp, walk->offset_size);
	if (take_target(walk, target))
		return DWARF_CB_OK;
	walk->leaves = true;
	return DWARF_CB_ABORT;
}

static void see_children(struct walk *walk, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;
	if (dwarf_child(parent, &die) != 0)
		return;
	do {
		walk->leaves |= depth > DEPTH_MAX || !walk->budget--;
		if (!walk->leaves)
			dwarf_getattrs(&die, see_attribute, walk, 0);
		if (walk->leaves)
			return;
		see_children(walk, &die, depth + 1);
	} while (!walk->leaves && dwarf_siblingof(&die, &die) == 0);
}

bool dwarf_unit_is_complete(struct dwarf_info *info, Dwarf_Die *unit, Dwarf_Off end)
{
	Dwarf_Half version;
	uint8_t size;
	enum reach reach = unit_reach(unit);
	if (reach != REACH_BY_OFFSET)
		return reach == REACH_ITSELF;
	/* In version 2 such a reference has the size of an address. */
	if (dwarf_cu_info(unit->cu, &version, NULL, NULL, NULL, NULL, NULL, &size) != 0 ||
	    version < 3 || size > sizeof(Dwarf_Off))
		return false;
	struct walk walk = {.info = info, .end = end, .budget = DIES_MAX, .offset_size = size};
	walk.units[walk.count++] = unit->cu;
	dwarf_getattrs(unit, see_attribute, &walk, 0);
	if (!walk.leaves)
		see_children(&walk, unit, 0);
	return !walk.leaves;
}
