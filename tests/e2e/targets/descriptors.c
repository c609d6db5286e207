/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptors — uses descriptors in ways that are hard to follow, and tells which file each of them
 * was in each call: as it opened them, and as /proc/self/fd told at that moment.
 *
 *	descriptors [-w] reuse ROUNDS THREADS	open, read, close, on the same numbers again and
 *again descriptors [-w] kinds			files without a name, removed, renamed; directories
 *	descriptors [-w] lists			those in arrays, sets and control messages
 *	descriptors [-w] rename ROUNDS		reads while a directory above is renamed
 *
 * The lines of "reuse", "kinds" and "lists" are "expect THREAD CALL FD PATH FD PATH", parted by
 *tabs: the descriptors that the call takes, then those that it gives ("-": no path). That of
 *"rename" has the two paths that are right. Directories are made below the current one. The calls
 *of "kinds" are those between getpgid and getsid.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sdt.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sample.h"

/* The C library may choose other calls than asked for: always by number, here. */
#define call(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

#define FILES		4
#define THREADS_MAX	4
#define LEVELS		40

struct line {
	const char *name;
	int fds[4];
	const char *paths[4];
	int n;
};

struct record {
	long tid;
	struct line *lines;
	size_t count, size;
	bool wrong;
};

static struct line *add(struct record *record, const char *name)
{
	if (record->count == record->size) {
		record->size = record->size ? 2 * record->size : 1024;
		record->lines = realloc(record->lines, record->size * sizeof(*record->lines));
		if (!record->lines)
			abort();
	}
	struct line *line = &record->lines[record->count++];
	*line = (struct line){.name = name};
	return line;
}

static struct line *with(struct line *line, int fd, const char *path)
{
	line->fds[line->n] = fd;
	line->paths[line->n++] = path;
	return line;
}

static void tell(const struct record *record)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct line *line = &record->lines[i];
		printf("expect %ld\t%s", record->tid, line->name);
		for (int j = 0; j < line->n; j++)
			printf("\t%d\t%s", line->fds[j], line->paths[j] ? line->paths[j] : "-");
		printf("\n");
	}
}

/* What the kernel says a descriptor is; readlink is not traced. */
static const char *told(int fd)
{
	char link[64], path[PATH_MAX] = "";
	snprintf(link, sizeof(link), fd == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof(path) - 1);
	return length > 0 ? strdup(path) : NULL;
}

traced int uses(int fd)
{
	return fd;
}

/* --- reuse ----------------------------------------------------------------------------------- */

struct reuse {
	struct record record;
	char paths[FILES][PATH_MAX];
	const char *cwd;
	long rounds;
	pthread_t thread;
};

static void make_files(struct reuse *reuse, int number)
{
	for (int i = 0; i < FILES; i++) {
		char *path = reuse->paths[i];
		snprintf(path, PATH_MAX, "%s/thread%d", reuse->cwd, number);
		mkdir(path, 0700);
		snprintf(path, PATH_MAX, "%s/thread%d/%d", reuse->cwd, number, i);
		mkdir(path, 0700);
		/* Some names are kept inside the kernel's dentry, some are too long for it. */
		snprintf(path, PATH_MAX, "%s/thread%d/%d/file%s%d", reuse->cwd, number, i,
			 i % 2 ? " with a name that is longer than forty bytes " : "", i);
		close(open(path, O_WRONLY | O_CREAT, 0600));
	}
}

static void one_round(struct reuse *reuse, long round)
{
	struct record *record = &reuse->record;
	const char *path = reuse->paths[round % FILES];
	char byte;
	int fd = (int)call(openat, AT_FDCWD, path, O_RDONLY);
	with(with(add(record, "openat"), AT_FDCWD, reuse->cwd), fd, path);
	uses(fd);
	with(with(add(record, "uses"), fd, path), fd, path);
	DTRACE_PROBE1(descriptors, mark, fd);
	with(add(record, "mark"), fd, path);
	call(read, fd, &byte, 1ul);
	with(add(record, "read"), fd, path);
	if (round % 64 == 0) {
		const char *truth = told(fd);
		record->wrong |= !truth || strcmp(truth, path) != 0;
		free((char *)truth);
	}
	call(close, fd);
	with(add(record, "close"), fd, path);
}

static void *reuse_thread(void *context)
{
	struct reuse *reuse = context;
	reuse->record.tid = call(gettid);
	for (long i = 0; i < reuse->rounds; i++)
		one_round(reuse, i);
	return NULL;
}

