/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chain of execs: itself by path, by descriptor, from a memfd and from a file that is deleted by
 * then; arguments, environment, descriptors and pid must come through.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "integrity.h"

extern char **environ;

static noinline long work(long n)
{
	long sum = 1;
	for (long i = 0; i < n; i++)
		sum = sum * 5 + i;
	return sum;
}

static noinline int copy_to(int out)
{
	struct stat st;
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	fstat(in, &st);
	off_t at = 0;
	while (at < st.st_size)
		if (sendfile(out, in, &at, (size_t)(st.st_size - at)) <= 0)
			return -1;
	close(in);
	return 0;
}

static noinline void go(int stage, char *pid)
{
	char next[16], path[64];
	snprintf(next, sizeof(next), "%d", stage + 1);
	char *words[] = {(char *)"execs", next, pid, NULL};
	char *environment[] = {(char *)"KEPT=yes", NULL};
	int fd;
	switch (stage) {
	case 0:
		execve("/proc/self/exe", words, environment);
		break;
	case 1:
		fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
		fexecve(fd, words, environment);
		break;
	case 2:
		fd = memfd_create("copy", MFD_CLOEXEC);
		if (!copy_to(fd))
			fexecve(fd, words, environment);
		break;
	case 3:
		snprintf(path, sizeof(path), "/tmp/integrity-%d", (int)getpid());
		mkdir(path, 0700);
		strcat(path, "/execs");
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0700);
		copy_to(fd);
		close(fd);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		unlink(path);
		*strrchr(path, '/') = '\0';
		rmdir(path);
		fexecve(fd, words, environment);
		break;
	default:
		return;
	}
	perror("exec");
}

int main(int argc, char **argv)
{
	char pid[16];
	int stage = argc > 1 ? atoi(argv[1]) : 0;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (!stage)
		integrity_start();
	printf("stage %d work %ld same pid %d kept %s\n", stage, work(stage + 20),
	       argc > 2 ? !strcmp(argv[2], pid) : 1,
	       stage && getenv("KEPT") ? getenv("KEPT") : "-");
	fflush(stdout);
	go(stage, pid);
	integrity_end(END_PLAIN);
	return 11;
}
