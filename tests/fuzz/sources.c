/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what is packed in a file: xz, zlib, zstd; and as the header of a line table. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols/sources/inflate.h"
#include "symbols/sources/line_check.h"
#include "symbols/sources/unpack.h"

#define ROOM (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inflate(const uint8_t *data, size_t size)
{
	int fd = -1;
	struct err *e = inflate_xz(data, size, &inflate_mini_limits, "fuzz", &fd);
	if (!e && fd < 0)
		abort();
	if (!e && (uint64_t)lseek(fd, 0, SEEK_END) > size * inflate_mini_limits.ratio + ROOM)
		abort();
	if (fd >= 0)
		close(fd);
	err_free(e);
}

/* In two steps, the second of which must not change what the first has said. */
static void unpack(enum packing packing, const uint8_t *data, size_t size)
{
	uint8_t *to = malloc(ROOM);
	struct unpacker *unpacker = unpacker_new(packing, data, size, false, to, ROOM);
	if (!to || !unpacker)
		abort();
	bool some = unpack_to(unpacker, 100);
	bool all = unpack_to(unpacker, ROOM);
	if ((all && !some) || unpack_to(unpacker, 100) != some)
		abort();
	unpacker_free(unpacker);
	free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct line_strings strings = {.str = 1000, .line_str = 1000};
	if (!size)
		return 0;
	/* Of its own size, so that a byte too far is seen. */
	uint8_t *copy = malloc(size - 1 ? size - 1 : 1);
	if (!copy)
		abort();
	memcpy(copy, data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		inflate(copy, size - 1);
		break;
	case 1:
		unpack(PACKED_ZLIB, copy, size - 1);
		break;
	case 2:
		unpack(PACKED_ZSTD, copy, size - 1);
		break;
	default:
		line_table_is_sound(copy, size - 1, &strings, data[0] & 4);
	}
	free(copy);
	return 0;
}
