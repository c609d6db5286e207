/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/function_groups.h"

#include <string.h>

#include "common/array.h"

#define FUNCTIONS_MAX 8
#define MODULES_MAX   3

struct function_group {
	const char *name;
	const char *modules[MODULES_MAX + 1];
	const char *functions[FUNCTIONS_MAX + 1];
};

static const struct function_group groups[] = {
	/* What a file system does for read, write, open and fsync: where slow disks and locks show.
	 */
	{"ext4",
	 {"ext4"},
	 {"ext4_file_read_iter", "ext4_file_write_iter", "ext4_file_open", "ext4_sync_file"}},
	{"xfs",
	 {"xfs"},
	 {"xfs_file_read_iter", "xfs_file_write_iter", "xfs_file_open", "xfs_file_fsync"}},
	{"btrfs",
	 {"btrfs"},
	 {"btrfs_file_read_iter", "btrfs_file_write_iter", "btrfs_file_open", "btrfs_sync_file"}},
	{"nfs",
	 {"nfs", "nfsv4"},
	 {"nfs_file_read", "nfs_file_write", "nfs_file_open", "nfs_file_fsync", "nfs4_file_open",
	  "nfs4_file_fsync"}},
	/* The same, whatever the file system. */
	{"vfs",
	 {NULL},
	 {"vfs_read", "vfs_write", "vfs_iter_read", "vfs_iter_write", "vfs_open",
	  "vfs_fsync_range"}},
	/* What is looked for in the page cache, and what is written to through buffers of it; what
	 * is put into it, and what of that is to be written. Pages were called so until 5.15; what
	 * is left of the old names calls the new ones. */
	{"pagecache",
	 {NULL},
	 {"folio_mark_accessed/mark_page_accessed", "mark_buffer_dirty",
	  "filemap_add_folio/add_to_page_cache_lru",
	  "folio_account_dirtied/account_page_dirtied/__folio_mark_dirty"}},
};

static const struct function_group *find(const char *name)
{
	for (size_t i = 0; i < array_size(groups); i++)
		if (strcmp(groups[i].name, name) == 0)
			return &groups[i];
	return NULL;
}

const char *function_groups_all(void)
{
	return "%ext4, %xfs, %btrfs, %nfs, %vfs, %pagecache";
}

const char *function_groups_at(size_t index)
{
	return index < array_size(groups) ? groups[index].name : NULL;
}

bool function_group_exists(const char *group)
{
	return find(group);
}

bool function_group_is_in(const char *group, const char *module)
{
	const struct function_group *found = find(group);
	for (size_t i = 0; found && found->modules[i]; i++)
		if (strcmp(found->modules[i], module) == 0)
			return true;
	return false;
}

/* Is it one of those between the '/'? */
static bool is_among(const char *names, const char *name)
{
	size_t length = strlen(name);
	while (names) {
		if (strncmp(names, name, length) == 0 &&
		    (names[length] == '/' || names[length] == '\0'))
			return true;
		names = strchr(names, '/');
		names += names != NULL;
	}
	return false;
}

bool function_group_has(const char *group, const char *function)
{
	const struct function_group *found = find(group);
	for (size_t i = 0; found && found->functions[i]; i++)
		if (is_among(found->functions[i], function))
			return true;
	return false;
}

const char *function_group_names(const char *group, size_t index)
{
	const struct function_group *found = find(group);
	return found && index < FUNCTIONS_MAX ? found->functions[index] : NULL;
}
