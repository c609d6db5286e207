/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/elf.h — a small valid x86-64 program around the sections that a target makes up, so
 * that what it changes is read as what it is, and not refused as no ELF at all.
 */
#ifndef UTRAIL_TESTS_FUZZ_ELF_H
#define UTRAIL_TESTS_FUZZ_ELF_H

#include <stddef.h>
#include <stdint.h>

#include "symbols/symbols.h"

#define ELF_TEXT_ADDRESS 0x401000
#define ELF_TEXT_SIZE	 0x1000
#define ELF_FUNCTIONS	 32 /* one every 16 bytes from there on: f0, f1, ... */

struct elf_section {
	const char *name;
	const uint8_t *bytes;
	size_t size;
};

/* Writes it to a file in memory and opens that; NULL: it was refused. The caller closes it. */
struct image *elf_open(const struct elf_section *sections, size_t n_sections, bool has_symbols);

/*
 * Cuts an input: for each name a length of 16 bits, then so many bytes, or all that are left.
 * tests/fuzz/pack.py makes such inputs of real programs.
 */
void elf_cut(const uint8_t *data, size_t size, const char *const *names, size_t n_names,
	     struct elf_section *ret);

#endif
