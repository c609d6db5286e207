/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/syscalls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/time_types.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "probe/regs.h"
#include "tests/unit/kernel_run_plan.h"
#include "tests/unit/unit.h"

#include <stdio.h>

/* As system calls are made: AMD64 ABI, appendix A.2.1; arm64's: syscall(2). */
#if defined(__x86_64__)
static const int argument_words[] = {X86_RDI, X86_RSI, X86_RDX, X86_R10, X86_R8, X86_R9};
static const int result_word = X86_RAX;
static const bool result_spares_arguments = true;
#else
static const int argument_words[] = {0, 1, 2, 3, 4, 5};
static const int result_word = 0;
static const bool result_spares_arguments = false;
#endif

struct call {
	struct probe_set set;
	const struct probe_site *site;
	struct plan_run entry, leave;
};

/* As typed by a user: "syscall:openat", "syscall:*at", "%file", each perhaps behind a '!'. */
static void ask(struct probe_set *set, const char *mark, enum spec_name kind, const char *name)
{
	char text[128];
	struct spec_list list = {0};
	const char *form = kind == SPEC_NAME_CLASS   ? "%ssyscall:%%%s"
			   : kind == SPEC_NAME_REGEX ? "%ssyscall:/%s/"
						     : "%ssyscall:%s";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), form, mark, name);
#pragma GCC diagnostic pop
	assert_ok(spec_parse(text, &list));
	assert_int_equal(list.count, 1);
	assert_ok(syscalls_add_probes(set, &list.items[0]));
	spec_list_deinit(&list);
}

static void set_init(struct probe_set *set, bool files)
{
	const struct compile_options options = {.string_limit = 32, .depth = 1, .files = files};
	assert_ok(probe_set_init(set, &options));
}

static void add(struct probe_set *set, enum spec_name kind, const char *name)
{
	ask(set, "", kind, name);
}

static void take_away(struct probe_set *set, enum spec_name kind, const char *name)
{
	ask(set, "!", kind, name);
}

static const struct probe_site *site_named(const struct probe_set *set, const char *name)
{
	for (size_t i = 1; i < set->sites.count; i++)
		if (strcmp(set->sites.items[i]->probe->name, name) == 0)
			return set->sites.items[i];
	return NULL;
}

/* Ids are places, and each system call is its own owner. */
static void assert_ids(const struct probe_set *set)
{
	assert_null(set->sites.items[0]);
	for (size_t i = 1; i < set->sites.count; i++) {
		assert_int_equal(set->sites.items[i]->id, i);
		if (set->sites.items[i]->wire.kind == SITE_SYSCALL)
			assert_int_equal(set->sites.items[i]->wire.owner, i);
	}
}

/* Prepares `name` alone and runs its plans as the kernel would, for these words. */
static void make_call_with(struct call *call, bool files, const char *name, const uint64_t *words,
			   int64_t result)
{
	memset(call, 0, sizeof(*call));
	set_init(&call->set, files);
	add(&call->set, SPEC_NAME_EXACT, name);
	call->site = site_named(&call->set, name);
	assert_non_null(call->site);
	for (int i = 0; i < SYSCALL_ARGUMENTS_MAX; i++) {
		call->entry.regs[argument_words[i]] = words[i];
		call->leave.regs[argument_words[i]] = words[i];
	}
	call->leave.regs[result_word] = (uint64_t)result;
	plan_run(&call->entry, call->site->entry_plan);
	plan_run(&call->leave, call->site->return_plan);
}

static void make_call(struct call *call, const char *name, const uint64_t *words, int64_t result)
{
	make_call_with(call, false, name, words, result);
}

static void end_call(struct call *call)
{
	probe_set_deinit(&call->set);
}

static const struct value *value_at(const struct call *call, size_t index, const char *name)
{
	assert_true(index < call->site->arguments.count);
	const struct value *value = &call->site->arguments.items[index];
	assert_string_equal(value->name, name);
	return value;
}

static const struct slots *slots_of(const struct call *call, const struct value *value)
{
	return value->at_return ? &call->leave.slots : &call->entry.slots;
}

