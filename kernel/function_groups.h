/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/function_groups.h — functions of the kernel that are asked for together: `kernel:%ext4`.
 */
#ifndef UTRAIL_KERNEL_FUNCTION_GROUPS_H
#define UTRAIL_KERNEL_FUNCTION_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

/* All of them, for hints: "%ext4, %xfs". */
const char *function_groups_all(void);
/* The one with that name, or another, as they are listed; NULL: there is none. */
const char *function_groups_at(size_t index);
bool function_group_exists(const char *group);
/* Are its functions in this module, when the kernel itself has none of them? */
bool function_group_is_in(const char *group, const char *module);
/*
 * The names of its `index`-th function, separated by '/': those of different kernels, of which the
 * first that there is counts. NULL: it has no more.
 */
const char *function_group_names(const char *group, size_t index);

/* Is it one of its functions, by any of their names? */
bool function_group_has(const char *group, const char *function);

#endif
