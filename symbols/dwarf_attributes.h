/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/dwarf_attributes.h — the attributes of one entry, read in one pass.
 *
 * libdw looks for an attribute by going through those before it, and, when there is none, through
 * all of them; with dwarf_attr_integrate() that twice more. Who wants several, or wants to know
 * that there is none, has them read once. Private to symbols/.
 */
#ifndef UTRAIL_SYMBOLS_DWARF_ATTRIBUTES_H
#define UTRAIL_SYMBOLS_DWARF_ATTRIBUTES_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

/* Compilers give a function or a parameter a dozen. */
#define DWARF_ATTRIBUTES_MAX 20

struct dwarf_attributes {
	Dwarf_Die *die;	    /* borrowed */
	unsigned int count; /* in items, in the entry's order */
	bool is_whole;	    /* there are no others */
	uint64_t names;	    /* of items: a bit for the lowest six bits of each */
	Dwarf_Attribute items[DWARF_ATTRIBUTES_MAX];
};

/* Never fails: what could not be read is asked for when it is wanted. Not of units, which may have
 * another half. `die` lives as long as *ret. */
void dwarf_attributes_read(Dwarf_Die *die, struct dwarf_attributes *ret);

/* As dwarf_attr() and dwarf_attr_integrate(), with `storage` for what has to be looked for. */
Dwarf_Attribute *dwarf_attributes_own(struct dwarf_attributes *attributes, unsigned int name,
				      Dwarf_Attribute *storage);
Dwarf_Attribute *dwarf_attributes_any(struct dwarf_attributes *attributes, unsigned int name,
				      Dwarf_Attribute *storage);
/* Of these, the value of a flag; false: there is none. */
bool dwarf_attributes_flag(struct dwarf_attributes *attributes, unsigned int name);

#endif
