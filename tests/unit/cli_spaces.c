/* SPDX-License-Identifier: Apache-2.0 */
/* What processes had mapped at which time; this one, and children that it makes. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/report.h"
#include "cli/stacks/code_files.h"
#include "cli/stacks/spaces.h"
#include "cli/stacks/stacks.h"
#include "common/now.h"
#include "probe/regs.h"

/* Stands for cli/kernel/kernel.c: everything is traced, this process first. */
bool kernel_traced_process(const struct kernel *kernel, pid_t pid, uint64_t time_ns)
{
	(void)kernel, (void)pid, (void)time_ns;
	return true;
}

pid_t kernel_next_target(const struct kernel *kernel, pid_t previous)
{
	(void)kernel;
	return previous ? 0 : getpid();
}

static struct plan plan;

static struct spaces *open_spaces(bool need_watch)
{
	const struct spaces_parts parts = {.plan = &plan, .view = &process_own_view, .data = true};
	struct spaces *spaces;
	struct err *unwatched;
	assert_ok(spaces_open(&parts, &spaces, &unwatched));
	bool is_watched = !unwatched;
	err_free(unwatched);
	assert_int_equal(spaces_fd(spaces) >= 0, is_watched);
	if (need_watch && !is_watched) {
		spaces_close(spaces);
		skip();
	}
	return spaces;
}

static uint64_t now(void)
{
	return now_ns(CLOCK_BOOTTIME);
}

static bool find(struct spaces *spaces, pid_t pid, uint64_t time_ns, const void *address,
		 struct stack_code *ret)
{
	return spaces_find(spaces, pid, time_ns, (uint64_t)(uintptr_t)address, ret);
}

static void an_address_leads_to_its_file(void **state)
{
	struct spaces *spaces = open_spaces(false);
	struct stack_code code;
	struct stat self;
	(void)state;
	assert_ok(spaces_look(spaces));
	assert_true(find(spaces, getpid(), now(), (void *)an_address_leads_to_its_file, &code));
	assert_int_equal(stat("/proc/self/exe", &self), 0);
	assert_non_null(code.image);
	assert_int_equal(image_inode(code.image), self.st_ino);
	assert_true(code.has_offset);
	const struct function *function = image_function_at(code.image, code.address);
	assert_non_null(function);
	assert_string_equal(function->symbol, "an_address_leads_to_its_file");
	assert_int_equal(function->offset, code.offset);
	/* Data is no code. */
	assert_false(find(spaces, getpid(), now(), &code, &code));
	spaces_close(spaces);
}

static void the_vdso_is_a_file_too(void **state)
{
	struct spaces *spaces = open_spaces(false);
	const char *vdso = (const char *)getauxval(AT_SYSINFO_EHDR);
	struct stack_code code;
	(void)state;
	if (!vdso)
		skip();
	assert_true(find(spaces, getpid(), now(), vdso + 0x800, &code));
	assert_string_equal(code.module, "[vdso]");
	assert_non_null(code.image);
	assert_int_equal(code.address, 0x800);
	spaces_close(spaces);
}

static void memory_without_a_file_has_a_name(void **state)
{
	struct spaces *spaces = open_spaces(false);
	char *text = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct stack_code code;
	(void)state;
	assert_true(text != MAP_FAILED);
	assert_true(find(spaces, getpid(), now(), text + 100, &code));
	assert_string_equal(code.module, "[anon]");
	assert_null(code.image);
	assert_false(code.has_offset);
	munmap(text, 4096);
	spaces_close(spaces);
}

static int make_file(char *path)
{
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 16384), 0);
	return fd;
}

static char *map(int fd, void *at, size_t size, off_t offset)
{
	char *text = mmap(at, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | (at ? MAP_FIXED : 0), fd,
			  offset);
	assert_true(text != MAP_FAILED);
	return text;
}

