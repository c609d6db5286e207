/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/version.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "common/array.h"
#include "tests/unit/unit.h"

/* The C library's own numbers: SYS_read from <sys/syscall.h>. */
static const struct {
	const char *name;
	uint32_t number;
} numbers[] = {
#include "syscall_numbers.h"
};

static const struct syscall_info *call_named(const char *name)
{
	const struct syscall_info *call = syscall_by_name(name);
	if (!call)
		fail_msg("no system call '%s'", name);
	return call;
}

static const struct syscall_argument *argument_named(const char *name, const char *argument)
{
	const struct syscall_info *call = call_named(name);
	for (uint32_t i = 0; i < call->n_arguments; i++)
		if (strcmp(call->arguments[i].name, argument) == 0)
			return &call->arguments[i];
	fail_msg("%s has no argument '%s'", name, argument);
	return NULL;
}

static const struct enumerator *find_constant(const struct type *type, const char *name)
{
	for (uint32_t i = 0; i < type->n_enumerators; i++)
		if (strcmp(type->enumerators[i].name, name) == 0)
			return &type->enumerators[i];
	fail_msg("no constant '%s'", name);
	return NULL;
}

static const struct enumerator *constant(const char *call, const char *argument, const char *name)
{
	return find_constant(argument_named(call, argument)->type, name);
}

static void numbers_are_those_of_the_c_library(void **state)
{
	(void)state;
	assert_true(array_size(numbers) > 250);
	for (size_t i = 0; i < array_size(numbers); i++) {
		assert_int_equal(call_named(numbers[i].name)->number, numbers[i].number);
		const struct syscall_info *call = syscall_by_number(numbers[i].number);
		assert_non_null(call);
		assert_string_equal(call->name, numbers[i].name);
	}
}

static void unknown_numbers_and_names_are_none(void **state)
{
	(void)state;
	assert_null(syscall_by_number(400)); /* the gap that all machines leave: 387 to 402 */
	assert_null(syscall_by_number(UINT32_MAX));
	assert_null(syscall_by_name(""));
	assert_null(syscall_by_name("opena"));
}

static bool is_known_length(const struct syscall_info *call,
			    const struct syscall_argument *argument)
{
	int8_t length = argument->length_arg;
	bool is_bytes = argument->type->kind == TYPE_BYTES;
	if (is_bytes && argument->type->length_arg != length)
		return false;
	if (!is_bytes && length == 0)
		return argument->shape != SHAPE_BUFFERS;
	return length == SYSCALL_LENGTH_RESULT ? argument->at_return
					       : length > 0 && (uint8_t)length <= call->n_arguments;
}

/* Headers before 6.9, as those of Debian 12, know none of FUTEX2_* (6.7) and PIDFD_SIGNAL_*. */
static const bool old_headers = LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0);

static void check_type(const struct type *type)
{
	assert_non_null(type);
	assert_non_null(type->name);
	assert_true(type->kind != TYPE_UNKNOWN);
	if (type->kind == TYPE_ENUM || type->kind == TYPE_FLAGS)
		assert_true(type->n_enumerators > 0 || (old_headers && type->kind == TYPE_FLAGS));
	if (type->kind != TYPE_VOID && type->kind != TYPE_ARRAY)
		assert_true(type->size == 2 || type->size == 4 || type->size == 8);
}

static void every_call_is_whole(void **state)
{
	(void)state;
	size_t count;
	const struct syscall_info *calls = syscall_first(&count);
	assert_true(count > 300);
	for (size_t i = 0; i < count; i++) {
		const struct syscall_info *call = &calls[i];
		assert_true(i == 0 || calls[i - 1].number < call->number);
		assert_true(call->n_arguments <= SYSCALL_ARGUMENTS_MAX);
		check_type(call->result.type);
		assert_int_equal(call->no_return, call->result.type->kind == TYPE_VOID);
		for (uint32_t n = 0; n < call->n_arguments; n++) {
			assert_true(call->arguments[n].name[0] != '\0');
			check_type(call->arguments[n].type);
			assert_true(is_known_length(call, &call->arguments[n]));
		}
	}
}

