/* SPDX-License-Identifier: Apache-2.0 */
#include "common/steady.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

struct made {
	int fd;
	pid_t pid, group;
	char *text;
	bool fails;
};

static struct err *make(void *context)
{
	struct made *made = context;
	made->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	made->pid = getpid();
	made->group = getpgid(0);
	made->text = strdup("made elsewhere");
	return made->fails ? err_new(ERR_FAILED, EBUSY, "making %s", "it") : NULL;
}

static void what_it_does_is_done_here(void **state)
{
	struct made made = {0};
	sigset_t before, after;
	(void)state;
	sigprocmask(SIG_BLOCK, NULL, &before);
	assert_ok(steady_run(make, &made));
	sigprocmask(SIG_BLOCK, NULL, &after);
	for (int i = 1; i < SIGRTMAX; i++)
		assert_int_equal(sigismember(&before, i), sigismember(&after, i));
	assert_int_equal(fcntl(made.fd, F_GETFD), FD_CLOEXEC);
	assert_string_equal(made.text, "made elsewhere");
	assert_int_not_equal(made.pid, getpid());
	assert_int_not_equal(made.group, getpgid(0));
	/* It is waited for, and for no other child that we have. */
	assert_int_equal(waitpid(made.pid, NULL, __WALL), -1);
	close(made.fd);
	free(made.text);
}

static void its_errors_are_ours(void **state)
{
	struct made made = {.fails = true};
	(void)state;
	struct err *e = steady_run(make, &made);
	assert_non_null(e);
	assert_int_equal(err_errno(e), EBUSY);
	assert_string_equal(err_what(e), "making it");
	err_free(e);
	close(made.fd);
	free(made.text);
}

static struct err *take_long(void *context)
{
	const int *pipe = context;
	char byte;
	write(pipe[1], "b", 1);
	/* Until somebody has killed whoever waits for this. */
	read(pipe[2], &byte, 1);
	write(pipe[1], "e", 1);
	return NULL;
}

static void it_goes_on_when_we_are_killed(void **state)
{
	int told[2], go[2], status;
	char byte = 0;
	(void)state;
	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(go), 0);
	int pipes[3] = {told[0], told[1], go[0]};
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		close(go[1]);
		err_free(steady_run(take_long, pipes));
		_exit(1);
	}
	assert_int_equal(read(told[0], &byte, 1), 1);
	assert_int_equal(byte, 'b');
	/* All of its group, as a shell does. */
	assert_int_equal(kill(-pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(write(go[1], "g", 1), 1);
	assert_int_equal(read(told[0], &byte, 1), 1);
	assert_int_equal(byte, 'e');
	/* And ends: nobody has the pipe any more. */
	close(told[1]);
	assert_int_equal(read(told[0], &byte, 1), 0);
	close(told[0]);
	close(go[0]);
	close(go[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_does_is_done_here),
		cmocka_unit_test(its_errors_are_ours),
		cmocka_unit_test(it_goes_on_when_we_are_killed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
