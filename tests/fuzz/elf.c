/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/elf.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECTIONS_MAX 16 /* with those that are always there */

struct builder {
	uint8_t *bytes;
	size_t size;
	Elf64_Shdr headers[SECTIONS_MAX];
	unsigned int n_headers;
	char names[512];
	size_t names_size;
};

static size_t append(struct builder *b, const void *bytes, size_t size)
{
	size_t at = (b->size + 7) & ~(size_t)7;
	uint8_t *grown = realloc(b->bytes, at + size + 8);
	if (!grown)
		abort();
	b->bytes = grown;
	memset(b->bytes + b->size, 0, at - b->size);
	memcpy(b->bytes + at, bytes, size);
	b->size = at + size;
	return at;
}

static Elf64_Shdr *add_section(struct builder *b, const char *name, const void *bytes, size_t size)
{
	Elf64_Shdr *header = &b->headers[b->n_headers++];
	size_t length = strlen(name) + 1;
	if (b->n_headers > SECTIONS_MAX || b->names_size + length > sizeof(b->names))
		abort();
	memcpy(b->names + b->names_size, name, length);
	*header = (Elf64_Shdr){.sh_name = (Elf64_Word)b->names_size,
			       .sh_type = SHT_PROGBITS,
			       .sh_offset = append(b, bytes, size),
			       .sh_size = size,
			       .sh_addralign = 1};
	b->names_size += length;
	return header;
}

static void add_symbols(struct builder *b)
{
	char names[ELF_FUNCTIONS * 4 + 1] = "";
	Elf64_Sym symbols[ELF_FUNCTIONS + 1];
	size_t used = 1;
	memset(symbols, 0, sizeof(symbols));
	for (unsigned int i = 0; i < ELF_FUNCTIONS; i++) {
		symbols[i + 1] = (Elf64_Sym){.st_name = (Elf64_Word)used,
					     .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
					     .st_shndx = 1,
					     .st_value = ELF_TEXT_ADDRESS + (Elf64_Addr)i * 16,
					     .st_size = 16};
		used += (size_t)snprintf(names + used, 4, "f%u", i) + 1;
	}
	Elf64_Shdr *table = add_section(b, ".symtab", symbols, sizeof(symbols));
	table->sh_type = SHT_SYMTAB;
	table->sh_entsize = sizeof(Elf64_Sym);
	table->sh_info = 1;
	table->sh_link = b->n_headers;
	add_section(b, ".strtab", names, used)->sh_type = SHT_STRTAB;
}

static void add_text(struct builder *b)
{
	static const uint8_t text[ELF_TEXT_SIZE];
	Elf64_Shdr *header = add_section(b, ".text", text, sizeof(text));
	header->sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	header->sh_addr = ELF_TEXT_ADDRESS;
}

/* The heads: of the file, of its one segment, of all sections. */
static void finish(struct builder *b)
{
	Elf64_Shdr *names = add_section(b, ".shstrtab", "", 0);
	names->sh_type = SHT_STRTAB;
	names->sh_offset = append(b, b->names, b->names_size);
	names->sh_size = b->names_size;
	Elf64_Ehdr head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				       EV_CURRENT},
			   .e_type = ET_EXEC,
			   .e_machine = EM_X86_64,
			   .e_version = EV_CURRENT,
			   .e_entry = ELF_TEXT_ADDRESS,
			   .e_phoff = sizeof(Elf64_Ehdr),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 1,
			   .e_shentsize = sizeof(Elf64_Shdr),
			   .e_shnum = (Elf64_Half)b->n_headers,
			   .e_shstrndx = (Elf64_Half)(b->n_headers - 1)};
	head.e_shoff = append(b, b->headers, b->n_headers * sizeof(b->headers[0]));
	const Elf64_Phdr segment = {.p_type = PT_LOAD,
				    .p_flags = PF_R | PF_X,
				    .p_offset = b->headers[1].sh_offset,
				    .p_vaddr = ELF_TEXT_ADDRESS,
				    .p_paddr = ELF_TEXT_ADDRESS,
				    .p_filesz = ELF_TEXT_SIZE,
				    .p_memsz = ELF_TEXT_SIZE,
				    .p_align = 1};
	memcpy(b->bytes, &head, sizeof(head));
	memcpy(b->bytes + sizeof(head), &segment, sizeof(segment));
}

struct image *elf_open(const struct elf_section *sections, size_t n_sections, bool has_symbols)
{
	static const uint8_t heads[sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr)];
	struct builder b = {.n_headers = 1, .names_size = 1}; /* the null section */
	struct image *image = NULL;
	append(&b, heads, sizeof(heads));
	add_text(&b);
	if (has_symbols)
		add_symbols(&b);
	for (size_t i = 0; i < n_sections; i++)
		if (sections[i].size)
			add_section(&b, sections[i].name, sections[i].bytes, sections[i].size);
	finish(&b);
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, b.bytes, b.size) != (ssize_t)b.size)
		abort();
	free(b.bytes);
	struct err *e = image_open("fuzz", fd, &image);
	close(fd);
	if (!e)
		return image;
	err_free(e);
	return NULL;
}

void elf_cut(const uint8_t *data, size_t size, const char *const *names, size_t n_names,
	     struct elf_section *ret)
{
	for (size_t i = 0; i < n_names; i++) {
		size_t length = 0;
		if (size >= 2) {
			length = data[0] | (size_t)data[1] << 8;
			data += 2;
			size -= 2;
		}
		length = length < size ? length : size;
		ret[i] = (struct elf_section){.name = names[i], .bytes = data, .size = length};
		data += length;
		size -= length;
	}
}
