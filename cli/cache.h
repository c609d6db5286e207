/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/cache.h — a folder of the user's, in which small files are kept from one run to the next:
 * one of those in $XDG_CACHE_HOME/utrail, or ~/.cache/utrail.
 *
 * It and all that is in it must belong to the user that we are, and nobody else may write there;
 * else it is not used, and that is said once. A file is replaced as a whole, by renaming. The
 * folder is bounded: the oldest files go. Nothing here is an error: without a cache all works.
 */
#ifndef UTRAIL_CLI_CACHE_H
#define UTRAIL_CLI_CACHE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cache;

/* `folder`: its name, which lives as long. `report`: where it is said why the cache is not used,
 * NULL: nowhere. NULL: out of memory. Nothing is looked at before the first read or write, and
 * nothing made before a write. */
struct cache *cache_new(const char *folder, FILE *report);
void cache_free(struct cache *cache); /* NULL is fine */

/* As struct image_cache has them; `cache` is a struct cache. `name`: letters and digits. */
void *cache_read(void *cache, const char *name, size_t *ret_size);
void cache_write(void *cache, const char *name, const void *bytes, size_t size);

/* What may be in it, all files together; for tests, which want less. */
struct cache_limits {
	uint64_t bytes;
	size_t files;
};
void cache_set_limits(struct cache *cache, const struct cache_limits *limits);

#endif
