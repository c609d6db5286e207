/* SPDX-License-Identifier: Apache-2.0 */
/* The attacher answers what we could see ourselves, ends when it should, and opens nothing else. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/process/attacher.h"
#include "common/caps.h"

#define NEEDED                                                      \
	(caps_bit(CAP_SYS_PTRACE) | caps_bit(CAP_DAC_READ_SEARCH) | \
	 caps_bit(CAP_CHECKPOINT_RESTORE))

/* None without rights to keep: nothing to test then. */
static struct attacher *started(void)
{
	struct attacher *attacher = NULL;
	if (caps_missing(NEEDED))
		skip();
	assert_ok(attacher_start(&attacher));
	assert_non_null(attacher);
	return attacher;
}

/* The only child that this test has. */
static pid_t child_of_us(void)
{
	char path[64];
	int pid = 0;
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	if (fscanf(file, "%d", &pid) != 1)
		pid = 0;
	fclose(file);
	return pid;
}

static struct err *count_call(void *context, const struct thread_call *call)
{
	int *count = context;
	assert_true(call->tid > 0);
	++*count;
	return *count > 1 ? err_new(ERR_FAILED, 0, "enough") : NULL;
}

static void same_path(void **state)
{
	struct attacher *attacher = started();
	struct process_view view = attacher_view(attacher);
	char got[4096], wanted[4096];
	int fd = open("/", O_RDONLY | O_CLOEXEC);
	(void)state;
	assert_true(process_fd_path(getpid(), fd, wanted, sizeof(wanted)));
	assert_true(view.fd_path(view.context, getpid(), fd, got, sizeof(got)));
	assert_string_equal(got, wanted);
	close(fd);
	assert_false(view.fd_path(view.context, getpid(), fd, got, sizeof(got)));
	assert_false(view.fd_path(view.context, -1, 0, got, sizeof(got)));
	assert_false(view.fd_path(view.context, 0, 0, got, sizeof(got)));
	/* A small buffer is filled as far as it goes. */
	fd = open("/proc", O_RDONLY | O_CLOEXEC);
	assert_true(view.fd_path(view.context, getpid(), fd, got, 3));
	assert_string_equal(got, "/p");
	close(fd);
	attacher_close(attacher);
}

