/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target/calls.c — the system calls that threads are in: /proc/PID/task/TID/syscall, proc(5).
 *
 * The file is its owner's alone, and reading it asks for the right to attach with ptrace: for
 * processes of others CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE.
 */
#include "target/target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"

static void closedirp(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* Any byte can be in it, line feeds too. */
static void read_comm(pid_t pid, pid_t tid, char ret[THREAD_COMM])
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
	memset(ret, 0, THREAD_COMM);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, ret, THREAD_COMM);
	/* The last one is the file's own. */
	ret[got > 0 ? got - 1 : 0] = '\0';
}

/* False: it runs in user space, or has ended; or *ret_denied. */
static bool read_call(pid_t pid, pid_t tid, struct thread_call *ret, bool *ret_denied)
{
	char path[64];
	uint64_t *words = ret->words;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	errno = file ? 0 : errno;
	int got = file ? fscanf(file,
				"%" SCNd64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
				" %" SCNx64 " %" SCNx64,
				&ret->number, &words[0], &words[1], &words[2], &words[3], &words[4],
				&words[5])
		       : 0;
	ret->tid = tid;
	if (got == 7)
		read_comm(pid, tid, ret->comm);
	*ret_denied = got <= 0 && (errno == EACCES || errno == EPERM);
	return got == 7;
}

struct err *process_calls(pid_t pid, const struct call_sink *sink, size_t *ret_denied)
{
	char path[64];
	struct err *e = NULL;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	_cleanup_(closedirp) DIR *directory = opendir(path);
	const struct dirent *entry;
	*ret_denied = !directory && (errno == EACCES || errno == EPERM);
	while (!e && directory && (entry = readdir(directory))) {
		struct thread_call call;
		bool denied = false;
		int tid = atoi(entry->d_name);
		if (tid > 0 && read_call(pid, tid, &call, &denied))
			e = sink->call(sink->context, &call);
		*ret_denied += denied;
	}
	return e;
}
