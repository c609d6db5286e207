/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/callers.h — where a file calls functions of the C library, or the kernel. Private to
 * uprobe/.
 */
#ifndef UTRAIL_UPROBE_CALLERS_H
#define UTRAIL_UPROBE_CALLERS_H

#include <elf.h>

#include "common/array.h"
#include "symbols/symbols.h"
#include "uprobe/walk.h"

/* What is called. The numbers are those of system calls, of any arguments. */
struct callee {
	const char *const *symbols; /* ends with NULL */
	uint32_t numbers[2];
};

/* Of which the file has one, and may call it; also syscall(), which makes any call. */
bool callee_is_there(struct image *image, const struct callee *callee);

struct places {
	ARRAY_OF(uint64_t) list;
};

struct err *places_add(struct places *places, uint64_t place) must_check;
void places_sort(struct places *places);

/* The content of a section: empty where there is none, or one that nobody can have made. */
struct section_bytes {
	uint8_t *items;
	size_t size;
	uint64_t address;
};
struct err *section_read(struct image *image, const char *name,
			 struct section_bytes *ret) must_check;

/* Relocations, and the symbols they refer to. */
struct relocations {
	struct section_bytes data, linkage, symbols, strings;
};
struct err *relocations_read(struct image *image, struct relocations *ret) must_check;
void relocations_deinit(struct relocations *relocations);
/* The i-th of `table`, one of the first two; false: there are no more. */
bool relocation_at(const struct relocations *relocations, const struct section_bytes *table,
		   size_t i, Elf64_Rela *ret, Elf64_Sym *ret_symbol);

/*
 * The calls in `text`, a run of it with file offsets for addresses, by their offsets and in order:
 * where they are made, or where the number of the system call is. x86-64 alone.
 */
struct err *callers_find(struct image *image, const struct code_part *text,
			 const struct relocations *relocations, const struct callee *callee,
			 struct places *ret) must_check;

/* With what the number of a system call begins: in place, or for syscall(). */
#define MOV_EAX 0xb8
#define MOV_EDI 0xbf

/* Where a distance of 4 bytes at this place of the text leads to. */
uint64_t target_of(const struct code_part *text, size_t at);

#endif