static bool reuse_all(long rounds, int threads)
{
	static struct reuse all[THREADS_MAX];
	const char *cwd = told(AT_FDCWD);
	bool wrong = false;
	for (int i = 0; i < threads && i < THREADS_MAX; i++) {
		all[i].cwd = cwd;
		all[i].rounds = rounds;
		make_files(&all[i], i);
	}
	for (int i = 0; i < threads && i < THREADS_MAX; i++)
		pthread_create(&all[i].thread, NULL, reuse_thread, &all[i]);
	for (int i = 0; i < threads && i < THREADS_MAX; i++) {
		pthread_join(all[i].thread, NULL);
		tell(&all[i].record);
		wrong |= all[i].record.wrong;
	}
	return !wrong;
}

/* --- kinds ----------------------------------------------------------------------------------- */

/* Reads and closes what was opened in whatever way. */
static void end(struct record *record, int fd)
{
	char byte;
	const char *path = told(fd);
	call(read, fd, &byte, 0ul);
	with(add(record, "read"), fd, path);
	call(close, fd);
	with(add(record, "close"), fd, path);
	call(read, fd, &byte, 0ul);
	with(add(record, "read"), fd, NULL);
}

static int opened(struct record *record, const char *path, int flags)
{
	const char *cwd = told(AT_FDCWD);
	int fd = (int)call(openat, AT_FDCWD, path, flags, 0600);
	with(with(add(record, "openat"), AT_FDCWD, cwd), fd, told(fd));
	return fd;
}

