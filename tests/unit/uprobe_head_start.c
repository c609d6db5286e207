/* SPDX-License-Identifier: Apache-2.0 */
/* A head start leaves nothing with us: no child, no descriptor; with or without the rights. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "uprobe/head_start.h"

static int lowest_free(void)
{
	int fd = dup(0);
	close(fd);
	return fd;
}

static void assert_nothing_left(int free_before)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(lowest_free(), free_before);
}

static void test_ended(void **state)
{
	(void)state;
	int before = lowest_free();
	struct head_start begun = head_start_begin();
	assert_true(begun.pid > 0);
	head_start_end(&begun);
	assert_nothing_left(before);
	/* Once more changes nothing. */
	head_start_end(&begun);
	assert_nothing_left(before);
}

/* It waits to be told, and holds nobody's output open meanwhile. */
static void test_has_nothing_of_ours(void **state)
{
	(void)state;
	int before = lowest_free(), ends[2];
	char byte;
	assert_int_equal(pipe(ends), 0);
	struct head_start begun = head_start_begin();
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	head_start_end(&begun);
	assert_nothing_left(before);
}

static void test_not_begun(void **state)
{
	(void)state;
	int before = lowest_free();
	struct head_start none = {.pipe = -1};
	head_start_end(&none);
	assert_nothing_left(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_has_nothing_of_ours),
		cmocka_unit_test(test_not_begun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
