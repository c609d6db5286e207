/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UTRAIL_BENCHMARKS_FLOOR_ELF_H
#define UTRAIL_BENCHMARKS_FLOOR_ELF_H

/*
 * File offset of the function `name`, or, when it is "PROVIDER:NAME", of that marker, which must
 * have its operands in the argument registers. 0: there is none. For the benchmark's own targets:
 * the file is trusted.
 */
unsigned long floor_offset(const char *path, const char *name);

#endif
