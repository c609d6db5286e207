/* SPDX-License-Identifier: Apache-2.0 */
/* Executable mappings, also those that no file is behind. */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "target/target.h"

static void all_executable_mappings_are_listed(void **state)
{
	struct module_list list;
	struct process *process;
	(void)state;
	char *text = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(text != MAP_FAILED);
	assert_ok(process_open(getpid(), &process));
	assert_ok(process_maps(process, &list));
	bool own = false, anonymous = false;
	for (size_t i = 0; i < list.count; i++) {
		const struct module *module = &list.items[i];
		uintptr_t here = (uintptr_t)all_executable_mappings_are_listed;
		if (module->start <= here && here < module->end)
			own = module->inode && module->offset % 4096 == 0 && module->offset > 0;
		if (module->start <= (uintptr_t)text && (uintptr_t)text < module->end)
			anonymous = !module->inode && strcmp(module->path, "[anon]") == 0;
	}
	assert_true(own);
	assert_true(anonymous);
	module_list_deinit(&list);
	process_close(process);
	munmap(text, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_executable_mappings_are_listed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
