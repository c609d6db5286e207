/* SPDX-License-Identifier: Apache-2.0 */
/*
 * syscalls — a fixed list of system calls, and the line that each must cause. Between the first
 * (getpgid) and the last (getsid) there is no other system call.
 *
 *	syscalls [-w] [-h]
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>

#include "sample.h"

/* The C library may choose other calls than asked for: always by number, here. */
#define call(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

struct results {
	long pid, file, again, low_pipe[2], mapped;
	long values[40];
	int n;
};

static long keep(struct results *results, long value)
{
	return results->values[results->n++] = value;
}

static void files(struct results *r, const char *path)
{
	char buffer[32];
	struct stat status;
	r->file = call(openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, 0640);
	keep(r, call(openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, 0640));
	keep(r, call(write, (int)r->file, "hello\n", 6ul));
	keep(r, call(pwrite64, (int)r->file, "HE", 2ul, 0l));
	keep(r, call(lseek, (int)r->file, 0l, SEEK_SET));
	keep(r, call(read, (int)r->file, buffer, sizeof(buffer)));
	keep(r, call(pread64, (int)r->file, buffer, 3ul, 3l));
	keep(r, call(fstat, (int)r->file, &status));
	keep(r, call(ftruncate, (int)r->file, 4096l));
	r->again = call(dup, (int)r->file);
	keep(r, call(fcntl, (int)r->again, F_GETFD, 0));
	keep(r, call(close, (int)r->again));
	keep(r, call(close, -1));
	r->mapped = call(mmap, NULL, 4096ul, PROT_READ | PROT_WRITE, MAP_SHARED, (int)r->file, 0l);
	keep(r, call(munmap, r->mapped, 4096ul));
	keep(r, call(close, (int)r->file));
	keep(r, call(unlinkat, AT_FDCWD, path, 0));
	keep(r, call(unlinkat, AT_FDCWD, path, 0));
}

static void others(struct results *r)
{
	struct timespec none = {0};
	struct utsname name;
	int ends[2] = {-1, -1}, sockets[2] = {-1, -1};
	keep(r, call(pipe2, ends, O_CLOEXEC));
	r->low_pipe[0] = ends[0];
	r->low_pipe[1] = ends[1];
	keep(r, call(write, ends[1], "\0\001\377", 3ul));
	keep(r, call(close, ends[0]));
	keep(r, call(close, ends[1]));
	keep(r, call(socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
	keep(r, call(close, sockets[0]));
	keep(r, call(close, sockets[1]));
	keep(r, call(kill, (int)r->pid, 0));
	keep(r, call(kill, (int)r->pid, 99));
	keep(r, call(clock_nanosleep, CLOCK_MONOTONIC, 0, &none, NULL));
	keep(r, call(uname, &name));
	keep(r, call(read, 3000, NULL, 0ul));
	keep(r, call(openat, AT_FDCWD, (char *)1, O_RDONLY));
	keep(r, call(openat, AT_FDCWD, (char *)r->mapped, O_RDONLY));
}

static void tell_files(const struct results *r, const char *path)
{
	int fd = (int)r->file;
	const char *create = "O_RDWR|O_CREAT|O_EXCL, 0640";
	printf("expect openat(AT_FDCWD, \"%s\", %s) = %d\n", path, create, fd);
	printf("expect openat(AT_FDCWD, \"%s\", %s) = -1 EEXIST\n", path, create);
	printf("expect write(%d, \"hello\\n\", 6) = 6\n", fd);
	printf("expect pwrite64(%d, \"HE\", 2, 0) = 2\n", fd);
	printf("expect lseek(%d, 0, SEEK_SET) = 0\n", fd);
	printf("expect read(%d, \"HEllo\\n\", 32) = 6\n", fd);
	printf("expect pread64(%d, \"lo\\n\", 3, 3) = 3\n", fd);
	printf("expect fstat(%d, {st_mode=S_IFREG|0640, st_size=6}) = 0\n", fd);
	printf("expect ftruncate(%d, 4096) = 0\n", fd);
	printf("expect dup(%d) = %ld\n", fd, r->again);
	printf("expect fcntl(%ld, F_GETFD) = 0\n", r->again);
	printf("expect close(%ld) = 0\n", r->again);
	printf("expect close(-1) = -1 EBADF\n");
	printf("expect mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, %d, 0) = 0x%lx\n", fd,
	       r->mapped);
	printf("expect munmap(0x%lx, 4096) = 0\n", r->mapped);
	printf("expect close(%d) = 0\n", fd);
	printf("expect unlinkat(AT_FDCWD, \"%s\", 0) = 0\n", path);
	printf("expect unlinkat(AT_FDCWD, \"%s\", 0) = -1 ENOENT\n", path);
}

static void tell_others(const struct results *r)
{
	printf("expect pipe2([%ld, %ld], O_CLOEXEC) = 0\n", r->low_pipe[0], r->low_pipe[1]);
	printf("expect write(%ld, \"\\0\\1\\377\", 3) = 3\n", r->low_pipe[1]);
	printf("expect close(%ld) = 0\n", r->low_pipe[0]);
	printf("expect close(%ld) = 0\n", r->low_pipe[1]);
	printf("expect socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, [%ld, %ld]) = 0\n",
	       r->low_pipe[0], r->low_pipe[1]);
	/* The same numbers were free again. */
	printf("expect close(%ld) = 0\n", r->low_pipe[0]);
	printf("expect close(%ld) = 0\n", r->low_pipe[1]);
	printf("expect kill(%ld, 0) = 0\n", r->pid);
	printf("expect kill(%ld, *) = -1 EINVAL\n", r->pid);
	printf("expect clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=0, tv_nsec=0}, NULL) = 0\n");
	printf("expect uname(*) = 0\n");
	printf("expect read(3000, *, 0) = -1 EBADF\n");
	printf("expect openat(AT_FDCWD, 0x1<bad address>, O_RDONLY) = -1 EFAULT\n");
	printf("expect openat(AT_FDCWD, 0x%lx<bad address>, O_RDONLY) = -1 EFAULT\n", r->mapped);
}

/* What the calls must have given, from their manual pages. */
static bool check(const struct results *r)
{
	static const long wanted[] = {-1, 6, 2, 0, 6, 3, 0, 0, 0,  0, -1, 0,  0,  0, -1,
				      0,  3, 0, 0, 0, 0, 0, 0, -1, 0, 0,  -1, -1, -1};
	bool same = (size_t)r->n == sizeof(wanted) / sizeof(wanted[0]);
	for (int i = 0; same && i < r->n; i++)
		same = r->values[i] == wanted[i];
	return same && r->file >= 0 && r->mapped != -1;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	struct results results = {.pid = getpid()};
	char path[64];
	snprintf(path, sizeof(path), "/tmp/utrail-syscalls-%ld", results.pid);
	long group = call(getpgid, 0);
	files(&results, path);
	others(&results);
	long session = call(getsid, 0);
	printf("expect getpgid(0) = %ld\n", group);
	tell_files(&results, path);
	tell_others(&results);
	printf("expect getsid(0) = %ld\n", session);
	return sample_end(&sample, check(&results));
}
