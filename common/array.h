/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/array.h — growable arrays of plain structs.
 *
 *	struct { struct note *items; size_t count, capacity; } notes = {0};
 *	struct note *n = array_push(&notes);   // zeroed, NULL when out of memory
 *	free(notes.items);
 */
#ifndef UTRAIL_COMMON_ARRAY_H
#define UTRAIL_COMMON_ARRAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_OF(type)                  \
	struct {                        \
		type *items;            \
		size_t count, capacity; \
	}

#define array_size(fixed) (sizeof(fixed) / sizeof((fixed)[0]))

static inline bool array_grow(void **items, size_t *capacity, size_t needed, size_t size)
{
	if (needed <= *capacity)
		return true;
	size_t wanted = *capacity ? *capacity * 2 : 16;
	if (wanted < needed)
		wanted = needed;
	void *grown = reallocarray(*items, wanted, size);
	if (!grown)
		return false;
	*items = grown;
	*capacity = wanted;
	return true;
}

/* For qsort() and bsearch() of uint64_t. */
static inline int array_compare_u64(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

/*
 * Among `count` things in order: how many come first of which `is_before` holds, an expression with
 * the number `i` of one. It must hold of none behind one of which it does not.
 *
 *	size_t at = array_count_first(notes.count, i, notes.items[i].address < address);
 */
#define array_count_first(count, i, is_before)                               \
	({                                                                   \
		size_t array_low = 0, array_high = (count);                  \
		while (array_low < array_high) {                             \
			size_t i = array_low + (array_high - array_low) / 2; \
			if (is_before)                                       \
				array_low = (i) + 1;                         \
			else                                                 \
				array_high = (i);                            \
		}                                                            \
		array_low;                                                   \
	})

#define array_push(array)                                                                    \
	({                                                                                   \
		__auto_type array_push_to = (array);                                         \
		void *array_push_items = array_push_to->items;                               \
		bool array_push_fits =                                                       \
			array_grow(&array_push_items, &array_push_to->capacity,              \
				   array_push_to->count + 1, sizeof(*array_push_to->items)); \
		array_push_to->items = array_push_items;                                     \
		array_push_fits ? memset(&array_push_to->items[array_push_to->count++], 0,   \
					 sizeof(*array_push_to->items))                      \
				: NULL;                                                      \
	})

#endif
