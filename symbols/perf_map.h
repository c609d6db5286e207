/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/perf_map.h — names of code that a program makes while it runs: the text that just-in-time
 * compilers write for perf(1), as /tmp/perf-PID.map. A line is "START SIZE NAME", the numbers in
 * hexadecimal without 0x; what comes later takes the place of what was there.
 *
 * Anyone may have written it: lines that make no sense are skipped, and there is a limit to what is
 * kept.
 */
#ifndef UTRAIL_SYMBOLS_PERF_MAP_H
#define UTRAIL_SYMBOLS_PERF_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"

#define PERF_MAP_BYTES_MAX (64u << 20)
#define PERF_MAP_NAME_MAX  1023

struct code_place;
struct perf_map;

struct perf_map *perf_map_create(void);	     /* NULL: out of memory */
void perf_map_destroy(struct perf_map *map); /* NULL is fine */

/*
 * Takes the whole lines of the text. Returns how many bytes these are: what is behind the last end
 * of a line is to be given again, with what follows it. `is_end`: nothing follows.
 */
size_t perf_map_add(struct perf_map *map, const char *text, size_t size, bool is_end);
size_t perf_map_count(const struct perf_map *map);

/* The name of the code there, made in `places` when it is asked for the first time. NULL: none. */
const struct code_place *perf_map_find(struct perf_map *map, uint64_t address,
				       struct arena *places);

#endif
