/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UTRAIL_BENCHMARKS_FLOOR_ELF_H
#define UTRAIL_BENCHMARKS_FLOOR_ELF_H

#include <stddef.h>

/*
 * File offsets of all functions whose names begin so; the caller frees *ret. Returns how many, 0
 * when there are none.
 */
size_t floor_offsets(const char *path, const char *prefix, unsigned long **ret);

/*
 * File offset of the function `name`, or, when it is "PROVIDER:NAME", of that marker, which must
 * have its operands in the argument registers. 0: there is none. For the benchmark's own targets:
 * the file is trusted.
 */
unsigned long floor_offset(const char *path, const char *name);

#endif
