/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/shown_list.h — the elements of a list slot: strings of an argv, buffers of an iovec;
 * and single numbers. Private to output/shown.c.
 */
#ifndef UTRAIL_OUTPUT_SHOWN_LIST_H
#define UTRAIL_OUTPUT_SHOWN_LIST_H

#include "output/shown.h"

/* `width`: bits that count, 0 for all 64. */
void shown_width(const struct type *type, uint64_t bits, unsigned int width, struct shown *ret);
unsigned int type_width(const struct type *type);
/* An array of `type`, whose elements are the blobs in `list`. */
void shown_list(const struct type *type, const char *list, uint32_t length, bool truncated,
		const struct slots *slots, struct shown *ret);
/* The members of `value`, which were fetched one by one: there may be fewer than were asked for, or
 * more. */
void shown_elements(const struct shown_scope *scope, const struct value *value,
		    const struct slots *slots, struct shown *ret);
void shown_element(const struct shown *whole, uint32_t index, struct shown *ret);
/* Elements in copied bytes that say their own lengths: see type.length_size. */
uint32_t shown_count_sized(const struct type *type, const char *bytes, uint32_t length);
void shown_sized(const struct shown *whole, uint32_t index, struct shown *ret);
/* Of an element that is an iovec: the bytes behind it. */
void shown_gathered(const struct shown *whole, struct shown *ret);

/* A number of 16 bytes: this machine's long double is shown, others are not. */
void shown_wide(const struct type *type, const char *bytes, struct shown *ret);

/* Does what another member says leave this one a meaning? Yes when it cannot be told. */
bool shown_has_meaning(const struct shown *whole, uint32_t index);
/* A number whose upper half lies apart. */
void shown_halves(const struct shown *whole, const struct type_member *member, struct shown *ret);

#endif
