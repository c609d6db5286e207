/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/sources/mini.h — .gnu_debugdata: a small ELF file inside of a stripped one, packed with
 * xz, which has the function symbols that .dynsym lacks (Fedora's "minidebuginfo"). Private to
 * symbols/.
 */
#ifndef UTRAIL_SYMBOLS_SOURCES_MINI_H
#define UTRAIL_SYMBOLS_SOURCES_MINI_H

#include "symbols/elf_file.h"

/* *ret_found: is there one? Then it is open, unless there is an error: damaged, or a bomb. */
struct err *mini_open(const struct elf_file *file, const char *path, struct elf_file *ret,
		      bool *ret_found) must_check;

#endif
