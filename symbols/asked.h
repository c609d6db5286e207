/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/asked.h — from which files something was learnt of an image, for who keeps it: as long as
 * all of these are what they were, so is what was learnt.
 */
#ifndef UTRAIL_SYMBOLS_ASKED_H
#define UTRAIL_SYMBOLS_ASKED_H

#include "symbols/symbols.h"

/* A file that was looked for, as it was then. */
struct asked_file {
	const char *path; /* in our root; borrowed */
	bool exists;	  /* else the rest is 0 */
	uint64_t device, inode, size;
	int64_t modified_ns; /* which anybody can set */
	int64_t changed_ns;  /* which the kernel sets, by its clock */
};

/* Fills in all but the path; by the open file, or, when that is -1, by the path. */
void asked_file_look(struct asked_file *file, int fd);
/* Whatever their paths. */
bool asked_file_same(const struct asked_file *a, const struct asked_file *b);

/* The image's own file. */
void image_own_file(const struct image *image, struct asked_file *ret);
/*
 * The other files that were looked for so far: debug files, also those that were not there. False:
 * there may be more, in the root of a process, on a server, or because the image is read without
 * the symbolizer. Valid until the next question about the image.
 */
bool image_asked(const struct image *image, const struct asked_file **ret, size_t *ret_count);

#endif
