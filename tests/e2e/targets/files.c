/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files FILE COUNT BIG: in work(), COUNT times: opens FILE, writes to it, makes it durable, reads
 * it twice and closes it. Then in big() writes BIG MiB in one call. Says how often it did what, and
 * how long each call of big() took, in nanoseconds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int opens, writes, reads, fsyncs;

static void check(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

__attribute__((noinline)) int open_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	check(fd >= 0, "open");
	opens++;
	return fd;
}

__attribute__((noinline)) int work(const char *path, int i)
{
	char text[64];
	int fd = open_file(path);
	for (int n = 0; n < 3; n++, writes++)
		check(pwrite(fd, "0123456789", 10, 10 * i) == 10, "pwrite");
	check(fsync(fd) == 0, "fsync");
	fsyncs++;
	for (int n = 1; n <= 2; n++, reads++)
		check(pread(fd, text, (size_t)n * 5, 10 * i) == n * 5, "pread");
	close(fd);
	return i;
}

static long long now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_BOOTTIME, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

__attribute__((noinline)) int big(int fd, const char *block, size_t bytes)
{
	check(pwrite(fd, block, bytes, 0) == (ssize_t)bytes, "pwrite");
	writes++;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	int count = atoi(argv[2]);
	size_t bytes = (size_t)atol(argv[3]) << 20;
	char *block = malloc(bytes);
	check(block != NULL, "malloc");
	memset(block, 'x', bytes);
	for (int i = 0; i < count; i++)
		work(argv[1], i);
	int fd = open_file(argv[1]);
	long long begun = now();
	big(fd, block, bytes);
	printf("count open %d\ncount write %d\ncount read %d\ncount fsync %d\nbig %lld\n", opens,
	       writes, reads, fsyncs, now() - begun);
	close(fd);
	check(unlink(argv[1]) == 0, "unlink");
	return 0;
}