static void assert_number(const struct call *call, const struct value *value, int64_t expected)
{
	uint64_t got = 0;
	const char *why = "";
	if (!value_scalar(value, slots_of(call, value), &got, &why))
		fail_msg("%s: %s", value->name, why);
	assert_int_equal((int64_t)got, expected);
}

static void assert_bytes(const struct call *call, const struct value *value, const void *expected,
			 uint32_t length, uint32_t flags)
{
	const char *bytes, *why;
	uint32_t got_length, got_flags;
	if (!value_bytes(value, slots_of(call, value), &bytes, &got_length, &got_flags, &why))
		fail_msg("%s: %s", value->name, why);
	assert_int_equal(got_length, length);
	assert_int_equal(got_flags, flags);
	assert_memory_equal(bytes, expected, length);
}

#define WORDS(...)                              \
	(const uint64_t[SYSCALL_ARGUMENTS_MAX]) \
	{                                       \
		__VA_ARGS__                     \
	}

static void openat_reads_its_path_at_entry(void **state)
{
	(void)state;
	struct call call;
	/* The upper halves are not the kernel's business: user space may leave anything there. */
	make_call(
		&call, "openat",
		WORDS(0xdead0000ffffff9c, (uintptr_t) "/etc/hosts", 0xdead000000080000, 0xdead01a4),
		7);
	assert_int_equal(call.site->arguments.count, 4);
	assert_number(&call, value_at(&call, 0, "dfd"), AT_FDCWD);
	assert_bytes(&call, value_at(&call, 1, "filename"), "/etc/hosts", 10, 0);
	assert_number(&call, value_at(&call, 2, "flags"), 0x80000);
	assert_number(&call, value_at(&call, 3, "mode"), 0644);
	assert_null(call.site->return_plan);
	assert_int_equal(call.site->results.count, 1);
	assert_int_equal(call.site->results.items[0].type->kind, TYPE_FD);
	assert_int_equal(call.site->results.items[0].slot, VALUE_NO_SLOT);
	end_call(&call);
}

static void write_reads_as_much_as_it_writes(void **state)
{
	(void)state;
	struct call call;
	make_call(&call, "write", WORDS(1, (uintptr_t) "hello, world", 5), 5);
	assert_number(&call, value_at(&call, 0, "fd"), 1);
	assert_bytes(&call, value_at(&call, 1, "buf"), "hello", 5, 0);
	assert_number(&call, value_at(&call, 2, "count"), 5);
	end_call(&call);
	char long_text[100];
	memset(long_text, 'x', sizeof(long_text));
	make_call(&call, "write", WORDS(1, (uintptr_t)long_text, sizeof(long_text)), 100);
	assert_bytes(&call, value_at(&call, 1, "buf"), long_text, 32, FETCH_BLOB_TRUNCATED);
	end_call(&call);
}

static void read_reads_what_came(void **state)
{
	(void)state;
	struct call call;
	make_call(&call, "read", WORDS(3, (uintptr_t) "abcdef", 4096), 3);
	const struct value *buffer = value_at(&call, 1, "buf");
	assert_true(buffer->at_return);
	assert_false(value_at(&call, 2, "count")->at_return);
	assert_bytes(&call, buffer, "abc", 3, 0);
	assert_number(&call, value_at(&call, 2, "count"), 4096);
	end_call(&call);
}

static void errors_read_no_buffer(void **state)
{
	(void)state;
	struct call call;
	make_call(&call, "read", WORDS(3, (uintptr_t) "secret", 4096), -EAGAIN);
	assert_bytes(&call, value_at(&call, 1, "buf"), "", 0, 0);
	end_call(&call);
	make_call(&call, "read", WORDS(3, (uintptr_t) "secret", 4096), 0);
	assert_bytes(&call, value_at(&call, 1, "buf"), "", 0, 0);
	end_call(&call);
	/* An address length below zero is the caller's mistake, and nothing to read either. */
	make_call(&call, "connect", WORDS(3, (uintptr_t) "secret", (uint32_t)-1), -EINVAL);
	assert_bytes(&call, value_at(&call, 1, "uservaddr"), "", 0, 0);
	end_call(&call);
}

