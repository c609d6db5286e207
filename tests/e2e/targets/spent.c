/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that spend their time in different ways, and what the thread's own clock and rusage say of
 * each, from just inside and from just outside of it:
 *
 *	spent NAME CPU_LEAST CPU_MOST FAULTS_LEAST FAULTS_MOST MAJOR_LEAST MAJOR_MOST BLOCKED_LEAST
 *
 * Then `lock ADDRESS`, on which one of them waits. It waits for a line before it begins.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define noinline __attribute__((noinline, noclone))
#define MS	 1000000UL
#define PAGES	 50

enum way {
	SPINNING,
	SLEEPING,
	LOCKING,
	PIPING,
	RECEIVING,
	POLLING,
	EPOLLING,
	TOUCHING,
	STOPPING,
	IN_TWO, /* sleeps and polls */
	WAYS
};

static const char *const names[] = {"spinning", "sleeping", "locking",	"piping",   "receiving",
				    "polling",	"epolling", "touching", "stopping", "in_two"};

struct account {
	uint64_t cpu_ns, faults, major;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int pipes[2], sockets[2], epoll;
static volatile int sink;

static void check(bool ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static struct account take_account(void)
{
	struct timespec t;
	struct rusage usage;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	getrusage(RUSAGE_THREAD, &usage);
	return (struct account){(uint64_t)t.tv_sec * 1000 * MS + (uint64_t)t.tv_nsec,
				(uint64_t)usage.ru_minflt, (uint64_t)usage.ru_majflt};
}

static void pause_ns(uint64_t ns)
{
	const struct timespec t = {.tv_nsec = (long)ns};
	nanosleep(&t, NULL);
}

static void spin(uint64_t ns)
{
	uint64_t until_ns = take_account().cpu_ns + ns;
	while (take_account().cpu_ns < until_ns)
		sink++;
}

static void touch(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *memory = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(memory != MAP_FAILED, "mmap");
	madvise((void *)memory, PAGES * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < PAGES; i++)
		memory[i * page] = 1;
	munmap((void *)memory, PAGES * page);
}

static void spend(enum way way)
{
	char byte;
	struct pollfd nothing = {.fd = -1};
	struct epoll_event event;
	switch (way) {
	case SPINNING:
		spin(20 * MS);
		break;
	case SLEEPING:
		pause_ns(20 * MS);
		break;
	case LOCKING:
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
		break;
	case PIPING:
		check(read(pipes[0], &byte, 1) == 1, "read");
		break;
	case RECEIVING:
		check(read(sockets[0], &byte, 1) == 1, "read");
		break;
	case POLLING:
		poll(&nothing, 1, 20);
		break;
	case EPOLLING:
		epoll_wait(epoll, &event, 1, 20);
		break;
	case TOUCHING:
		touch();
		break;
	case STOPPING:
		raise(SIGSTOP);
		break;
	case IN_TWO:
		pause_ns(10 * MS);
		poll(&nothing, 1, 10);
		break;
	case WAYS:
		break;
	}
}

/* One function for each, so that each has a name. */
noinline void begin(int way)
{
	sink += way;
}

noinline void end(int way)
{
	sink -= way;
}

noinline void call(int way, struct account *ret_begin, struct account *ret_end)
{
	*ret_begin = take_account();
	spend((enum way)way);
	*ret_end = take_account();
}

/* Lets the others go on, while they wait. */
static void *release(void *context)
{
	enum way way = (enum way)(intptr_t)context;
	pause_ns(20 * MS);
	if (way == LOCKING)
		pthread_mutex_unlock(&lock);
	if (way == PIPING)
		check(write(pipes[1], "", 1) == 1, "write");
	if (way == RECEIVING)
		check(write(sockets[1], "", 1) == 1, "write");
	return NULL;
}

static bool is_stopped(pid_t pid)
{
	char path[64], text[512] = "";
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *file = fopen(path, "r");
	bool stopped = file && fgets(text, sizeof(text), file) && strrchr(text, ')') &&
		       strrchr(text, ')')[2] == 'T';
	if (file)
		fclose(file);
	return stopped;
}

/* Another process, as a stopped one can do nothing. */
static pid_t continue_later(void)
{
	pid_t parent = getpid(), child = fork();
	check(child >= 0, "fork");
	if (child)
		return child;
	while (getppid() == parent && !is_stopped(parent))
		pause_ns(MS);
	pause_ns(20 * MS);
	kill(parent, SIGCONT);
	_exit(0);
}

static void spend_and_tell(enum way way)
{
	struct account outer_begin, inner_begin, inner_end, outer_end;
	bool needs_other = way == LOCKING || way == PIPING || way == RECEIVING;
	bool blocks = way != SPINNING && way != TOUCHING;
	pthread_t thread;
	pid_t child = way == STOPPING ? continue_later() : 0;
	if (way == LOCKING)
		pthread_mutex_lock(&lock);
	if (needs_other)
		check(!pthread_create(&thread, NULL, release, (void *)(intptr_t)way), "thread");
	outer_begin = take_account();
	begin(way);
	call(way, &inner_begin, &inner_end);
	end(way);
	outer_end = take_account();
	if (needs_other)
		pthread_join(thread, NULL);
	if (child)
		waitpid(child, NULL, 0);
	printf("spent %s %llu %llu %llu %llu %llu %llu %llu\n", names[way],
	       (unsigned long long)(inner_end.cpu_ns - inner_begin.cpu_ns),
	       (unsigned long long)(outer_end.cpu_ns - outer_begin.cpu_ns),
	       (unsigned long long)(inner_end.faults - inner_begin.faults),
	       (unsigned long long)(outer_end.faults - outer_begin.faults),
	       (unsigned long long)(inner_end.major - inner_begin.major),
	       (unsigned long long)(outer_end.major - outer_begin.major),
	       (unsigned long long)(blocks ? 15 * MS : 0));
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1;
	check(!pipe(pipes), "pipe");
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "socketpair");
	epoll = epoll_create1(0);
	check(epoll >= 0, "epoll_create1");
	printf("ready %d\n", getpid());
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	for (int i = 0; i < rounds; i++)
		for (int way = 0; way < WAYS; way++)
			spend_and_tell((enum way)way);
	printf("lock %p\n", (void *)&lock);
	return 0;
}
