/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/backends.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static void each_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < SYSCALL_BACKENDS; i++) {
		const struct syscall_backend_info *info =
			syscall_backend_info((enum syscall_backend)i);
		assert_non_null(info->name);
		assert_non_null(info->place);
		assert_non_null(info->others);
		for (int other = 0; other < i; other++)
			assert_string_not_equal(
				info->name,
				syscall_backend_info((enum syscall_backend)other)->name);
	}
}

/* Calls that are few enough must fit, whatever serves them. */
static void few_calls_always_fit(void **state)
{
	(void)state;
	for (int i = 0; i < SYSCALL_BACKENDS; i++) {
		size_t most = syscall_backend_info((enum syscall_backend)i)->calls_max;
		assert_true(!most || most >= SYSCALLS_FEW);
	}
}

/* As `ls /sys/kernel/tracing/events/syscalls` has them. */
static void the_kernel_names_some_calls_otherwise(void **state)
{
	(void)state;
	assert_string_equal(syscall_kernel_name("getppid"), "getppid");
	assert_string_equal(syscall_kernel_name("fstat"), "newfstat");
	assert_string_equal(syscall_kernel_name("uname"), "newuname");
	assert_string_equal(syscall_kernel_name("umount2"), "umount");
	assert_string_equal(syscall_kernel_name("sendfile"), "sendfile64");
	assert_string_equal(syscall_kernel_name("newfstatat"), "newfstatat");
}

/* Every call of the table that this kernel has a tracepoint for is found under that name. */
static void tracepoints_are_found(void **state)
{
	static const char *const common[] = {"read",	 "openat", "fstat",  "uname",	  "umount2",
					     "sendfile", "mmap",   "execve", "exit_group"};
	(void)state;
	if (access("/sys/kernel/tracing/events/syscalls", X_OK) != 0)
		skip();
	for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++) {
		char path[256];
		snprintf(path, sizeof(path), "/sys/kernel/tracing/events/syscalls/sys_enter_%s",
			 syscall_kernel_name(common[i]));
		if (access(path, F_OK) != 0)
			fail_msg("no tracepoint for '%s' at %s", common[i], path);
	}
}

/* What is tried is named when it is not there, and the places of every kernel always are. */
static void trying_says_what_is_missing(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_null(syscall_backend_try(SYSCALLS_TP_BTF));
	assert_null(syscall_backend_try(SYSCALLS_RAW_TP));
	for (int i = SYSCALLS_TRACEPOINT; i < SYSCALL_BACKENDS; i++) {
		struct err *e = syscall_backend_try((enum syscall_backend)i);
		if (!e)
			continue;
		assert_err(e, ERR_UNSUPPORTED, syscall_backend_info((enum syscall_backend)i)->name);
	}
}

/* A kernel that has one of these (6.12 and later ones) has counted its misses since 6.7. */
static void misses_are_counted_by_new_kernels(void **state)
{
	(void)state;
	if (geteuid() != 0 || access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		skip();
	struct err *e = syscall_backend_try(SYSCALLS_SLEEPABLE);
	bool is_new = !e;
	err_free(e);
	if (is_new)
		assert_true(syscall_events_count_misses());
	else
		(void)syscall_events_count_misses();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_a_name_of_its_own),
		cmocka_unit_test(few_calls_always_fit),
		cmocka_unit_test(the_kernel_names_some_calls_otherwise),
		cmocka_unit_test(tracepoints_are_found),
		cmocka_unit_test(trying_says_what_is_missing),
		cmocka_unit_test(misses_are_counted_by_new_kernels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
