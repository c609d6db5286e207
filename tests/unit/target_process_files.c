/* SPDX-License-Identifier: Apache-2.0 */
/* Files of processes that this test starts itself, held against what /proc says of them: those that
 * are mapped, those that paths and descriptors lead to. */
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "target/target.h"
#include "tests/unit/target_child.h"

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

/* Another library may come to the place of one that was listed: it is not taken for it. */
static void what_came_to_its_place_is_another_file(void **state)
{
	char first[64], second[64];
	struct module_list list;
	struct process *process;
	struct stat wanted, got;
	(void)state;
	snprintf(first, sizeof(first), "/tmp/utrail-unit-first-%d", getpid());
	snprintf(second, sizeof(second), "/tmp/utrail-unit-second-%d", getpid());
	void *memory = map_and_replace(first, "was listed", "was listed");
	void *other = map_and_replace(second, "came later", "came later");
	if (memory == MAP_FAILED || other == MAP_FAILED)
		skip(); /* /tmp is mounted noexec */
	int file = open(first, O_RDONLY | O_CLOEXEC), fd = open(second, O_RDONLY | O_CLOEXEC);
	assert_ptr_equal(
		mmap(memory, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file, 0),
		memory);
	assert_int_equal(fstat(file, &wanted), 0);
	assert_ok(process_open(getpid(), &process));
	assert_ok(process_modules(process, &list));
	const struct module *module = NULL;
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i].start == (uintptr_t)memory)
			module = &list.items[i];
	assert_ptr_equal(mmap(memory, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0),
			 memory);
	close(file);
	close(fd);
	assert_non_null(module);
	assert_ok(process_open_module(process, module, &fd));
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_equal(got.st_ino, wanted.st_ino);
	assert_true(process_maps_file(process, module, &wanted));
	close(fd);
	/* Where its path leads nowhere, it is gone. */
	unlink(first);
	unlink(second);
	assert_err(process_open_module(process, module, &fd), ERR_FAILED, "mapped by pid");
	module_list_deinit(&list);
	process_close(process);
	munmap(memory, 4096);
	munmap(other, 4096);
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
		cmocka_unit_test(modules_are_those_of_the_maps),
		cmocka_unit_test(a_module_opens_as_the_file_that_is_mapped),
		cmocka_unit_test(a_deleted_file_opens_through_its_mapping),
		cmocka_unit_test(what_came_to_its_place_is_another_file),
		cmocka_unit_test(a_replaced_file_is_not_taken_for_the_mapped_one),
		cmocka_unit_test(an_overlay_s_files_are_told_apart),
		cmocka_unit_test(paths_open),
		cmocka_unit_test(paths_stay_beneath_its_root),
		cmocka_unit_test(descriptors_have_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
