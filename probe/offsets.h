/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/offsets.h — where members are in the running kernel's structures, from its BTF.
 *
 * libbpf does the same for programs (CO-RE): a millisecond for each structure, at every start,
 * whether the program runs or not. What only some runs need is looked up here, and handed over as
 * data.
 */
#ifndef UTRAIL_PROBE_OFFSETS_H
#define UTRAIL_PROBE_OFFSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

struct offset_wanted {
	const char *type;
	/* inner: a member of that member, NULL: none; without a member, the structure's size */
	const char *member, *inner;
	size_t place; /* of the __u32 in the structure that all go to */
	bool is_optional;
};

/* `what` the kernel is asked for, and the option that can be left out, are for the error. */
struct err *offsets_find(const struct offset_wanted *wanted, size_t count, const char *what,
			 const char *option, void *ret) must_check;

#endif
