/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/symbols_bytes.h — files as bytes in memory, to be damaged and opened again. */
#ifndef UTRAIL_TESTS_SYMBOLS_BYTES_H
#define UTRAIL_TESTS_SYMBOLS_BYTES_H

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static inline uint8_t *file_bytes(const char *path, size_t *ret_size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	uint8_t *bytes = malloc((size_t)st.st_size);
	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	*ret_size = (size_t)st.st_size;
	return bytes;
}

static inline int memory_file(const void *bytes, size_t size)
{
	int fd = memfd_create("utrail-test", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	return fd;
}

#endif
