/* SPDX-License-Identifier: Apache-2.0 */
#include "common/descriptors.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

/* Of a child whose helper keeps one end of a pipe: which of its descriptors were still open. */
static void only_one_is_left(void **state)
{
	(void)state;
	int ends[2], status;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		descriptors_keep_only(ends[1]);
		for (int fd = 1; fd < 256; fd++)
			if (fcntl(fd, F_GETFD) >= 0)
				_exit(fd);
		_exit(write(0, "x", 1) == 1 ? 0 : 255);
	}
	close(ends[1]);
	char byte = 0;
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_one_is_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
