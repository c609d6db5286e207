/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/json_memory.c — jansson's memory, without malloc().
 *
 * A line of JSON takes some dozens of small blocks. When malloc() itself is traced in all
 * processes, each of them would stop at our own probe: the writer would be slower than the events
 * come, and would never end. So they come from one region: slabs, each cut into blocks of one size,
 * which go to a list of free ones when they are given back. A line gives back all that it took, so
 * the region needs room for the largest one only. What does not fit is left to malloc().
 */
#include "output/json_memory.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SLAB_BITS     15
#define SLAB_BYTES    ((size_t)1 << SLAB_BITS)
#define SLABS	      512 /* 16 MiB of addresses; memory is what was used of it */
#define SMALLEST_BITS 5
#define CLASSES	      (SLAB_BITS - SMALLEST_BITS + 1)

struct free_block {
	struct free_block *next;
};

/* jansson's functions take no context: there is one for the process, as there is one jansson. */
static struct {
	char *region; /* never unmapped: jansson has it until the end */
	size_t n_slabs;
	uint8_t class_of[SLABS];
	struct free_block *free[CLASSES];
} memory;

static size_t class_for(size_t size)
{
	size_t class = 0;
	while (((size_t)1 << (SMALLEST_BITS + class)) < size)
		class ++;
	return class;
}

static bool add_slab(size_t class)
{
	if (!memory.region || memory.n_slabs == SLABS)
		return false;
	char *slab = memory.region + (memory.n_slabs << SLAB_BITS);
	size_t size = (size_t)1 << (SMALLEST_BITS + class);
	memory.class_of[memory.n_slabs++] = (uint8_t) class;
	for (size_t at = SLAB_BYTES; at; at -= size) {
		struct free_block *block = (void *)(slab + at - size);
		block->next = memory.free[class];
		memory.free[class] = block;
	}
	return true;
}

void *json_memory_take(size_t size)
{
	if (size > SLAB_BYTES)
		return malloc(size);
	size_t class = class_for(size);
	if (!memory.free[class] && !add_slab(class))
		return malloc(size);
	struct free_block *block = memory.free[class];
	memory.free[class] = block->next;
	return block;
}

void json_memory_give(void *block)
{
	uintptr_t offset = (uintptr_t)block - (uintptr_t)memory.region;
	if (!memory.region || offset >= SLABS * SLAB_BYTES) {
		free(block);
		return;
	}
	struct free_block *given = block;
	size_t class = memory.class_of[offset >> SLAB_BITS];
	given->next = memory.free[class];
	memory.free[class] = given;
}

void json_memory_use(void)
{
	if (memory.region)
		return;
	void *region = mmap(NULL, SLABS * SLAB_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region == MAP_FAILED)
		return;
	memory.region = region;
	json_set_alloc_funcs(json_memory_take, json_memory_give);
}
