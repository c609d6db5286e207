/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/sources/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/descriptors.h"

#define CHUNK	 65536
#define MEGABYTE (1ULL << 20)

/*
 * Tables of names compress to a fifth or a tenth; 100 leaves room for what nobody has thought of.
 * The biggest preset of xz takes 65 MiB to decode (xz(1)).
 */
const struct inflate_limits inflate_mini_limits = {
	.bytes = 256 * MEGABYTE, .ratio = 100, .memory = 80 * MEGABYTE};

static const char *reason_of(lzma_ret result)
{
	switch (result) {
	case LZMA_MEM_ERROR:
		return "memory has run out";
	case LZMA_MEMLIMIT_ERROR:
		return "it would take more memory to unpack than any xz preset does";
	case LZMA_FORMAT_ERROR:
		return "it is not in the xz format";
	case LZMA_OPTIONS_ERROR:
		return "it uses a part of the xz format that liblzma does not know";
	case LZMA_DATA_ERROR:
		return "its xz data is damaged";
	case LZMA_BUF_ERROR:
		return "its xz data is cut off";
	default:
		return "liblzma does not take it";
	}
}

static struct err *write_all(int fd, const uint8_t *bytes, size_t size)
{
	bool ok = descriptors_write(fd, bytes, size);
	return ok ? NULL : err_new(ERR_FAILED, errno, "unpacking");
}

static uint64_t limit_of(const struct inflate_limits *limits, size_t size)
{
	uint64_t limit;
	if (__builtin_mul_overflow((uint64_t)size, limits->ratio, &limit) ||
	    __builtin_add_overflow(limit, MEGABYTE, &limit) || limit > limits->bytes)
		limit = limits->bytes;
	return limit;
}

static struct err *unpack(lzma_stream *stream, uint64_t limit, uint8_t *chunk, int fd)
{
	lzma_ret result;
	do {
		stream->next_out = chunk;
		stream->avail_out = CHUNK;
		result = lzma_code(stream, LZMA_FINISH);
		if (stream->total_out > limit)
			return err_why(
				err_new(ERR_FAILED, 0, "unpacking"),
				"it inflates to more than %llu MiB, which no symbol table of "
				"its size does",
				(unsigned long long)(limit / MEGABYTE));
		struct err *e = write_all(fd, chunk, CHUNK - stream->avail_out);
		if (e)
			return e;
	} while (result == LZMA_OK);
	if (result == LZMA_STREAM_END)
		return NULL;
	return err_why(err_new(ERR_FAILED, 0, "unpacking"), "%s", reason_of(result));
}

struct err *inflate_xz(const void *bytes, size_t size, const struct inflate_limits *limits,
		       const char *name, int *ret_fd)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	_cleanup_free_ uint8_t *chunk = malloc(CHUNK);
	_cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (!chunk)
		return &err_nomem;
	if (fd < 0)
		return err_new(ERR_FAILED, errno, "unpacking");
	if (lzma_stream_decoder(&stream, limits->memory, 0) != LZMA_OK)
		return &err_nomem;
	stream.next_in = bytes;
	stream.avail_in = size;
	struct err *e = unpack(&stream, limit_of(limits, size), chunk, fd);
	lzma_end(&stream);
	if (e)
		return e;
	if (lseek(fd, 0, SEEK_SET) != 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return err_new(ERR_FAILED, errno, "unpacking");
	*ret_fd = take_fd(fd);
	return NULL;
}
