/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/sources/unpack.h — a compressed section, unpacked from its beginning as far as it is
 * needed. Private to symbols/.
 */
#ifndef UTRAIL_SYMBOLS_SOURCES_UNPACK_H
#define UTRAIL_SYMBOLS_SOURCES_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packing {
	PACKED_NOT,
	PACKED_ZLIB,
	PACKED_ZSTD,
};

struct unpacker;

/* Both buffers stay the caller's, and where they are. `is_mapped`: what is packed lies in a mapped
 * file. NULL: out of memory. */
struct unpacker *unpacker_new(enum packing packing, const uint8_t *packed, size_t packed_size,
			      bool is_mapped, uint8_t *to, size_t size);
void unpacker_free(struct unpacker *unpacker); /* NULL is fine */

/* Unpacks the first `end` bytes at least, or all. False: they are not in it, or damaged. */
bool unpack_to(struct unpacker *unpacker, size_t end);

#endif
