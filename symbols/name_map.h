/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/name_map.h — from a name to a number or pointer. A zeroed one is ready for use.
 *
 * Names come from files that may be built to collide, so the hash is seeded per process. Keys are
 * borrowed: whoever adds one keeps it alive as long as the map.
 */
#ifndef UTRAIL_SYMBOLS_NAME_MAP_H
#define UTRAIL_SYMBOLS_NAME_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_entry {
	const char *name; /* not NUL-terminated; NULL: a free slot */
	size_t length;
	uint64_t hash;
	uint64_t value;
};

struct name_map {
	struct name_entry *slots;
	size_t count, capacity; /* capacity is a power of two */
	uint64_t seed, secret;	/* of the hash, from the first name on */
};

/* The value's place, to read or change until the next addition; NULL: not there. */
uint64_t *name_map_find(const struct name_map *map, const char *name, size_t length);
/* Adds the name unless it is there already; false when out of memory. */
bool name_map_add(struct name_map *map, const char *name, size_t length, uint64_t value);
void name_map_deinit(struct name_map *map);

#endif
