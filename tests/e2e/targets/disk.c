/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk FILE COUNT BYTES: past the page cache, COUNT writes and as many reads of BYTES each, and
 * says so. The file is written and on the disk before the line `ready PID`; a line of input begins.
 * With a fourth word, reads only.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	/* As a test's wish for a place that can do it. */
	exit(77);
}

__attribute__((noinline)) int put(int fd, char *block, size_t bytes, off_t at)
{
	check(pwrite(fd, block, bytes, at) == (ssize_t)bytes, "pwrite");
	return 0;
}

__attribute__((noinline)) int get(int fd, char *block, size_t bytes, off_t at)
{
	check(pread(fd, block, bytes, at) == (ssize_t)bytes, "pread");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	int count = atoi(argv[2]);
	size_t bytes = (size_t)atol(argv[3]);
	char line[16], *block;
	int fd = open(argv[1], O_RDWR | O_CREAT | O_DIRECT, 0600);
	check(fd >= 0, "open");
	check(posix_memalign((void **)&block, 4096, bytes) == 0, "posix_memalign");
	memset(block, 'x', bytes);
	for (int i = 0; i < count; i++)
		put(fd, block, bytes, (off_t)bytes * i);
	check(fsync(fd) == 0, "fsync");
	sync();
	printf("ready %d\n", getpid());
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 0;
	for (int i = 0; i < count && argc == 4; i++)
		put(fd, block, bytes, (off_t)bytes * i);
	for (int i = 0; i < count; i++)
		get(fd, block, bytes, (off_t)bytes * i);
	printf("count write %d\ncount read %d\n", argc == 4 ? count : 0, count);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 0;
	return 0;
}
