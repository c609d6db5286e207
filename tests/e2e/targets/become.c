/* SPDX-License-Identifier: Apache-2.0 */
/*
 * become — becomes somebody else, step by step, and counts what it calls.
 *
 *	become [-w] STEP...
 *
 *	work=N		calls who_work(0..N-1)
 *	name=TEXT	takes another name
 *	user=UID	becomes that user
 *	group=DIR	moves to that control group
 *	fork=N		a child calls who_work(0..N-1), and ends
 *	runs=N		executes itself N times, each calling who_work(0), one after the other
 *	exec=PATH	executes that with the steps that are left
 *	step		says "step PID", and waits for a line
 */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "sample.h"

traced long who_work(int round)
{
	return 2L * round;
}

static unsigned long count;

static bool work(long calls)
{
	bool correct = true;
	for (int i = 0; i < calls; i++, count++)
		correct &= who_work(i) == 2L * i;
	return correct;
}

static bool ended_well(pid_t child)
{
	int status;
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool in_child(long calls)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		_exit(!work(calls));
	count += (unsigned long)calls;
	return ended_well(child);
}

static bool run_itself(char *self, long times)
{
	char step[] = "work=1";
	char *const words[] = {self, step, NULL};
	bool correct = true;
	fflush(stdout);
	for (long i = 0; i < times; i++, count++) {
		pid_t child = fork();
		if (child == 0) {
			close(STDOUT_FILENO);
			execv(self, words);
			_exit(1);
		}
		/* Its output has no place to go: that is no failure of its work. */
		correct &= ended_well(child);
	}
	return correct;
}

static bool enter_group(const char *path)
{
	char file[4096];
	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	int fd = open(file, O_WRONLY);
	bool entered = fd >= 0 && write(fd, "0", 1) == 1;
	close(fd);
	return entered;
}

static bool take(char **argv, int i)
{
	char *step = argv[i], *value = strchr(step, '=');
	value = value ? value + 1 : step;
	if (!strncmp(step, "work=", 5))
		return work(atol(value));
	if (!strncmp(step, "name=", 5))
		return prctl(PR_SET_NAME, value) == 0;
	if (!strncmp(step, "user=", 5))
		return setuid((uid_t)atol(value)) == 0;
	if (!strncmp(step, "group=", 6))
		return enter_group(value);
	if (!strncmp(step, "fork=", 5))
		return in_child(atol(value));
	if (!strncmp(step, "runs=", 5))
		return run_itself(argv[0], atol(value));
	if (!strncmp(step, "exec=", 5)) {
		sample_count("before", count);
		fflush(stdout);
		argv[i] = value;
		execv(value, argv + i);
		return false;
	}
	sample_wait("step");
	return true;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	bool correct = true;
	for (int i = sample.next; i < argc; i++)
		correct &= take(argv, i);
	sample_count("who_work", count);
	return sample_end(&sample, correct);
}
