/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernel/calls.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/process/closer.h"
#include "tests/unit/unit.h"

static void begin(struct probe_set *set, const char *const *names)
{
	assert_ok(probe_set_init(set, &(struct compile_options){0}));
	for (; *names; names++) {
		const struct spec spec = {.text = *names, .kind = PROBE_SYSCALL, .name = *names};
		assert_ok(syscalls_add_probes(set, &spec));
	}
}

static void a_tracepoint_has_a_number(void **state)
{
	char directory[] = "/tmp/utrail-unit-XXXXXX", path[256];
	(void)state;
	assert_non_null(mkdtemp(directory));
	const char *const below[] = {"syscalls", "syscalls/sys_enter_newfstat"};
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, below[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(path, sizeof(path), "%s/%s/id", directory, below[1]);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs("4711\n", file);
	fclose(file);
	assert_int_equal(calls_tracepoint_id(directory, "enter", "fstat"), 4711);
	assert_int_equal(calls_tracepoint_id(directory, "exit", "fstat"), 0);
	assert_int_equal(calls_tracepoint_id(directory, "enter", "read"), 0);
	assert_int_equal(calls_tracepoint_id("/nonexistent", "enter", "fstat"), 0);
	unlink(path);
	for (size_t i = 2; i-- > 0;) {
		snprintf(path, sizeof(path), "%s/%s", directory, below[i]);
		rmdir(path);
	}
	rmdir(directory);
}

static void many_calls_share_the_tracepoints_of_all(void **state)
{
	static const char *const names[] = {"read", "write", "openat", "close", NULL};
	struct call_choice choice;
	struct probe_set set;
	(void)state;
	begin(&set, names);
	assert_ok(calls_choose(SYSCALLS_AUTO, &set, &choice));
	assert_int_equal(choice.backend, SYSCALLS_TP_BTF);
	assert_string_equal(choice.why, "more than three calls");
	assert_int_equal(choice.unseen, 0);
	probe_set_deinit(&set);
}

/* Which it is depends on the kernel; that there is a reason does not. */
static void few_calls_have_their_own_or_a_reason(void **state)
{
	static const char *const names[] = {"read", "write", "openat", NULL};
	struct call_choice choice;
	struct probe_set set;
	(void)state;
	begin(&set, names);
	assert_ok(calls_choose(SYSCALLS_AUTO, &set, &choice));
	if (choice.backend == SYSCALLS_TRACEPOINT)
		assert_non_null(choice.directory);
	else
		assert_int_equal(choice.backend, SYSCALLS_TP_BTF);
	assert_true(strlen(choice.why) > 5);
	probe_set_deinit(&set);
}

static void what_was_asked_for_is_taken(void **state)
{
	static const char *const names[] = {"read", NULL};
	struct call_choice choice;
	struct probe_set set;
	(void)state;
	begin(&set, names);
	assert_ok(calls_choose(SYSCALLS_RAW_TP, &set, &choice));
	assert_int_equal(choice.backend, SYSCALLS_RAW_TP);
	assert_string_equal(choice.why, "--syscall-backend was given");
	probe_set_deinit(&set);
}

/* A call of Linux 2.0 that 5.5 has taken away. */
static void what_is_not_seen_is_named(void **state)
{
	static const char *const names[] = {"read", "_sysctl", NULL};
	struct call_choice choice;
	struct probe_set set;
	(void)state;
	if (!syscall_by_name("_sysctl") || geteuid() != 0 ||
	    access("/sys/kernel/tracing/events/syscalls/sys_enter_read/id", R_OK) != 0)
		skip();
	begin(&set, names);
	assert_ok(calls_choose(SYSCALLS_TRACEPOINT, &set, &choice));
	assert_int_equal(choice.unseen, 1);
	assert_int_equal(set.notes.count, 1);
	assert_string_equal(set.notes.items[0].text,
			    "1 system call is not seen by 'tracepoint': _sysctl");
	for (size_t i = 1; i < set.sites.count; i++)
		assert_int_equal(set.sites.items[i]->is_unseen,
				 strcmp(set.sites.items[i]->probe->name, "_sysctl") == 0);
	probe_set_deinit(&set);
	begin(&set, names + 1);
	assert_err(calls_choose(SYSCALLS_TRACEPOINT, &set, &choice), ERR_UNSUPPORTED, "_sysctl");
	probe_set_deinit(&set);
}

/* The reader sees the end once nobody has the writer's end any more: also no child. */
static void what_is_closed_later_is_closed(void **state)
{
	int ends[2], other[2];
	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pipe(other), 0);
	close_later(&ends[1], 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	close_later(&ends[1], 1);
	assert_int_equal(write(ends[1], "x", 1), -1);
	assert_int_equal(errno, EBADF);
	char bytes[4];
	struct pollfd end = {.fd = ends[0], .events = POLLIN};
	assert_int_equal(poll(&end, 1, 20000), 1);
	assert_int_equal(read(ends[0], bytes, sizeof(bytes)), 1);
	assert_int_equal(read(ends[0], bytes, sizeof(bytes)), 0);
	/* And the child does not keep what it was not given. */
	close(other[1]);
	assert_int_equal(read(other[0], bytes, sizeof(bytes)), 0);
	close(ends[0]);
	close(other[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tracepoint_has_a_number),
		cmocka_unit_test(many_calls_share_the_tracepoints_of_all),
		cmocka_unit_test(few_calls_have_their_own_or_a_reason),
		cmocka_unit_test(what_was_asked_for_is_taken),
		cmocka_unit_test(what_is_not_seen_is_named),
		cmocka_unit_test(what_is_closed_later_is_closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
