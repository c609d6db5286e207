/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbol tables, and the functions in them.
 *
 * A big library has 60,000 functions in tables that are a few per cent of the file, and listing
 * them must take milliseconds: names stay where they are, and the order comes from a radix sort.
 */
#include <string.h>

#include "common/cleanup.h"
#include "symbols/child/remote.h"
#include "symbols/debug_file.h"
#include "symbols/go_table.h"
#include "symbols/image.h"
#include "symbols/radix.h"
#include "symbols/sources/mini.h"

static bool table_of_section(const struct elf_file *file, uint32_t type, struct symbol_table *ret)
{
	Elf_Scn *section = elf_file_section(file, NULL, type);
	const Elf64_Shdr *header = section ? elf64_getshdr(section) : NULL;
	if (!header || header->sh_entsize != sizeof(Elf64_Sym))
		return false;
	Elf_Scn *names = elf_getscn(file->elf, header->sh_link);
	const Elf64_Shdr *names_header = names ? elf64_getshdr(names) : NULL;
	if (!names_header || names_header->sh_type != SHT_STRTAB)
		return false;
	Elf_Data *symbols = elf_file_content(file, section);
	Elf_Data *strings = elf_file_content(file, names);
	if (!symbols || !strings)
		return false;
	*ret = (struct symbol_table){symbols->d_buf, symbols->d_size / sizeof(Elf64_Sym),
				     strings->d_buf, strings->d_size};
	return true;
}

/* Cuts the strings behind their last NUL, so that each that begins in them also ends in them. */
static void terminate_strings(struct symbol_table *table)
{
	const char *last =
		table->strings_size ? memrchr(table->strings, '\0', table->strings_size) : NULL;
	table->strings_size = last ? (size_t)(last - table->strings) + 1 : 0;
}

/* From the best place that has one: the file itself, its debug file, .gnu_debugdata. */
static void read_static_table(struct image *image)
{
	bool has_mini;
	image->symbol_source = "this file";
	if (table_of_section(&image->file, SHT_SYMTAB, &image->static_table))
		return;
	const struct debug_file *debug = debug_file_of(image);
	image->symbol_source = debug ? debug->path : NULL;
	image->static_is_debug =
		debug && table_of_section(&debug->file, SHT_SYMTAB, &image->static_table);
	if (image->static_is_debug)
		return;
	image->mini_refused = mini_open(&image->file, image->path, &image->mini, &has_mini);
	image->symbol_source = ".gnu_debugdata of this file";
	if (!image->mini_refused && has_mini &&
	    table_of_section(&image->mini, SHT_SYMTAB, &image->static_table))
		return;
	image->symbol_source = image->dynamic_table.count ? ".dynsym of this file" : NULL;
}

void image_read_tables(struct image *image)
{
	if (image->tables_read)
		return;
	image->tables_read = true;
	if (!table_of_section(&image->file, SHT_DYNSYM, &image->dynamic_table))
		image_dynamic_symbols(image, &image->dynamic_table);
	read_static_table(image);
	terminate_strings(&image->dynamic_table);
	terminate_strings(&image->static_table);
}

const char *symbol_name(const struct symbol_table *table, uint32_t offset, size_t *ret_length)
{
	if (offset >= table->strings_size)
		return NULL;
	const char *name = table->strings + offset;
	*ret_length = (size_t)(strchrnul(name, '@') - name);
	return *ret_length ? name : NULL;
}

/*
 * Names may share bytes in the string table (a linker keeps "close" inside "fclose"; static
 * functions of one name have it once), so their sum can exceed its size, but not by much. Beyond
 * that the table was built to make us read the same megabytes for each of a million symbols.
 */
size_t symbol_name_budget(const struct symbol_table *table)
{
	return table->strings_size * 16 + table->count * 256;
}

const char *image_symbol_source(struct image *image)
{
	if (image->remote) {
		remote_sources(image);
		return image->remote->symbol_source;
	}
	image_read_tables(image);
	return image->symbol_source;
}

const struct err *image_symbols_refused(const struct image *image)
{
	return image->remote ? image->remote->refused : image->mini_refused;
}

bool image_is_stripped(struct image *image)
{
	if (image->remote) {
		remote_sources(image);
		return image->remote->is_stripped;
	}
	image_read_tables(image);
	return !image->static_table.count;
}

