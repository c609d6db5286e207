/* SPDX-License-Identifier: Apache-2.0 */
#include "common/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Big enough that a plan of a few probes needs one block, small enough not to show in RSS; those
 * of a large one grow, as each of them is cleared and asked for on its own. */
#define BLOCK_SIZE     4096
#define BLOCK_SIZE_MAX 65536

struct arena_block {
	struct arena_block *older;
	size_t used, size;
	_Alignas(max_align_t) unsigned char data[];
};

static struct arena_block *add_block(struct arena *arena, size_t size)
{
	struct arena_block *block = calloc(1, sizeof(*block) + size);
	if (!block)
		return NULL;
	block->size = size;
	block->older = arena->newest;
	arena->newest = block;
	return block;
}

/* `align` is a power of two. A block begins with the greatest alignment that there is. */
static void *take(struct arena *arena, size_t size, size_t align)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	struct arena_block *block = arena->newest;
	size_t at = block ? (block->used + align - 1) & ~(align - 1) : 0;
	if (!block || at > block->size || block->size - at < size) {
		size_t wanted = block ? block->size * 2 : BLOCK_SIZE;
		wanted = wanted < BLOCK_SIZE_MAX ? wanted : BLOCK_SIZE_MAX;
		block = add_block(arena, size > wanted ? size : wanted);
		at = 0;
	}
	if (!block)
		return NULL;
	block->used = at + size;
	return block->data + at;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return take(arena, size, _Alignof(max_align_t));
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return arena_alloc(arena, bytes);
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
	void *ret = arena_alloc(arena, size);
	if (ret && size)
		memcpy(ret, data, size);
	return ret;
}

char *arena_substring(struct arena *arena, const char *text, size_t length)
{
	char *ret = take(arena, length + 1, 1);
	if (ret)
		memcpy(ret, text, length);
	return ret;
}

char *arena_string(struct arena *arena, const char *text)
{
	return arena_substring(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *text, ...)
{
	va_list args, again;
	va_start(args, text);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, text, args);
	va_end(args);
	char *ret = length < 0 ? NULL : take(arena, (size_t)length + 1, 1);
	if (ret)
		vsnprintf(ret, (size_t)length + 1, text, again);
	va_end(again);
	return ret;
}

void arena_deinit(struct arena *arena)
{
	while (arena->newest) {
		struct arena_block *older = arena->newest->older;
		free(arena->newest);
		arena->newest = older;
	}
}
