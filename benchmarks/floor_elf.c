/* SPDX-License-Identifier: Apache-2.0 */
/* floor_elf.c — one pass over a mapped file: looking up a name cannot cost less. */
#include "benchmarks/floor_elf.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __x86_64__
#define MARK_OPERANDS "-4@%edi -8@%rsi 8@%rdx"
#else
#define MARK_OPERANDS "-4@w0 -8@x1 8@x2"
#endif

struct file {
	const char *bytes;
	const Elf64_Ehdr *header;
	const Elf64_Shdr *sections;
};

static int file_map(const char *path, struct file *ret)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) != 0)
		return -1;
	void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		return -1;
	ret->bytes = bytes;
	ret->header = bytes;
	ret->sections = (const void *)(ret->bytes + ret->header->e_shoff);
	return 0;
}

static unsigned long address_to_offset(const struct file *file, Elf64_Addr address)
{
	const Elf64_Phdr *segment = (const void *)(file->bytes + file->header->e_phoff);
	for (int i = 0; i < file->header->e_phnum; i++) {
		const Elf64_Phdr *s = &segment[i];
		if (s->p_type == PT_LOAD && address - s->p_vaddr < s->p_filesz)
			return address - s->p_vaddr + s->p_offset;
	}
	return 0;
}

static unsigned long find_function(const struct file *file, const Elf64_Shdr *table,
				   const char *name)
{
	const Elf64_Sym *symbol = (const void *)(file->bytes + table->sh_offset);
	const char *names = file->bytes + file->sections[table->sh_link].sh_offset;
	for (size_t i = 0; i < table->sh_size / sizeof(*symbol); i++)
		if (ELF64_ST_TYPE(symbol[i].st_info) == STT_FUNC && symbol[i].st_shndx &&
		    strcmp(names + symbol[i].st_name, name) == 0)
			return address_to_offset(file, symbol[i].st_value);
	return 0;
}

static size_t find_functions(const struct file *file, const Elf64_Shdr *table, const char *prefix,
			     unsigned long *ret)
{
	const Elf64_Sym *symbol = (const void *)(file->bytes + table->sh_offset);
	const char *names = file->bytes + file->sections[table->sh_link].sh_offset;
	size_t length = strlen(prefix), found = 0;
	for (size_t i = 0; i < table->sh_size / sizeof(*symbol); i++)
		if (ELF64_ST_TYPE(symbol[i].st_info) == STT_FUNC && symbol[i].st_shndx &&
		    strncmp(names + symbol[i].st_name, prefix, length) == 0)
			ret[found++] = address_to_offset(file, symbol[i].st_value);
	return found;
}

size_t floor_offsets(const char *path, const char *prefix, unsigned long **ret)
{
	struct file file;
	if (file_map(path, &file) != 0)
		return 0;
	for (int i = 0; i < file.header->e_shnum; i++) {
		const Elf64_Shdr *section = &file.sections[i];
		if (section->sh_type != SHT_SYMTAB)
			continue;
		*ret = calloc(section->sh_size / sizeof(Elf64_Sym), sizeof(**ret));
		return *ret ? find_functions(&file, section, prefix, *ret) : 0;
	}
	return 0;
}

/* A stapsdt note: three addresses, then provider, name and operands as strings. */
static unsigned long find_marker(const struct file *file, const Elf64_Shdr *section,
				 const char *provider, const char *name)
{
	const char *at = file->bytes + section->sh_offset, *end = at + section->sh_size;
	while (at + sizeof(Elf64_Nhdr) < end) {
		const Elf64_Nhdr *note = (const void *)at;
		const char *payload = at + sizeof(*note) + ((note->n_namesz + 3U) & ~3U);
		const char *its_provider = payload + 3 * sizeof(Elf64_Addr);
		const char *its_name = its_provider + strlen(its_provider) + 1;
		const char *operands = its_name + strlen(its_name) + 1;
		Elf64_Addr address;
		memcpy(&address, payload, sizeof(address));
		at = payload + ((note->n_descsz + 3U) & ~3U);
		if (strcmp(its_provider, provider) != 0 || strcmp(its_name, name) != 0)
			continue;
		if (strcmp(operands, MARK_OPERANDS) == 0)
			return address_to_offset(file, address);
		fprintf(stderr, "floor: operands are '%s', not '%s'\n", operands, MARK_OPERANDS);
	}
	return 0;
}

unsigned long floor_offset(const char *path, const char *name)
{
	struct file file;
	char provider[64] = "";
	const char *colon = strchr(name, ':');
	if (file_map(path, &file) != 0)
		return 0;
	if (colon)
		snprintf(provider, sizeof(provider), "%.*s", (int)(colon - name), name);
	for (int i = 0; i < file.header->e_shnum; i++) {
		const Elf64_Shdr *section = &file.sections[i];
		unsigned long offset = 0;
		if (!colon && section->sh_type == SHT_SYMTAB)
			offset = find_function(&file, section, name);
		else if (colon && section->sh_type == SHT_NOTE && !(section->sh_flags & SHF_ALLOC))
			offset = find_marker(&file, section, provider, colon + 1);
		if (offset)
			return offset;
	}
	return 0;
}
