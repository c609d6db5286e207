/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/sources/split.h — split DWARF: a program that holds the skeletons of its units, whose
 * other halves are in .dwo files or together in a .dwp. Private to symbols/.
 */
#ifndef UTRAIL_SYMBOLS_SOURCES_SPLIT_H
#define UTRAIL_SYMBOLS_SOURCES_SPLIT_H

#include "symbols/dwarf_info.h"

/*
 * Of a skeleton, makes `unit` the half that describes its functions; others stay as they are.
 * False: that half was not found; image_debug_missing() tells then.
 */
bool dwarf_whole_unit(struct dwarf_info *info, Dwarf_Die *unit);

/* Where the information is from, halves included; as long as the image. */
const char *dwarf_split_source(struct dwarf_info *info);

#endif
