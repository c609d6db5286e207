/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/name_map.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

/* The kernel gives each process 16 random bytes. */
static uint64_t process_seed(unsigned int which)
{
	uint64_t words[2] = {0x9e3779b97f4a7c15, 0xd6e8feb86659fd93};
	const void *random = (const void *)getauxval(AT_RANDOM);
	if (random)
		memcpy(words, random, sizeof(words));
	return words[which];
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_name(const struct name_map *map, const char *name, size_t length)
{
	uint64_t hash = map->seed ^ length, secret = map->secret, word;
	for (; length >= sizeof(word); name += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, name, sizeof(word));
		hash = mix(hash ^ word, secret);
	}
	word = 0;
	memcpy(&word, name, length);
	return mix(hash ^ word, secret);
}

/* The entry of that name, or the free slot where it belongs. The map is never full. */
static struct name_entry *find_slot(const struct name_map *map, const char *name, size_t length,
				    uint64_t hash)
{
	size_t mask = map->capacity - 1;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct name_entry *entry = &map->slots[i];
		if (!entry->name || (entry->hash == hash && entry->length == length &&
				     !memcmp(entry->name, name, length)))
			return entry;
	}
}

static bool grow(struct name_map *map)
{
	size_t capacity = map->capacity ? map->capacity * 2 : 64;
	struct name_map grown = {.capacity = capacity,
				 .count = map->count,
				 .seed = process_seed(0),
				 .secret = process_seed(1) | 1};
	grown.slots = calloc(capacity, sizeof(*grown.slots));
	if (!grown.slots)
		return false;
	for (size_t i = 0; i < map->capacity; i++) {
		const struct name_entry *old = &map->slots[i];
		if (old->name)
			*find_slot(&grown, old->name, old->length, old->hash) = *old;
	}
	free(map->slots);
	*map = grown;
	return true;
}

uint64_t *name_map_find(const struct name_map *map, const char *name, size_t length)
{
	if (!map->capacity)
		return NULL;
	struct name_entry *entry = find_slot(map, name, length, hash_name(map, name, length));
	return entry->name ? &entry->value : NULL;
}

bool name_map_add(struct name_map *map, const char *name, size_t length, uint64_t value)
{
	/* At most half full: a look-up that misses ends after two slots on average. */
	if (map->count * 2 >= map->capacity && !grow(map))
		return false;
	uint64_t hash = hash_name(map, name, length);
	struct name_entry *entry = find_slot(map, name, length, hash);
	if (entry->name)
		return true;
	*entry = (struct name_entry){.name = name, .length = length, .hash = hash, .value = value};
	map->count++;
	return true;
}

void name_map_deinit(struct name_map *map)
{
	free(map->slots);
	*map = (struct name_map){0};
}
