/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that threads are in, of a child that says which. */
#include "tests/unit/unit.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/target.h"

#define UNUSUAL_MS 1234567

struct seen {
	size_t count;
	struct thread_call last;
	struct err *error;
};

static struct err *on_call(void *context, const struct thread_call *call)
{
	struct seen *seen = context;
	seen->count++;
	seen->last = *call;
	return seen->error;
}

static void *wait_long(void *argument)
{
	poll(NULL, 0, UNUSUAL_MS);
	return argument;
}

/* Threads that wait for no descriptor, for an unusual time. */
static pid_t waiting_child(int threads)
{
	pid_t pid = fork();
	if (pid == 0) {
		pthread_t thread;
		prctl(PR_SET_NAME, "it\nwaits\n");
		for (int i = 1; i < threads; i++)
			if (pthread_create(&thread, NULL, wait_long, NULL) != 0)
				_exit(1);
		wait_long(NULL);
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void look_until(pid_t pid, size_t wanted, struct seen *ret)
{
	const struct call_sink sink = {.context = ret, .call = on_call};
	const struct timespec moment = {.tv_nsec = 10000000};
	size_t denied = 1;
	for (int i = 0; i < 500; i++) {
		*ret = (struct seen){0};
		assert_ok(process_calls(pid, &sink, &denied));
		assert_int_equal(denied, 0);
		if (ret->count == wanted && ret->last.words[2] == UNUSUAL_MS)
			return;
		nanosleep(&moment, NULL);
	}
	fail_msg("%zu calls, wanted %zu", ret->count, wanted);
}

static void a_call_with_its_words(void **state)
{
	struct seen seen;
	pid_t pid = waiting_child(1);
	(void)state;
	look_until(pid, 1, &seen);
	assert_int_equal(seen.last.tid, pid);
	assert_string_equal(seen.last.comm, "it\nwaits\n");
#ifdef SYS_poll
	assert_int_equal(seen.last.number, SYS_poll);
	assert_int_equal(seen.last.words[0], 0);
	assert_int_equal(seen.last.words[1], 0);
#endif
	end_child(pid);
}

static void each_thread(void **state)
{
	struct seen seen;
	pid_t pid = waiting_child(3);
	(void)state;
	look_until(pid, 3, &seen);
	end_child(pid);
}

static void first_error_ends_it(void **state)
{
	struct seen seen;
	size_t denied;
	pid_t pid = waiting_child(3);
	(void)state;
	look_until(pid, 3, &seen);
	seen = (struct seen){.error = err_new(ERR_FAILED, 0, "enough")};
	const struct call_sink sink = {.context = &seen, .call = on_call};
	assert_err(process_calls(pid, &sink, &denied), ERR_FAILED, "enough");
	assert_int_equal(seen.count, 1);
	end_child(pid);
}

static void ended_process_has_none(void **state)
{
	struct seen seen = {0};
	size_t denied = 1;
	const struct call_sink sink = {.context = &seen, .call = on_call};
	pid_t pid = waiting_child(1);
	(void)state;
	end_child(pid);
	assert_ok(process_calls(pid, &sink, &denied));
	assert_int_equal(seen.count, 0);
	assert_int_equal(denied, 0);
}

/* What another user's process does is told to be out of sight, not left out. */
static void denied_is_counted(void **state)
{
	int status;
	(void)state;
	if (geteuid() != 0)
		skip();
	pid_t other = waiting_child(1);
	struct seen seen;
	look_until(other, 1, &seen);
	pid_t pid = fork();
	if (pid == 0) {
		size_t denied = 0;
		const struct call_sink sink = {.context = &seen, .call = on_call};
		seen = (struct seen){0};
		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(3);
		struct err *e = process_calls(other, &sink, &denied);
		_exit(e || seen.count != 0 || denied != 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	end_child(other);
}

static void own_view_is_the_same(void **state)
{
	struct seen seen;
	size_t denied;
	char path[64], wanted[64];
	pid_t pid = waiting_child(1);
	(void)state;
	look_until(pid, 1, &seen);
	seen = (struct seen){0};
	const struct call_sink sink = {.context = &seen, .call = on_call};
	const struct process_view *view = &process_own_view;
	assert_ok(view->calls(view->context, pid, &sink, &denied));
	assert_int_equal(seen.count, 1);
	int pair[2];
	assert_int_equal(pipe(pair), 0);
	assert_true(view->fd_path(view->context, getpid(), pair[0], path, sizeof(path)));
	assert_true(process_fd_path(getpid(), pair[0], wanted, sizeof(wanted)));
	assert_string_equal(path, wanted);
	close(pair[0]);
	close(pair[1]);
	end_child(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_with_its_words), cmocka_unit_test(each_thread),
		cmocka_unit_test(first_error_ends_it),	 cmocka_unit_test(ended_process_has_none),
		cmocka_unit_test(denied_is_counted),	 cmocka_unit_test(own_view_is_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