/* strace(1): the text of each class, and the calls that it names. */
static void classes_are_those_of_strace(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint32_t classes;
	} expected[] = {
		{"openat", SYSCALL_FILE | SYSCALL_DESC},
		{"execve", SYSCALL_FILE | SYSCALL_PROCESS},
		{"newfstatat", SYSCALL_FILE | SYSCALL_DESC},
		{"chdir", SYSCALL_FILE},
		{"read", SYSCALL_DESC},
		{"write", SYSCALL_DESC},
		{"close", SYSCALL_DESC},
		{"connect", SYSCALL_NETWORK},
		{"sendto", SYSCALL_NETWORK},
		{"mmap", SYSCALL_MEMORY | SYSCALL_DESC},
		{"munmap", SYSCALL_MEMORY},
		{"clone", SYSCALL_PROCESS},
		{"wait4", SYSCALL_PROCESS},
		{"exit_group", SYSCALL_PROCESS},
		{"kill", SYSCALL_SIGNAL | SYSCALL_PROCESS},
		{"rt_sigaction", SYSCALL_SIGNAL},
		{"shmget", SYSCALL_IPC},
		{"semop", SYSCALL_IPC},
		{"getpid", 0},
		{"futex", 0},
	};
	for (size_t i = 0; i < array_size(expected); i++)
		if (call_named(expected[i].name)->classes != expected[i].classes)
			fail_msg("%s: classes %#x", expected[i].name,
				 call_named(expected[i].name)->classes);
	assert_int_equal(syscall_class_by_name("file"), SYSCALL_FILE);
	assert_int_equal(syscall_class_by_name("ipc"), SYSCALL_IPC);
	assert_int_equal(syscall_class_by_name("files"), 0);
	assert_int_equal(syscall_class_by_name(""), 0);
}

static void results_have_their_kind(void **state)
{
	(void)state;
	assert_int_equal(call_named("openat")->result.type->kind, TYPE_FD);
	assert_int_equal(call_named("accept4")->result.type->kind, TYPE_FD);
	assert_int_equal(call_named("read")->result.type->kind, TYPE_INT);
	assert_int_equal(call_named("getpid")->result.type->kind, TYPE_INT);
	assert_int_equal(call_named("mmap")->result.type->kind, TYPE_POINTER);
	assert_int_equal(call_named("brk")->result.type->kind, TYPE_POINTER);
	assert_true(call_named("exit_group")->no_return);
	assert_false(call_named("rt_sigreturn")->no_return);
	assert_false(call_named("execve")->no_return);
}

static void arguments_have_their_kind(void **state)
{
	(void)state;
	static const struct {
		const char *call, *argument;
		enum type_kind kind;
		uint32_t size;
		bool at_return;
	} expected[] = {
		{"openat", "dfd", TYPE_FD, 4, false},
		{"openat", "filename", TYPE_STRING, 8, false},
		{"openat", "flags", TYPE_FLAGS, 4, false},
		{"openat", "mode", TYPE_OCTAL, 2, false},
		{"write", "buf", TYPE_BYTES, 8, false},
		{"write", "count", TYPE_UINT, 8, false},
		{"read", "buf", TYPE_BYTES, 8, true},
		{"readv", "fd", TYPE_FD, 4, false},
		{"mmap", "prot", TYPE_FLAGS, 8, false},
		{"mmap", "fd", TYPE_FD, 4, false},
		{"mmap", "addr", TYPE_POINTER, 8, false},
		{"kill", "sig", TYPE_SIGNAL, 4, false},
		{"lseek", "offset", TYPE_INT, 8, false},
		{"lseek", "whence", TYPE_ENUM, 4, false},
		{"pipe2", "fildes", TYPE_POINTER, 8, true},
		{"connect", "uservaddr", TYPE_BYTES, 8, false},
		{"getcwd", "buf", TYPE_STRING, 8, true},
		{"execve", "argv", TYPE_ARRAY, 8, false},
		{"execve", "envp", TYPE_POINTER, 8, false},
		{"clock_gettime", "tp", TYPE_POINTER, 8, true},
	};
	for (size_t i = 0; i < array_size(expected); i++) {
		const struct syscall_argument *argument =
			argument_named(expected[i].call, expected[i].argument);
		if (argument->type->kind != expected[i].kind ||
		    argument->type->size != expected[i].size ||
		    argument->at_return != expected[i].at_return)
			fail_msg("%s %s: kind %d size %u", expected[i].call, expected[i].argument,
				 argument->type->kind, argument->type->size);
	}
	assert_int_equal(argument_named("write", "buf")->length_arg, 3);
	assert_int_equal(argument_named("read", "buf")->length_arg, SYSCALL_LENGTH_RESULT);
	assert_int_equal(argument_named("sendto", "addr")->length_arg, 6);
}