static void bad_pointers_are_unavailable(void **state)
{
	(void)state;
	struct call call;
	make_call(&call, "write", WORDS(1, 8, 5), -EFAULT);
	const char *bytes, *why;
	uint32_t length, flags;
	assert_false(value_bytes(value_at(&call, 1, "buf"), &call.entry.slots, &bytes, &length,
				 &flags, &why));
	assert_number(&call, value_at(&call, 2, "count"), 5);
	end_call(&call);
	make_call(&call, "openat", WORDS(3, 0, 0), -EFAULT);
	assert_bytes(&call, value_at(&call, 1, "filename"), "", 0, FETCH_BLOB_NULL);
	end_call(&call);
}

static void connect_reads_the_whole_address(void **state)
{
	(void)state;
	struct call call;
	/* Longer than the limit for texts, which is not meant for addresses. */
	struct sockaddr_storage address = {.ss_family = AF_UNIX};
	memset((char *)&address + 2, 'p', 60);
	make_call(&call, "connect", WORDS(5, (uintptr_t)&address, 62), 0);
	const struct value *value = value_at(&call, 1, "uservaddr");
	assert_int_equal(value->type->kind, TYPE_BYTES);
	assert_string_equal(value->type->name, "struct sockaddr *");
	assert_bytes(&call, value, &address, 62, 0);
	end_call(&call);
}

static void accept_reads_the_address_at_return(void **state)
{
	(void)state;
	struct call call;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
	/* The words beside the length must not count. */
	const int length[2] = {sizeof(address), 0x11111111};
	make_call(&call, "accept4", WORDS(5, (uintptr_t)&address, (uintptr_t)length, 0), 6);
	const struct value *value = value_at(&call, 1, "upeer_sockaddr");
	assert_true(value->at_return);
	assert_bytes(&call, value, &address, sizeof(address), 0);
	end_call(&call);
	make_call(&call, "accept4", WORDS(5, 0, 0, 0), 6);
	assert_bytes(&call, value_at(&call, 1, "upeer_sockaddr"), "", 0, FETCH_BLOB_NULL);
	end_call(&call);
}

static void mmap_takes_six(void **state)
{
	(void)state;
	struct call call;
	make_call(&call, "mmap", WORDS(0, 8192, 3, 0x22, 0xffffffff, 4096), 0x7f0000000000);
	assert_int_equal(call.site->arguments.count, 6);
	assert_number(&call, value_at(&call, 0, "addr"), 0);
	assert_number(&call, value_at(&call, 1, "len"), 8192);
	assert_number(&call, value_at(&call, 2, "prot"), 3);
	assert_number(&call, value_at(&call, 3, "flags"), 0x22);
	assert_number(&call, value_at(&call, 4, "fd"), -1);
	assert_number(&call, value_at(&call, 5, "off"), 4096);
	assert_int_equal(call.site->results.items[0].type->kind, TYPE_POINTER);
	end_call(&call);
}

static void pipe_gives_two_descriptors(void **state)
{
	(void)state;
	struct call call;
	const int fds[2] = {3, 4};
	make_call(&call, "pipe2", WORDS((uintptr_t)fds, O_CLOEXEC), 0);
	const struct value *value = value_at(&call, 0, "fildes");
	assert_int_equal(value->type->target->kind, TYPE_FD);
	if (result_spares_arguments)
		assert_bytes(&call, value, fds, sizeof(fds), 0);
	else
		assert_non_null(value->unavailable);
	assert_number(&call, value_at(&call, 1, "flags"), O_CLOEXEC);
	end_call(&call);
}

/* Of the interpreter in kernel_run_plan.c: what was asked for. */
static void assert_file(const struct value *value, const struct slots *slots, uint32_t index,
			const char *wanted)
{
	const char *bytes;
	uint32_t length;
	bool found = value_file(value, slots, index, &bytes, &length);
	assert_int_equal(found, wanted != NULL);
	if (wanted)
		assert_string_equal(bytes + sizeof(struct fetch_file), wanted);
}