static void unnamed(struct record *record)
{
	int ends[2];
	call(pipe2, ends, O_CLOEXEC | O_NONBLOCK);
	with(with(add(record, "pipe2"), ends[0], told(ends[0])), ends[1], told(ends[1]));
	end(record, ends[0]);
	end(record, ends[1]);
	call(socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
	with(with(add(record, "socketpair"), ends[0], told(ends[0])), ends[1], told(ends[1]));
	end(record, ends[0]);
	end(record, ends[1]);
	int fd = (int)call(socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	with(add(record, "socket"), fd, told(fd));
	end(record, fd);
	fd = (int)call(epoll_create1, 0);
	with(add(record, "epoll_create1"), fd, told(fd));
	end(record, fd);
	fd = (int)call(eventfd2, 0, EFD_NONBLOCK);
	with(add(record, "eventfd2"), fd, told(fd));
	end(record, fd);
	fd = (int)call(memfd_create, "some memory", 0);
	with(add(record, "memfd_create"), fd, told(fd));
	end(record, fd);
	fd = (int)call(pidfd_open, getpid(), 0);
	if (fd >= 0) {
		with(add(record, "pidfd_open"), fd, told(fd));
		end(record, fd);
	}
}

static void special_files(struct record *record)
{
	static const char *const paths[] = {"/", "/dev/null", "/proc/self/status", "/sys",
					    "/proc/self/ns/net"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		end(record, opened(record, paths[i], O_RDONLY));
	end(record, opened(record, "fifo", O_RDWR | O_NONBLOCK));
	int fd = opened(record, ".", O_TMPFILE | O_RDWR);
	if (fd >= 0)
		end(record, fd);
	else
		record->count--;
	symlink("fifo", "link");
	end(record, opened(record, "link", O_PATH | O_NOFOLLOW));
}

static void renamed_and_removed(struct record *record)
{
	int fd = opened(record, "first", O_RDWR | O_CREAT);
	link("first", "second");
	end(record, opened(record, "second", O_RDONLY));
	rename("first", "a new name of a length that no longer fits into the dentry itself");
	end(record, dup(fd));
	unlink("a new name of a length that no longer fits into the dentry itself");
	end(record, dup(fd));
	/* In the place of another one. */
	int other = opened(record, "/dev/null", O_RDONLY);
	const char *before = told(other);
	call(dup3, fd, other, 0);
	with(with(with(add(record, "dup3"), fd, told(fd)), other, before), other, told(other));
	end(record, other);
	end(record, fd);
	call(close, -1);
	with(add(record, "close"), -1, NULL);
}

static void directories(struct record *record)
{
	char deep[LEVELS * 4 + 1] = "";
	const char *top = told(AT_FDCWD);
	mkdir("below", 0700);
	if (chdir("below"))
		record->wrong = true;
	end(record, opened(record, "file", O_RDWR | O_CREAT));
	for (int i = 0; i < LEVELS; i++) {
		snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep), "%sd%02d", i ? "/" : "",
			 i);
		mkdir(deep, 0700);
	}
	int directory = opened(record, deep, O_RDONLY | O_DIRECTORY);
	int fd = (int)call(openat, directory, "deep", O_RDWR | O_CREAT, 0600);
	with(with(add(record, "openat"), directory, told(directory)), fd, told(fd));
	end(record, fd);
	end(record, directory);
	mkdir("gone", 0700);
	if (chdir("gone") || rmdir("../gone"))
		record->wrong = true;
	call(openat, AT_FDCWD, "nothing", O_RDONLY);
	with(with(add(record, "openat"), AT_FDCWD, told(AT_FDCWD)), -1, NULL);
	if (chdir(top))
		record->wrong = true;
}

struct blocked {
	long tid;
	int directory, other;
};

/* Waits until the thread sleeps in its call, changes what the descriptor stands for, ends the call.
 */
static void *change_and_wake(void *context)
{
	const struct blocked *blocked = context;
	char path[64], text[256] = "";
	snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", blocked->tid);
	while (!strstr(text, ") S ")) {
		FILE *file = fopen(path, "r");
		if (!file || !fgets(text, sizeof(text), file))
			abort();
		fclose(file);
	}
	dup2(blocked->other, blocked->directory);
	open("fifo", O_RDONLY);
	return NULL;
}

static void *change_and_write(void *context)
{
	change_and_wake(context);
	int fifo = open("fifo", O_WRONLY);
	return write(fifo, "x", 1) == 1 ? NULL : context;
}

/* A name that is not in memory at the entry is read at the return; the descriptor's path must be
 * that of the entry nevertheless. */
static void changed_in_the_call(struct record *record)
{
	struct blocked blocked = {.tid = record->tid};
	pthread_t thread;
	int file = open("cold", O_RDWR | O_CREAT, 0600);
	if (write(file, "fifo", 5) != 5)
		abort();
	const char *name = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
	blocked.directory = open(".", O_RDONLY | O_DIRECTORY);
	blocked.other = open("/dev", O_RDONLY | O_DIRECTORY);
	const char *path = told(blocked.directory);
	call(getpgid, 0);
	pthread_create(&thread, NULL, change_and_wake, &blocked);
	int fd = (int)call(openat, blocked.directory, name, O_WRONLY);
	with(with(add(record, "openat"), blocked.directory, path), fd, told(fd));
	pthread_join(thread, NULL);
}

/* The paths that the program itself can use from now on. */
static void other_root(struct record *record)
{
	int outside = opened(record, "/dev/null", O_RDONLY);
	const char *path = told(outside);
	mknod("inside", S_IFREG | 0600, 0);
	if (chroot("."))
		return;
	int fd = (int)call(openat, AT_FDCWD, "inside", O_RDONLY);
	with(with(add(record, "openat"), AT_FDCWD, "/"), fd, "/inside");
	call(close, fd);
	with(add(record, "close"), fd, "/inside");
	call(close, outside);
	with(add(record, "close"), outside, path);
}

static bool kinds(void)
{
	struct record record = {.tid = call(gettid)};
	mkfifo("fifo", 0600);
	changed_in_the_call(&record);
	unnamed(&record);
	special_files(&record);
	renamed_and_removed(&record);
	directories(&record);
	other_root(&record);
	call(getsid, 0);
	tell(&record);
	return !record.wrong;
}

/* --- lists ----------------------------------------------------------------------------------- */

/* Its array is read when it returns; what the descriptors stand for must be known from before. */
static void poll_while_changed(struct record *record, const int *ends, int file)
{
	struct blocked blocked = {.tid = record->tid, .directory = file};
	struct pollfd polled[] = {{ends[0], POLLIN, 0}, {-1, POLLIN, 0}, {999, 0, 0}, {file, 0, 0}};
	const char *before = told(file);
	pthread_t thread;
	call(ppoll, polled, 4ul, NULL, NULL, 0ul);
	with(with(with(with(add(record, "ppoll"), ends[0], told(ends[0])), -1, NULL), 999, NULL),
	     file, before);
	int fifo = open("fifo", O_RDWR);
	polled[0].fd = fifo;
	polled[2].fd = -1;
	blocked.other = open("/dev", O_RDONLY | O_DIRECTORY);
	pthread_create(&thread, NULL, change_and_write, &blocked);
	call(ppoll, polled, 4ul, NULL, NULL, 0ul);
	with(with(with(with(add(record, "ppoll"), fifo, told(fifo)), -1, NULL), -1, NULL), file,
	     before);
	pthread_join(thread, NULL);
}

static void sets(struct record *record, const int *ends, int file)
{
	fd_set in, out, rest;
	struct timespec none = {0};
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&rest);
	FD_SET(ends[0], &in);
	FD_SET(file, &in);
	FD_SET(ends[1], &out);
	FD_SET(0, &rest);
	call(pselect6, 70, &in, &out, &rest, &none, NULL);
	int low = ends[0] < file ? ends[0] : file, high = ends[0] < file ? file : ends[0];
	with(with(with(with(add(record, "pselect6"), low, told(low)), high, told(high)), ends[1],
		  told(ends[1])),
	     0, told(0));
}

