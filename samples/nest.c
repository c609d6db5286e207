/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nest — functions that call functions that make system calls, and what a tracer must show of it:
 * each system call inside the function that caused it.
 *
 *	nest [-w] [-h] [ROUNDS]
 */
#include <errno.h>
#include <fcntl.h>

#include "sample.h"

#define INPUT	"/dev/zero"
#define MISSING "/nonexistent/file"

/* What happened in one round, to be told when the work is done. */
struct round {
	int file;
	long bytes, missing, written;
};

traced int open_input(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC);
}

traced long copy(int from, int size)
{
	char buffer[16];
	return read(from, buffer, (size_t)size);
}

traced long store(int round)
{
	char digit = (char)('0' + round % 10);
	int sink = open("/dev/null", O_WRONLY);
	long written = write(sink, &digit, 1);
	close(sink);
	return written;
}

traced long outer(int round, struct round *seen)
{
	seen->file = open_input(INPUT);
	seen->bytes = copy(seen->file, 16);
	close(seen->file);
	seen->missing = open_input(MISSING);
	seen->written = store(round);
	return seen->bytes + round;
}

static void tell(int round, const struct round *seen)
{
	/* Descriptors are numbered from the lowest free one: both files had the same number. */
	int fd = seen->file;
	printf("expect nest:outer(round=%d, seen=*)\n", round);
	printf("expect |  nest:open_input(path=\"%s\")\n", INPUT);
	printf("expect |  |  openat(AT_FDCWD, \"%s\", O_RDONLY|O_CLOEXEC) = %d\n", INPUT, fd);
	printf("expect |  nest:open_input = %d\n", fd);
	printf("expect |  nest:copy(from=%d, size=16)\n", fd);
	printf("expect |  |  read(%d, \"\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\", 16) = 16\n",
	       fd);
	printf("expect |  nest:copy = 16\n");
	printf("expect |  close(%d) = 0\n", fd);
	printf("expect |  nest:open_input(path=\"%s\")\n", MISSING);
	printf("expect |  |  openat(AT_FDCWD, \"%s\", O_RDONLY|O_CLOEXEC) = -1 ENOENT\n", MISSING);
	printf("expect |  nest:open_input = -1\n");
	printf("expect |  nest:store(round=%d)\n", round);
	printf("expect |  |  openat(AT_FDCWD, \"/dev/null\", O_WRONLY) = %d\n", fd);
	printf("expect |  |  write(%d, \"%d\", 1) = 1\n", fd, round % 10);
	printf("expect |  |  close(%d) = 0\n", fd);
	printf("expect |  nest:store = 1\n");
	printf("expect nest:outer = %d\n", 16 + round);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int rounds = (int)sample_number(argc, argv, sample.next, 3);
	bool correct = true;

	for (int i = 0; i < rounds; i++) {
		struct round seen;
		correct = correct && outer(i, &seen) == 16 + i && seen.missing == -1 &&
			  seen.written == 1;
		tell(i, &seen);
	}
	sample_count("outer", rounds);
	sample_count("open_input", 2ul * rounds);
	sample_count("copy", rounds);
	sample_count("store", rounds);
	return sample_end(&sample, correct);
}
