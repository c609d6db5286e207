/* SPDX-License-Identifier: Apache-2.0 */
#include "common/descriptors.h"

#include <fcntl.h>
#include <sys/socket.h>
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

static int open_descriptors(void)
{
	int count = 0;
	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* As many as there is room for; others are not left open. */
static void they_travel(void **state)
{
	(void)state;
	int pair[2], pipes[2], got[2];
	char text[8] = "";
	const struct iovec parts[] = {{(void *)"ab", 2}, {(void *)"cd", 3}};
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(descriptors_send(pair[0], parts, 2, pipes, 2), 5);
	assert_int_equal(descriptors_send(pair[0], parts, 1, pipes, 2), 2);
	assert_int_equal(descriptors_send(pair[0], parts, 1, NULL, 0), 2);
	assert_int_equal(descriptors_send(pair[0], parts, 1, pipes, DESCRIPTORS_MAX + 1), -1);
	assert_int_equal(descriptors_receive(pair[1], text, sizeof(text), got, 2), 5);
	assert_string_equal(text, "abcd");
	assert_int_equal(write(got[1], "x", 1), 1);
	assert_int_equal(read(pipes[0], text, 1), 1);
	assert_int_equal(text[0], 'x');
	assert_int_equal(fcntl(got[0], F_GETFD), FD_CLOEXEC);
	int before = open_descriptors();
	assert_int_equal(descriptors_receive(pair[1], text, sizeof(text), got, 1), 2);
	assert_int_equal(open_descriptors(), before + 1);
	assert_int_equal(descriptors_receive(pair[1], text, sizeof(text), got, 1), 2);
	assert_int_equal(got[0], -1);
	close(pair[0]);
	assert_int_equal(descriptors_receive(pair[1], text, sizeof(text), got, 1), 0);
	assert_int_equal(descriptors_receive(-1, text, sizeof(text), got, 1), -1);
}

static void all_or_nothing(void **state)
{
	(void)state;
	char name[] = "/tmp/descriptors-XXXXXX", text[8];
	int fd = mkstemp(name);
	unlink(name);
	assert_true(descriptors_write(fd, "0123456789", 10));
	assert_true(descriptors_read(fd, 3, text, 7));
	assert_memory_equal(text, "3456789", 7);
	assert_false(descriptors_read(fd, 4, text, 7));
	assert_false(descriptors_read(-1, 0, text, 1));
	assert_false(descriptors_write(-1, text, 1));
	assert_true(descriptors_write(-1, text, 0));
	close(fd);
}

static void the_limit_goes_up_and_back(void **state)
{
	(void)state;
	struct rlimit first, before, now;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &first), 0);
	const struct rlimit low = {first.rlim_max / 2, first.rlim_max};
	descriptors_allow(&low);
	descriptors_allow_all(&before);
	assert_int_equal(before.rlim_cur, low.rlim_cur);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(now.rlim_cur, first.rlim_max);
	assert_int_equal(now.rlim_max, first.rlim_max);
	descriptors_allow(&before);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(now.rlim_cur, low.rlim_cur);
	/* What was never asked for changes nothing. */
	descriptors_allow(&(struct rlimit){0});
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(now.rlim_cur, low.rlim_cur);
	descriptors_allow_all(NULL);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(now.rlim_cur, first.rlim_max);
	descriptors_allow(&first);
}

static void a_low_hard_limit_goes_up_where_it_may(void **state)
{
	(void)state;
	struct rlimit first, before, now;
	const struct rlimit low = {64, 64};
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &first), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	descriptors_allow_all(&before);
	assert_int_equal(before.rlim_max, low.rlim_max);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_true(now.rlim_max == low.rlim_max || now.rlim_max >= 8192);
	assert_int_equal(now.rlim_cur, now.rlim_max);
	descriptors_allow(&before);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	assert_int_equal(now.rlim_cur, low.rlim_cur);
	assert_int_equal(now.rlim_max, low.rlim_max);
	descriptors_allow(&first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_one_is_left),
		cmocka_unit_test(they_travel),
		cmocka_unit_test(all_or_nothing),
		cmocka_unit_test(the_limit_goes_up_and_back),
		cmocka_unit_test(a_low_hard_limit_goes_up_where_it_may),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
