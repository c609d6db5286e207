/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/usdt_elf.h — a small ELF writer: files with exactly the notes that a test wants.
 *
 *	file offset	address
 *	0x1000		TEXT_ADDRESS	text, 0x1000 bytes of int3, R X
 *	0x2000		DATA_ADDRESS	data, 0x1000 bytes (and as much without file content), R W
 *	0x3000		-		the sections that are not loaded
 */
#ifndef UTRAIL_TESTS_USDT_ELF_H
#define UTRAIL_TESTS_USDT_ELF_H

#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols/symbols.h"

#define TEXT_OFFSET  0x1000u
#define TEXT_ADDRESS 0x201000u
#define DATA_OFFSET  0x2000u
#define DATA_ADDRESS 0x302000u
#define REST_OFFSET  0x3000u
#define SEGMENT_SIZE 0x1000u
#define NOTES_MAX    0x4000u

enum elf_section { SEC_NULL, SEC_TEXT, SEC_BASE, SEC_PROBES, SEC_NOTES, SEC_NAMES, SEC_COUNT };

struct elf {
	uint16_t machine;
	uint64_t base_address; /* of section .stapsdt.base, 0: no such section */
	bool no_probes;	       /* no section .probes */
	bool probes_lie;       /* its section has the offset of the text */
	bool no_notes;	       /* no section .note.stapsdt */
	uint64_t notes_size;   /* lie about the section's size; 0: the truth */
	uint8_t text[SEGMENT_SIZE];
	uint8_t notes[NOTES_MAX];
	size_t notes_used;
};

static inline void elf_init(struct elf *elf)
{
	memset(elf, 0, sizeof(*elf));
	elf->machine = EM_X86_64;
	elf->base_address = TEXT_ADDRESS + SEGMENT_SIZE - 1;
	memset(elf->text, 0xcc, sizeof(elf->text));
}

static inline void elf_put_text(struct elf *elf, uint64_t address, const void *bytes, size_t size)
{
	memcpy(elf->text + (address - TEXT_ADDRESS), bytes, size);
}

static inline void elf_put_nop(struct elf *elf, uint64_t address)
{
	elf_put_text(elf, address, "\x90", 1);
}

static inline void elf_put(struct elf *elf, const void *bytes, size_t size)
{
	memcpy(elf->notes + elf->notes_used, bytes, size);
	elf->notes_used += size;
}

static inline void elf_pad(struct elf *elf)
{
	while (elf->notes_used % 4)
		elf->notes[elf->notes_used++] = 0;
}

/* A note of any owner, type and content. */
static inline void elf_put_note(struct elf *elf, const char *owner, uint32_t owner_size,
				uint32_t type, const void *desc, uint32_t desc_size)
{
	uint32_t header[3] = {owner_size, desc_size, type};
	elf_put(elf, header, sizeof(header));
	elf_put(elf, owner, owner_size);
	elf_pad(elf);
	elf_put(elf, desc, desc_size);
	elf_pad(elf);
}

struct elf_marker {
	uint64_t nop, base, semaphore;
	const char *provider, *name, *operands;
};

/* The content of a stapsdt note; returns its size. */
static inline uint32_t elf_make_desc(const struct elf_marker *marker, uint8_t *ret)
{
	const char *strings[] = {marker->provider, marker->name, marker->operands};
	uint64_t words[3] = {marker->nop, marker->base, marker->semaphore};
	uint32_t size = sizeof(words);
	memcpy(ret, words, sizeof(words));
	for (int i = 0; i < 3; i++) {
		memcpy(ret + size, strings[i], strlen(strings[i]) + 1);
		size += (uint32_t)strlen(strings[i]) + 1;
	}
	return size;
}

static inline void elf_put_marker(struct elf *elf, struct elf_marker marker)
{
	uint8_t desc[2048];
	uint32_t size = elf_make_desc(&marker, desc);
	elf_put_note(elf, "stapsdt", 8, 3, desc, size);
}

