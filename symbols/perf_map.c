/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/perf_map.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "symbols/stack.h"

#define ENTRIES_MAX (1u << 20)
/* Code does not overlap but where old code was dropped: so many entries are looked at. */
#define OVERLAPS_MAX 256
/* No piece of code is larger; what claims to be would hide all others. */
#define SIZE_MAX_BYTES (1ULL << 30)

struct entry {
	uint64_t start, size;
	uint32_t number; /* later ones are right */
	uint32_t length; /* of the name */
	const char *name;
	const struct code_place *place; /* NULL: not asked for so far */
};

struct perf_map {
	ARRAY_OF(struct entry) entries;
	bool sorted;
	size_t bytes; /* of names */
	struct arena names;
};

struct perf_map *perf_map_create(void)
{
	return calloc(1, sizeof(struct perf_map));
}

void perf_map_destroy(struct perf_map *map)
{
	if (!map)
		return;
	free(map->entries.items);
	arena_deinit(&map->names);
	free(map);
}

/* Moves *text behind a hexadecimal number and the spaces that follow it. */
static bool read_number(const char **text, const char *end, uint64_t *ret)
{
	const char *at = *text;
	uint64_t value = 0;
	if (end - at > 2 && at[0] == '0' && (at[1] | 0x20) == 'x')
		at += 2;
	const char *first = at;
	for (; at < end; at++) {
		char c = (char)(*at | 0x20);
		unsigned int digit = *at >= '0' && *at <= '9' ? (unsigned int)(*at - '0')
				     : c >= 'a' && c <= 'f'   ? (unsigned int)(c - 'a' + 10)
							      : 16;
		if (digit == 16)
			break;
		value = value << 4 | digit;
	}
	if (at == first || at - first > 16 || at == end || *at != ' ')
		return false;
	while (at < end && *at == ' ')
		at++;
	*text = at;
	*ret = value;
	return true;
}

static void add_line(struct perf_map *map, const char *line, const char *end)
{
	struct entry entry = {.number = (uint32_t)map->entries.count};
	if (end > line && end[-1] == '\r')
		end--;
	if (!read_number(&line, end, &entry.start) || !read_number(&line, end, &entry.size) ||
	    line == end || !entry.size || entry.size > SIZE_MAX_BYTES ||
	    entry.start + entry.size < entry.start || map->entries.count == ENTRIES_MAX)
		return;
	size_t length = (size_t)(end - line);
	length = length < PERF_MAP_NAME_MAX ? length : PERF_MAP_NAME_MAX;
	length = strnlen(line, length);
	if (!length || map->bytes + length > PERF_MAP_BYTES_MAX)
		return;
	entry.name = arena_substring(&map->names, line, length);
	entry.length = (uint32_t)length;
	struct entry *kept = entry.name ? array_push(&map->entries) : NULL;
	if (!kept)
		return;
	*kept = entry;
	map->bytes += length + 1;
	map->sorted = false;
}

size_t perf_map_add(struct perf_map *map, const char *text, size_t size, bool is_end)
{
	const char *at = text, *end = text + size;
	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		if (!line && !is_end)
			break;
		line = line ? line : end;
		add_line(map, at, line);
		at = line < end ? line + 1 : end;
	}
	return (size_t)(at - text);
}

size_t perf_map_count(const struct perf_map *map)
{
	return map->entries.count;
}

static int by_start(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static struct entry *find_entry(struct perf_map *map, uint64_t address)
{
	struct entry *items = map->entries.items, *found = NULL;
	size_t count = map->entries.count;
	if (!map->sorted && count)
		qsort(items, count, sizeof(*items), by_start);
	map->sorted = true;
	size_t low = array_count_first(count, i, items[i].start <= address);
	for (size_t i = low; i > 0 && low - i < OVERLAPS_MAX; i--) {
		struct entry *entry = &items[i - 1];
		bool covers = address - entry->start < entry->size;
		if (covers && (!found || entry->number > found->number))
			found = entry;
	}
	return found;
}

const struct code_place *perf_map_find(struct perf_map *map, uint64_t address, struct arena *places)
{
	struct entry *entry = find_entry(map, address);
	if (!entry || entry->place)
		return entry ? entry->place : NULL;
	struct code_place *place = arena_alloc(places, sizeof(*place));
	char *name = place ? arena_substring(places, entry->name, entry->length) : NULL;
	if (!name)
		return NULL;
	place->start = entry->start;
	place->own.symbol = name;
	entry->place = place;
	return place;
}
