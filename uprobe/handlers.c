/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code takes an address by an instruction that has it, as a distance (lea f(%rip),%reg) or, in
 * programs with fixed addresses, as a constant; or it finds it in data, where the loader puts it by
 * a relocation, or the linker where nothing is to be relocated.
 *
 * Handlers are set by sigaction() and the like, which a dynamic file calls through a slot that the
 * loader fills in: directly, or by a stub (jmp *slot(%rip)), and a static one by its address; or
 * by the system call. What fills in a struct sigaction stands close to that, as a rule.
 */
#include "uprobe/handlers.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

/* Of sections that are read as a whole; larger ones are tables of something else. */
#define SECTION_MAX (64u << 20)
/* How far before a call, or behind it (in a loop), its arguments are made. */
#define SET_BEFORE 1024
#define SET_BEHIND 128
/* struct sigaction */
#define ACTION_SIZE 152

static const char *const setters[] = {"sigaction",   "__sigaction",   "signal", "bsd_signal",
				      "sysv_signal", "__sysv_signal", "sigset"};

static bool is_there(struct image *image, const char *symbol)
{
	return image_is_static(image) ? image_defines(image, symbol) : image_imports(image, symbol);
}

bool sets_handlers(struct image *image)
{
	for (size_t i = 0; i < array_size(setters); i++)
		if (is_there(image, setters[i]))
			return true;
	return is_there(image, "syscall");
}

struct bytes {
	uint8_t *items;
	size_t size;
	uint64_t address;
};

struct places {
	ARRAY_OF(uint64_t) list;
};

struct search {
	struct image *image;
	const struct code_part *text;
	struct bytes relocations, linkage, symbols, strings;
	struct places slots; /* addresses that the loader puts a setter's in */
	struct places calls; /* offsets, in order */
	struct places data;  /* addresses that are used where handlers are set, in order */
	struct handlers *found;
};

static struct err *note(struct places *places, uint64_t place)
{
	uint64_t *kept = array_push(&places->list);
	if (!kept)
		return &err_nomem;
	*kept = place;
	return NULL;
}

static bool is_noted(const struct places *places, uint64_t place)
{
	for (size_t i = 0; i < places->list.count; i++)
		if (places->list.items[i] == place)
			return true;
	return false;
}

/* Stays empty where there is no such section, or one that nobody can have made. */
static struct err *read_section(struct image *image, const char *name, struct bytes *ret)
{
	struct section_range range;
	if (!image_section(image, name, &range) || !range.size || range.size > SECTION_MAX)
		return NULL;
	ret->items = malloc(range.size);
	if (!ret->items)
		return &err_nomem;
	ret->size = range.size;
	ret->address = range.address;
	return image_read(image, range.offset, ret->items, range.size);
}

/* --- where handlers are set ------------------------------------------------------------------- */

static bool entry_at(const struct search *search, const struct bytes *table, size_t i,
		     Elf64_Rela *ret, Elf64_Sym *ret_symbol)
{
	if ((i + 1) * sizeof(*ret) > table->size)
		return false;
	memcpy(ret, table->items + i * sizeof(*ret), sizeof(*ret));
	uint64_t at = ELF64_R_SYM(ret->r_info) * sizeof(*ret_symbol);
	*ret_symbol = (Elf64_Sym){0};
	if (at + sizeof(*ret_symbol) <= search->symbols.size)
		memcpy(ret_symbol, search->symbols.items + at, sizeof(*ret_symbol));
	return true;
}

static bool is_setter(const struct search *search, const Elf64_Sym *symbol)
{
	for (size_t i = 0; i < array_size(setters); i++) {
		size_t size = strlen(setters[i]) + 1;
		if (symbol->st_name && symbol->st_name + size <= search->strings.size &&
		    !memcmp(search->strings.items + symbol->st_name, setters[i], size))
			return true;
	}
	return false;
}

static struct err *find_slots(struct search *search, const struct bytes *table)
{
	Elf64_Rela entry;
	Elf64_Sym symbol;
	struct err *e = NULL;
	for (size_t i = 0; !e && entry_at(search, table, i, &entry, &symbol); i++)
		if (is_setter(search, &symbol))
			e = note(&search->slots, entry.r_offset);
	return e;
}

