/* SPDX-License-Identifier: Apache-2.0 */
/* usdt/placement.h — may a probe sit where a note says? Private to usdt/. */
#ifndef UTRAIL_USDT_PLACEMENT_H
#define UTRAIL_USDT_PLACEMENT_H

#include "usdt/usdt.h"

/*
 * Length of the x86-64 nop at `bytes`, of which `size` are readable; 0 when there is none. Its
 * forms are 0x90 and 0f 1f with any address, both with prefixes.
 */
size_t x86_nop_length(const uint8_t *bytes, size_t size);

/* Fills offset, refused and nop_length of a note from its address. */
struct err *placement_check(const struct image *image, struct usdt_note *note) must_check;

/*
 * Fills semaphore_offset from a semaphore's address (not 0), and refused when it cannot be raised:
 * the kernel adds to the 16-bit word at that place in the target's memory, so it must be data of
 * the file, and even. `probes` is section .probes, where <sys/sdt.h> puts it (size 0: none).
 */
void placement_find_semaphore(const struct image *image, const struct section_range *probes,
			      uint64_t address, struct usdt_note *note);

#endif
