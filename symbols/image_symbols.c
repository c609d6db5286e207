/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbol tables, and the functions in them.
 *
 * A big library has 60,000 functions in tables that are a few per cent of the file, and listing
 * them must take milliseconds: names stay where they are, and the order comes from a radix sort.
 */
#include <string.h>

#include "common/array.h"
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

void image_read_dynamic_table(struct image *image)
{
	if (image->dynamic_table_read)
		return;
	image->dynamic_table_read = true;
	Elf_Scn *section = elf_file_section(&image->file, NULL, SHT_DYNSYM);
	const Elf64_Shdr *header = section ? elf64_getshdr(section) : NULL;
	if (table_of_section(&image->file, SHT_DYNSYM, &image->dynamic_table))
		image->hash_is_of_table = header && header->sh_offset == image->dynamic.symbols;
	else
		image->hash_is_of_table = image_dynamic_symbols(image, &image->dynamic_table);
	terminate_strings(&image->dynamic_table);
}

void image_read_tables(struct image *image)
{
	if (image->tables_read)
		return;
	image->tables_read = true;
	image_read_dynamic_table(image);
	read_static_table(image);
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

/* The table that a symbol is from stands above its number there. */
#define NUMBER_BITS 32
_Static_assert(SYMBOLS_MAX <= UINT64_C(1) << NUMBER_BITS, "numbers fit");

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

/* Of assembler files without .type: neither function nor data. */
static bool is_untyped(const Elf64_Sym *symbol)
{
	unsigned int binding = ELF64_ST_BIND(symbol->st_info);
	return ELF64_ST_TYPE(symbol->st_info) == STT_NOTYPE && symbol->st_shndx != SHN_UNDEF &&
	       symbol->st_shndx < SHN_LORESERVE && (binding == STB_GLOBAL || binding == STB_WEAK);
}

static bool is_function(const Elf64_Sym *symbol)
{
	unsigned int type = ELF64_ST_TYPE(symbol->st_info);
	return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF;
}

/* The sections that hold code, in this file; a segment may have data, too. */
#define SECTIONS_MAX 64

struct code_sections {
	struct section_range items[SECTIONS_MAX];
	size_t count;
};

static void find_code_sections(const struct image *image, struct code_sections *ret)
{
	Elf_Scn *section = NULL;
	ret->count = 0;
	while (ret->count < SECTIONS_MAX && (section = elf_nextscn(image->file.elf, section))) {
		const Elf64_Shdr *header = elf64_getshdr(section);
		struct section_range *range = &ret->items[ret->count];
		ret->count += header && header->sh_flags & SHF_EXECINSTR &&
			      section_range_of(image, header, range);
	}
}

/* The one that holds the address, or NULL. */
static const struct section_range *code_section_of(const struct code_sections *sections,
						   uint64_t address)
{
	for (size_t i = 0; i < sections->count; i++)
		if (address >= sections->items[i].address &&
		    address - sections->items[i].address < sections->items[i].size)
			return &sections->items[i];
	return NULL;
}

/* Symbols by address; the functions themselves are made when their order is known. */
struct collection {
	ARRAY_OF(struct radix_item) items;
	ARRAY_OF(struct function) go;
	struct code_sections code;
};

static bool add_item(struct collection *to, uint64_t address, uint8_t origin, size_t number)
{
	struct radix_item *item = array_push(&to->items);
	if (item)
		*item = (struct radix_item){address, (uint64_t)origin << NUMBER_BITS | number};
	return item;
}

static struct err *collect_table(struct image *image, const struct symbol_table *table,
				 uint8_t origin, struct collection *to)
{
	const struct code_sections *code = &to->code;
	if (table->count > SYMBOLS_MAX)
		return err_why(err_new(ERR_FAILED, 0, "'%s' is damaged", image->path),
			       "it claims to have %zu symbols", table->count);
	for (size_t i = 0; i < table->count; i++) {
		const Elf64_Sym *symbol = &table->symbols[i];
		bool is_code = is_function(symbol) ||
			       (is_untyped(symbol) && code_section_of(code, symbol->st_value));
		const struct segment *segment =
			is_code ? image_segment_of(image, symbol->st_value) : NULL;
		if (segment && segment->executable && !add_item(to, symbol->st_value, origin, i))
			return &err_nomem;
	}
	return NULL;
}

/* --- Go ----------------------------------------------------------------------------------------
 */

/* The tables of the biggest programs are some tens of megabytes. */
#define GO_TABLE_MAX (512u << 20)

/* Lives as long as the image. NULL: there is none, or it cannot be read. */
static const void *read_section(struct image *image, const struct section_range *range)
{
	if (!range->size || range->size > GO_TABLE_MAX || range->size > image->file.size)
		return NULL;
	void *bytes = arena_alloc(&image->arena, range->size);
	bool ok = bytes && elf_file_read(&image->file, range->offset, bytes, range->size);
	return ok ? bytes : NULL;
}

/* The table is kept: the names are in it. */
static bool read_go_table(struct image *image, struct go_table *ret)
{
	static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab"};
	struct section_range range, module;
	bool found = false;
	for (size_t i = 0; i < array_size(names) && !found; i++)
		found = image_section(image, names[i], &range);
	const void *bytes = found ? read_section(image, &range) : NULL;
	if (!bytes)
		return false;
	const void *words =
		image_section(image, ".go.module", &module) ? read_section(image, &module) : NULL;
	uint64_t text = words ? go_module_text(words, module.size, range.address) : 0;
	return go_table_init(ret, bytes, range.size, text);
}

/* Names may share bytes here, too. */
static struct err *collect_go(struct image *image, struct collection *to)
{
	struct go_table table;
	if (image->static_table.count || !read_go_table(image, &table))
		return NULL;
	size_t budget = table.size * 4;
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
		struct function *place = array_push(&to->go);
		if (!place || !add_item(to, function.address, FUNCTION_GO, to->go.count - 1))
			return &err_nomem;
		*place = function;
	}
	return NULL;
}

