/* SPDX-License-Identifier: Apache-2.0 */
/* symbols/place.h — what place.c and inlined.c share. Private to symbols/. */
#ifndef UTRAIL_SYMBOLS_PLACE_H
#define UTRAIL_SYMBOLS_PLACE_H

#include "symbols/dwarf_info.h"
#include "symbols/stack.h"

/* The name of a function or an inlined one, as its symbol would be shown; NULL: it has none. */
const char *place_name_of(struct image *image, struct dwarf_info *info, Dwarf_Die *die);

/* The line where an inlined function was "called"; .file is NULL when that is not told. */
void place_find_call(struct dwarf_info *info, Dwarf_Die *unit, Dwarf_Die *call,
		     struct code_line *ret);

#endif
