/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as /tmp/perf-PID.map: whole, and in two pieces as it grows; both must say the same. */
#include <stdlib.h>
#include <string.h>

#include "symbols/perf_map.h"
#include "symbols/stack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct perf_map *read_whole(const char *text, size_t size)
{
	struct perf_map *map = perf_map_create();
	if (!map)
		abort();
	if (perf_map_add(map, text, size, true) > size)
		abort();
	return map;
}

static struct perf_map *read_in_two(const char *text, size_t size, size_t middle)
{
	struct perf_map *map = perf_map_create();
	if (!map)
		abort();
	size_t taken = perf_map_add(map, text, middle, false);
	if (taken > middle)
		abort();
	perf_map_add(map, text + taken, size - taken, true);
	return map;
}

static void ask(struct perf_map *map, struct perf_map *other, uint64_t address,
		struct arena *places)
{
	const struct code_place *place = perf_map_find(map, address, places);
	const struct code_place *same = perf_map_find(other, address, places);
	if (!place != !same)
		abort();
	if (!place)
		return;
	if (!place->own.symbol || strlen(place->own.symbol) > PERF_MAP_NAME_MAX ||
	    strcmp(place->own.symbol, same->own.symbol) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena places = {0};
	if (!size)
		return 0;
	/* Of its own size, so that a byte too far is seen. */
	char *text = malloc(size);
	if (!text)
		abort();
	memcpy(text, data, size);
	struct perf_map *map = read_whole(text, size);
	struct perf_map *other = read_in_two(text, size, data[0] % (size + 1));
	if (perf_map_count(map) != perf_map_count(other))
		abort();
	for (uint64_t address = 0; address < 0x40; address += 3)
		ask(map, other, address, &places);
	ask(map, other, UINT64_MAX, &places);
	ask(map, other, 0x7f0000000010, &places);
	perf_map_destroy(map);
	perf_map_destroy(other);
	arena_deinit(&places);
	free(text);
	return 0;
}
