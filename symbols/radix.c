/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/radix.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

#define DIGIT_BITS 11
#define DIGITS	   (1u << DIGIT_BITS)

/* One pass: the items in the order of one digit of their keys. */
static void sort_by_digit(const struct radix_item *from, struct radix_item *to, size_t count,
			  unsigned int shift)
{
	size_t starts[DIGITS] = {0}, next = 0;
	for (size_t i = 0; i < count; i++)
		starts[(from[i].key >> shift) % DIGITS]++;
	for (size_t i = 0; i < DIGITS; i++) {
		size_t here = starts[i];
		starts[i] = next;
		next += here;
	}
	for (size_t i = 0; i < count; i++)
		to[starts[(from[i].key >> shift) % DIGITS]++] = from[i];
}

/* The bits in which any two keys differ; all others need no pass. */
static uint64_t differing_bits(const struct radix_item *items, size_t count)
{
	uint64_t ret = 0;
	for (size_t i = 1; i < count; i++)
		ret |= items[i].key ^ items[0].key;
	return ret;
}

bool radix_sort(struct radix_item *items, size_t count)
{
	if (count < 2)
		return true;
	uint64_t differing = differing_bits(items, count);
	_cleanup_free_ struct radix_item *other = reallocarray(NULL, count, sizeof(*other));
	if (!other)
		return false;
	struct radix_item *from = items, *to = other;
	for (unsigned int shift = 0; shift < 64; shift += DIGIT_BITS) {
		if (!((differing >> shift) % DIGITS))
			continue;
		sort_by_digit(from, to, count, shift);
		struct radix_item *swapped = from;
		from = to;
		to = swapped;
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
	return true;
}