/* Of 4 pages, the middle ones are replaced; events of before still find what was there. */
static void what_was_there_at_the_time(void **state)
{
	struct spaces *spaces = open_spaces(true);
	char first[] = "/tmp/utrail-unit-a-XXXXXX", second[] = "/tmp/utrail-unit-b-XXXXXX";
	int a = make_file(first), b = make_file(second);
	struct stack_code code;
	(void)state;
	assert_ok(spaces_look(spaces));
	uint64_t before = now();
	char *text = map(a, NULL, 16384, 0);
	uint64_t between = now();
	map(b, text + 4096, 8192, 4096);
	uint64_t after = now();
	assert_ok(spaces_take(spaces));
	/* A look now would tell what is there by now: it was looked at a moment ago. */
	assert_false(find(spaces, getpid(), before, text + 5000, &code));
	assert_true(find(spaces, getpid(), between, text + 5000, &code));
	assert_string_equal(code.module, first);
	assert_int_equal(code.offset, 5000);
	assert_true(find(spaces, getpid(), after, text + 5000, &code));
	assert_string_equal(code.module, second);
	assert_int_equal(code.offset, 5000);
	assert_true(find(spaces, getpid(), after, text + 4095, &code));
	assert_string_equal(code.module, first);
	assert_int_equal(code.offset, 4095);
	assert_true(find(spaces, getpid(), after, text + 12288, &code));
	assert_string_equal(code.module, first);
	assert_int_equal(code.offset, 12288);
	munmap(text, 16384);
	close(a);
	close(b);
	unlink(first);
	unlink(second);
	spaces_close(spaces);
}

static bool find_pointee(struct spaces *spaces, uint64_t time_ns, const void *pointer,
			 enum shown_leads leads, struct image **ret, uint64_t *ret_address)
{
	return spaces_find_pointee(spaces, getpid(), time_ns, (uint64_t)(uintptr_t)pointer, leads,
				   ret, ret_address);
}

static const int a_table[4] = {1, 2, 3, 4};

static void pointers_lead_to_code_and_to_data(void **state)
{
	struct spaces *spaces = open_spaces(true);
	struct image *image;
	struct object object;
	uint64_t address;
	(void)state;
	assert_ok(spaces_look(spaces));
	assert_ok(spaces_take(spaces));
	assert_true(
		find_pointee(spaces, now(), (void *)open_spaces, LEADS_TO_CODE, &image, &address));
	const struct function *function = image_function_at(image, address);
	assert_non_null(function);
	assert_string_equal(function->symbol, "open_spaces");
	assert_int_equal(function->address, address);
	assert_true(find_pointee(spaces, now(), &a_table[2], LEADS_TO_TABLE, &image, &address));
	assert_true(image_object_at(image, address, &object));
	assert_string_equal(object.name, "a_table");
	assert_int_equal(address - object.address, 8);
	/* What a pointer's type says must be there. */
	assert_false(
		find_pointee(spaces, now(), (void *)open_spaces, LEADS_TO_TABLE, &image, &address));
	assert_false(find_pointee(spaces, now(), &a_table[2], LEADS_TO_CODE, &image, &address));
	assert_false(find_pointee(spaces, now(), &image, LEADS_TO_TABLE, &image, &address));
	assert_false(find_pointee(spaces, now(), NULL, LEADS_TO_CODE, &image, &address));
	spaces_close(spaces);
}

/* Nobody knows whether what was there before was this. */
static void a_pointer_into_what_was_replaced(void **state)
{
	struct spaces *spaces = open_spaces(true);
	struct image *image;
	uint64_t address;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	(void)state;
	assert_true(self >= 0);
	assert_ok(spaces_look(spaces));
	char *text = map(self, NULL, 16384, 0);
	uint64_t before = now();
	assert_ok(spaces_take(spaces));
	assert_true(
		find_pointee(spaces, before, (void *)open_spaces, LEADS_TO_CODE, &image, &address));
	map(self, text, 4096, 0);
	assert_ok(spaces_take(spaces));
	uint64_t after = now();
	assert_true(
		find_pointee(spaces, after, (void *)open_spaces, LEADS_TO_CODE, &image, &address));
	assert_false(
		find_pointee(spaces, before, (void *)open_spaces, LEADS_TO_CODE, &image, &address));
	munmap(text, 16384);
	close(self);
	spaces_close(spaces);
}

