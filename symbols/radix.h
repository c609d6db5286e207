/* SPDX-License-Identifier: Apache-2.0 */
/* symbols/radix.h — sorts keys in time that grows with their number alone. */
#ifndef UTRAIL_SYMBOLS_RADIX_H
#define UTRAIL_SYMBOLS_RADIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct radix_item {
	uint64_t key;
	size_t index; /* the caller's */
};

/* Stable, by key; false when out of memory. */
bool radix_sort(struct radix_item *items, size_t count);

#endif
