/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/child/frames.h — where frames begin, by the table that the linker makes of .eh_frame for
 * fast unwinding (PT_GNU_EH_FRAME). It has a fixed width and is sorted, so that the collector can
 * look into it by itself, and need not believe the symbolizer. Private to symbols/child/.
 */
#ifndef UTRAIL_SYMBOLS_CHILD_FRAMES_H
#define UTRAIL_SYMBOLS_CHILD_FRAMES_H

#include <stdint.h>

struct image;
struct frames;

enum frames_verdict {
	FRAMES_NO_TABLE, /* or none that is understood */
	FRAMES_BEGIN,	 /* a frame begins there */
	FRAMES_INSIDE,	 /* it lies in one that begins before */
	FRAMES_OUTSIDE,	 /* in none, or one of unknown length */
};

enum frames_verdict frames_look(struct image *image, uint64_t address);
void frames_free(struct frames *frames); /* NULL is fine */

#endif
