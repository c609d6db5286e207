/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/sources/inflate.h — compressed bytes of a file as another file, within limits.
 * Private to symbols/.
 *
 * Anyone can write a megabyte that inflates to gigabytes. So the result is bounded by its size and
 * by its ratio to what it came from, and lies in a memory file, which only takes what was written.
 */
#ifndef UTRAIL_SYMBOLS_SOURCES_INFLATE_H
#define UTRAIL_SYMBOLS_SOURCES_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct inflate_limits {
	uint64_t bytes;	 /* of the result at most */
	uint64_t ratio;	 /* times the compressed size at most, and a megabyte */
	uint64_t memory; /* of the decoder */
};

/* As for .gnu_debugdata: it holds a symbol table, a few megabytes for the biggest programs. */
extern const struct inflate_limits inflate_mini_limits;

/* An xz stream; the result is a sealed memory file of that name, at its beginning. */
struct err *inflate_xz(const void *bytes, size_t size, const struct inflate_limits *limits,
		       const char *name, int *ret_fd) must_check;

#endif
