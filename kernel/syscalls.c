/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/syscalls.h"

#include <string.h>

#include "common/array.h"
#include "kernel/table.h"

static int compare_number(const void *key, const void *item)
{
	uint32_t number = *(const uint32_t *)key;
	uint32_t other = ((const struct syscall_info *)item)->number;
	return number < other ? -1 : number > other;
}

const struct syscall_info *syscall_by_number(uint32_t number)
{
	return bsearch(&number, syscall_table, syscall_table_count, sizeof(syscall_table[0]),
		       compare_number);
}

const struct syscall_info *syscall_by_name(const char *name)
{
	for (size_t i = 0; i < syscall_table_count; i++)
		if (strcmp(syscall_table[i].name, name) == 0)
			return &syscall_table[i];
	return NULL;
}

const struct syscall_info *syscall_first(size_t *ret_count)
{
	*ret_count = syscall_table_count;
	return syscall_table;
}

uint32_t syscall_class_by_name(const char *name)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} classes[] = {
		{"file", SYSCALL_FILE},	    {"network", SYSCALL_NETWORK},
		{"net", SYSCALL_NETWORK},   {"desc", SYSCALL_DESC},
		{"memory", SYSCALL_MEMORY}, {"process", SYSCALL_PROCESS},
		{"signal", SYSCALL_SIGNAL}, {"ipc", SYSCALL_IPC},
	};
	for (size_t i = 0; i < array_size(classes); i++)
		if (strcmp(classes[i].name, name) == 0)
			return classes[i].bit;
	return 0;
}

const char *errno_name(int errnum)
{
	/* glibc's own list (since 2.32); it has a name for 0 too. */
	return errnum > 0 ? strerrorname_np(errnum) : NULL;
}