static struct err *find_static_setters(struct search *search, struct places *stubs)
{
	struct err *e = NULL;
	for (size_t i = 0; !e && image_is_static(search->image) && i < array_size(setters); i++) {
		uint64_t address, offset;
		if (image_symbol_address(search->image, setters[i], &address) &&
		    image_offset_of(search->image, address, &offset))
			e = note(stubs, offset);
	}
	return e;
}

/* Where a distance of 4 bytes at this place of the text leads to. */
static uint64_t target_of(const struct code_part *text, size_t at)
{
	int32_t distance;
	memcpy(&distance, text->bytes + at, sizeof(distance));
	return text->address + at + sizeof(distance) + (uint64_t)(int64_t)distance;
}

#define JUMP_LENGTH 6 /* jmp or call *slot(%rip) */
#define CALL_LENGTH 5

static struct err *find_stubs(struct search *search, struct places *stubs)
{
	const struct code_part *text = search->text;
	struct err *e = NULL;
	for (size_t i = 0; !e && search->slots.list.count && i + JUMP_LENGTH <= text->size; i++) {
		uint64_t slot;
		const uint8_t *insn = text->bytes + i;
		if (insn[0] != 0xff || (insn[1] != 0x25 && insn[1] != 0x15) ||
		    !image_address_of(search->image, text->address, &slot))
			continue;
		slot += target_of(text, i + 2) - text->address;
		if (is_noted(&search->slots, slot))
			e = note(insn[1] == 0x25 ? stubs : &search->calls, text->address + i);
	}
	return e;
}

/* A stub may begin with endbr64, and its jump have the prefix bnd. */
static bool is_stub(const struct places *stubs, uint64_t target)
{
	static const uint8_t before[] = {0, 1, 4, 5};
	for (size_t i = 0; i < array_size(before); i++)
		if (is_noted(stubs, target + before[i]))
			return true;
	return false;
}

/* rt_sigaction(2) by syscall(), or by an instruction: its number. */
static bool sets_number(const uint8_t *insn)
{
	static const uint8_t number[] = {13, 0, 0, 0};
	return (insn[0] == 0xb8 || insn[0] == 0xbf) && !memcmp(insn + 1, number, sizeof(number));
}

static struct err *find_calls(struct search *search)
{
	const struct code_part *text = search->text;
	_cleanup_free_ uint64_t *freed = NULL;
	struct places stubs = {0};
	struct err *e = find_slots(search, &search->relocations);
	e = e ?: find_slots(search, &search->linkage);
	e = e ?: find_static_setters(search, &stubs);
	e = e ?: find_stubs(search, &stubs);
	for (size_t i = 0; !e && i + CALL_LENGTH <= text->size; i++) {
		const uint8_t *insn = text->bytes + i;
		bool is_call = (insn[0] == 0xe8 || insn[0] == 0xe9) && stubs.list.count &&
			       is_stub(&stubs, target_of(text, i + 1));
		if (is_call || sets_number(insn))
			e = note(&search->calls, text->address + i);
	}
	freed = stubs.list.items;
	if (!e && search->calls.list.count)
		qsort(search->calls.list.items, search->calls.list.count, sizeof(uint64_t),
		      array_compare_u64);
	return e;
}

/* --- addresses that are taken ----------------------------------------------------------------- */

static struct err *take(struct search *search, uint64_t offset, bool is_set)
{
	if (offset < search->text->address || offset - search->text->address >= search->text->size)
		return NULL;
	struct handler *kept = array_push(&search->found->list);
	if (!kept)
		return &err_nomem;
	*kept = (struct handler){offset, is_set};
	return NULL;
}

/* Is one set close to the instruction at this place of the text? */
static bool is_set_near(const struct search *search, size_t at)
{
	uint64_t place = search->text->address + at;
	size_t next = array_count_first(search->calls.list.count, i,
					search->calls.list.items[i] + SET_BEHIND < place);
	return next < search->calls.list.count &&
	       search->calls.list.items[next] <= place + SET_BEFORE;
}

#define LEA_LENGTH 7

static struct err *take_distances(struct search *search)
{
	const struct code_part *text = search->text;
	struct err *e = NULL;
	for (size_t i = 0; !e && i + LEA_LENGTH <= text->size; i++) {
		const uint8_t *insn = text->bytes + i;
		if ((insn[0] & 0xfb) == 0x48 && insn[1] == 0x8d && (insn[2] & 0xc7) == 5)
			e = take(search, target_of(text, i + 3), is_set_near(search, i));
	}
	return e;
}