static void calls_of_threads(void **state)
{
	struct attacher *attacher = started();
	struct process_view view = attacher_view(attacher);
	int count = 0;
	size_t denied = 1;
	const struct call_sink sink = {.context = &count, .call = count_call};
	pid_t pid = fork();
	(void)state;
	if (pid == 0) {
		poll(NULL, 0, -1);
		_exit(0);
	}
	for (int i = 0; i < 500 && !count; i++) {
		poll(NULL, 0, 10);
		assert_ok(view.calls(view.context, pid, &sink, &denied));
		assert_int_equal(denied, 0);
	}
	assert_int_equal(count, 1);
	/* A sink that wants no more leaves nothing on the socket. */
	assert_err(view.calls(view.context, pid, &sink, &denied), ERR_FAILED, "enough");
	count = 0;
	assert_ok(view.calls(view.context, pid, &sink, &denied));
	assert_int_equal(count, 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	count = 0;
	assert_ok(view.calls(view.context, pid, &sink, &denied));
	assert_int_equal(count, 0);
	attacher_close(attacher);
}

/* It ends while we do something else, and is there to be waited for. */
static void dismissed(void **state)
{
	struct attacher *attacher = started();
	siginfo_t info = {0};
	(void)state;
	attacher_dismiss(attacher);
	assert_int_equal(waitid(P_PID, (id_t)child_of_us(), &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(info.si_code, CLD_KILLED);
	attacher_close(attacher);
	assert_int_equal(child_of_us(), 0);
	attacher_dismiss(NULL);
}

/* This very program is mapped; a file that we only have open is not to be had. */
static void only_mapped_files(void **state)
{
	struct attacher *attacher = started();
	struct process_view view = attacher_view(attacher);
	struct stat self, got;
	int fd = -1;
	(void)state;
	assert_int_equal(stat("/proc/self/exe", &self), 0);
	struct module wanted = {
		.path = (char *)"self", .device = self.st_dev, .inode = self.st_ino};
	assert_ok(view.open_module(view.context, getpid(), &wanted, &fd));
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_equal(got.st_ino, self.st_ino);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(stat("/etc/passwd", &self), 0);
	wanted = (struct module){
		.path = (char *)"passwd", .device = self.st_dev, .inode = self.st_ino};
	assert_err(view.open_module(view.context, getpid(), &wanted, &fd), ERR_FAILED, "passwd");
	assert_err(view.open_module(view.context, 0, &wanted, &fd), ERR_FAILED, "passwd");
	attacher_close(attacher);
}

static void same_modules(void **state)
{
	struct attacher *attacher = started();
	struct process_view view = attacher_view(attacher);
	struct module_list got = {0}, wanted = {0};
	(void)state;
	assert_ok(process_own_view.modules(NULL, getpid(), &wanted));
	assert_ok(view.modules(view.context, getpid(), &got));
	assert_true(wanted.count > 1);
	assert_int_equal(got.count, wanted.count);
	for (size_t i = 0; i < got.count; i++) {
		assert_string_equal(got.items[i].path, wanted.items[i].path);
		assert_int_equal(got.items[i].device, wanted.items[i].device);
		assert_int_equal(got.items[i].inode, wanted.items[i].inode);
		assert_int_equal(got.items[i].start, wanted.items[i].start);
		assert_int_equal(got.items[i].end, wanted.items[i].end);
		assert_int_equal(got.items[i].deleted, wanted.items[i].deleted);
	}
	module_list_deinit(&got);
	module_list_deinit(&wanted);
	assert_err(view.modules(view.context, 0, &got), ERR_FAILED, "mapped");
	attacher_close(attacher);
}

/* Also those of no file, and each mapping of a file. */
static void same_maps(void **state)
{
	struct attacher *attacher = started();
	struct process_view view = attacher_view(attacher);
	struct module_list got = {0}, wanted = {0};
	(void)state;
	assert_ok(process_own_view.maps(NULL, getpid(), &wanted));
	assert_ok(view.maps(view.context, getpid(), &got));
	assert_true(wanted.count > 1);
	assert_int_equal(got.count, wanted.count);
	for (size_t i = 0; i < got.count; i++) {
		assert_string_equal(got.items[i].path, wanted.items[i].path);
		assert_int_equal(got.items[i].inode, wanted.items[i].inode);
		assert_int_equal(got.items[i].start, wanted.items[i].start);
		assert_int_equal(got.items[i].end, wanted.items[i].end);
		assert_int_equal(got.items[i].offset, wanted.items[i].offset);
	}
	module_list_deinit(&got);
	module_list_deinit(&wanted);
	assert_err(view.maps(view.context, 0, &got), ERR_FAILED, "mapped");
	attacher_close(attacher);
}

static void signals_do_not_end_it(void **state)
{
	struct attacher *attacher = started();
	struct process_view view = attacher_view(attacher);
	char path[64];
	pid_t pid = child_of_us();
	(void)state;
	assert_true(pid > 0);
	/* An answer says that it is up. */
	assert_true(view.fd_path(view.context, getpid(), 0, path, sizeof(path)));
	kill(pid, SIGINT);
	kill(pid, SIGTERM);
	kill(pid, SIGHUP);
	assert_true(view.fd_path(view.context, getpid(), 0, path, sizeof(path)));
	attacher_close(attacher);
	assert_int_equal(child_of_us(), 0);
}

static void its_death_is_told(void **state)
{
	struct attacher *attacher = started();
	struct process_view view = attacher_view(attacher);
	char path[64];
	int count = 0;
	size_t denied;
	const struct call_sink sink = {.context = &count, .call = count_call};
	(void)state;
	kill(child_of_us(), SIGKILL);
	assert_err(view.calls(view.context, getpid(), &sink, &denied), ERR_FAILED,
		   "attacher does not answer");
	assert_false(view.fd_path(view.context, getpid(), 0, path, sizeof(path)));
	attacher_close(attacher);
}

static void it_ends_with_us(void **state)
{
	int link[2], status;
	char byte;
	(void)state;
	if (caps_missing(NEEDED))
		skip();
	assert_int_equal(pipe(link), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct attacher *attacher = NULL;
		pid_t helper = -1;
		struct err *e = attacher_start(&attacher);
		if (!e && attacher)
			helper = child_of_us();
		if (write(link[1], &helper, sizeof(helper)) != sizeof(helper))
			_exit(1);
		raise(SIGKILL);
	}
	pid_t helper;
	close(link[1]);
	assert_int_equal(read(link[0], &helper, sizeof(helper)), sizeof(helper));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(helper > 0);
	/* It closes what it inherited, and so its end of this pipe; gone it must be as well. */
	assert_int_equal(read(link[0], &byte, 1), 0);
	for (int i = 0; i < 500 && kill(helper, 0) == 0; i++)
		poll(NULL, 0, 10);
	char path[64], line[256] = "";
	snprintf(path, sizeof(path), "/proc/%d/stat", helper);
	FILE *file = fopen(path, "re");
	/* A zombie at most, where nobody reaps orphans. */
	if (file && fgets(line, sizeof(line), file))
		assert_non_null(strstr(line, ") Z"));
	if (file)
		fclose(file);
	close(link[0]);
}

static int without_rights(void)
{
	struct attacher *attacher = NULL;
	struct err *e = caps_drop_to(0);
	e = e ? e : attacher_start(&attacher);
	struct process_view view = attacher_view(attacher);
	char path[64];
	return e || attacher || child_of_us() ||
	       !view.fd_path(view.context, getpid(), 0, path, sizeof(path));
}

static void none_without_rights(void **state)
{
	int status;
	pid_t pid = fork();
	(void)state;
	if (pid == 0)
		_exit(without_rights());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static uint64_t effective_of(pid_t pid)
{
	char path[64], line[256];
	unsigned long long set = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %llx", &set) == 1)
			break;
	fclose(file);
	return set;
}

/* What it may is its own affair: a request without descriptors, or with wrong ones, is refused. */
static void probes_for_us(void **state)
{
	struct attacher *attacher = started();
	struct process_view view = attacher_view(attacher);
	struct perf_probe probe = {.file = -1, .program = -1, .has_cookie = true};
	char path[64];
	int event = -1, link = -1;
	(void)state;
	assert_int_equal(attacher_perf_probe(attacher, &probe, &event, &link), -EBADF);
	probe.file = probe.program = 0;
	probe.pid = -2;
	assert_int_equal(attacher_perf_probe(attacher, &probe, &event, &link), -EINVAL);
	/* A file that is none, and no program: whatever the kernel says. */
	probe.pid = 0;
	assert_true(attacher_perf_probe(attacher, &probe, &event, &link) < 0);
	assert_int_equal(event, -1);
	assert_int_equal(link, -1);
	assert_ok(attacher_settle(attacher, true));
	assert_true(effective_of(child_of_us()) & caps_bit(CAP_SYS_ADMIN));
	assert_ok(attacher_settle(attacher, false));
	assert_int_equal(effective_of(child_of_us()), NEEDED);
	assert_true(attacher_perf_probe(attacher, &probe, &event, &link) < 0);
	assert_true(view.fd_path(view.context, getpid(), 0, path, sizeof(path)));
	attacher_close(attacher);
	assert_ok(attacher_settle(NULL, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_path),
		cmocka_unit_test(calls_of_threads),
		cmocka_unit_test(dismissed),
		cmocka_unit_test(only_mapped_files),
		cmocka_unit_test(same_modules),
		cmocka_unit_test(same_maps),
		cmocka_unit_test(signals_do_not_end_it),
		cmocka_unit_test(its_death_is_told),
		cmocka_unit_test(it_ends_with_us),
		cmocka_unit_test(none_without_rights),
		cmocka_unit_test(probes_for_us),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
