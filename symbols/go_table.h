/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/go_table.h — functions of a Go program, from the table that its own runtime needs to walk
 * stacks (.gopclntab): it is there when the program is stripped. Private to symbols/.
 */
#ifndef UTRAIL_SYMBOLS_GO_TABLE_H
#define UTRAIL_SYMBOLS_GO_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the table's header says; offsets are from its first byte. */
struct go_table {
	const uint8_t *bytes;
	size_t size;
	uint64_t n_functions;
	uint64_t text; /* what places of functions count from; 0: they are addresses */
	uint64_t names, functions;
	bool is_short; /* entries of 4 bytes, not 8: Go 1.18 and later */
};

struct go_function {
	uint64_t address, size;
	const char *name; /* in the table, NUL-terminated */
};

/*
 * Of Go 1.16 to 1.17, 1.18 to 1.19, and from 1.20 on. `text`: where the code begins, for tables
 * that do not say so themselves; 0: not known. False: it is no such table, or damaged.
 */
bool go_table_init(struct go_table *table, const void *bytes, size_t size, uint64_t text);
/*
 * Where the code begins by what the runtime knows of a module (.go.module, from Go 1.26 on), whose
 * table is at `table_address`; 0: it does not say.
 */
uint64_t go_module_text(const void *bytes, size_t size, uint64_t table_address);
/* False: that one is damaged; others may not be. */
bool go_table_function(const struct go_table *table, uint64_t index, struct go_function *ret);

#endif