const char *image_symtab_source(struct image *image)
{
	if (image_is_stripped(image))
		return NULL;
	if (image->remote)
		return image->remote->symtab_source;
	return image->static_is_debug ? debug_file_of(image)->path : image->path;
}

bool image_lacks_sections(const struct image *image)
{
	const Elf64_Ehdr *header = &image->file.header;
	uint64_t bytes = (uint64_t)header->e_shnum * header->e_shentsize, end;
	return header->e_shoff && (__builtin_add_overflow(header->e_shoff, bytes, &end) ||
				   end > image->file.size || header->e_shoff >= image->file.size);
}

/* The biggest programs, with all their debug symbols, have some millions. */
#define SYMBOLS_MAX (16u << 20)

struct collection {
	ARRAY_OF(struct function) functions;
};

/* Fills in where a function is; false when that is not in executable content of this file. */
static bool place_function(const struct image *image, const Elf64_Sym *symbol, struct function *ret)
{
	const struct segment *segment = image_segment_of(image, symbol->st_value);
	if (!segment || !segment->executable)
		return false;
	uint64_t inside = symbol->st_value - segment->address;
	uint64_t rest = segment->file_size - inside;
	ret->address = symbol->st_value;
	ret->offset = segment->offset + inside;
	ret->size = symbol->st_size < rest ? symbol->st_size : rest;
	ret->binding = ELF64_ST_BIND(symbol->st_info);
	ret->ifunc = ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC;
	return true;
}

static bool is_function(const Elf64_Sym *symbol)
{
	unsigned int type = ELF64_ST_TYPE(symbol->st_info);
	return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF;
}

static struct err *collect_table(struct image *image, const struct symbol_table *table,
				 uint8_t origin, struct collection *to)
{
	size_t budget = symbol_name_budget(table), length;
	if (table->count > SYMBOLS_MAX)
		return err_why(err_new(ERR_FAILED, 0, "'%s' is damaged", image->path),
			       "it claims to have %zu symbols", table->count);
	for (size_t i = 0; i < table->count; i++) {
		struct function function;
		if (!is_function(&table->symbols[i]) ||
		    !place_function(image, &table->symbols[i], &function))
			continue;
		const char *name = symbol_name(table, table->symbols[i].st_name, &length);
		if (!name)
			continue;
		if (length >= budget)
			return err_why(err_new(ERR_FAILED, 0, "'%s' is damaged", image->path),
				       "the names of its symbols overlap");
		budget -= length;
		function.tables = origin;
		function.symbol =
			name[length] ? arena_substring(&image->arena, name, length) : name;
		struct function *place = function.symbol ? array_push(&to->functions) : NULL;
		if (!place)
			return &err_nomem;
		*place = function;
	}
	return NULL;
}

/* --- Go ----------------------------------------------------------------------------------------
 */

/* The tables of the biggest programs are some tens of megabytes. */
#define GO_TABLE_MAX (512u << 20)

/* The table is kept: the names are in it. */
static const void *read_go_section(struct image *image, size_t *ret_size)
{
	static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab"};
	struct section_range range;
	bool found = false;
	for (size_t i = 0; i < array_size(names) && !found; i++)
		found = image_section(image, names[i], &range);
	if (!found || !range.size || range.size > GO_TABLE_MAX || range.size > image->file.size)
		return NULL;
	void *bytes = arena_alloc(&image->arena, range.size);
	if (!bytes || !elf_file_read(&image->file, range.offset, bytes, range.size))
		return NULL;
	*ret_size = range.size;
	return bytes;
}

/* Names may share bytes here, too. */
static struct err *collect_go(struct image *image, struct collection *to)
{
	struct go_table table;
	size_t size;
	const void *bytes = image->static_table.count ? NULL : read_go_section(image, &size);
	if (!bytes || !go_table_init(&table, bytes, size))
		return NULL;
	size_t budget = size * 4;
	for (uint64_t i = 0; i < table.n_functions && i < SYMBOLS_MAX; i++) {
		struct go_function go;
		if (!go_table_function(&table, i, &go))
			continue;
		const Elf64_Sym symbol = {.st_value = go.address,
					  .st_size = go.size,
					  .st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC)};
		struct function function = {.symbol = go.name, .tables = FUNCTION_GO};
		size_t length = strlen(go.name);
		if (length >= budget || !place_function(image, &symbol, &function))
			continue;
		budget -= length;
		struct function *place = array_push(&to->functions);
		if (!place)
			return &err_nomem;
		*place = function;
	}
	return NULL;
}

