/* SPDX-License-Identifier: Apache-2.0 */
#include "target/file_set.h"

#include "tests/unit/unit.h"

static void each_file_is_new_once(void **state)
{
	(void)state;
	struct file_set set = {0};
	for (dev_t device = 0; device < 3; device++)
		for (ino_t inode = 0; inode < 5000; inode++)
			assert_false(file_set_add(&set, device, inode * (device + 1)));
	for (dev_t device = 0; device < 3; device++)
		for (ino_t inode = 0; inode < 5000; inode++)
			assert_true(file_set_add(&set, device, inode * (device + 1)));
	assert_false(file_set_add(&set, 1, 1));
	assert_false(file_set_add(&set, UINT64_MAX, UINT64_MAX));
	assert_true(file_set_add(&set, UINT64_MAX, UINT64_MAX));
	file_set_deinit(&set);
	file_set_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_is_new_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
