/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/kernel/trim.h — takes out of a BPF program what it never runs with the constants of this run.
 *
 * All that utrail can do at a hit is in one program, most of it behind `const volatile` flags that
 * are off. The verifier goes by them, too, and removes what cannot be reached; but it first builds
 * its tables for all of it, and then moves the rest of the program, and its tables, once for each
 * stretch that it removes. Without that a start costs a quarter less.
 */
#ifndef UTRAIL_CLI_KERNEL_TRIM_H
#define UTRAIL_CLI_KERNEL_TRIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_insn;

/* The map of the constants, as instructions name it (BPF_PSEUDO_MAP_VALUE), and what is in it. */
struct trim_constants {
	int32_t map;
	const void *bytes;
	size_t size;
};

/* struct bpf_func_info or struct bpf_line_info, of whichever size: the number of the instruction
 * comes first in both. Ordered by it. */
struct trim_records {
	void *bytes;
	uint32_t count, size;
};

/* A program with its subprograms behind it, as the kernel takes it: changed in place. */
struct trim_program {
	struct bpf_insn *insns;
	size_t count;
	struct trim_records functions, lines;
};

/* False: nothing was changed, as there is no memory, or something in it that is not known here. */
bool trim(struct trim_program *program, const struct trim_constants *constants);

#endif