static void descriptors_come_with_their_files(void **state)
{
	(void)state;
	struct call call;
	make_call_with(&call, true, "renameat",
		       WORDS(0xdead0000ffffff9c, (uintptr_t) "a", 5, (uintptr_t) "b"), 0);
	assert_file(value_at(&call, 0, "olddfd"), &call.entry.slots, 0, "cwd");
	assert_file(value_at(&call, 2, "newdfd"), &call.entry.slots, 0, "5");
	assert_bytes(&call, value_at(&call, 1, "oldname"), "a", 1, 0);
	assert_bytes(&call, value_at(&call, 3, "newname"), "b", 1, 0);
	assert_file(value_at(&call, 1, "oldname"), &call.entry.slots, 0, NULL);
	end_call(&call);
	make_call_with(&call, true, "close", WORDS(-1), -EBADF);
	assert_file(value_at(&call, 0, "fd"), &call.entry.slots, 0, NULL);
	end_call(&call);
	make_call(&call, "close", WORDS(3), 0);
	assert_file(value_at(&call, 0, "fd"), &call.entry.slots, 0, NULL);
	end_call(&call);
}

/* They are read before anything whose size may differ when it is read again at the return. */
static void files_stand_first_in_the_plan(void **state)
{
	(void)state;
	struct call call;
	make_call_with(&call, true, "linkat", WORDS(3, (uintptr_t) "a", 4, (uintptr_t) "b", 0), 0);
	const struct fetch_plan *plan = call.site->entry_plan;
	int files = 0, others = 0;
	for (uint32_t i = 0; i < plan->n_ops; i++) {
		files += plan->ops[i].code == FETCH_FILE;
		others += plan->ops[i].code == FETCH_STRING;
		assert_false(plan->ops[i].code == FETCH_FILE && others);
	}
	assert_int_equal(files, 2);
	assert_int_equal(others, 2);
	end_call(&call);
}

static void results_come_with_their_files(void **state)
{
	(void)state;
	struct call call;
	make_call_with(&call, true, "openat", WORDS(3, (uintptr_t) "x", 0, 0), 7);
	const struct value *result = &call.site->results.items[0];
	assert_file(result, &call.leave.slots, 0, "7");
	assert_int_equal(result->slot, VALUE_NO_SLOT);
	end_call(&call);
	/* -ENETDOWN is the number that stands for the working directory elsewhere. */
	make_call_with(&call, true, "socket", WORDS(2, 1, 0), -ENETDOWN);
	assert_file(&call.site->results.items[0], &call.leave.slots, 0, NULL);
	end_call(&call);
	make_call_with(&call, true, "read", WORDS(3, (uintptr_t) "abc", 3), 3);
	assert_file(&call.site->results.items[0], &call.leave.slots, 0, NULL);
	assert_bytes(&call, value_at(&call, 1, "buf"), "abc", 3, 0);
	end_call(&call);
	const int fds[2] = {8, 9};
	make_call_with(&call, true, "pipe2", WORDS((uintptr_t)fds, 0), 0);
	const struct value *value = value_at(&call, 0, "fildes");
	if (result_spares_arguments) {
		assert_file(value, &call.leave.slots, 0, "8");
		assert_file(value, &call.leave.slots, 1, "9");
		assert_bytes(&call, value, fds, sizeof(fds), 0);
	}
	end_call(&call);
}

static void structures_show_their_members(void **state)
{
	(void)state;
	struct call call;
	struct __kernel_timespec time = {.tv_sec = 12, .tv_nsec = 345};
	make_call(&call, "clock_nanosleep", WORDS(1, 0, (uintptr_t)&time, 0), 0);
	const struct value *request = value_at(&call, 2, "rqtp");
	assert_false(request->at_return);
	assert_int_equal(request->n_members, 2);
	assert_string_equal(request->members[1].name, "tv_nsec");
	assert_number(&call, &request->members[0], 12);
	assert_number(&call, &request->members[1], 345);
	end_call(&call);
	/* An output: the pointer is known from the start, the members at return. */
	make_call(&call, "clock_gettime", WORDS(1, (uintptr_t)&time), 0);
	const struct value *now = value_at(&call, 1, "tp");
	assert_false(now->at_return);
	assert_int_equal(call.entry.n_slots, 2);
	assert_number(&call, now, (intptr_t)&time);
	assert_int_equal(now->n_members, 2);
	assert_true(now->members[1].at_return);
	assert_number(&call, &now->members[1], 345);
	end_call(&call);
}

