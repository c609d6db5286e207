/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/dwarf_attributes.h"

#include <dwarf.h>

static int keep(Dwarf_Attribute *attribute, void *context)
{
	struct dwarf_attributes *attributes = context;
	if (attributes->count == DWARF_ATTRIBUTES_MAX)
		return DWARF_CB_ABORT;
	attributes->items[attributes->count++] = *attribute;
	attributes->names |= UINT64_C(1) << (attribute->code & 63);
	return DWARF_CB_OK;
}

void dwarf_attributes_read(Dwarf_Die *die, struct dwarf_attributes *ret)
{
	ret->die = die;
	ret->count = 0;
	ret->names = 0;
	/* 1: it went through all; else the offset where it was stopped, or an error. */
	ret->is_whole = dwarf_getattrs(die, keep, ret, 0) == 1;
}

static Dwarf_Attribute *find(struct dwarf_attributes *attributes, unsigned int name)
{
	if (!(attributes->names >> (name & 63) & 1))
		return NULL;
	for (unsigned int i = 0; i < attributes->count; i++)
		if (attributes->items[i].code == name)
			return &attributes->items[i];
	return NULL;
}

Dwarf_Attribute *dwarf_attributes_own(struct dwarf_attributes *attributes, unsigned int name,
				      Dwarf_Attribute *storage)
{
	Dwarf_Attribute *found = find(attributes, name);
	return found || attributes->is_whole ? found : dwarf_attr(attributes->die, name, storage);
}

Dwarf_Attribute *dwarf_attributes_any(struct dwarf_attributes *attributes, unsigned int name,
				      Dwarf_Attribute *storage)
{
	Dwarf_Attribute *found = find(attributes, name);
	bool leads_on =
		find(attributes, DW_AT_abstract_origin) || find(attributes, DW_AT_specification);
	if (found || (attributes->is_whole && !leads_on))
		return found;
	return dwarf_attr_integrate(attributes->die, name, storage);
}

bool dwarf_attributes_flag(struct dwarf_attributes *attributes, unsigned int name)
{
	Dwarf_Attribute storage;
	bool flag = false;
	return dwarf_formflag(dwarf_attributes_any(attributes, name, &storage), &flag) == 0 && flag;
}
