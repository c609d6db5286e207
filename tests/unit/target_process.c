/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that this test starts itself, held against what /proc says of them. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/array.h"
#include "common/now.h"
#include "target/target.h"

/* --- children ---------------------------------------------------------------------------------
 */

struct child {
	pid_t pid;
	int end_fd; /* closing it ends the child */
};

/* `set_up` runs in the child first; false: this machine cannot do it. */
static bool child_start(bool (*set_up)(void), struct child *ret)
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

static void child_let_go(struct child *child)
{
	close(child->end_fd);
	child->end_fd = -1;
}

static void child_end(struct child *child)
{
	if (child->end_fd >= 0)
		child_let_go(child);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

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

/* --- modules ----------------------------------------------------------------------------------
 */

/* Our own reading of the maps: fields by blanks, one file once. */
struct mapped {
	unsigned long start, end, inode;
	unsigned int major, minor;
	char path[4096];
};

static size_t read_own_maps(struct mapped *items, size_t max)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char *line = NULL;
	size_t size = 0, count = 0;
	assert_non_null(maps);
	while (getline(&line, &size, maps) > 0) {
		char *rest = line;
		char *range = strsep(&rest, " "), *perms = strsep(&rest, " ");
		strsep(&rest, " ");
		char *device = strsep(&rest, " "), *inode = strsep(&rest, " ");
		rest += strspn(rest, " ");
		rest[strcspn(rest, "\n")] = '\0';
		struct mapped *m = &items[count];
		if (!strchr(perms, 'x') || *rest != '/' || count == max)
			continue;
		m->start = strtoul(range, &range, 16);
		m->end = strtoul(range + 1, NULL, 16);
		m->major = (unsigned int)strtoul(device, &device, 16);
		m->minor = (unsigned int)strtoul(device + 1, NULL, 16);
		m->inode = strtoul(inode, NULL, 10);
		snprintf(m->path, sizeof(m->path), "%s", rest);
		bool known = false;
		for (size_t i = 0; i < count; i++)
			known |= items[i].inode == m->inode && items[i].major == m->major &&
				 items[i].minor == m->minor;
		count += !known;
	}
	free(line);
	fclose(maps);
	return count;
}

static void modules_are_those_of_the_maps(void **state)
{
	struct mapped *expected = calloc(64, sizeof(*expected));
	struct module_list list;
	struct process *process;
	(void)state;
	assert_ok(process_open(getpid(), &process));
	assert_ok(process_modules(process, &list));
	size_t count = read_own_maps(expected, 64);
	assert_true(count > 0 && count < 64);
	assert_int_equal(list.count, count);
	for (size_t i = 0; i < count; i++) {
		const struct module *module = &list.items[i];
		assert_string_equal(module->path, expected[i].path);
		assert_int_equal(module->start, expected[i].start);
		assert_int_equal(module->end, expected[i].end);
		assert_int_equal(module->inode, expected[i].inode);
		assert_int_equal(major(module->device), expected[i].major);
		assert_int_equal(minor(module->device), expected[i].minor);
		assert_false(module->deleted);
	}
	module_list_deinit(&list);
	assert_int_equal(list.count, 0);
	process_close(process);
	free(expected);
}

static void a_module_opens_as_the_file_that_is_mapped(void **state)
{
	struct module_list list;
	struct process *process;
	struct stat own, st;
	(void)state;
	assert_int_equal(stat("/proc/self/exe", &own), 0);
	assert_ok(process_open(getpid(), &process));
	assert_ok(process_modules(process, &list));
	int found = 0;
	for (size_t i = 0; i < list.count; i++) {
		int fd;
		assert_ok(process_open_module(process, &list.items[i], &fd));
		assert_int_equal(fstat(fd, &st), 0);
		found += st.st_ino == own.st_ino && st.st_dev == own.st_dev;
		assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
	}
	assert_int_equal(found, 1);
	module_list_deinit(&list);
	process_close(process);
}

/* A file of one page, mapped executable and taken away; with `text` in it. */
static void *map_and_replace(const char *path, const char *text, const char *replacement)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	assert_int_equal(unlink(path), 0);
	if (!replacement)
		return memory;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	assert_int_equal(write(fd, replacement, strlen(replacement)), strlen(replacement));
	close(fd);
	return memory;
}

