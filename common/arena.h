/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/arena.h — memory that is all released together: the strings, types and values that
 * belong to one image, one plan, one command line. A zeroed struct arena is ready for use.
 */
#ifndef UTRAIL_COMMON_ARENA_H
#define UTRAIL_COMMON_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "common/err.h"

struct arena_block;

struct arena {
	struct arena_block *newest;
};

/* Zeroed, aligned for any type; NULL when out of memory. */
void *arena_alloc(struct arena *arena, size_t size);
/* `count` items of `size` bytes, NULL also when that overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);
void *arena_copy(struct arena *arena, const void *data, size_t size);
char *arena_string(struct arena *arena, const char *text);
char *arena_substring(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *text, ...) printf_like(2, 3);
void arena_deinit(struct arena *arena);

#endif
