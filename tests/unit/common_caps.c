/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities, as /proc/self/status tells them. What is dropped is dropped in a child. */
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/caps.h"

static uint64_t status_of(const char *field)
{
	char line[128], wanted[32];
	uint64_t value = UINT64_MAX;
	FILE *file = fopen("/proc/self/status", "re");
	assert_non_null(file);
	snprintf(wanted, sizeof(wanted), "%s: %%" SCNx64, field);
	while (fgets(line, sizeof(line), file)) {
/* A format of ours: the field's name is a constant. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		if (sscanf(line, wanted, &value) == 1)
			break;
#pragma GCC diagnostic pop
	}
	fclose(file);
	return value;
}

/* Runs `body` in a child, which ends with 0 when all is well. */
static void in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void effective_is_what_the_kernel_tells(void **state)
{
	(void)state;
	assert_int_equal(caps_effective(), status_of("CapEff"));
}

static void admin_stands_for_those_split_off(void **state)
{
	uint64_t admin = caps_bit(CAP_SYS_ADMIN);
	(void)state;
	assert_true(caps_has(admin, CAP_BPF));
	assert_true(caps_has(admin, CAP_PERFMON));
	assert_true(caps_has(admin, CAP_CHECKPOINT_RESTORE));
	assert_false(caps_has(admin, CAP_SYS_PTRACE));
	assert_false(caps_has(admin, CAP_DAC_READ_SEARCH));
	assert_false(caps_has(caps_bit(CAP_BPF), CAP_PERFMON));
	assert_false(caps_has(caps_bit(CAP_BPF), CAP_SYS_ADMIN));
}

static void names(void **state)
{
	char buffer[128];
	(void)state;
	caps_names(caps_bit(CAP_BPF), buffer, sizeof(buffer));
	assert_string_equal(buffer, "CAP_BPF");
	caps_names(caps_bit(CAP_BPF) | caps_bit(CAP_PERFMON), buffer, sizeof(buffer));
	assert_string_equal(buffer, "CAP_BPF and CAP_PERFMON");
	caps_names(caps_bit(CAP_BPF) | caps_bit(CAP_PERFMON) | caps_bit(CAP_SYS_PTRACE), buffer,
		   sizeof(buffer));
	assert_string_equal(buffer, "CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE");
	caps_names(caps_bit(CAP_CHOWN), buffer, sizeof(buffer));
	assert_string_equal(buffer, "");
	caps_names(0, buffer, sizeof(buffer));
	assert_string_equal(buffer, "");
	/* As much as fits. */
	caps_names(UINT64_MAX, buffer, 8);
	assert_int_equal(strlen(buffer), 7);
}

static void command_names_this_program(void **state)
{
	char buffer[4096], self[2048], wanted[4096];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	(void)state;
	assert_true(length > 0);
	self[length] = '\0';
	snprintf(wanted, sizeof(wanted), "sudo setcap cap_bpf,cap_perfmon+ep %s", self);
	caps_command(caps_bit(CAP_BPF) | caps_bit(CAP_PERFMON), buffer, sizeof(buffer));
	assert_string_equal(buffer, wanted);
}

static int drop_all(void)
{
	uint64_t bound = status_of("CapBnd");
	bool may_bound = caps_effective() & caps_bit(CAP_SETPCAP);
	struct err *e = caps_drop_to(0);
	if (e || status_of("CapEff") || status_of("CapPrm") || status_of("CapInh") ||
	    status_of("CapAmb"))
		return 1;
	if (status_of("CapBnd") != (may_bound ? 0 : bound))
		return 2;
	if (status_of("NoNewPrivs") != 1 || prctl(PR_GET_DUMPABLE) != 0)
		return 3;
	return caps_missing(caps_bit(CAP_BPF)) == caps_bit(CAP_BPF) ? 0 : 4;
}

static int keep_one(void)
{
	uint64_t kept = caps_effective() & caps_bit(CAP_SYS_PTRACE);
	/* Also out of a suspension: what is permitted counts. */
	struct err *e = caps_suspend();
	if (e || caps_effective() != 0 || (kept && !(status_of("CapPrm") & kept)))
		return 1;
	e = caps_drop_to(caps_bit(CAP_SYS_PTRACE));
	return e || status_of("CapEff") != kept || status_of("CapPrm") != kept;
}

static void drops(void **state)
{
	(void)state;
	in_child(drop_all);
	in_child(keep_one);
}

/* setcap replaces a file's set, so the command has what we have besides what is wanted. */
static int hint_after_drop(void)
{
	struct err *e = caps_drop_to(caps_bit(CAP_SYS_PTRACE));
	uint64_t have = caps_effective();
	char *text;
	if (e)
		return 1;
	e = caps_hint(err_new(ERR_PERMISSION, 0, "what"), caps_bit(CAP_BPF));
	text = err_text(e, "utrail");
	err_free(e);
	const char *wanted = have ? "setcap cap_bpf,cap_sys_ptrace+ep " : "setcap cap_bpf+ep ";
	int status = text && strstr(text, wanted) && strstr(text, "sudo utrail") ? 0 : 2;
	free(text);
	return status;
}

static void hint(void **state)
{
	(void)state;
	in_child(hint_after_drop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(effective_is_what_the_kernel_tells),
		cmocka_unit_test(admin_stands_for_those_split_off),
		cmocka_unit_test(names),
		cmocka_unit_test(command_names_this_program),
		cmocka_unit_test(drops),
		cmocka_unit_test(hint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
