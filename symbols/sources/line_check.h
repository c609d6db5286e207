/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/sources/line_check.h — is the header of a line table one that libdw may read?
 * Private to symbols/.
 *
 * libdw (0.192, dwarf_getsrclines.c) takes the length of each directory's and file's name without
 * looking whether there is one. A DWARF 5 header whose string offset leads nowhere ends the
 * process; so does, before that, a program that defines a file in a unit without a directory of
 * compilation.
 */
#ifndef UTRAIL_SYMBOLS_SOURCES_LINE_CHECK_H
#define UTRAIL_SYMBOLS_SOURCES_LINE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line_strings {
	/* Sizes of the sections up to behind their last NUL; 0: not there. */
	uint64_t str, line_str;
};

/* The table at the beginning of these bytes. `has_directory`: its unit has DW_AT_comp_dir. */
bool line_table_is_sound(const uint8_t *bytes, size_t size, const struct line_strings *strings,
			 bool has_directory);

#endif
