/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/shown_each.h — values inside of an array's elements, and what their pointers lead to.
 * Private to shown*.c.
 */
#ifndef UTRAIL_OUTPUT_SHOWN_EACH_H
#define UTRAIL_OUTPUT_SHOWN_EACH_H

#include "output/shown.h"

/* A value in an element that was copied. */
struct shown_place {
	const struct value_each *each; /* of the array */
	uint32_t n_each;
	const struct slots *slots;
	uint32_t element, at; /* which one, and where in it */
	uint64_t address;     /* of the value in the target; 0: not known */
};

void shown_in_element(const struct shown_place *place, const struct type *type, const char *bytes,
		      uint32_t length, struct shown *ret);

#endif
