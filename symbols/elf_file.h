/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/elf_file.h — one opened and checked ELF file: the image itself, its debug file, its dwz
 * file.
 *
 * Headers and symbol tables are read with pread into memory, not mapped: a library that is
 * overwritten in place while it is traced would otherwise end the tracer with SIGBUS. DWARF, which
 * can be gigabytes, is mapped (dwarf_info.c), and so is all of a file in the symbolizer, which is
 * there to die of what files do to it.
 */
#ifndef UTRAIL_SYMBOLS_ELF_FILE_H
#define UTRAIL_SYMBOLS_ELF_FILE_H

#include <elf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

struct elf_file {
	int fd;
	Elf *elf;
	uint64_t size; /* bytes, when it was opened */
	dev_t device;
	ino_t inode;
	Elf64_Ehdr header;
};

/* What is expected of a file: dwz files are objects without program headers. */
enum elf_purpose {
	ELF_PROGRAM,
	ELF_PROGRAM_MAPPED, /* by a process that may die of it */
	ELF_DEBUG_ONLY,
	ELF_HEADER_ONLY, /* of a program: libelf is not started */
};

/* As image_open(): a duplicate of `fd` when that is >= 0, else opens `path`. */
struct err *elf_file_open(const char *path, int fd, enum elf_purpose purpose,
			  struct elf_file *ret) must_check;
void elf_file_close(struct elf_file *file);

/* Copies file content; false when out of range or unreadable. */
bool elf_file_read(const struct elf_file *file, uint64_t offset, void *buffer, size_t size);

/* The first section of that name (or, with NULL, of that type); NULL: none. */
Elf_Scn *elf_file_section(const struct elf_file *file, const char *name, uint32_t type);
/* The section's content as libelf reads it; NULL when it has none in the file. */
Elf_Data *elf_file_content(const struct elf_file *file, Elf_Scn *section);

/* elf_check.c: is this the beginning of a file that we can work with? */
struct err *elf_check_header(const char *path, const void *head, size_t head_size,
			     uint64_t file_size, enum elf_purpose purpose) must_check;

#endif
