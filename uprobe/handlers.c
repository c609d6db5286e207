/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code takes an address by an instruction that has it, as a distance (lea f(%rip),%reg) or, in
 * programs with fixed addresses, as a constant; or it finds it in data, where the loader puts it by
 * a relocation, or the linker where nothing is to be relocated.
 *
 * What fills in a struct sigaction stands close to where it is handed over, as a rule.
 */
#include "uprobe/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "uprobe/callers.h"

/* How far before a call, or behind it (in a loop), its arguments are made. */
#define SET_BEFORE 1024
#define SET_BEHIND 128
/* The handler is the first member of a struct sigaction; or one of two that are loaded as one. */
#define ACTION_START 16

static const char *const setters[] = {"sigaction",   "__sigaction",   "signal", "bsd_signal",
				      "sysv_signal", "__sysv_signal", "sigset", NULL};
static const struct callee handler_setters = {setters, {13}}; /* rt_sigaction(2) */

bool sets_handlers(struct image *image)
{
	return callee_is_there(image, &handler_setters);
}

struct search {
	struct image *image;
	const struct code_part *text;
	const struct relocations *relocations;
	struct places calls; /* that set handlers: offsets, in order */
	struct places data;  /* addresses that are used there, in order */
	struct handlers *found;
};

/* --- addresses that are taken ----------------------------------------------------------------- */

static struct err *take(struct search *search, uint64_t offset, bool is_set, bool is_stored)
{
	if (offset < search->text->address || offset - search->text->address >= search->text->size)
		return NULL;
	struct handler *kept = array_push(&search->found->list);
	if (!kept)
		return &err_nomem;
	*kept = (struct handler){offset, is_set, is_set && is_stored};
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
/* How far behind an address is stored, if it is. */
#define STORE_DISTANCE 32

/* The register of this lea, by mov %reg,... or by way of a vector: movq %reg,%xmm. */
static bool is_stored_soon(const struct code_part *text, size_t at)
{
	const uint8_t *lea = text->bytes + at;
	unsigned int reg = (lea[2] >> 3 & 7) | (lea[0] & 4 ? 8 : 0);
	for (size_t i = at + LEA_LENGTH; i < at + STORE_DISTANCE && i + 4 <= text->size; i++) {
		const uint8_t *insn = text->bytes + i;
		unsigned int from = (insn[2] >> 3 & 7) | (insn[0] & 4 ? 8 : 0);
		unsigned int moved = (insn[3] & 7) | (insn[0] & 1 ? 8 : 0);
		bool is_wide = (insn[0] & 0xf8) == 0x48;
		if (is_wide && insn[1] == 0x89 && insn[2] >> 6 != 3 && from == reg)
			return true;
		if (is_wide && insn[1] == 0x0f && insn[2] == 0x6e && moved == reg)
			return true;
	}
	return false;
}

static struct err *take_distances(struct search *search)
{
	const struct code_part *text = search->text;
	struct err *e = NULL;
	for (size_t i = 0; !e && i + LEA_LENGTH <= text->size; i++) {
		const uint8_t *insn = text->bytes + i;
		if ((insn[0] & 0xfb) == 0x48 && insn[1] == 0x8d && (insn[2] & 0xc7) == 5)
			e = take(search, target_of(text, i + 3), is_set_near(search, i),
				 is_stored_soon(text, i));
	}
	return e;
}

/* movq $f,... with the constant at this place: opcode, ModRM, and up to five bytes of an address.
 */
static bool is_store(const struct code_part *text, size_t at)
{
	for (size_t before = 2; before <= 7 && before <= at; before++)
		if (text->bytes[at - before] == 0xc7 && text->bytes[at - before + 1] >> 6 != 3)
			return true;
	return false;
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
			e = take(search, value - start + text->address, is_set_near(search, i),
				 is_store(text, i));
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
			e = places_add(&search->data, address);
	}
	places_sort(&search->data);
	return e;
}

/* An address that stands in data, at `place`. */
static struct err *take_address(struct search *search, uint64_t address, uint64_t place)
{
	uint64_t offset;
	if (!image_offset_of(search->image, address, &offset))
		return NULL;
	size_t next = array_count_first(search->data.list.count, i,
					search->data.list.items[i] + ACTION_START <= place);
	bool is_set = next < search->data.list.count && search->data.list.items[next] <= place;
	return take(search, offset, is_set, true);
}

static struct err *take_words(struct search *search, const char *section)
{
	struct section_bytes bytes = {0};
	struct err *e = section_read(search->image, section, &bytes);
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
	const struct relocations *all = search->relocations;
	for (size_t i = 0; !e && relocation_at(all, &all->data, i, &entry, &symbol); i++) {
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

struct err *handlers_find(struct image *image, const struct relocations *relocations,
			  const struct code_part *text, struct handlers *ret)
{
	static const char *const data[] = {".data", ".data.rel.ro", ".rodata"};
	struct section_range packed;
	struct search search = {
		.image = image, .text = text, .relocations = relocations, .found = ret};
	struct err *e = callers_find(image, text, relocations, &handler_setters, &search.calls);
	e = e ?: find_data(&search);
	e = e ?: take_distances(&search);
	e = e ?: take_constants(&search);
	e = e ?: take_relocations(&search);
	/* Elsewhere a word is an address by its relocation. */
	bool has_words =
		image_elf_type(image) == ET_EXEC || image_section(image, ".relr.dyn", &packed);
	for (size_t i = 0; !e && has_words && i < array_size(data); i++)
		e = take_words(&search, data[i]);
	free(search.calls.list.items);
	free(search.data.list.items);
	return e;
}

void handlers_deinit(struct handlers *handlers)
{
	free(handlers->list.items);
}
