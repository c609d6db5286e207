/* SPDX-License-Identifier: Apache-2.0 */
#include "uprobe/head_start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "common/cleanup.h"
#include "common/descriptors.h"
#include "probe/features.h"

/* Its program is never run. */
static int probe_file(int file, int program)
{
	const unsigned long offset = 0;
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	opts.uprobe_multi.path = path;
	opts.uprobe_multi.offsets = &offset;
	opts.uprobe_multi.cnt = 1;
	return bpf_link_create(program, -1, UPROBE_MULTI_ATTACH, &opts);
}

/* In a child of a child, which belongs to init as soon as its parent has ended: the second period,
 * until no processor can be in the program any more, is longer than anybody has to wait. */
static void wait_ahead(int pipe)
{
	char byte;
	if (fork() != 0)
		_exit(0);
	descriptors_keep_only(pipe);
	_cleanup_close_ int program = features_load_multi();
	_cleanup_close_ int file = memfd_create("utrail-head-start", MFD_CLOEXEC);
	if (program < 0 || file < 0 || ftruncate(file, sysconf(_SC_PAGESIZE)))
		_exit(0);
	int link = probe_file(file, program);
	while (link >= 0 && read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
		continue;
	/* At its end we have what it needs closed for us, in this order. */
	closep(&link);
	_exit(0);
}

struct head_start head_start_begin(void)
{
	struct head_start begun = {0, -1};
	sigset_t all, before;
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		return begun;
	/* Those of our group are not for it. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	begun.pid = fork();
	if (begun.pid == 0) {
		close(ends[1]);
		wait_ahead(ends[0]);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[0]);
	begun.pipe = ends[1];
	return begun;
}

void head_start_end(struct head_start *head_start)
{
	/* A command that has not begun yet has a copy: the end of ours is not the pipe's. */
	if (head_start->pipe >= 0 && write(head_start->pipe, "", 1) < 0)
		errno = 0; /* it has ended */
	closep(&head_start->pipe);
	head_start->pipe = -1;
	while (head_start->pid > 0 && waitpid(head_start->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	head_start->pid = 0;
}
