/* SPDX-License-Identifier: Apache-2.0 */
/* A command that waits before its exec, and is otherwise what it would be without us. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/target.h"

static char directory[] = "/tmp/utrail-unit-XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static char *path_of(const char *name)
{
	char *path;
	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	return path;
}

/* The program's own end: its parent waits for it in both cases. */
static int wait_for(struct launch *launch)
{
	int status = -1;
	for (int i = 0; i < 2000; i++) {
		if (launch_has_ended(launch, &status))
			return status;
		usleep(5000);
	}
	fail_msg("the command did not end");
	return -1;
}

static struct launch *prepare(const char *script)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};
	struct launch *launch;
	assert_ok(launch_prepare(argv, &launch));
	return launch;
}

static int run_script(const char *script)
{
	struct launch *launch = prepare(script);
	assert_ok(launch_release(launch));
	int status = wait_for(launch);
	launch_close(launch);
	return status;
}

/* --- how it ends ------------------------------------------------------------------------------
 */

static void exit_status_is_told(void **state)
{
	(void)state;
	int status = run_script("exit 7");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	status = run_script("true");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void signal_is_told(void **state)
{
	(void)state;
	int status = run_script("kill -KILL $$");
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void status_is_told_again(void **state)
{
	struct launch *launch = prepare("exit 3");
	int first, second = -1;
	(void)state;
	assert_ok(launch_release(launch));
	first = wait_for(launch);
	assert_true(launch_has_ended(launch, &second));
	assert_int_equal(first, second);
	launch_close(launch);
}

/* --- when it begins ---------------------------------------------------------------------------
 */

static bool runs_our_own_file(pid_t pid)
{
	char link[64];
	struct stat own, its;
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	assert_int_equal(stat("/proc/self/exe", &own), 0);
	return stat(link, &its) == 0 && its.st_ino == own.st_ino && its.st_dev == own.st_dev;
}

static void nothing_runs_before_the_release(void **state)
{
	(void)state;
	char *marker = path_of("marker"), *script;
	assert_true(asprintf(&script, "echo run >'%s'", marker) > 0);
	struct launch *launch = prepare(script);
	int status;
	usleep(100000);
	assert_false(launch_has_ended(launch, &status));
	assert_true(runs_our_own_file(launch_pid(launch)));
	assert_int_equal(access(marker, F_OK), -1);
	assert_ok(launch_release(launch));
	wait_for(launch);
	assert_int_equal(unlink(marker), 0);
	launch_close(launch);
	free(script);
	free(marker);
}

static void a_command_that_is_not_released_ends(void **state)
{
	(void)state;
	char *marker = path_of("marker"), *script;
	assert_true(asprintf(&script, "echo run >'%s'", marker) > 0);
	struct launch *launch = prepare(script);
	pid_t pid = launch_pid(launch);
	launch_close(launch);
	/* Collected too: a zombie would still be there. */
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(access(marker, F_OK), -1);
	free(script);
	free(marker);
}

/* A tracer that is killed must not leave a child behind that waits for ever. */
static void a_command_whose_tracer_dies_ends(void **state)
{
	(void)state;
	int pids[2], status;
	pid_t child_pid = 0;
	assert_int_equal(pipe2(pids, O_CLOEXEC), 0);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	pid_t tracer = fork();
	if (tracer == 0) {
		struct launch *launch = prepare("exit 5");
		child_pid = launch_pid(launch);
		_exit(write(pids[1], &child_pid, sizeof(child_pid)) != sizeof(child_pid));
	}
	assert_int_equal(waitpid(tracer, &status, 0), tracer);
	assert_int_equal(status, 0);
	assert_int_equal(read(pids[0], &child_pid, sizeof(child_pid)), sizeof(child_pid));
	/* ctest's time limit is ours, should it wait for ever. */
	assert_int_equal(waitpid(child_pid, &status, 0), child_pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(pids[0]);
	close(pids[1]);
}

static void a_released_command_goes_on_without_us(void **state)
{
	(void)state;
	struct launch *launch = prepare("sleep 0.3; exit 9");
	pid_t pid = launch_pid(launch);
	int status;
	assert_ok(launch_release(launch));
	launch_close(launch);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 9);
}

/* --- what cannot be run -----------------------------------------------------------------------
 */

static void check_not_prepared(const char *program, int errnum)
{
	char *const argv[] = {(char *)program, NULL};
	struct launch *launch;
	struct err *e = launch_prepare(argv, &launch);
	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_FAILED);
	assert_int_equal(err_errno(e), errnum);
	/* cli/ makes 126 and 127 of these words and the number. */
	assert_int_equal(strncmp(err_what(e), "cannot run ", 11), 0);
	err_free(e);
}

static void write_script(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void what_is_not_there_is_not_run(void **state)
{
	(void)state;
	check_not_prepared("no-program-of-this-name", ENOENT);
	check_not_prepared("/no/such/path", ENOENT);
	check_not_prepared("./no-such-file", ENOENT);
}

static void what_may_not_be_run_is_not_run(void **state)
{
	(void)state;
	char *path = path_of("data");
	write_script(path, "#!/bin/sh\n", 0644);
	check_not_prepared(path, EACCES);
	check_not_prepared(directory, EISDIR);
	assert_int_equal(unlink(path), 0);
	free(path);
}

/* The kernel refuses these at the exec only. */
static void check_not_released(const char *text, int errnum)
{
	char *path = path_of("script");
	char *const argv[] = {path, NULL};
	struct launch *launch;
	write_script(path, text, 0755);
	assert_ok(launch_prepare(argv, &launch));
	struct err *e = launch_release(launch);
	assert_non_null(e);
	assert_int_equal(err_errno(e), errnum);
	assert_int_equal(strncmp(err_what(e), "cannot run ", 11), 0);
	err_free(e);
	launch_close(launch);
	assert_int_equal(unlink(path), 0);
	free(path);
}

static void what_the_kernel_refuses_is_told_at_the_release(void **state)
{
	(void)state;
	check_not_released("#!/no/such/interpreter\n", ENOENT);
	check_not_released("no program at all\n", ENOEXEC);
}

/* --- what it inherits -------------------------------------------------------------------------
 */

static int redirect(int to)
{
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(saved >= 0);
	assert_int_equal(dup2(to, STDOUT_FILENO), STDOUT_FILENO);
	return saved;
}

static void restore(int saved)
{
	assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	close(saved);
}

static char *read_back(int fd)
{
	char *text = calloc(1, 8192);
	assert_true(pread(fd, text, 8191, 0) > 0);
	close(fd);
	return text;
}

static int open_scratch(void)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		skip(); /* a file system without O_TMPFILE */
	return fd;
}

static char *output_untraced(char *const argv[])
{
	int fd = open_scratch(), saved = redirect(fd), status;
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	restore(saved);
	assert_int_equal(status, 0);
	return read_back(fd);
}

/* The tracer sets its own signals when the command is prepared, and before it is released. */
static char *output_launched(char *const argv[])
{
	int fd = open_scratch(), saved = redirect(fd);
	sigset_t blocked, before;
	struct launch *launch;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGHUP);
	sigaddset(&blocked, SIGCHLD);
	assert_ok(launch_prepare(argv, &launch));
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
	assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	assert_ok(launch_release(launch));
	int status = wait_for(launch);
	launch_close(launch);
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	restore(saved);
	assert_int_equal(status, 0);
	return read_back(fd);
}

