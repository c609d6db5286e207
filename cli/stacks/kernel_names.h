/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/stacks/kernel_names.h — names of the kernel's functions, for its frames in stacks.
 *
 * The file is opened while there are rights to, as the kernel decides then whether it tells
 * addresses; it is read when the first stack comes, and so has our own programs, too, which are
 * left out.
 */
#ifndef UTRAIL_CLI_STACKS_KERNEL_NAMES_H
#define UTRAIL_CLI_STACKS_KERNEL_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "symbols/stack.h"

#define KERNEL_NAMES_FILE "/proc/kallsyms"
/* PERF_MAX_STACK_DEPTH of the kernel. */
#define KERNEL_NAMES_FRAMES_MAX 127

struct kernel_names;

/* *ret_unnamed: why frames will have no names; NULL: they will. */
struct err *kernel_names_open(const char *path, struct kernel_names **ret,
			      struct err **ret_unnamed) must_check;
void kernel_names_close(struct kernel_names *names); /* NULL is fine */

/* The stack of these addresses, the innermost first, `depth` at most; without what tracing itself
 * has on top of it. `cut`: what is said behind it; NULL: nothing. `names` may be NULL. Frames are
 * valid as long as `names`. NULL: out of memory. */
struct stack *kernel_names_stack(struct kernel_names *names, const uint64_t *addresses,
				 size_t count, size_t depth, const char *cut);

#endif
