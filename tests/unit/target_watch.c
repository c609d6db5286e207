/* SPDX-License-Identifier: Apache-2.0 */
/* Executable mappings are told as they are made, by whoever makes them. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/now.h"
#include "target/target.h"

#define SEEN_MAX 64

struct seen {
	pid_t pid; /* whose are counted */
	size_t count;
	struct mapping items[SEEN_MAX];
	char paths[SEEN_MAX][256];
};

static struct err *on_mapping(void *context, const struct mapping *mapping)
{
	struct seen *seen = context;
	if (mapping->pid != seen->pid || seen->count == SEEN_MAX)
		return NULL;
	seen->items[seen->count] = *mapping;
	snprintf(seen->paths[seen->count], sizeof(seen->paths[0]), "%s", mapping->module.path);
	seen->count++;
	return NULL;
}

static struct mapping_watch *open_watch(void)
{
	struct mapping_watch *watch;
	if (geteuid() != 0)
		skip();
	struct err *e = mapping_watch_open(&watch);
	if (e && err_kind(e) == ERR_FAILED && (err_errno(e) == EACCES || err_errno(e) == EPERM)) {
		err_free(e);
		skip();
	}
	assert_ok(e);
	return watch;
}

/* Bytes of code that do not matter, in a file that is not an ELF file. */
static int make_file(char *path)
{
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 8192), 0);
	return fd;
}

static void take(struct mapping_watch *watch, struct seen *seen)
{
	const struct mapping_sink sink = {.context = seen, .mapped = on_mapping};
	struct pollfd fd = {.fd = mapping_watch_fd(watch), .events = POLLIN};
	uint64_t lost;
	assert_int_equal(poll(&fd, 1, 2000), 1);
	assert_ok(mapping_watch_read(watch, &sink, &lost));
	assert_int_equal(lost, 0);
}

static void a_mapping_is_told_with_its_file(void **state)
{
	(void)state;
	struct mapping_watch *watch = open_watch();
	char path[] = "/tmp/utrail-unit-XXXXXX";
	int fd = make_file(path);
	struct seen seen = {.pid = getpid()};
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	uint64_t before = now_ns(CLOCK_BOOTTIME);
	void *text = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	void *data = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);
	uint64_t after = now_ns(CLOCK_BOOTTIME);
	assert_true(text != MAP_FAILED && data != MAP_FAILED);
	take(watch, &seen);
	assert_int_equal(seen.count, 1);
	const struct module *module = &seen.items[0].module;
	assert_string_equal(seen.paths[0], path);
	assert_int_equal(module->inode, st.st_ino);
	assert_ptr_equal((void *)(uintptr_t)module->start, text);
	assert_int_equal(module->end - module->start, 8192);
	assert_false(module->deleted);
	assert_true(seen.items[0].time_ns >= before && seen.items[0].time_ns <= after);
	/* A file whose name is gone. */
	unlink(path);
	assert_true(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	take(watch, &seen);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.paths[1], path);
	assert_true(seen.items[1].module.deleted);
	mapping_watch_close(watch);
	close(fd);
}

static void an_exec_maps_its_program(void **state)
{
	(void)state;
	struct mapping_watch *watch = open_watch();
	struct seen seen = {0};
	seen.pid = fork();
	if (seen.pid == 0) {
		execl("/bin/sh", "sh", "-c", ":", (char *)NULL);
		_exit(127);
	}
	int status;
	assert_int_equal(waitpid(seen.pid, &status, 0), seen.pid);
	assert_int_equal(status, 0);
	take(watch, &seen);
	struct stat shell;
	assert_int_equal(stat("/bin/sh", &shell), 0);
	bool found = false;
	for (size_t i = 0; i < seen.count; i++)
		found |= seen.items[i].module.inode == shell.st_ino;
	assert_true(found);
	mapping_watch_close(watch);
}

struct life {
	pid_t pid;
	size_t count;
	struct life_change items[8];
	size_t unnamed; /* mappings without a file */
};

static struct err *on_change(void *context, const struct life_change *change)
{
	struct life *life = context;
	if (change->pid == life->pid && life->count < 8)
		life->items[life->count++] = *change;
	return NULL;
}

static struct err *on_any_mapping(void *context, const struct mapping *mapping)
{
	struct life *life = context;
	life->unnamed += mapping->pid == life->pid && !mapping->module.inode;
	return NULL;
}

static struct err *ignore(void *context, const struct life_change *change)
{
	(void)context, (void)change;
	return NULL;
}

