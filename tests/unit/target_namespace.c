/* SPDX-License-Identifier: Apache-2.0 */
/* Our PID namespace, and who runs a file. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/process_namespace.h"
#include "target/target.h"
#include "tests/unit/unit.h"

/* What a child in a new PID namespace sees, with /proc mounted anew or not; -1: none to be had. */
static int seen_inside(bool mounted)
{
	pid_t outer = fork();
	if (outer == 0) {
		if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0)
			_exit(99);
		pid_t inner = fork();
		if (inner == 0) {
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
			if (mounted && mount("proc", "/proc", "proc", 0, NULL) != 0)
				_exit(99);
			struct err *e = pid_namespace_check();
			_exit((e ? 0 : 1) + (pid_namespace_is_inner() ? 2 : 0));
		}
		int status;
		waitpid(inner, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	int status;
	waitpid(outer, &status, 0);
	return WEXITSTATUS(status) == 99 ? -1 : WEXITSTATUS(status);
}

static void our_own(void **state)
{
	char link[64];
	(void)state;
	ssize_t length = readlink("/proc/self/ns/pid", link, sizeof(link) - 1);
	assert_true(length > 0);
	link[length] = '\0';
	/* PROC_PID_INIT_INO */
	assert_int_equal(pid_namespace_is_inner(), strcmp(link, "pid:[4026531836]") != 0);
	assert_ok(pid_namespace_check());
}

static void an_inner_one(void **state)
{
	(void)state;
	int seen = seen_inside(true);
	if (seen < 0)
		skip();
	assert_int_equal(seen, 1 + 2);
	/* With the outer /proc, it is refused. */
	assert_int_equal(seen_inside(false) & 1, 0);
}

static void who_runs_a_file(void **state)
{
	char path[4096];
	struct stat st;
	(void)state;
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	assert_true(length > 0);
	path[length] = '\0';
	assert_int_equal(stat(path, &st), 0);
	assert_true(process_any_runs(path, st.st_ino));
	assert_false(process_any_runs(path, st.st_ino + 1));
	assert_false(process_any_runs("/nobody/runs/this", st.st_ino));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own),
		cmocka_unit_test(an_inner_one),
		cmocka_unit_test(who_runs_a_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