/* The code of this program once more, elsewhere: what lies beside it, to be mapped or not. */
static char *map_elsewhere(struct spaces *spaces, int self, const void *data)
{
	struct image *image;
	uint64_t code, offset, at, page = (uint64_t)sysconf(_SC_PAGESIZE), room = 64 << 20;
	assert_true(
		find_pointee(spaces, now(), (void *)open_spaces, LEADS_ANYWHERE, &image, &code));
	assert_true(image_offset_of(image, code, &offset));
	assert_true(find_pointee(spaces, now(), data, LEADS_ANYWHERE, &image, &at));
	char *base = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(base != MAP_FAILED);
	char *text = base + room / 2;
	map(self, text, page, (off_t)(offset / page * page));
	return text - (code - code % page) + at;
}

static char replaced[8192] = {1};

static void a_library_that_is_unmapped(void **state)
{
	plan.selects = "anything";
	struct spaces *spaces = open_spaces(true);
	struct image *image;
	uint64_t address;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	(void)state;
	assert_ok(spaces_look(spaces));
	char *there = map_elsewhere(spaces, self, replaced);
	char *at = (char *)((uintptr_t)there & ~(page - 1));
	assert_ok(spaces_take(spaces));
	assert_true(find_pointee(spaces, now(), there, LEADS_ANYWHERE, &image, &address));
	/* A part of the same file, and what lies where it does not. */
	assert_true(mmap(at, page, PROT_READ, MAP_PRIVATE | MAP_FIXED, self, 0) != MAP_FAILED);
	assert_true(mmap(at + (16 << 20), page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			 -1, 0) != MAP_FAILED);
	uint64_t before = now();
	assert_ok(spaces_take(spaces));
	assert_true(find_pointee(spaces, before, there, LEADS_ANYWHERE, &image, &address));
	assert_true(mmap(at, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
		    MAP_FAILED);
	assert_ok(spaces_take(spaces));
	assert_true(find_pointee(spaces, before, there, LEADS_ANYWHERE, &image, &address));
	assert_false(find_pointee(spaces, now(), there, LEADS_ANYWHERE, &image, &address));
	assert_true(find_pointee(spaces, now(), replaced, LEADS_ANYWHERE, &image, &address));
	close(self);
	spaces_close(spaces);
	plan.selects = NULL;
}

/* A child that has ended: first a copy of us, then another program. */
static void a_process_that_is_gone(void **state)
{
	struct spaces *spaces = open_spaces(true);
	struct stack_code code;
	struct stat shell;
	int link[2], status;
	char byte;
	(void)state;
	assert_int_equal(pipe2(link, O_CLOEXEC), 0);
	assert_ok(spaces_look(spaces));
	pid_t pid = fork();
	if (pid == 0) {
		if (read(link[0], &byte, 1) == 1)
			execl("/bin/sh", "sh", "-c", ":", (char *)NULL);
		_exit(127);
	}
	uint64_t forked = now();
	assert_int_equal(write(link[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	uint64_t ended = now();
	assert_ok(spaces_take(spaces));
	assert_true(find(spaces, pid, forked, (void *)a_process_that_is_gone, &code));
	assert_int_equal(stat("/bin/sh", &shell), 0);
	/* Nothing is left of it behind its end. */
	assert_false(find(spaces, pid, ended, (void *)a_process_that_is_gone, &code));
	close(link[0]);
	close(link[1]);
	spaces_close(spaces);
}

static void files_are_known_once(void **state)
{
	struct code_files files = {.plan = &plan, .view = &process_own_view};
	struct stat self;
	struct code_file *file, *again;
	(void)state;
	assert_int_equal(stat("/proc/self/exe", &self), 0);
	const struct module module = {
		.path = (char *)"/first", .device = self.st_dev, .inode = self.st_ino};
	const struct module same = {
		.path = (char *)"/other", .device = self.st_dev, .inode = self.st_ino};
	assert_ok(code_files_get(&files, &module, &file));
	assert_ok(code_files_get(&files, &same, &again));
	assert_ptr_equal(file, again);
	assert_string_equal(file->path, "/first");
	assert_ok(code_file_open(&files, file, getpid()));
	assert_non_null(file->image);
	assert_int_equal(files.n_opened, 1);
	/* A file that nobody has mapped is not there. */
	const struct module none = {.path = (char *)"/nowhere", .device = 1, .inode = 4711};
	assert_ok(code_files_get(&files, &none, &file));
	assert_ok(code_file_open(&files, file, getpid()));
	assert_null(file->image);
	/* Its number may be another file's by now. */
	const struct module reused = {.path = (char *)"/other", .device = 1, .inode = 4711};
	assert_ok(code_files_get(&files, &reused, &again));
	assert_ptr_not_equal(file, again);
	assert_string_equal(file->path, "/nowhere");
	assert_string_equal(again->path, "/other");
	assert_false(again->tried);
	/* Names that a process gives to its memory are not kept apart. */
	const struct module anon = {.path = (char *)"[anon: x]"}, heap = {.path = (char *)"//anon"};
	assert_ok(code_files_get(&files, &anon, &file));
	assert_ok(code_files_get(&files, &heap, &again));
	assert_ptr_equal(file, again);
	code_files_deinit(&files);
}

/* The registers of a stack that has nothing but a place in this program. */
static void a_stack_is_looked_up_in_its_process(void **state)
{
	struct spaces *spaces = open_spaces(false);
	const struct options options = {.stacks = STACKS_AUTO, .stack_depth = 10};
	struct probe_site site = {.wire = {.kind = SITE_INSTANT}};
	const struct stream_task task = {.tgid = (uint32_t)getpid()};
	struct event_stack taken = {.from = 0x1000, .flags = EVENT_STACK_UNREADABLE};
	struct stacks *stacks = NULL;
	(void)state;
	assert_ok(stacks_open(&options, &plan, spaces, &stacks));
	assert_ok(spaces_look(spaces));
	assert_ok(spaces_take(spaces));
#if defined(__x86_64__)
	taken.registers[X86_RIP] = (uint64_t)a_stack_is_looked_up_in_its_process;
	taken.registers[X86_RSP] = 0x1000;
#else
	taken.registers[ARM64_PC] = (uint64_t)a_stack_is_looked_up_in_its_process;
	taken.registers[ARM64_SP] = 0x1000;
#endif
	const struct stream_stack raw = {
		.task = &task, .site = &site, .time_ns = now(), .taken = &taken, .bytes = ""};
	const struct stream_unwinder unwinder = stacks_unwinder(stacks);
	struct stack *stack = unwinder.unwind(unwinder.context, &raw);
	assert_non_null(stack);
	assert_int_equal(stack->sp, 0x1000);
	assert_true(stack->n_frames >= 1);
	assert_string_equal(stack->frames[0].place->own.symbol,
			    "a_stack_is_looked_up_in_its_process");
#if defined(__x86_64__)
	assert_int_equal(stack->n_frames, 1);
	assert_string_equal(stack->cut, "cut: stack memory not readable");
#endif
	stack_free(stack);
	stacks_close(stacks);
	spaces_close(spaces);
}

static void none_are_asked_for(void **state)
{
	struct options options = {0};
	struct stacks *stacks = NULL;
	(void)state;
	assert_int_equal(stacks_how(&options), STACK_NONE);
	assert_ok(stacks_open(&options, &plan, NULL, &stacks));
	assert_null(stacks);
	assert_ok(spaces_look(NULL));
	assert_ok(spaces_take(NULL));
	assert_int_equal(spaces_fd(NULL), -1);
	spaces_close(NULL);
	assert_null(stacks_unwinder(NULL).unwind);
	stacks_close(NULL);
	options.stacks = STACKS_CFI;
	assert_int_equal(stacks_how(&options), STACK_COPY);
	options.stacks = STACKS_FP;
	assert_int_equal(stacks_how(&options), STACK_FRAMES);
}

/* Stands for cli/report.c. */
int report_error(struct err *e)
{
	err_free(e);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_leads_to_its_file),
		cmocka_unit_test(the_vdso_is_a_file_too),
		cmocka_unit_test(memory_without_a_file_has_a_name),
		cmocka_unit_test(what_was_there_at_the_time),
		cmocka_unit_test(pointers_lead_to_code_and_to_data),
		cmocka_unit_test(a_pointer_into_what_was_replaced),
		cmocka_unit_test(a_library_that_is_unmapped),
		cmocka_unit_test(a_process_that_is_gone),
		cmocka_unit_test(files_are_known_once),
		cmocka_unit_test(a_stack_is_looked_up_in_its_process),
		cmocka_unit_test(none_are_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