static inline void elf_make_sections(const struct elf *elf, Elf64_Shdr *sections)
{
	static const char names[] = "\0.text\0.stapsdt.base\0.probes\0.note.stapsdt\0.shstrtab";
	memset(sections, 0, SEC_COUNT * sizeof(*sections));
	sections[SEC_TEXT] = (Elf64_Shdr){.sh_name = 1,
					  .sh_type = SHT_PROGBITS,
					  .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
					  .sh_addr = TEXT_ADDRESS,
					  .sh_offset = TEXT_OFFSET,
					  .sh_size = SEGMENT_SIZE};
	sections[SEC_BASE] = (Elf64_Shdr){.sh_name = elf->base_address ? 7 : 0,
					  .sh_type = SHT_PROGBITS,
					  .sh_flags = SHF_ALLOC,
					  .sh_addr = elf->base_address,
					  .sh_offset = TEXT_OFFSET + SEGMENT_SIZE - 1,
					  .sh_size = 1};
	sections[SEC_PROBES] = (Elf64_Shdr){.sh_name = elf->no_probes ? 0 : 21,
					    .sh_type = SHT_PROGBITS,
					    .sh_flags = SHF_ALLOC | SHF_WRITE,
					    .sh_addr = DATA_ADDRESS + 0x100,
					    .sh_offset = elf->probes_lie ? TEXT_OFFSET + 0x100
									 : DATA_OFFSET + 0x100,
					    .sh_size = 0x100};
	sections[SEC_NOTES] =
		(Elf64_Shdr){.sh_name = elf->no_notes ? 0 : 29,
			     .sh_type = SHT_NOTE,
			     .sh_offset = REST_OFFSET,
			     .sh_size = elf->notes_size ? elf->notes_size : elf->notes_used,
			     .sh_addralign = 4};
	sections[SEC_NAMES] = (Elf64_Shdr){.sh_name = 43,
					   .sh_type = SHT_STRTAB,
					   .sh_offset = REST_OFFSET + NOTES_MAX,
					   .sh_size = sizeof(names)};
}

static inline bool elf_write_at(int fd, const void *data, size_t size, off_t offset)
{
	return pwrite(fd, data, size, offset) == (ssize_t)size;
}

/* The file, in memory; -1 when it could not be written. */
static inline int elf_finish(const struct elf *elf)
{
	static const char names[] = "\0.text\0.stapsdt.base\0.probes\0.note.stapsdt\0.shstrtab";
	const off_t names_at = REST_OFFSET + NOTES_MAX;
	Elf64_Ehdr header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					 ELFDATA2LSB, EV_CURRENT},
			     .e_type = ET_DYN,
			     .e_machine = elf->machine,
			     .e_version = EV_CURRENT,
			     .e_phoff = sizeof(Elf64_Ehdr),
			     .e_shoff = (uint64_t)names_at + 0x100,
			     .e_ehsize = sizeof(Elf64_Ehdr),
			     .e_phentsize = sizeof(Elf64_Phdr),
			     .e_phnum = 2,
			     .e_shentsize = sizeof(Elf64_Shdr),
			     .e_shnum = SEC_COUNT,
			     .e_shstrndx = SEC_NAMES};
	Elf64_Phdr segments[2] = {{.p_type = PT_LOAD,
				   .p_flags = PF_R | PF_X,
				   .p_offset = TEXT_OFFSET,
				   .p_vaddr = TEXT_ADDRESS,
				   .p_filesz = SEGMENT_SIZE,
				   .p_memsz = SEGMENT_SIZE,
				   .p_align = 0x1000},
				  {.p_type = PT_LOAD,
				   .p_flags = PF_R | PF_W,
				   .p_offset = DATA_OFFSET,
				   .p_vaddr = DATA_ADDRESS,
				   .p_filesz = SEGMENT_SIZE,
				   .p_memsz = 2 * SEGMENT_SIZE,
				   .p_align = 0x1000}};
	Elf64_Shdr sections[SEC_COUNT];
	elf_make_sections(elf, sections);
	int fd = memfd_create("usdt", MFD_CLOEXEC);
	if (fd >= 0 && elf_write_at(fd, &header, sizeof(header), 0) &&
	    elf_write_at(fd, segments, sizeof(segments), sizeof(header)) &&
	    elf_write_at(fd, elf->text, sizeof(elf->text), TEXT_OFFSET) &&
	    elf_write_at(fd, elf->notes, NOTES_MAX, REST_OFFSET) &&
	    elf_write_at(fd, names, sizeof(names), names_at) &&
	    elf_write_at(fd, sections, sizeof(sections), (off_t)header.e_shoff))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

#endif
