/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/sysmacros.h>

#include "output/names.h"

static void errors_have_names_and_words(void **state)
{
	(void)state;
	assert_string_equal(names_errno(ENOENT), "ENOENT");
	assert_string_equal(names_errno_text(ENOENT), "No such file or directory");
	assert_string_equal(names_errno(512), "ERESTARTSYS");
	assert_string_equal(names_errno(516), "ERESTART_RESTARTBLOCK");
	assert_true(names_errno_restarts(514));
	assert_false(names_errno_restarts(515));
	assert_false(names_errno_restarts(EINTR));
	assert_null(names_errno(4000));
	assert_null(names_errno_text(4000));
	assert_true(result_failed(-1));
	assert_true(result_failed(-4095));
	assert_false(result_failed(-4096));
	assert_false(result_failed(0));
}

static void signals_have_names(void **state)
{
	(void)state;
	char text[NAMES_MAX];
	assert_string_equal(names_signal(SIGSEGV, text), "SIGSEGV");
	assert_string_equal(names_signal(SIGKILL, text), "SIGKILL");
	assert_string_equal(names_signal(32, text), "SIGRTMIN");
	assert_string_equal(names_signal(64, text), "SIGRT_32");
	assert_string_equal(names_signal(100, text), "signal 100");
}

static void signals_have_short_names(void **state)
{
	(void)state;
	char text[NAMES_MAX];
	assert_string_equal(names_signal_short(SIGCHLD, text), "CHLD");
	assert_string_equal(names_signal_short(32, text), "RTMIN");
	assert_string_equal(names_signal_short(33, text), "RT_1");
	for (int i = 1; i <= 64; i++)
		assert_true(names_is_signal(i) && names_signal_short(i, text)[0]);
	assert_false(names_is_signal(0));
	assert_false(names_is_signal(65));
	assert_false(names_is_signal(-1));
}

static void devices_have_two_numbers(void **state)
{
	(void)state;
	const dev_t device = makedev(0x801, 0x12345);
	struct device_number number = device_number(device);
	assert_int_equal(number.major, major(device));
	assert_int_equal(number.minor, minor(device));
}

/* 12 bits of major, 20 of minor: MKDEV() of include/linux/kdev_t.h. */
static void devices_of_the_kernel_are_the_same(void **state)
{
	(void)state;
	struct device_number number = device_number(device_of_kernel(0x801ULL << 20 | 0x12345));
	assert_int_equal(number.major, 0x801);
	assert_int_equal(number.minor, 0x12345);
	assert_int_equal(device_of_kernel(254 << 20 | 3), makedev(254, 3));
}

/* The low 32 bits of a dev_t have the layout of /proc/PID/stat. */
static void terminals_have_names(void **state)
{
	(void)state;
	char text[NAMES_MAX];
	assert_string_equal(names_tty(0, text), "?");
	assert_string_equal(names_tty((uint32_t)makedev(136, 3), text), "pts/3");
	assert_string_equal(names_tty((uint32_t)makedev(136, 70000), text), "pts/70000");
	assert_string_equal(names_tty((uint32_t)makedev(137, 1), text), "pts/257");
	assert_string_equal(names_tty((uint32_t)makedev(4, 1), text), "tty1");
	assert_string_equal(names_tty((uint32_t)makedev(4, 64), text), "ttyS0");
	assert_string_equal(names_tty((uint32_t)makedev(5, 1), text), "console");
	assert_string_equal(names_tty((uint32_t)makedev(204, 64), text), "tty:204:64");
	assert_string_equal(names_tty(UINT32_MAX, text), "tty:4095:1048575");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_have_names_and_words),
		cmocka_unit_test(signals_have_names),
		cmocka_unit_test(signals_have_short_names),
		cmocka_unit_test(devices_have_two_numbers),
		cmocka_unit_test(devices_of_the_kernel_are_the_same),
		cmocka_unit_test(terminals_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
