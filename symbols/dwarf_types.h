/* SPDX-License-Identifier: Apache-2.0 */
/* symbols/dwarf_types.h — what dwarf_types.c and dwarf_structs.c share. Private to them. */
#ifndef UTRAIL_SYMBOLS_DWARF_TYPES_H
#define UTRAIL_SYMBOLS_DWARF_TYPES_H

#include "symbols/dwarf_info.h"

struct type_builder {
	struct dwarf_info *info;
	int budget;	/* types still to be made */
	int depth;	/* pointers to follow to structures; -1: leave structures closed */
	int nesting;	/* of calls */
	bool exhausted; /* something was left out: do not keep */
	bool tags;	/* "struct x", as in C */
};

/* dwarf_types.c: what DW_AT_type names; NULL: out of memory. */
const struct type *dwarf_build_target(struct type_builder *builder, Dwarf_Die *die);

/* dwarf_structs.c; false: out of memory. */
bool dwarf_build_struct(struct type_builder *builder, Dwarf_Die *die, struct type *type);
/* dwarf_forms.c: is it a string, a container or the like of a standard library? Sets .form. */
void dwarf_find_form(struct type_builder *builder, Dwarf_Die *die, struct type *type);
/* dwarf_variants.c: is it one of several variants? Sets .form and .members. */
void dwarf_find_variants(struct type_builder *builder, Dwarf_Die *die, struct type *type);
bool dwarf_build_enum(struct type_builder *builder, Dwarf_Die *die, struct type *type);

#endif