static void depth_0_leaves_pointers_alone(void **state)
{
	(void)state;
	struct probe_set set;
	const struct compile_options options = {.string_limit = 32, .depth = 0};
	assert_ok(probe_set_init(&set, &options));
	add(&set, SPEC_NAME_EXACT, "clock_gettime");
	const struct value *now = &set.sites.items[1]->arguments.items[1];
	assert_int_equal(now->n_members, 0);
	assert_true(now->slot >= 0);
	probe_set_deinit(&set);
}

static void all_calls_fit_their_plans(void **state)
{
	(void)state;
	struct probe_set set;
	set_init(&set, false);
	add(&set, SPEC_NAME_GLOB, "*");
	size_t count;
	syscall_first(&count);
	/* The two that only the kernel's trampolines make are asked for by name or not at all. */
	assert_int_equal(set.sites.count, count + 1 - 2);
	assert_int_equal(set.probes.count, count - 2);
	assert_null(site_named(&set, "uretprobe"));
	ask(&set, "", SPEC_NAME_EXACT, "uretprobe");
	assert_non_null(site_named(&set, "uretprobe"));
	assert_ids(&set);
	for (size_t i = 1; i < set.sites.count; i++) {
		const struct probe_site *site = set.sites.items[i];
		const struct syscall_info *call = syscall_by_number(site->syscall_number);
		assert_string_equal(site->probe->name, call->name);
		assert_int_equal(site->probe->kind, PROBE_SYSCALL);
		assert_int_equal(site->arguments.count, call->n_arguments);
		assert_int_equal(!call->no_return, !!(site->wire.flags & SITE_HAS_RETURN));
		for (size_t n = 0; n < site->arguments.count; n++)
			if (result_spares_arguments)
				assert_true(site->arguments.items[n].slot >= 0);
	}
	probe_set_deinit(&set);
}

static void names_globs_and_classes_add_calls_once(void **state)
{
	(void)state;
	struct probe_set set;
	set_init(&set, false);
	add(&set, SPEC_NAME_EXACT, "openat");
	assert_int_equal(set.sites.count, 2);
	add(&set, SPEC_NAME_GLOB, "openat*");
	assert_int_equal(set.sites.count, 3);
	assert_non_null(site_named(&set, "openat2"));
	add(&set, SPEC_NAME_CLASS, "ipc");
	assert_non_null(site_named(&set, "shmget"));
	assert_null(site_named(&set, "read"));
	add(&set, SPEC_NAME_REGEX, "^p(read|write)64$");
	assert_non_null(site_named(&set, "pread64"));
	assert_non_null(site_named(&set, "pwrite64"));
	size_t before = set.sites.count;
	add(&set, SPEC_NAME_EXACT, "no_such_call");
	add(&set, SPEC_NAME_CLASS, "no_such_class");
	add(&set, SPEC_NAME_EXACT, "openat");
	assert_int_equal(set.sites.count, before);
	assert_ids(&set);
	probe_set_deinit(&set);
}

static void bare_names_may_be_calls(void **state)
{
	(void)state;
	struct probe_set set;
	set_init(&set, false);
	struct spec spec = {.kind = PROBE_CALL,
			    .kind_given = true,
			    .name_kind = SPEC_NAME_EXACT,
			    .name = "openat",
			    .text = "openat"};
	assert_ok(syscalls_add_probes(&set, &spec)); /* call:openat */
	assert_int_equal(set.sites.count, 1);
	spec.kind_given = false;
	spec.module = "libc";
	assert_ok(syscalls_add_probes(&set, &spec));
	assert_int_equal(set.sites.count, 1);
	spec.module = NULL;
	assert_ok(syscalls_add_probes(&set, &spec));
	assert_int_equal(set.sites.count, 2);
	spec.name_kind = SPEC_NAME_GLOB;
	spec.name = "*";
	assert_ok(syscalls_add_probes(&set, &spec));
	assert_int_equal(set.sites.count, 2);
	probe_set_deinit(&set);
}