static void check_deleted(const char *replacement)
{
	char path[64];
	struct module_list list;
	struct process *process;
	snprintf(path, sizeof(path), "/tmp/utrail-unit-mapped-%d", getpid());
	void *memory = map_and_replace(path, "what is mapped", replacement);
	if (replacement)
		assert_int_equal(unlink(path), 0);
	if (memory == MAP_FAILED)
		skip(); /* /tmp is mounted noexec */
	assert_ok(process_open(getpid(), &process));
	assert_ok(process_modules(process, &list));
	const struct module *module = NULL;
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i].start == (uintptr_t)memory)
			module = &list.items[i];
	assert_non_null(module);
	if (!module) /* clang-tidy does not know that the line above ends the test */
		return;
	assert_string_equal(module->path, path);
	assert_true(module->deleted);
	int fd;
	struct err *e = process_open_module(process, module, &fd);
	if (e) {
		/* /proc/PID/map_files is for the privileged */
		assert_int_equal(err_kind(e), ERR_PERMISSION);
		err_free(e);
	} else {
		char text[64] = "";
		assert_true(read(fd, text, sizeof(text) - 1) > 0);
		assert_string_equal(text, "what is mapped");
		close(fd);
	}
	module_list_deinit(&list);
	process_close(process);
	munmap(memory, 4096);
}

static void a_deleted_file_opens_through_its_mapping(void **state)
{
	(void)state;
	check_deleted(NULL);
}

static void a_replaced_file_is_not_taken_for_the_mapped_one(void **state)
{
	(void)state;
	check_deleted("something else");
}

static char overlay[] = "/tmp/utrail-unit-XXXXXX";

static bool map_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED;
}

static bool make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	return fd >= 0 && write(fd, path, strlen(path)) == (ssize_t)strlen(path) && close(fd) == 0;
}

/*
 * Two layers on file systems of their own, so that the same inode number is there twice; a file of
 * each is mapped, and a third over which another is mounted then.
 */
static bool map_from_overlay(void)
{
	return unshare(CLONE_NEWNS) == 0 && chdir(overlay) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", ".", "tmpfs", 0, NULL) == 0 && chdir(overlay) == 0 &&
	       mkdir("a", 0700) == 0 && mkdir("b", 0700) == 0 && mkdir("merged", 0700) == 0 &&
	       mount("none", "a", "tmpfs", 0, NULL) == 0 &&
	       mount("none", "b", "tmpfs", 0, NULL) == 0 && make_file("a/in-a") &&
	       make_file("b/in-b") && make_file("a/covered") && make_file("other") &&
	       mount("none", "merged", "overlay", 0, "lowerdir=a:b,xino=off") == 0 &&
	       map_file("merged/in-a") && map_file("merged/in-b") && map_file("merged/covered") &&
	       mount("other", "merged/covered", NULL, MS_BIND, NULL) == 0;
}

/* What stands in the file that is opened for the module of this name. */
static void check_module_text(const struct process *process, const struct module_list *list,
			      const char *name, const char *expected)
{
	char path[128], text[64] = "";
	int fd, found = 0;
	snprintf(path, sizeof(path), "%s/merged/%s", overlay, name);
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].path, path) != 0)
			continue;
		assert_ok(process_open_module(process, &list->items[i], &fd));
		assert_true(read(fd, text, sizeof(text) - 1) > 0);
		close(fd);
		found++;
	}
	assert_int_equal(found, 1);
	assert_string_equal(text, expected);
}

static void an_overlay_s_files_are_told_apart(void **state)
{
	struct child child;
	struct module_list list;
	struct process *process;
	struct stat st;
	(void)state;
	assert_non_null(mkdtemp(overlay));
	bool able = child_start(map_from_overlay, &child);
	if (able) {
		assert_ok(process_open(child.pid, &process));
		assert_ok(process_modules(process, &list));
		check_module_text(process, &list, "in-a", "a/in-a");
		check_module_text(process, &list, "in-b", "b/in-b");
		check_module_text(process, &list, "covered", "a/covered");
		assert_int_equal(stat("/proc/self/exe", &st), 0);
		int same = 0;
		for (size_t i = 0; i < list.count; i++)
			same += process_maps_file(process, &list.items[i], &st);
		assert_int_equal(same, 1); /* the child is a copy of us */
		module_list_deinit(&list);
		process_close(process);
	}
	child_end(&child);
	assert_int_equal(rmdir(overlay), 0);
	if (!able)
		skip(); /* no right to mount, or no overlayfs */
}

