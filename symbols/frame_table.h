/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/frame_table.h — does a function's frame begin here? For the form that compilers and
 * linkers write. libdw, which knows all forms, keeps whatever it is asked about in a tree, and that
 * took half of the time in which a file of ten thousand functions was read. Private to symbols/.
 */
#ifndef UTRAIL_SYMBOLS_FRAME_TABLE_H
#define UTRAIL_SYMBOLS_FRAME_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct elf_file;
struct frame_table;

/* The frame's address (CFA) at the start of a function: a DWARF register and what lies between. */
struct frame_rule {
	uint8_t reg, offset; /* both below 128, which is one byte in DWARF */
};

/* NULL: out of memory. Reads the file when it is asked first; borrows it. */
struct frame_table *frame_table_open(const struct elf_file *file, struct frame_rule rule);
void frame_table_free(struct frame_table *table); /* NULL is fine */

/* True: the description that covers the address begins there, with that rule. False: it does not,
 * or is of another form. */
bool frame_table_begins(struct frame_table *table, uint64_t address);

#endif