/* --- in order ----------------------------------------------------------------------------------
 */

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

/* One table while its functions are made. */
struct source {
	const struct symbol_table *table;
	size_t budget; /* symbol_name_budget() */
};

/* How many names are on their way from memory: in the order of addresses they lie anywhere. */
#define NAMES_AHEAD 16

static void prefetch_name(const struct source *source, const struct radix_item *item)
{
	const struct symbol_table *table = source->table;
	if (table)
		__builtin_prefetch(table->strings + table->symbols[(uint32_t)item->index].st_name);
}

/* What has no type has no size either: it ends where the next symbol begins, at the latest. */
static void end_untyped(const struct collection *from, size_t i, struct function *function)
{
	const struct section_range *section = code_section_of(&from->code, function->address);
	if (!section || function->size)
		return;
	uint64_t size = section->address + section->size - function->address;
	while (i < from->items.count && from->items.items[i].key == function->address)
		i++;
	if (i < from->items.count && from->items.items[i].key - function->address < size)
		size = from->items.items[i].key - function->address;
	function->size = size;
	function->tables |= FUNCTION_UNTYPED;
}

/* *ret->symbol NULL: it has no name, and is nothing. */
static struct err *make_function(struct image *image, struct source *source,
				 const struct radix_item *item, struct function *ret)
{
	const struct symbol_table *table = source->table;
	const Elf64_Sym *symbol = &table->symbols[(uint32_t)item->index];
	size_t length;
	const char *name = symbol_name(table, symbol->st_name, &length);
	ret->symbol = NULL;
	if (!name || !place_function(image, symbol, ret))
		return NULL;
	if (length >= source->budget)
		return err_why(err_new(ERR_FAILED, 0, "'%s' is damaged", image->path),
			       "the names of its symbols overlap");
	source->budget -= length;
	ret->tables = (uint8_t)(item->index >> NUMBER_BITS);
	ret->symbol = name[length] ? arena_substring(&image->arena, name, length) : name;
	return ret->symbol ? NULL : &err_nomem;
}

static struct err *make_functions(struct image *image, const struct collection *from,
				  struct function *to, size_t *ret_count)
{
	struct source sources[FUNCTION_GO + 1] = {
		[FUNCTION_DYNSYM] = {&image->dynamic_table,
				     symbol_name_budget(&image->dynamic_table)},
		[FUNCTION_SYMTAB] = {&image->static_table,
				     symbol_name_budget(&image->static_table)},
	};
	const struct radix_item *items = from->items.items;
	size_t count = 0;
	for (size_t i = 0; i < from->items.count; i++) {
		struct source *source = &sources[items[i].index >> NUMBER_BITS];
		if (i + NAMES_AHEAD < from->items.count)
			prefetch_name(&sources[items[i + NAMES_AHEAD].index >> NUMBER_BITS],
				      &items[i + NAMES_AHEAD]);
		if (!source->table) {
			to[count++] = from->go.items[(uint32_t)items[i].index];
			continue;
		}
		struct err *e = make_function(image, source, &items[i], &to[count]);
		if (e)
			return e;
		if (is_untyped(&source->table->symbols[(uint32_t)items[i].index]))
			end_untyped(from, i, &to[count]);
		count += to[count].symbol != NULL;
	}
	*ret_count = count;
	return NULL;
}

/* Sorted by address. */
static struct err *sort_functions(struct image *image, const struct collection *from)
{
	size_t count = from->items.count;
	_cleanup_free_ struct function *sorted = reallocarray(NULL, count, sizeof(*sorted));
	if (!sorted || !radix_sort(from->items.items, count))
		return &err_nomem;
	struct err *e = make_functions(image, from, sorted, &count);
	if (e)
		return e;
	image->n_functions = order_names(sorted, count);
	image->functions = take_ptr(sorted);
	return NULL;
}

static struct err *read_functions(struct image *image)
{
	struct collection collection = {0};
	image_read_tables(image);
	find_code_sections(image, &collection.code);
	struct err *e = collect_table(image, &image->dynamic_table, FUNCTION_DYNSYM, &collection);
	e = e ?: collect_table(image, &image->static_table, FUNCTION_SYMTAB, &collection);
	e = e ?: collect_go(image, &collection);
	if (!e && collection.items.count)
		e = sort_functions(image, &collection);
	free(collection.items.items);
	free(collection.go.items);
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
	return array_count_first(image->n_functions, i, image->functions[i].address <= address);
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