static int by_name(const void *left, const void *right)
{
	const struct function *a = left, *b = right;
	if (a->symbol == b->symbol)
		return 0;
	return strcmp(a->symbol, b->symbol);
}

/* The same symbol in both tables, or twice in one: keeps what says more. */
static void merge_twins(struct function *kept, const struct function *twin)
{
	if (twin->size > kept->size)
		kept->size = twin->size;
	if (kept->binding == STB_LOCAL)
		kept->binding = twin->binding;
	kept->ifunc |= twin->ifunc;
	kept->tables |= twin->tables;
}

/* Orders functions of the same address by name, and drops twins. */
static size_t order_names(struct function *functions, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count; end++)
			if (functions[end].address != functions[i].address)
				break;
		if (end - i > 1)
			qsort(functions + i, end - i, sizeof(*functions), by_name);
		for (size_t j = i; j < end; j++) {
			if (j > i && !by_name(&functions[kept - 1], &functions[j]))
				merge_twins(&functions[kept - 1], &functions[j]);
			else
				functions[kept++] = functions[j];
		}
	}
	return kept;
}

/* Sorted by address into an array of its own. */
static struct err *sort_functions(const struct collection *from, struct function **ret)
{
	size_t count = from->functions.count;
	_cleanup_free_ struct radix_item *items = reallocarray(NULL, count, sizeof(*items));
	_cleanup_free_ struct function *sorted = reallocarray(NULL, count, sizeof(*sorted));
	if (!items || !sorted)
		return &err_nomem;
	for (size_t i = 0; i < count; i++)
		items[i] = (struct radix_item){from->functions.items[i].address, i};
	if (!radix_sort(items, count))
		return &err_nomem;
	for (size_t i = 0; i < count; i++)
		sorted[i] = from->functions.items[items[i].index];
	*ret = take_ptr(sorted);
	return NULL;
}

static struct err *read_functions(struct image *image)
{
	struct collection collection = {0};
	image_read_tables(image);
	struct err *e = collect_table(image, &image->dynamic_table, FUNCTION_DYNSYM, &collection);
	e = e ?: collect_table(image, &image->static_table, FUNCTION_SYMTAB, &collection);
	e = e ?: collect_go(image, &collection);
	if (!e && collection.functions.count)
		e = sort_functions(&collection, &image->functions);
	if (!e && collection.functions.count)
		image->n_functions = order_names(image->functions, collection.functions.count);
	free(collection.functions.items);
	return e;
}

struct err *image_functions(struct image *image, const struct function **ret, size_t *ret_count)
{
	if (!image->functions_read) {
		struct err *e = image->remote ? remote_functions(image) : read_functions(image);
		if (e)
			return err_wrap(e, "reading the symbols of '%s'", image->path);
		image->functions_read = true;
	}
	*ret = image->functions;
	*ret_count = image->n_functions;
	return NULL;
}

static bool read_reaches(struct image *image)
{
	const struct function *functions;
	size_t count;
	struct err *e = image_functions(image, &functions, &count);
	if (e || !count) {
		err_free(e);
		return false;
	}
	if (image->reaches)
		return true;
	uint64_t reach = 0;
	image->reaches = reallocarray(NULL, count, sizeof(*image->reaches));
	for (size_t i = 0; image->reaches && i < count; i++) {
		uint64_t end = functions[i].address + functions[i].size;
		reach = end > reach ? end : reach;
		image->reaches[i] = reach;
	}
	return image->reaches;
}

/* How many functions begin at `address` or below. */
static size_t count_up_to(const struct image *image, uint64_t address)
{
	size_t low = 0, high = image->n_functions;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (image->functions[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Among aliases, a global name is the one that people know. */
static bool is_better(const struct function *candidate, const struct function *found)
{
	return !found || (found->binding == STB_LOCAL && candidate->binding != STB_LOCAL);
}

const struct function *image_function_at(struct image *image, uint64_t address)
{
	const struct function *found = NULL;
	if (!read_reaches(image))
		return NULL;
	for (size_t i = count_up_to(image, address); i > 0 && image->reaches[i - 1] > address;
	     i--) {
		const struct function *candidate = &image->functions[i - 1];
		if (found && candidate->address != found->address)
			break;
		if (address - candidate->address < candidate->size && is_better(candidate, found))
			found = candidate;
	}
	return found;
}