static void negation_takes_calls_away_and_keeps_owners(void **state)
{
	(void)state;
	struct probe_set set;
	set_init(&set, false);
	add(&set, SPEC_NAME_GLOB, "open*");
	/* A function behind them: its return site names the entry site as its owner. */
	struct probe *function;
	struct probe_site *entry, *leave;
	assert_ok(probe_set_add_probe(&set, &function));
	function->kind = PROBE_CALL;
	function->name = "openat";
	assert_ok(probe_set_add_site(&set, function, &entry));
	entry->wire.kind = SITE_ENTRY;
	assert_ok(probe_set_add_site(&set, function, &leave));
	leave->wire.kind = SITE_RETURN;
	leave->wire.owner = entry->id;
	size_t sites = set.sites.count, probes = set.probes.count;
	take_away(&set, SPEC_NAME_EXACT, "openat");
	assert_int_equal(set.sites.count, sites - 1);
	assert_int_equal(set.probes.count, probes - 1);
	assert_ptr_equal(site_named(&set, "openat"), entry);
	assert_int_equal(leave->wire.owner, entry->id);
	assert_ids(&set);
	take_away(&set, SPEC_NAME_CLASS, "file");
	assert_null(site_named(&set, "openat2"));
	assert_int_equal(leave->wire.owner, entry->id);
	assert_ids(&set);
	add(&set, SPEC_NAME_EXACT, "openat");
	assert_int_equal(set.sites.items[set.sites.count - 1]->wire.kind, SITE_SYSCALL);
	probe_set_deinit(&set);
}

static void no_return_means_no_return_plan(void **state)
{
	(void)state;
	struct call call;
	make_call(&call, "exit_group", WORDS(3), 0);
	assert_null(call.site->return_plan);
	assert_int_equal(call.site->wire.flags & SITE_HAS_RETURN, 0);
	assert_number(&call, value_at(&call, 0, "error_code"), 3);
	end_call(&call);
}

static void unknown_calls_show_raw_words(void **state)
{
	(void)state;
	struct probe_set set;
	set_init(&set, false);
	assert_ok(syscalls_add_unknown(&set, 1000));
	assert_ok(syscalls_add_unknown(&set, 1000));
	assert_int_equal(set.sites.count, 2);
	const struct probe_site *site = site_named(&set, "syscall_1000");
	assert_non_null(site);
	assert_int_equal(site->syscall_number, 1000);
	assert_true(site->wire.flags & SITE_HAS_RETURN);
	assert_int_equal(site->arguments.count, 6);
	static struct plan_run run;
	for (int i = 0; i < SYSCALL_ARGUMENTS_MAX; i++)
		run.regs[argument_words[i]] = 0xf000000000000000 + (uint64_t)i;
	plan_run(&run, site->entry_plan);
	for (size_t i = 0; i < 6; i++) {
		uint64_t got = 0;
		const char *why;
		assert_int_equal(site->arguments.items[i].type->kind, TYPE_HEX);
		assert_true(value_scalar(&site->arguments.items[i], &run.slots, &got, &why));
		assert_true(got == 0xf000000000000000 + i);
	}
	/* Known after all. */
	assert_ok(syscalls_add_unknown(&set, SYS_read));
	assert_non_null(site_named(&set, "read"));
	take_away(&set, SPEC_NAME_GLOB, "syscall_*");
	assert_null(site_named(&set, "syscall_1000"));
	probe_set_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openat_reads_its_path_at_entry),
		cmocka_unit_test(write_reads_as_much_as_it_writes),
		cmocka_unit_test(read_reads_what_came),
		cmocka_unit_test(errors_read_no_buffer),
		cmocka_unit_test(bad_pointers_are_unavailable),
		cmocka_unit_test(connect_reads_the_whole_address),
		cmocka_unit_test(accept_reads_the_address_at_return),
		cmocka_unit_test(mmap_takes_six),
		cmocka_unit_test(pipe_gives_two_descriptors),
		cmocka_unit_test(descriptors_come_with_their_files),
		cmocka_unit_test(files_stand_first_in_the_plan),
		cmocka_unit_test(results_come_with_their_files),
		cmocka_unit_test(structures_show_their_members),
		cmocka_unit_test(depth_0_leaves_pointers_alone),
		cmocka_unit_test(all_calls_fit_their_plans),
		cmocka_unit_test(names_globs_and_classes_add_calls_once),
		cmocka_unit_test(bare_names_may_be_calls),
		cmocka_unit_test(negation_takes_calls_away_and_keeps_owners),
		cmocka_unit_test(no_return_means_no_return_plan),
		cmocka_unit_test(unknown_calls_show_raw_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