static void check_same_output(const char *script)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};
	char *untraced = output_untraced(argv), *launched = output_launched(argv);
	assert_string_equal(launched, untraced);
	free(launched);
	free(untraced);
}

static void signals_are_as_without_us(void **state)
{
	(void)state;
	/* blocked, ignored, caught */
	check_same_output("exec grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status");
}

static void descriptors_are_as_without_us(void **state)
{
	(void)state;
	check_same_output("exec ls /proc/self/fd");
}

static void arguments_arrive_unchanged(void **state)
{
	char *const argv[] = {(char *)"printf", (char *)"[%s]",	    (char *)"",
			      (char *)"a b",	(char *)"\xff\n\"", NULL};
	(void)state;
	char *launched = output_launched(argv);
	assert_string_equal(launched, "[][a b][\xff\n\"]");
	free(launched);
}

static void the_path_is_that_of_the_program(void **state)
{
	(void)state;
	struct launch *launch = prepare("true");
	struct stat expected, st;
	assert_int_equal(stat("/bin/sh", &expected), 0);
	assert_int_equal(stat(launch_path(launch), &st), 0);
	assert_int_equal(st.st_ino, expected.st_ino);
	launch_close(launch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_status_is_told),
		cmocka_unit_test(signal_is_told),
		cmocka_unit_test(status_is_told_again),
		cmocka_unit_test(nothing_runs_before_the_release),
		cmocka_unit_test(a_command_that_is_not_released_ends),
		cmocka_unit_test(a_command_whose_tracer_dies_ends),
		cmocka_unit_test(a_released_command_goes_on_without_us),
		cmocka_unit_test(what_is_not_there_is_not_run),
		cmocka_unit_test(what_may_not_be_run_is_not_run),
		cmocka_unit_test(what_the_kernel_refuses_is_told_at_the_release),
		cmocka_unit_test(signals_are_as_without_us),
		cmocka_unit_test(descriptors_are_as_without_us),
		cmocka_unit_test(arguments_arrive_unchanged),
		cmocka_unit_test(the_path_is_that_of_the_program),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