/* The C library's headers say the same as the kernel's, from which the table was made. */
static void constants_have_their_values(void **state)
{
	(void)state;
	assert_int_equal(constant("openat", "dfd", "AT_FDCWD")->value, AT_FDCWD);
	assert_int_equal(constant("openat", "flags", "O_CREAT")->value, O_CREAT);
	assert_int_equal(constant("openat", "flags", "O_CLOEXEC")->value, O_CLOEXEC);
	assert_int_equal(constant("openat", "flags", "O_RDONLY")->value, O_RDONLY);
	assert_int_equal(constant("openat", "flags", "O_RDONLY")->mask, O_ACCMODE);
	assert_int_equal(constant("openat", "flags", "O_RDWR")->mask, O_ACCMODE);
	assert_int_equal(constant("openat", "flags", "O_CREAT")->mask, 0);
	assert_int_equal(constant("mmap", "flags", "MAP_PRIVATE")->value, MAP_PRIVATE);
	assert_int_equal(constant("mmap", "flags", "MAP_PRIVATE")->mask, MAP_TYPE);
	assert_int_equal(constant("mmap", "prot", "PROT_EXEC")->value, PROT_EXEC);
	assert_int_equal(constant("socket", "family", "AF_INET6")->value, AF_INET6);
	assert_int_equal(constant("socket", "type", "SOCK_STREAM")->value, SOCK_STREAM);
	assert_int_equal(constant("setsockopt", "level", "SOL_TCP")->value, IPPROTO_TCP);
	int64_t type_mask = constant("socket", "type", "SOCK_STREAM")->mask;
	assert_int_equal(SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			 (type_mask & SOCK_DGRAM) | (~type_mask & (SOCK_CLOEXEC | SOCK_NONBLOCK)));
	assert_int_equal(constant("futex", "op", "FUTEX_WAKE")->mask & 0xffffffff,
			 FUTEX_CMD_MASK & 0xffffffff);
	assert_int_equal(constant("ioctl", "cmd", "TIOCGWINSZ")->value, TIOCGWINSZ);
	assert_int_equal(constant("clone", "clone_flags", "CLONE_IO")->value, 0x80000000);
}

static void names_of_more_bits_come_first(void **state)
{
	(void)state;
	const struct type *flags = argument_named("openat", "flags")->type;
	assert_true(find_constant(flags, "O_SYNC") < find_constant(flags, "O_DSYNC"));
	assert_true(find_constant(flags, "O_TMPFILE") < find_constant(flags, "O_DIRECTORY"));
	const struct type *mask = argument_named("statx", "mask")->type;
	assert_true(find_constant(mask, "STATX_BASIC_STATS") < find_constant(mask, "STATX_TYPE"));
}

static void errors_have_names(void **state)
{
	(void)state;
	assert_string_equal(errno_name(ENOENT), "ENOENT");
	assert_string_equal(errno_name(EAGAIN), "EAGAIN");
	assert_null(errno_name(0));
	assert_null(errno_name(-ENOENT));
	assert_null(errno_name(4095));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_of_the_c_library),
		cmocka_unit_test(unknown_numbers_and_names_are_none),
		cmocka_unit_test(every_call_is_whole),
		cmocka_unit_test(classes_are_those_of_strace),
		cmocka_unit_test(results_have_their_kind),
		cmocka_unit_test(arguments_have_their_kind),
		cmocka_unit_test(constants_have_their_values),
		cmocka_unit_test(names_of_more_bits_come_first),
		cmocka_unit_test(errors_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
