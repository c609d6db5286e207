/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/labels.h — names as they are written, kept: the same ones come with every event, and
 * escaping is most of what they cost. Names stay where they are, and as they are, as long as the
 * output is there, so two pointers say what the bytes are.
 */
#ifndef UTRAIL_OUTPUT_LABELS_H
#define UTRAIL_OUTPUT_LABELS_H

#include <stdint.h>

#include "output/buffer.h"

#define LABELS	  1024 /* a power of two */
#define LABEL_MAX 47   /* longer ones are written anew each time */
/* A name takes another one's place this often: where there are ten thousand, keeping each of them
 * for nothing would cost more than writing it. */
#define LABEL_SELDOM 16

struct label {
	const void *name, *owner; /* NULL, NULL: nobody's */
	unsigned char length;
	char text[LABEL_MAX];
};

struct labels {
	struct label items[LABELS];
	unsigned int refused;
};

static inline struct label *label_of(struct labels *labels, const void *name, const void *owner)
{
	uint64_t mixed = ((uint64_t)(uintptr_t)name ^ (uint64_t)(uintptr_t)owner << 7) *
			 UINT64_C(0x9e3779b97f4a7c15);
	return &labels->items[mixed >> 48 & (LABELS - 1)];
}

/* False: it is not known, and nothing was put. */
static inline bool labels_put(struct labels *labels, struct buffer *buffer, const void *name,
			      const void *owner)
{
	const struct label *label = label_of(labels, name, owner);
	if (label->name != name || label->owner != owner || !label->length)
		return false;
	/* All of it, so that the compiler knows how much. */
	memcpy(buffer_reserve(buffer, LABEL_MAX), label->text, LABEL_MAX);
	buffer->used += label->length;
	return true;
}

/* What was put into the buffer from `start` on is this name's. */
void labels_keep(struct labels *labels, const struct buffer *buffer, size_t start, const void *name,
		 const void *owner);

#endif
