/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that this test starts itself, held against what /proc says of them: which can be
 * opened, and what is known of them. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "common/now.h"
#include "target/target.h"
#include "tests/unit/target_child.h"

/* --- opening ----------------------------------------------------------------------------------
 */

static void own_process_opens(void **state)
{
	struct process *process;
	char comm[16];
	(void)state;
	assert_ok(process_open(getpid(), &process));
	assert_int_equal(process_pid(process), getpid());
	assert_int_equal(prctl(PR_GET_NAME, comm), 0);
	assert_string_equal(process_comm(process), comm);
	assert_true(process_is_alive(process));
	process_close(process);
	process_close(NULL);
}

static void a_process_that_has_gone(void **state)
{
	struct process *process;
	struct child child;
	(void)state;
	child_start(NULL, &child);
	child_end(&child);
	assert_err(process_open(child.pid, &process), ERR_FAILED, "no process with pid");
}

static void a_zombie_is_refused(void **state)
{
	struct process *process;
	struct child child;
	siginfo_t info;
	(void)state;
	child_start(NULL, &child);
	child_let_go(&child);
	assert_int_equal(waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
	assert_err(process_open(child.pid, &process), ERR_FAILED, "zombie");
	child_end(&child);
}

struct other_thread {
	pthread_barrier_t barrier;
	pid_t tid;
};

static void *thread_main(void *argument)
{
	struct other_thread *thread = argument;
	thread->tid = gettid();
	pthread_barrier_wait(&thread->barrier);
	pthread_barrier_wait(&thread->barrier);
	return NULL;
}

static void a_thread_is_refused(void **state)
{
	struct other_thread thread;
	struct process *process;
	char hint[32];
	pthread_t id;
	(void)state;
	assert_int_equal(pthread_barrier_init(&thread.barrier, NULL, 2), 0);
	assert_int_equal(pthread_create(&id, NULL, thread_main, &thread), 0);
	pthread_barrier_wait(&thread.barrier);
	snprintf(hint, sizeof(hint), "use -p %d,", getpid());
	assert_err(process_open(thread.tid, &process), ERR_USAGE, hint);
	pthread_barrier_wait(&thread.barrier);
	assert_int_equal(pthread_join(id, NULL), 0);
	pthread_barrier_destroy(&thread.barrier);
}

static void absurd_pids_are_just_not_there(void **state)
{
	struct process *process;
	(void)state;
	assert_err(process_open(0, &process), ERR_FAILED, "no process with pid 0");
	assert_err(process_open(-1, &process), ERR_FAILED, "no process with pid -1");
	assert_err(process_open(0x7fffffff, &process), ERR_FAILED, "no process");
}

/* --- what is known of it ----------------------------------------------------------------------
 */

static bool take_hostile_name(void)
{
	/* What a careless reader of /proc/PID/stat takes for the end of the name and a zombie. */
	return prctl(PR_SET_NAME, ") Z 1 (a b\n") == 0;
}

static void a_name_cannot_pass_for_fields(void **state)
{
	struct process *process;
	struct child child;
	(void)state;
	assert_true(child_start(take_hostile_name, &child));
	assert_ok(process_open(child.pid, &process));
	assert_string_equal(process_comm(process), ") Z 1 (a b\n");
	assert_true(process_is_alive(process));
	process_close(process);
	child_end(&child);
}

static bool start_thread(void)
{
	static struct other_thread thread;
	pthread_t id;
	bool made = pthread_barrier_init(&thread.barrier, NULL, 2) == 0 &&
		    pthread_create(&id, NULL, thread_main, &thread) == 0;
	if (made)
		pthread_barrier_wait(&thread.barrier);
	return made;
}

static void threads_that_still_end_are_waited_for(void **state)
{
	const uint64_t second = 1000000000;
	struct child child;
	siginfo_t info;
	(void)state;
	uint64_t before_ns = now_ns(CLOCK_BOOTTIME);
	assert_true(child_start(start_thread, &child));
	uint64_t now = now_ns(CLOCK_BOOTTIME);
	assert_true(process_is_ending(child.pid, now));
	assert_false(process_is_ending(child.pid, before_ns - second)); /* another's number */
	child_let_go(&child);
	assert_int_equal(waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
	assert_false(process_is_ending(child.pid, now)); /* nobody has collected it */
	child_end(&child);
	assert_false(process_is_ending(child.pid, now));
}

static void its_end_is_noticed(void **state)
{
	struct process *process;
	struct child child;
	(void)state;
	child_start(NULL, &child);
	assert_ok(process_open(child.pid, &process));
	struct pollfd fd = {.fd = process_pidfd(process), .events = POLLIN};
	assert_true(fd.fd >= 0);
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_true(process_is_alive(process));
	child_let_go(&child);
	assert_int_equal(poll(&fd, 1, 10000), 1);
	assert_false(process_is_alive(process)); /* a zombie */
	child_end(&child);
	assert_false(process_is_alive(process)); /* gone */
	process_close(process);
}

static bool allow_all_by_filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void seccomp_is_seen(void **state)
{
	struct process *process;
	struct child child;
	(void)state;
	if (!child_start(allow_all_by_filter, &child)) {
		child_end(&child);
		skip();
	}
	assert_ok(process_open(child.pid, &process));
	assert_true(process_has_seccomp(process));
	process_close(process);
	child_end(&child);
	/* 0: we are not filtered ourselves, else the question is answered already */
	if (prctl(PR_GET_SECCOMP) != 0)
		return;
	assert_ok(process_open(getpid(), &process));
	assert_false(process_has_seccomp(process));
	process_close(process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_process_opens),
		cmocka_unit_test(a_process_that_has_gone),
		cmocka_unit_test(a_zombie_is_refused),
		cmocka_unit_test(a_thread_is_refused),
		cmocka_unit_test(absurd_pids_are_just_not_there),
		cmocka_unit_test(a_name_cannot_pass_for_fields),
		cmocka_unit_test(its_end_is_noticed),
		cmocka_unit_test(threads_that_still_end_are_waited_for),
		cmocka_unit_test(seccomp_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
