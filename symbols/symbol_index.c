/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about one symbol by name: imported? defined? where? */
#include <string.h>

#include "symbols/image.h"

#define NO_ADDRESS UINT64_MAX

static bool is_definition(const Elf64_Sym *symbol)
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
		const char *name = symbol_name(table, symbol->st_name, &length);
		if (!name)
			continue;
		if (length >= budget)
			return;
		budget -= length;
		struct name_map *to = symbol->st_shndx == SHN_UNDEF ? undefined : NULL;
		if (is_definition(symbol))
			to = defined;
		if (to && !name_map_add(to, name, length, address_of(symbol)))
			return;
	}
}

static void index_dynamic(struct image *image)
{
	if (image->dynamic_indexed)
		return;
	image->dynamic_indexed = true;
	image_read_tables(image);
	index_table(&image->dynamic_table, &image->imports, &image->exports);
}

static void index_static(struct image *image)
{
	if (image->static_indexed)
		return;
	image->static_indexed = true;
	image_read_tables(image);
	index_table(&image->static_table, NULL, &image->statics);
}

bool image_imports(struct image *image, const char *symbol)
{
	index_dynamic(image);
	return name_map_find(&image->imports, symbol, strlen(symbol));
}

/* The dynamic symbols first: they are fewer, and what other modules see. */
static const uint64_t *find_definition(struct image *image, const char *symbol)
{
	index_dynamic(image);
	const uint64_t *found = name_map_find(&image->exports, symbol, strlen(symbol));
	if (found)
		return found;
	index_static(image);
	return name_map_find(&image->statics, symbol, strlen(symbol));
}

bool image_defines(struct image *image, const char *symbol)
{
	return find_definition(image, symbol);
}

bool image_symbol_address(struct image *image, const char *symbol, uint64_t *ret)
{
	const uint64_t *found = find_definition(image, symbol);
	if (!found || *found == NO_ADDRESS)
		return false;
	*ret = *found;
	return true;
}
