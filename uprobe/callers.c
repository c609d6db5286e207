/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dynamic file calls through a slot that the loader fills in: directly, or by a stub
 * (jmp *slot(%rip)). A static one calls the function's address. And either may make the system call
 * itself, with its number in a register.
 */
#include "uprobe/callers.h"

#include <stdlib.h>
#include <string.h>

/* Of sections that are read as a whole; larger ones are tables of something else. */
#define SECTION_MAX (64u << 20)

bool callee_is_there(struct image *image, const struct callee *callee)
{
	bool (*test)(struct image *, const char *) =
		image_is_static(image) ? image_defines : image_imports;
	for (size_t i = 0; callee->symbols[i]; i++)
		if (test(image, callee->symbols[i]))
			return true;
	return test(image, "syscall");
}

struct err *places_add(struct places *places, uint64_t place)
{
	uint64_t *kept = array_push(&places->list);
	if (!kept)
		return &err_nomem;
	*kept = place;
	return NULL;
}

void places_sort(struct places *places)
{
	if (places->list.count)
		qsort(places->list.items, places->list.count, sizeof(uint64_t), array_compare_u64);
}

static bool is_among(const struct places *places, uint64_t place)
{
	for (size_t i = 0; i < places->list.count; i++)
		if (places->list.items[i] == place)
			return true;
	return false;
}

struct err *section_read(struct image *image, const char *name, struct section_bytes *ret)
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

struct err *relocations_read(struct image *image, struct relocations *ret)
{
	struct err *e = section_read(image, ".rela.dyn", &ret->data);
	e = e ?: section_read(image, ".rela.plt", &ret->linkage);
	e = e ?: section_read(image, ".dynsym", &ret->symbols);
	return e ?: section_read(image, ".dynstr", &ret->strings);
}

void relocations_deinit(struct relocations *relocations)
{
	free(relocations->data.items);
	free(relocations->linkage.items);
	free(relocations->symbols.items);
	free(relocations->strings.items);
}

bool relocation_at(const struct relocations *relocations, const struct section_bytes *table,
		   size_t i, Elf64_Rela *ret, Elf64_Sym *ret_symbol)
{
	if ((i + 1) * sizeof(*ret) > table->size)
		return false;
	memcpy(ret, table->items + i * sizeof(*ret), sizeof(*ret));
	uint64_t at = ELF64_R_SYM(ret->r_info) * sizeof(*ret_symbol);
	*ret_symbol = (Elf64_Sym){0};
	if (at + sizeof(*ret_symbol) <= relocations->symbols.size)
		memcpy(ret_symbol, relocations->symbols.items + at, sizeof(*ret_symbol));
	return true;
}

/* --- stubs ------------------------------------------------------------------------------------ */

struct call_search {
	struct image *image;
	const struct code_part *text;
	const struct relocations *relocations;
	const struct callee *callee;
	struct places slots; /* addresses that the loader puts a function's in */
	struct places stubs; /* offsets of their jumps, or of the functions themselves */
	struct places *found;
};

static bool is_callee(const struct call_search *search, const Elf64_Sym *symbol)
{
	const struct section_bytes *strings = &search->relocations->strings;
	for (const char *const *name = search->callee->symbols; symbol->st_name && *name; name++) {
		size_t size = strlen(*name) + 1;
		if (symbol->st_name + size <= strings->size &&
		    !memcmp(strings->items + symbol->st_name, *name, size))
			return true;
	}
	return false;
}

static struct err *find_slots(struct call_search *search, const struct section_bytes *table)
{
	Elf64_Rela entry;
	Elf64_Sym symbol;
	struct err *e = NULL;
	for (size_t i = 0; !e && relocation_at(search->relocations, table, i, &entry, &symbol); i++)
		if (is_callee(search, &symbol))
			e = places_add(&search->slots, entry.r_offset);
	return e;
}

static struct err *find_static(struct call_search *search)
{
	struct err *e = NULL;
	const char *const *name = search->callee->symbols;
	for (; !e && image_is_static(search->image) && *name; name++) {
		uint64_t address, offset;
		if (image_symbol_address(search->image, *name, &address) &&
		    image_offset_of(search->image, address, &offset))
			e = places_add(&search->stubs, offset);
	}
	return e;
}

uint64_t target_of(const struct code_part *text, size_t at)
{
	int32_t distance;
	memcpy(&distance, text->bytes + at, sizeof(distance));
	return text->address + at + sizeof(distance) + (uint64_t)(int64_t)distance;
}

#define JUMP_LENGTH 6 /* jmp or call *slot(%rip) */
#define CALL_LENGTH 5

static struct err *find_stubs(struct call_search *search)
{
	const struct code_part *text = search->text;
	uint64_t start;
	struct err *e = NULL;
	if (!search->slots.list.count || !image_address_of(search->image, text->address, &start))
		return NULL;
	for (size_t i = 0; !e && i + JUMP_LENGTH <= text->size; i++) {
		const uint8_t *insn = text->bytes + i;
		if (insn[0] != 0xff || (insn[1] != 0x25 && insn[1] != 0x15))
			continue;
		uint64_t slot = start + (target_of(text, i + 2) - text->address);
		if (is_among(&search->slots, slot))
			e = places_add(insn[1] == 0x25 ? &search->stubs : search->found,
				       text->address + i);
	}
	return e;
}

/* A stub may begin with endbr64, and its jump have the prefix bnd. */
static bool is_stub(const struct places *stubs, uint64_t target)
{
	static const uint8_t before[] = {0, 1, 4, 5};
	for (size_t i = 0; stubs->list.count && i < array_size(before); i++)
		if (is_among(stubs, target + before[i]))
			return true;
	return false;
}

/* --- calls ------------------------------------------------------------------------------------ */

/* From the number of a system call to its instruction. */
#define NUMBER_DISTANCE 32

/* For syscall(), or for an instruction, which is not far. */
static bool takes_number(const struct callee *callee, const uint8_t *insn, size_t left)
{
	static const uint8_t call[] = {0x0f, 0x05};
	uint32_t value;
	if (insn[0] != MOV_EAX && insn[0] != MOV_EDI)
		return false;
	memcpy(&value, insn + 1, sizeof(value));
	if (!value || (value != callee->numbers[0] && value != callee->numbers[1]))
		return false;
	return insn[0] == MOV_EDI ||
	       memmem(insn, left < NUMBER_DISTANCE ? left : NUMBER_DISTANCE, call, sizeof(call));
}

static struct err *find_calls(struct call_search *search)
{
	const struct code_part *text = search->text;
	struct err *e = NULL;
	for (size_t i = 0; !e && i + CALL_LENGTH <= text->size; i++) {
		const uint8_t *insn = text->bytes + i;
		bool is_call = (insn[0] == 0xe8 || insn[0] == 0xe9) &&
			       is_stub(&search->stubs, target_of(text, i + 1));
		if (is_call || takes_number(search->callee, insn, text->size - i))
			e = places_add(search->found, text->address + i);
	}
	return e;
}

struct err *callers_find(struct image *image, const struct code_part *text,
			 const struct relocations *relocations, const struct callee *callee,
			 struct places *ret)
{
	struct call_search search = {.image = image,
				     .text = text,
				     .relocations = relocations,
				     .callee = callee,
				     .found = ret};
	struct err *e = find_slots(&search, &relocations->data);
	e = e ?: find_slots(&search, &relocations->linkage);
	e = e ?: find_static(&search);
	e = e ?: find_stubs(&search);
	e = e ?: find_calls(&search);
	places_sort(ret);
	free(search.slots.list.items);
	free(search.stubs.list.items);
	return e;
}
