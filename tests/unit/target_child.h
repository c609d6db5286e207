/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/target_child.h — a child in whatever state, until it is let go. */
#ifndef UTRAIL_TESTS_TARGET_CHILD_H
#define UTRAIL_TESTS_TARGET_CHILD_H

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

struct child {
	pid_t pid;
	int end_fd; /* closing it ends the child */
};

/* `set_up` runs in the child first; false: this machine cannot do it. */
static inline bool child_start(bool (*set_up)(void), struct child *ret)
{
	int end[2], ready[2];
	char byte = 0;
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(end[1]);
		byte = !set_up || set_up() ? 'y' : 'n';
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		_exit(read(end[0], &byte, 1) != 0);
	}
	assert_true(pid > 0);
	close(end[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*ret = (struct child){pid, end[1]};
	return byte == 'y';
}

static inline void child_let_go(struct child *child)
{
	close(child->end_fd);
	child->end_fd = -1;
}

static inline void child_end(struct child *child)
{
	if (child->end_fd >= 0)
		child_let_go(child);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

#endif