static void the_life_of_a_process(void **state)
{
	(void)state;
	struct mapping_watch *watch;
	if (geteuid() != 0)
		skip();
	mapping_watch_close(open_watch()); /* skips where it is not allowed */
	assert_ok(life_watch_open(&watch));
	struct life life = {0};
	uint64_t before = now_ns(CLOCK_BOOTTIME), lost;
	life.pid = fork();
	if (life.pid == 0) {
		execl("/bin/sh", "sh", "-c", ":", (char *)NULL);
		_exit(127);
	}
	int status;
	assert_int_equal(waitpid(life.pid, &status, 0), life.pid);
	assert_int_equal(status, 0);
	const struct mapping_sink sink = {
		.context = &life, .mapped = on_any_mapping, .changed = on_change};
	assert_ok(mapping_watch_read(watch, &sink, &lost));
	/* Of several CPUs, each in its own order. */
	assert_int_equal(life.count, 3);
	uint64_t times[3] = {0};
	for (size_t i = 0; i < 3; i++) {
		times[life.items[i].kind] = life.items[i].time_ns;
		if (life.items[i].kind == LIFE_FORK)
			assert_int_equal(life.items[i].parent, getpid());
	}
	assert_true(before <= times[LIFE_FORK] && times[LIFE_FORK] < times[LIFE_EXEC] &&
		    times[LIFE_EXEC] < times[LIFE_END]);
	assert_true(times[LIFE_END] <= now_ns(CLOCK_BOOTTIME));
	assert_true(life.unnamed > 0); /* [vdso] */
	mapping_watch_close(watch);
}

/* Data is told without waking anybody, and lost when it is too much: as code. */
static void data_is_told_when_it_is_asked_for(void **state)
{
	(void)state;
	struct mapping_watch *watch;
	mapping_watch_close(open_watch()); /* skips where it is not allowed */
	assert_ok(data_watch_open(&watch));
	struct seen seen = {.pid = getpid()};
	const struct mapping_sink sink = {
		.context = &seen, .mapped = on_mapping, .changed = ignore};
	uint64_t lost = 0;
	/* Of the watch's own buffers. */
	assert_ok(mapping_watch_read(watch, &sink, &lost));
	seen.count = 0;
	char *data = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *text = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(data != MAP_FAILED && text != MAP_FAILED);
	assert_ok(mapping_watch_read(watch, &sink, &lost));
	assert_int_equal(lost, 0);
	/* Each of them once. */
	assert_int_equal(seen.count, 2);
	const struct mapping *of_data = &seen.items[!seen.items[0].is_data];
	const struct mapping *of_text = &seen.items[seen.items[0].is_data];
	assert_true(of_data->is_data && !of_text->is_data);
	/* It may be one with what lies beside it. */
	assert_true(of_data->module.start <= (uintptr_t)data &&
		    of_data->module.end >= (uintptr_t)data + 8192);
	assert_int_equal(of_data->module.inode, 0);
	assert_int_equal(of_text->module.start, (uintptr_t)text);
	assert_false(mapping_watch_lost_data(watch));
	for (int i = 0; i < 16000; i++)
		mprotect(data, 4096, i & 1 ? PROT_READ : PROT_NONE);
	assert_ok(mapping_watch_read(watch, &sink, &lost));
	assert_int_equal(lost, 0);
	assert_true(mapping_watch_lost_data(watch));
	assert_false(mapping_watch_lost_data(watch));
	mapping_watch_close(watch);
}

/* More than the kernel's buffers hold while nobody reads: told, so that somebody looks. */
static void what_did_not_fit_is_counted(void **state)
{
	(void)state;
	struct mapping_watch *watch = open_watch();
	char path[] = "/tmp/utrail-unit-XXXXXX";
	int fd = make_file(path);
	struct seen seen = {.pid = -1};
	const struct mapping_sink sink = {.context = &seen, .mapped = on_mapping};
	uint64_t lost = 0, more = 0;
	for (int i = 0; i < 4000; i++) {
		void *text = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
		assert_true(text != MAP_FAILED);
		munmap(text, 4096);
	}
	assert_ok(mapping_watch_read(watch, &sink, &lost));
	/* The kernel says so with the next record that fits. */
	for (int i = 0; i < 100 && !lost; i++) {
		void *text = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
		munmap(text, 4096);
		assert_ok(mapping_watch_read(watch, &sink, &more));
		lost += more;
	}
	assert_true(lost > 0);
	mapping_watch_close(watch);
	unlink(path);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_is_told_with_its_file),
		cmocka_unit_test(an_exec_maps_its_program),
		cmocka_unit_test(the_life_of_a_process),
		cmocka_unit_test(data_is_told_when_it_is_asked_for),
		cmocka_unit_test(what_did_not_fit_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
