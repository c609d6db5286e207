/* SPDX-License-Identifier: Apache-2.0 */
/* Whose perf map is believed. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "target/target.h"

static void write_map(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(write(fd, "1000 10 f\n", 10), 10);
	close(fd);
}

/* Its own regular file, which nobody else writes; no link, no pipe. */
static void a_perf_map_must_be_its_own(void **state)
{
	char path[64], other[80];
	struct process *process;
	int fd = -1;
	(void)state;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	snprintf(other, sizeof(other), "%s.other", path);
	unlink(path);
	assert_ok(process_open(getpid(), &process));
	assert_err(process_open_perf_map(process, &fd), ERR_FAILED, "perf-");
	write_map(path, 0644);
	assert_ok(process_open_perf_map(process, &fd));
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
	assert_int_equal(chmod(path, 0666), 0);
	assert_err(process_open_perf_map(process, &fd), ERR_PERMISSION, "by others");
	if (geteuid() == 0) {
		assert_int_equal(chmod(path, 0644), 0);
		assert_int_equal(chown(path, 12345, 12345), 0);
		assert_err(process_open_perf_map(process, &fd), ERR_PERMISSION, "by others");
	}
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_err(process_open_perf_map(process, &fd), ERR_FAILED, "perf-");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_err(process_open_perf_map(process, &fd), ERR_FAILED, "no file");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(other), 0);
	process_close(process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_perf_map_must_be_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
