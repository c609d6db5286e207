/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usdt/elsewhere.h — notes and operands of a file that the symbolizer reads. Private to usdt/.
 *
 * What it answers is held against the file where that needs no reading of what others wrote: a
 * probe's place is a nop in the text, a semaphore is no text, an operand is a plan of the few
 * operations that operands are made of.
 */
#ifndef UTRAIL_USDT_ELSEWHERE_H
#define UTRAIL_USDT_ELSEWHERE_H

#include "usdt/usdt.h"

/* As usdt_notes(), of an image that is read elsewhere. */
struct err *elsewhere_notes(struct image *image, struct arena *arena, const struct usdt_note **ret,
			    size_t *ret_count, size_t *ret_malformed) must_check;

#endif