static struct err *take_constants(struct search *search)
{
	const struct code_part *text = search->text;
	uint64_t start;
	struct err *e = NULL;
	if (image_elf_type(search->image) != ET_EXEC ||
	    !image_address_of(search->image, text->address, &start))
		return NULL;
	for (size_t i = 1; !e && i + 4 <= text->size; i++) {
		uint32_t value;
		memcpy(&value, text->bytes + i, sizeof(value));
		if (value >= start && value - start < text->size)
			e = take(search, value - start + text->address, is_set_near(search, i));
	}
	return e;
}

/*
 * What is copied from a constant struct sigaction, or loaded from one: whatever may be a distance
 * to data, where a handler is set. By chance it hardly ever is one to an address of a function.
 */
static struct err *find_data(struct search *search)
{
	const struct code_part *text = search->text;
	uint64_t start;
	struct err *e = NULL;
	if (!search->calls.list.count || !image_address_of(search->image, text->address, &start))
		return NULL;
	for (size_t i = 0; !e && i + 4 <= text->size; i++) {
		uint64_t address = start + (target_of(text, i) - text->address);
		uint32_t constant;
		memcpy(&constant, text->bytes + i, sizeof(constant));
		if (image_elf_type(search->image) == ET_EXEC && constant - start >= text->size)
			address = constant;
		if (address - start >= text->size && is_set_near(search, i))
			e = note(&search->data, address);
	}
	if (!e && search->data.list.count)
		qsort(search->data.list.items, search->data.list.count, sizeof(uint64_t),
		      array_compare_u64);
	return e;
}

/* An address that stands in data, at `place`. */
static struct err *take_address(struct search *search, uint64_t address, uint64_t place)
{
	uint64_t offset;
	if (!image_offset_of(search->image, address, &offset))
		return NULL;
	size_t next = array_count_first(search->data.list.count, i,
					search->data.list.items[i] + ACTION_SIZE <= place);
	bool is_set = next < search->data.list.count && search->data.list.items[next] <= place;
	return take(search, offset, is_set);
}

static struct err *take_words(struct search *search, const char *section)
{
	struct bytes bytes = {0};
	struct err *e = read_section(search->image, section, &bytes);
	for (size_t i = 0; !e && i + sizeof(uint64_t) <= bytes.size; i += sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, bytes.items + i, sizeof(word));
		e = take_address(search, word, bytes.address + i);
	}
	free(bytes.items);
	return e;
}

static struct err *take_relocations(struct search *search)
{
	Elf64_Rela entry;
	Elf64_Sym symbol;
	struct err *e = NULL;
	for (size_t i = 0; !e && entry_at(search, &search->relocations, i, &entry, &symbol); i++) {
		uint64_t address = (uint64_t)entry.r_addend;
		switch (ELF64_R_TYPE(entry.r_info)) {
		case R_X86_64_RELATIVE:
			e = take_address(search, address, entry.r_offset);
			break;
		case R_X86_64_64:
		case R_X86_64_GLOB_DAT:
			if (symbol.st_shndx != SHN_UNDEF)
				e = take_address(search, symbol.st_value + address, entry.r_offset);
			break;
		default:
			break;
		}
	}
	return e;
}

/* ---------------------------------------------------------------------------------------------- */

static struct err *read_tables(struct search *search)
{
	struct err *e = read_section(search->image, ".rela.dyn", &search->relocations);
	e = e ?: read_section(search->image, ".rela.plt", &search->linkage);
	e = e ?: read_section(search->image, ".dynsym", &search->symbols);
	return e ?: read_section(search->image, ".dynstr", &search->strings);
}

struct err *handlers_find(struct image *image, const struct code_part *text, struct handlers *ret)
{
	static const char *const data[] = {".data", ".data.rel.ro", ".rodata"};
	struct search search = {.image = image, .text = text, .found = ret};
	struct err *e = read_tables(&search);
	e = e ?: find_calls(&search);
	e = e ?: find_data(&search);
	e = e ?: take_distances(&search);
	e = e ?: take_constants(&search);
	e = e ?: take_relocations(&search);
	for (size_t i = 0; !e && i < array_size(data); i++)
		e = take_words(&search, data[i]);
	free(search.relocations.items);
	free(search.linkage.items);
	free(search.symbols.items);
	free(search.strings.items);
	free(search.slots.list.items);
	free(search.calls.list.items);
	free(search.data.list.items);
	return e;
}

void handlers_deinit(struct handlers *handlers)
{
	free(handlers->list.items);
}
