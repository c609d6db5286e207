/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure [-r ROOT] [-t SECONDS] REPORT COMMAND [ARGUMENTS...]
 *
 * Runs COMMAND and writes to REPORT, as JSON, when it was started, when it had ended, what CPU time
 * it and its children took, and the biggest resident set among them. A program of its own because a
 * child inherits the resident set of the process that forks it, and Python's is bigger than some
 * tracers. -r: beneath another root, the working directory stays. -t: killed after that time, with
 * all processes of its group.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct arguments {
	const char *root, *report;
	unsigned seconds;
	char **command;
};

static uint64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static int parse(int argc, char **argv, struct arguments *ret)
{
	int option;
	while ((option = getopt(argc, argv, "+r:t:")) != -1) {
		if (option == 'r')
			ret->root = optarg;
		else if (option == 't')
			ret->seconds = (unsigned)strtoul(optarg, NULL, 10);
		else
			return -1;
	}
	if (argc - optind < 2)
		return -1;
	ret->report = argv[optind];
	ret->command = argv + optind + 1;
	return 0;
}

static void run_command(const struct arguments *arguments)
{
	setpgid(0, 0);
	if (arguments->root && chroot(arguments->root) != 0)
		_exit(126);
	execvp(arguments->command[0], arguments->command);
	_exit(127);
}

/* Waits until the command has ended or its time is over; the status, or -1 when it was killed. */
static int wait_for(pid_t pid, unsigned limit_s, struct rusage *ret)
{
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	struct timespec limit = {.tv_sec = limit_s ? limit_s : 3600};
	int status, in_time;
	do
		in_time = sigtimedwait(&child, NULL, &limit);
	while (in_time < 0 && errno == EINTR);
	if (in_time < 0)
		kill(-pid, SIGKILL);
	while (wait4(pid, &status, 0, ret) < 0 && errno == EINTR)
		;
	if (in_time < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Children that the command left to be waited for come to us: some tracers never ask how their
 * target ended, and its CPU time would be missing. */
static double cpu_of_orphans(void)
{
	struct rusage usage;
	double cpu_s = 0;
	while (wait4(-1, NULL, WNOHANG, &usage) > 0)
		cpu_s += seconds(usage.ru_utime) + seconds(usage.ru_stime);
	return cpu_s;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	sigset_t child, old;
	if (parse(argc, argv, &arguments) != 0) {
		fputs("usage: measure [-r ROOT] [-t SECONDS] REPORT COMMAND...\n", stderr);
		return 2;
	}
	/* Opened before the root changes. */
	FILE *report = fopen(arguments.report, "we");
	if (!report) {
		perror(arguments.report);
		return 1;
	}
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &old);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	uint64_t start_ns = now_ns();
	pid_t pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		run_command(&arguments);
	}
	struct rusage usage = {0};
	int status = pid < 0 ? 126 : wait_for(pid, arguments.seconds, &usage);
	uint64_t end_ns = now_ns();
	double cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime) + cpu_of_orphans();
	fprintf(report,
		"{\"start_ns\":%llu,\"end_ns\":%llu,\"cpu_s\":%.6f,\"rss_kib\":%ld,\"status\":%d}\n",
		(unsigned long long)start_ns, (unsigned long long)end_ns, cpu_s, usage.ru_maxrss,
		status);
	return fclose(report) != 0;
}
