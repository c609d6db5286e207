/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that a process is given by whoever starts it, and could tell a tracer by: descriptors,
 * limits, signals, environment, arguments, session, priority, umask, capabilities, flags of the
 * process.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "integrity.h"

extern char **environ;

static noinline void show_descriptors(void)
{
	for (int fd = 0; fd < 4096; fd++) {
		struct stat st;
		int flags = fcntl(fd, F_GETFD);
		if (flags >= 0 && !fstat(fd, &st))
			printf("fd %d flags %d status %x type %o\n", fd, flags,
			       (unsigned int)fcntl(fd, F_GETFL), st.st_mode & S_IFMT);
	}
}

static noinline void show_limits(void)
{
	for (int i = 0; i < 16; i++) {
		struct rlimit limit;
		if (!getrlimit((enum __rlimit_resource)i, &limit))
			printf("limit %d %lx %lx\n", i, (long)limit.rlim_cur, (long)limit.rlim_max);
	}
}

static noinline void show_status(void)
{
	static const char *const wanted[] = {"Umask",  "TracerPid", "NoNewPrivs", "Seccomp",
					     "CapInh", "CapPrm",    "CapEff",	  "CapBnd",
					     "CapAmb", "SigBlk",    "SigIgn",	  "SigCgt",
					     "ShdPnd", "Threads",   "Groups",	  "Cpus_allowed",
					     "Uid",    "Gid",	    "CoreDumping"};
	char line[512];
	FILE *status = fopen("/proc/self/status", "r");
	while (status && fgets(line, sizeof(line), status))
		for (size_t i = 0; i < array_size(wanted); i++)
			if (!strncmp(line, wanted[i], strlen(wanted[i])) &&
			    line[strlen(wanted[i])] == ':')
				fputs(line, stdout);
	if (status)
		fclose(status);
}

static noinline void show_words(char **words, const char *what)
{
	for (int i = 0; words[i]; i++)
		if (strncmp(words[i], "_=", 2) != 0)
			printf("%s %s\n", what, words[i]);
}

int main(int argc, char **argv)
{
	char directory[4096];
	show_descriptors(); /* before anything opens more */
	show_limits();
	show_status();
	integrity_start();
	printf("%d words, first %d\n", argc, argv[0][0] != 0);
	show_words(argv + 1, "word");
	show_words(environ, "variable");
	printf("leads group %d session %d\n", getpgrp() == getpid(), getsid(0) == getpid());
	printf("directory %s\n", getcwd(directory, sizeof(directory)));
	printf("nice %d policy %d io %ld\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0),
	       syscall(SYS_ioprio_get, 1, 0));
	printf("dumpable %d death %d keep %d slack %d\n", prctl(PR_GET_DUMPABLE), 0,
	       prctl(PR_GET_KEEPCAPS), prctl(PR_GET_TIMERSLACK));
	int death = -1, reaper = -1;
	prctl(PR_GET_PDEATHSIG, &death);
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	printf("parent's death %d reaper %d thp %d\n", death, reaper, prctl(PR_GET_THP_DISABLE));
	fflush(stdout);
	integrity_end(END_PLAIN);
	return 0;
}
