/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout is that of Go's runtime/symtab.go (pcHeader, functab, _func); numbers have the
 * machine's byte order, which is little-endian for all that we support.
 */
#include "symbols/go_table.h"

#include <string.h>

#define MAGIC_1_16 0xfffffffau
#define MAGIC_1_18 0xfffffff0u
#define MAGIC_1_20 0xfffffff1u

/* magic, two bytes of 0, the smallest instruction, the size of a pointer; then numbers of 8 bytes
 */
#define HEADER_BYTES 8
#define POINTER_SIZE 8
/* A function is a megabyte of machine code at the very most, but for generated ones. */
#define FUNCTION_BYTES_MAX (1ULL << 30)

static bool read_number(const struct go_table *table, uint64_t offset, size_t size, uint64_t *ret)
{
	*ret = 0;
	if (offset > table->size || size > table->size - offset)
		return false;
	memcpy(ret, table->bytes + offset, size);
	return true;
}

/* The numbers of the header, by their place. */
static bool header_number(const struct go_table *table, unsigned int index, uint64_t *ret)
{
	return read_number(table, HEADER_BYTES + index * POINTER_SIZE, POINTER_SIZE, ret);
}

/* Words of struct moduledata (runtime/symtab.go): pcHeader, six slices of three words each,
 * findfunctab, and the bounds of the code. */
enum module_word {
	MODULE_HEADER = 0,
	MODULE_FIRST_PC = 20,
	MODULE_LAST_PC,
	MODULE_TEXT,
	MODULE_TEXT_END,
	MODULE_WORDS,
};

uint64_t go_module_text(const void *bytes, size_t size, uint64_t table_address)
{
	uint64_t word[MODULE_WORDS];
	if (size < sizeof(word))
		return 0;
	memcpy(word, bytes, sizeof(word));
	/* Another linker may leave all of it to the loader. */
	bool is_it = word[MODULE_HEADER] == table_address &&
		     word[MODULE_TEXT] <= word[MODULE_FIRST_PC] &&
		     word[MODULE_FIRST_PC] < word[MODULE_LAST_PC] &&
		     word[MODULE_LAST_PC] <= word[MODULE_TEXT_END];
	return is_it ? word[MODULE_TEXT] : 0;
}

bool go_table_init(struct go_table *table, const void *bytes, size_t size, uint64_t text)
{
	uint64_t magic, zero, quantum, pointer;
	*table = (struct go_table){.bytes = bytes, .size = size};
	if (!read_number(table, 0, 4, &magic) || !read_number(table, 4, 2, &zero) ||
	    !read_number(table, 6, 1, &quantum) || !read_number(table, 7, 1, &pointer))
		return false;
	if (zero || (quantum != 1 && quantum != 4) || pointer != POINTER_SIZE)
		return false;
	table->is_short = magic == MAGIC_1_18 || magic == MAGIC_1_20;
	if (!table->is_short && magic != MAGIC_1_16)
		return false;
	/* nfunc, nfiles, [textStart,] funcnames, compilation units, files, pctab, functab */
	unsigned int shift = table->is_short;
	if (!header_number(table, 0, &table->n_functions) ||
	    (shift && !header_number(table, 2, &table->text)) ||
	    !header_number(table, 2 + shift, &table->names) ||
	    !header_number(table, 6 + shift, &table->functions))
		return false;
	/* In a position-independent program the loader fills it in, and from Go 1.26 on it is 0. */
	if (shift && !table->text)
		table->text = text;
	if (shift && !table->text)
		return false;
	uint64_t entry = table->is_short ? 8 : 16;
	return table->names < size && table->functions < size &&
	       table->n_functions < (size - table->functions) / entry;
}

/* Where the function with this number begins; the one behind the last: where it ends. */
static bool read_address(const struct go_table *table, uint64_t index, uint64_t *ret)
{
	size_t width = table->is_short ? 4 : 8;
	if (!read_number(table, table->functions + index * 2 * width, width, ret))
		return false;
	return !__builtin_add_overflow(*ret, table->text, ret);
}

static const char *read_name(const struct go_table *table, uint64_t index)
{
	size_t width = table->is_short ? 4 : 8;
	uint64_t record, name, at;
	/* The record begins with the function's place again, then there is its name. */
	if (!read_number(table, table->functions + index * 2 * width + width, width, &record) ||
	    record >= table->size ||
	    !read_number(table, table->functions + record + width, 4, &name) ||
	    __builtin_add_overflow(table->names, name, &at) || at >= table->size)
		return NULL;
	const char *text = (const char *)table->bytes + at;
	return memchr(text, '\0', table->size - at) && *text ? text : NULL;
}

bool go_table_function(const struct go_table *table, uint64_t index, struct go_function *ret)
{
	uint64_t end;
	if (index >= table->n_functions || !read_address(table, index, &ret->address) ||
	    !read_address(table, index + 1, &end) || end <= ret->address ||
	    end - ret->address > FUNCTION_BYTES_MAX)
		return false;
	ret->size = end - ret->address;
	ret->name = read_name(table, index);
	return ret->name;
}
