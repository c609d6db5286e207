/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/shown_list.h — the elements of a list slot: strings of an argv, buffers of an iovec.
 * Private to output/shown.c.
 */
#ifndef UTRAIL_OUTPUT_SHOWN_LIST_H
#define UTRAIL_OUTPUT_SHOWN_LIST_H

#include "output/shown.h"

/* An array of `type`, whose elements are the blobs in `list`. */
void shown_list(const struct type *type, const char *list, uint32_t length, bool truncated,
		const struct slots *slots, struct shown *ret);
void shown_element(const struct shown *whole, uint32_t index, struct shown *ret);
/* Elements in copied bytes that say their own lengths: see type.length_size. */
uint32_t shown_count_sized(const struct type *type, const char *bytes, uint32_t length);
void shown_sized(const struct shown *whole, uint32_t index, struct shown *ret);
/* Of an element that is an iovec: the bytes behind it. */
void shown_gathered(const struct shown *whole, struct shown *ret);

#endif
