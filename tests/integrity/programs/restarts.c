/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that signals interrupt: restarted with SA_RESTART, ended with EINTR without, cut
 * short sleeps, timers that count expirations.
 */
#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#include "integrity.h"

static volatile sig_atomic_t alarms;

static noinline void note(void)
{
	alarms = alarms + 1;
}

static void on_alarm(int number)
{
	(void)number;
	note();
}

static noinline int read_with(int flags)
{
	int ends[2];
	char byte = 0;
	if (pipe(ends))
		return -1;
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
	sigaction(SIGALRM, &action, NULL);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		usleep(60000);
		_exit(write(ends[1], "x", 1) != 1);
	}
	struct itimerval soon = {{0, 0}, {0, 15000}};
	setitimer(ITIMER_REAL, &soon, NULL);
	ssize_t got = read(ends[0], &byte, 1);
	int error = got < 0 ? errno : 0;
	waitpid(child, NULL, 0);
	close(ends[0]);
	close(ends[1]);
	return (int)got * 1000 + error + byte;
}

static noinline int sleep_cut(void)
{
	struct timespec want = {0, 500000000}, rest = {0, 0};
	struct itimerval soon = {{0, 0}, {0, 20000}};
	setitimer(ITIMER_REAL, &soon, NULL);
	int ret = nanosleep(&want, &rest);
	return ret == -1 && errno == EINTR && rest.tv_nsec > 100000000;
}

static noinline int poll_cut(void)
{
	struct itimerval soon = {{0, 0}, {0, 20000}};
	setitimer(ITIMER_REAL, &soon, NULL);
	int ret = poll(NULL, 0, 1000);
	return ret == -1 ? errno : ret;
}

static noinline int by_timerfd(void)
{
	uint64_t expirations = 0;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec often = {{0, 1000000}, {0, 1000000}};
	timerfd_settime(fd, 0, &often, NULL);
	while (expirations < 5) {
		uint64_t more;
		if (read(fd, &more, sizeof(more)) == sizeof(more))
			expirations += more;
	}
	close(fd);
	return 5;
}

static noinline int by_signalfd(void)
{
	sigset_t set;
	struct signalfd_siginfo info;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, 0);
	union sigval value = {.sival_int = 4711};
	sigqueue(getpid(), SIGRTMIN + 3, value);
	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return -1;
	close(fd);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return info.ssi_int;
}

int main(void)
{
	integrity_start();
	printf("restarted %d\n", read_with(SA_RESTART));
	printf("interrupted %d\n", read_with(0));
	printf("sleep %d poll %d\n", sleep_cut(), poll_cut());
	printf("alarms %d\n", (int)alarms);
	printf("timerfd %d signalfd %d\n", by_timerfd(), by_signalfd());
	integrity_end(END_PLAIN);
	return 0;
}
