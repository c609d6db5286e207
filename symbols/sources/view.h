/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/sources/view.h — the debug sections of a file as libdw is to see them. Private to
 * symbols/.
 *
 * libdw unpacks each compressed section when it opens a file, and opens further files (.dwo, .dwp)
 * by names that the file holds. Neither is wanted: so it gets an ELF file in memory that has only
 * the debug sections. What is not compressed is mapped privately; the rest are zeros until it is
 * asked for here. A file in memory has no path, so that libdw does not look for a .dwp beside it.
 */
#ifndef UTRAIL_SYMBOLS_SOURCES_VIEW_H
#define UTRAIL_SYMBOLS_SOURCES_VIEW_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols/elf_file.h"

struct debug_view;

/* NULL: no DWARF in it, more of it than we want in memory, or out of memory. */
struct debug_view *debug_view_open(const struct elf_file *file);
void debug_view_close(struct debug_view *view); /* NULL is fine */

/* As long as the view; not to be ended. */
Elf *debug_view_elf(const struct debug_view *view);

/* Is any of its sections compressed? */
bool debug_view_is_packed(const struct debug_view *view);

/*
 * Bytes of a section, by its name without compression (".debug_info"), which are there from now on;
 * NULL: not in it, or damaged. They may be changed, as the view is ours alone.
 */
uint8_t *debug_view_bytes(struct debug_view *view, const char *name, uint64_t offset,
			  uint64_t size);
uint64_t debug_view_size(const struct debug_view *view, const char *name);
/* Unpacks all of a section; all but one; everything (`except` is NULL). */
bool debug_view_need(struct debug_view *view, const char *name);
void debug_view_need_all(struct debug_view *view, const char *except);

/* Bytes at the end of .debug_str that are ours to write a string into; NULL: there is no such. */
#define VIEW_SPARE 64
char *debug_view_spare(struct debug_view *view, uint64_t *ret_offset);

#endif
