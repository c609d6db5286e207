/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about one symbol by name: imported? defined? where? */
#include <string.h>

#include "symbols/child/remote.h"
#include "symbols/image.h"

#define NO_ADDRESS UINT64_MAX

bool symbol_is_definition(const Elf64_Sym *symbol)
{
	return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_COMMON &&
	       ELF64_ST_TYPE(symbol->st_info) != STT_SECTION &&
	       ELF64_ST_TYPE(symbol->st_info) != STT_FILE;
}

/* Thread-local symbols have an offset in a block that each thread has, no address. */
static uint64_t address_of(const Elf64_Sym *symbol)
{
	return ELF64_ST_TYPE(symbol->st_info) == STT_TLS ? NO_ADDRESS : symbol->st_value;
}

/*
 * From the end, where the global symbols are: of two with the same name they are meant.
 * Out of memory, or names that overlap beyond reason, leave the rest out: it is then not
 * found.
 */
static void index_table(const struct symbol_table *table, struct name_map *undefined,
			struct name_map *defined)
{
	size_t budget = symbol_name_budget(table), length;
	for (size_t i = table->count; i > 0; i--) {
		const Elf64_Sym *symbol = &table->symbols[i - 1];
		struct name_map *to = symbol->st_shndx == SHN_UNDEF ? undefined : NULL;
		if (symbol_is_definition(symbol))
			to = defined;
		const char *name = to ? symbol_name(table, symbol->st_name, &length) : NULL;
		if (!name)
			continue;
		if (length >= budget)
			return;
		budget -= length;
		uint64_t *known = to == defined ? name_map_find(to, name, length) : NULL;
		if (known && *known != address_of(symbol))
			*known = NO_ADDRESS;
		if (!name_map_add(to, name, length, address_of(symbol)))
			return;
	}
}

bool image_imports(struct image *image, const char *symbol)
{
	if (!image->imports_indexed) {
		image->imports_indexed = true;
		if (image->remote) {
			remote_imports(image);
			return name_map_find(&image->imports, symbol, strlen(symbol));
		}
		image_read_dynamic_table(image);
		index_table(&image->dynamic_table, &image->imports, NULL);
	}
	return name_map_find(&image->imports, symbol, strlen(symbol));
}

static void index_exports(struct image *image)
{
	if (image->exports_indexed)
		return;
	image->exports_indexed = true;
	image_read_tables(image);
	index_table(&image->dynamic_table, NULL, &image->exports);
}

static void index_statics(struct image *image)
{
	if (image->statics_indexed)
		return;
	image->statics_indexed = true;
	image_read_tables(image);
	index_table(&image->static_table, NULL, &image->statics);
}

/* The dynamic symbols first: they are fewer, and what other modules see. */
static const uint64_t *find_definition(struct image *image, const char *symbol)
{
	index_exports(image);
	const uint64_t *found = name_map_find(&image->exports, symbol, strlen(symbol));
	if (found)
		return found;
	index_statics(image);
	return name_map_find(&image->statics, symbol, strlen(symbol));
}

/* Looking at all symbols for so many names costs less than an index of them. */
#define SCANS_MAX 16

static bool scan_table(const struct symbol_table *table, const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < table->count; i++) {
		const Elf64_Sym *symbol = &table->symbols[i];
		if (symbol->st_name >= table->strings_size || !symbol_is_definition(symbol))
			continue;
		const char *here = table->strings + symbol->st_name;
		if (*here == *name && strncmp(here, name, length) == 0 &&
		    (!here[length] || here[length] == '@'))
			return true;
	}
	return false;
}

bool image_defines(struct image *image, const char *symbol)
{
	uint64_t address;
	if (image->remote)
		return remote_symbol(image, symbol, &address);
	if (!*symbol || image->statics_indexed || image->scans == SCANS_MAX)
		return find_definition(image, symbol);
	image->scans++;
	image_read_tables(image);
	bool defines;
	if (!image_hash_defines(image, symbol, &defines))
		defines = scan_table(&image->dynamic_table, symbol);
	return defines || scan_table(&image->static_table, symbol);
}

bool image_symbol_address(struct image *image, const char *symbol, uint64_t *ret)
{
	uint64_t address;
	if (image->remote) {
		bool found = remote_symbol(image, symbol, &address) && address != NO_ADDRESS;
		*ret = found ? address : *ret;
		return found;
	}
	const uint64_t *found = find_definition(image, symbol);
	if (!found || *found == NO_ADDRESS)
		return false;
	index_statics(image);
	const uint64_t *other = name_map_find(&image->statics, symbol, strlen(symbol));
	if (other && *other != *found)
		return false;
	*ret = *found;
	return true;
}