/* Who it was from comes first, in a message of its own. */
static void rights(struct record *record, const int *ends, int file)
{
	int pair[2], sent[3] = {file, ends[1], 0}, received[3], on = 1;
	union {
		char bytes[256];
		struct cmsghdr head;
	} control = {.head = {CMSG_LEN(sizeof(sent)), SOL_SOCKET, SCM_RIGHTS}};
	char byte = 'x';
	struct iovec iovec = {&byte, 1};
	struct msghdr message = {.msg_iov = &iovec,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = CMSG_SPACE(sizeof(sent))};
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	memcpy(CMSG_DATA(&control.head), sent, sizeof(sent));
	call(sendmsg, pair[0], &message, 0);
	with(with(with(add(record, "sendmsg"), sent[0], told(sent[0])), sent[1], told(sent[1])),
	     sent[2], told(sent[2]));
	message.msg_controllen = sizeof(control.bytes);
	call(recvmsg, pair[1], &message, 0);
	struct cmsghdr *found = CMSG_NXTHDR(&message, &control.head);
	record->wrong |= !found || found->cmsg_type != SCM_RIGHTS;
	if (record->wrong)
		return;
	memcpy(received, CMSG_DATA(found), sizeof(received));
	struct line *line = add(record, "recvmsg");
	for (int i = 0; i < 3; i++)
		with(line, received[i], told(received[i]));
}

static bool lists(void)
{
	struct record record = {.tid = call(gettid)};
	int ends[2];
	mkfifo("fifo", 0600);
	int file = open("listed", O_RDWR | O_CREAT, 0600);
	if (pipe(ends) || dup2(file, 60) != 60)
		return false;
	record.wrong |= write(ends[1], "x", 1) != 1;
	sets(&record, ends, 60);
	rights(&record, ends, file);
	poll_while_changed(&record, ends, file);
	tell(&record);
	return !record.wrong;
}

/* --- rename ---------------------------------------------------------------------------------- */

static _Atomic bool over;
static _Atomic long renames;

static void *rename_thread(void *context)
{
	(void)context;
	while (!over) {
		rename("this", "that one with a name that is longer than forty bytes");
		rename("that one with a name that is longer than forty bytes", "this");
		renames += 2;
	}
	return NULL;
}

static bool rename_above(long rounds)
{
	pthread_t thread;
	char byte;
	const char *cwd = told(AT_FDCWD);
	mkdir("this", 0700);
	mkdir("this/inner", 0700);
	int fd = open("this/inner/file", O_RDWR | O_CREAT, 0600);
	pthread_create(&thread, NULL, rename_thread, NULL);
	/* At least so many reads, and about as many renames between them. */
	long reads = 0;
	for (; reads < rounds || (renames < rounds && reads < 10 * rounds); reads++)
		call(read, fd, &byte, 0ul);
	over = true;
	pthread_join(thread, NULL);
	sample_count("reads", (unsigned long)reads);
	printf("expect %s/this/inner/file\t%s/that one with a name that is longer than forty "
	       "bytes/inner/file\n",
	       cwd, cwd);
	return fd >= 0;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	const char *what = sample.next < argc ? argv[sample.next] : "kinds";
	long rounds = sample_number(argc, argv, sample.next + 1, 1000);
	bool correct;
	if (!strcmp(what, "reuse"))
		correct = reuse_all(rounds, (int)sample_number(argc, argv, sample.next + 2, 1));
	else if (!strcmp(what, "lists"))
		correct = lists();
	else if (!strcmp(what, "rename"))
		correct = rename_above(rounds);
	else
		correct = kinds();
	return sample_end(&sample, correct);
}
