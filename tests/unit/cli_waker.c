/* SPDX-License-Identifier: Apache-2.0 */
/* Who was stopped goes on, whatever becomes of the collector. The table is ordinary memory here,
 * and the test does what the programs in the kernel do. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/process/waker.h"
#include "common/now.h"
#include "kernel/stop.h"
#include "tests/unit/unit.h"

struct fixture {
	int fd;
	struct stop_table *table;
};

static struct fixture begin(void)
{
	struct fixture fixture = {.fd = memfd_create("stops", MFD_CLOEXEC)};
	assert_true(fixture.fd >= 0);
	assert_int_equal(ftruncate(fixture.fd, sizeof(struct stop_table)), 0);
	fixture.table = mmap(NULL, sizeof(struct stop_table), PROT_READ | PROT_WRITE, MAP_SHARED,
			     fixture.fd, 0);
	assert_ptr_not_equal(fixture.table, MAP_FAILED);
	return fixture;
}

static void end(struct fixture *fixture)
{
	munmap(fixture->table, sizeof(struct stop_table));
	close(fixture->fd);
}

/* A child that claims a slot and stops; ends with 7 when it is let go on. */
static pid_t stopped_child(struct fixture *fixture, size_t n)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		_exit(7);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	struct stop_slot *slot = &fixture->table->slots[n];
	slot->tgid = (uint32_t)pid;
	slot->time_ns = now_ns(CLOCK_BOOTTIME);
	slot->file = (struct stop_file){.inode = 5, .device = 8U << 20 | 3};
	__atomic_store_n(&slot->state, STOP_CLAIMED, __ATOMIC_SEQ_CST);
	return pid;
}

/* Milliseconds until it has gone on. */
static uint64_t wait_for(pid_t pid)
{
	uint64_t began = now_ns(CLOCK_BOOTTIME);
	int status;
	alarm(20);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	alarm(0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	return (now_ns(CLOCK_BOOTTIME) - began) / 1000000;
}

static void released(void **state)
{
	struct fixture fixture = begin();
	struct waker *waker;
	(void)state;
	assert_ok(waker_start(fixture.fd, -1, &waker));
	assert_int_equal(fixture.table->enabled, 1);
	assert_false(waker_look(waker));
	pid_t first = stopped_child(&fixture, 3), second = stopped_child(&fixture, 0);
	struct mapping mapping = {.pid = first,
				  .time_ns = fixture.table->slots[3].time_ns,
				  .module = {.inode = 5, .device = makedev(8, 3)}};
	assert_true(waker_look(waker));
	assert_true(waker_holds(waker, &mapping));
	waker_release(waker);
	assert_true(wait_for(first) < 900);
	assert_true(wait_for(second) < 900);
	assert_false(waker_holds(waker, &mapping));
	waker_close(waker);
	assert_int_equal(fixture.table->enabled, 0);
	end(&fixture);
}

/* Another file, another process, or a stop from before is none that holds. */
static void what_holds(void **state)
{
	struct fixture fixture = begin();
	struct waker *waker;
	(void)state;
	assert_ok(waker_start(fixture.fd, -1, &waker));
	pid_t pid = stopped_child(&fixture, 0);
	struct stop_slot *slot = &fixture.table->slots[0];
	const struct mapping right = {.pid = pid,
				      .time_ns = slot->time_ns,
				      .module = {.inode = 5, .device = makedev(8, 3)}};
	struct mapping wrong = right;
	wrong.module.inode = 6;
	assert_false(waker_holds(waker, &wrong));
	slot->file.in_exec = 1; /* the loader of a program goes with it */
	assert_true(waker_holds(waker, &wrong));
	slot->file.in_exec = 0;
	wrong = right;
	wrong.pid = getpid();
	assert_false(waker_holds(waker, &wrong));
	wrong = right;
	wrong.time_ns++;
	assert_false(waker_holds(waker, &wrong));
	assert_false(waker_holds(NULL, &right));
	waker_close(waker);
	assert_true(wait_for(pid) < 900);
	end(&fixture);
}

static void time_limit(void **state)
{
	struct fixture fixture = begin();
	struct waker *waker;
	(void)state;
	assert_ok(waker_start(fixture.fd, -1, &waker));
	uint64_t waited = wait_for(stopped_child(&fixture, 63));
	assert_true(waited > 800 && waited < 3000);
	waker_close(waker);
	end(&fixture);
}

/* A collector that dies by SIGKILL, with somebody stopped; one is stopped just after that. */
static void collector_dies(void **state)
{
	struct fixture fixture = begin();
	int status;
	(void)state;
	pid_t first = stopped_child(&fixture, 1);
	pid_t collector = fork();
	if (collector == 0) {
		struct waker *waker;
		if (waker_start(fixture.fd, -1, &waker))
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(collector, &status, 0), collector);
	assert_true(WIFSIGNALED(status));
	pid_t second = stopped_child(&fixture, 2);
	assert_true(wait_for(first) < 900);
	assert_true(wait_for(second) < 900);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(released),
		cmocka_unit_test(what_holds),
		cmocka_unit_test(time_limit),
		cmocka_unit_test(collector_dies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
