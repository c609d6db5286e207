/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/sources/unpack.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

/* Unpacked beyond what was asked for, as the next question tends to be about what follows. */
#define AHEAD ((size_t)1 << 20)
#define STEP  (1u << 20)

struct unpacker {
	enum packing packing;
	const uint8_t *packed;
	size_t packed_size, packed_done;
	uint8_t *to;
	size_t size, done;
	bool failed, is_mapped;
	z_stream zlib;
	ZSTD_DStream *zstd;
};

static bool start(struct unpacker *unpacker)
{
	if (unpacker->packing == PACKED_ZLIB)
		return inflateInit(&unpacker->zlib) == Z_OK;
	unpacker->zstd = ZSTD_createDStream();
	return unpacker->zstd && !ZSTD_isError(ZSTD_initDStream(unpacker->zstd));
}

struct unpacker *unpacker_new(enum packing packing, const uint8_t *packed, size_t packed_size,
			      bool is_mapped, uint8_t *to, size_t size)
{
	struct unpacker *ret = calloc(1, sizeof(*ret));
	if (!ret)
		return NULL;
	ret->packing = packing;
	ret->packed = packed;
	ret->packed_size = packed_size;
	ret->to = to;
	ret->size = size;
	ret->is_mapped = is_mapped;
	if (start(ret))
		return ret;
	free(ret);
	return NULL;
}

void unpacker_free(struct unpacker *unpacker)
{
	if (!unpacker)
		return;
	if (unpacker->packing == PACKED_ZLIB)
		inflateEnd(&unpacker->zlib);
	ZSTD_freeDStream(unpacker->zstd);
	free(unpacker);
}

/* zlib counts in unsigned int; and so memory is given back on the way. */
static unsigned int clip(size_t size)
{
	return size < STEP ? (unsigned int)size : STEP;
}

/* One step towards `end`; false: there is nothing more, or it is damaged. */
static bool step_zlib(struct unpacker *u, size_t end)
{
	unsigned int in = clip(u->packed_size - u->packed_done), out = clip(end - u->done);
	u->zlib.next_in = (Bytef *)u->packed + u->packed_done;
	u->zlib.avail_in = in;
	u->zlib.next_out = u->to + u->done;
	u->zlib.avail_out = out;
	int result = inflate(&u->zlib, Z_NO_FLUSH);
	u->packed_done += in - u->zlib.avail_in;
	u->done += out - u->zlib.avail_out;
	return result == Z_OK;
}

static bool step_zstd(struct unpacker *u, size_t end)
{
	ZSTD_inBuffer in = {u->packed, u->packed_size, u->packed_done};
	ZSTD_outBuffer out = {u->to, end, u->done};
	size_t result = ZSTD_decompressStream(u->zstd, &out, &in);
	bool moved = in.pos > u->packed_done || out.pos > u->done;
	u->packed_done = in.pos;
	u->done = out.pos;
	return !ZSTD_isError(result) && moved;
}

/* What was read of a mapped file is not needed again; left alone it would count as our memory. */
static void forget_packed(const struct unpacker *u)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = ((uintptr_t)u->packed + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)u->packed + u->packed_done) & ~(page - 1);
	if (u->is_mapped && end > start)
		madvise((void *)start, end - start, MADV_DONTNEED);
}

bool unpack_to(struct unpacker *unpacker, size_t end)
{
	if (end > unpacker->size)
		return false;
	if (end <= unpacker->done)
		return true;
	if (unpacker->failed)
		return false;
	size_t wanted = unpacker->size - end > AHEAD ? end + AHEAD : unpacker->size;
	for (size_t steps = 1; unpacker->done < wanted; steps++) {
		bool more = unpacker->packing == PACKED_ZLIB ? step_zlib(unpacker, wanted)
							     : step_zstd(unpacker, wanted);
		if (!more)
			break;
		if (steps % 16 == 0)
			forget_packed(unpacker);
	}
	unpacker->failed = unpacker->done < wanted;
	forget_packed(unpacker);
	return unpacker->done >= end;
}