/* --- paths and descriptors --------------------------------------------------------------------
 */

static void paths_open(void **state)
{
	struct process *process;
	struct stat expected, st;
	int fd;
	(void)state;
	assert_ok(process_open(getpid(), &process));
	assert_ok(process_open_path(process, "/etc/passwd", &fd));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(stat("/etc/passwd", &expected), 0);
	assert_int_equal(st.st_ino, expected.st_ino);
	close(fd);
	assert_err(process_open_path(process, "/no/such/file", &fd), ERR_FAILED, "/no/such/file");
	process_close(process);
}

static char root[] = "/tmp/utrail-unit-XXXXXX";

static bool change_root(void)
{
	if (chroot(root) == 0 && chdir("/") == 0)
		return true;
	return unshare(CLONE_NEWUSER) == 0 && chroot(root) == 0 && chdir("/") == 0;
}

static void make_inside(const char *name, const char *text)
{
	char path[64];
	snprintf(path, sizeof(path), "%s/%s", root, name);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void check_inside(const struct process *process, const char *path)
{
	char text[16] = "";
	int fd;
	assert_ok(process_open_path(process, path, &fd));
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "inside");
	close(fd);
}

/* A container's paths mean its own files, and its links do not lead out. */
static void paths_stay_beneath_its_root(void **state)
{
	struct process *process;
	struct child child;
	char link[64];
	int fd;
	(void)state;
	assert_non_null(mkdtemp(root));
	make_inside("file", "inside");
	snprintf(link, sizeof(link), "%s/link", root);
	assert_int_equal(symlink("/file", link), 0);
	bool possible = child_start(change_root, &child);
	if (possible) {
		assert_ok(process_open(child.pid, &process));
		check_inside(process, "/file");
		check_inside(process, "/link");
		check_inside(process, "/../../file");
		assert_err(process_open_path(process, "/etc/passwd", &fd), ERR_FAILED,
			   "/etc/passwd");
		process_close(process);
	}
	child_end(&child);
	assert_int_equal(unlink(link), 0);
	snprintf(link, sizeof(link), "%s/file", root);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(rmdir(root), 0);
	if (!possible)
		skip();
}

static void descriptors_have_paths(void **state)
{
	char buffer[64], expected[64];
	int fds[2];
	struct stat st;
	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fstat(fds[0], &st), 0);
	snprintf(expected, sizeof(expected), "pipe:[%lu]", (unsigned long)st.st_ino);
	assert_true(process_fd_path(getpid(), fds[0], buffer, sizeof(buffer)));
	assert_string_equal(buffer, expected);
	assert_true(process_fd_path(getpid(), fds[0], buffer, 5));
	assert_string_equal(buffer, "pipe");
	close(fds[0]);
	close(fds[1]);
	assert_false(process_fd_path(getpid(), fds[0], buffer, sizeof(buffer)));
	assert_false(process_fd_path(getpid(), -1, buffer, sizeof(buffer)));
	char here[4096], told[4096];
	assert_non_null(getcwd(here, sizeof(here)));
	assert_true(process_fd_path(getpid(), AT_FDCWD, told, sizeof(told)));
	assert_string_equal(told, here);
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
		cmocka_unit_test(modules_are_those_of_the_maps),
		cmocka_unit_test(a_module_opens_as_the_file_that_is_mapped),
		cmocka_unit_test(a_deleted_file_opens_through_its_mapping),
		cmocka_unit_test(a_replaced_file_is_not_taken_for_the_mapped_one),
		cmocka_unit_test(an_overlay_s_files_are_told_apart),
		cmocka_unit_test(paths_open),
		cmocka_unit_test(paths_stay_beneath_its_root),
		cmocka_unit_test(descriptors_have_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
