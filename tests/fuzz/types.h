/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/types.h — a type is walked as a writer would walk it: its tree must end, and be whole.
 */
#ifndef UTRAIL_TESTS_FUZZ_TYPES_H
#define UTRAIL_TESTS_FUZZ_TYPES_H

#include <stdlib.h>

#include "symbols/symbols.h"

static inline void walk_type(const struct type *type, int depth)
{
	if (!type->name || depth > 200)
		abort();
	for (uint32_t i = 0; depth < 4 && i < type->n_members; i++) {
		if (!type->members || !type->members[i].name)
			abort();
		walk_type(type->members[i].type, depth + 1);
	}
	for (uint32_t i = 0; i < type->n_enumerators; i++)
		if (!type->enumerators[i].name)
			abort();
	if (type->target)
		walk_type(type->target, depth + 1);
}

#endif
