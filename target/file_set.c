/* SPDX-License-Identifier: Apache-2.0 */
#include "target/file_set.h"

#include <stdint.h>
#include <stdlib.h>

/* Without memory uthash would exit; our caller can go on without the answer. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct file_key {
	uint64_t device, inode;
};

struct seen_file {
	struct file_key key;
	UT_hash_handle hh;
};

bool file_set_add(struct file_set *set, dev_t device, ino_t inode)
{
	const struct file_key key = {device, inode};
	struct seen_file *file;
	HASH_FIND(hh, set->files, &key, sizeof(key), file);
	if (file)
		return true;
	file = malloc(sizeof(*file));
	if (!file)
		return true;
	file->key = key;
	HASH_ADD(hh, set->files, key, sizeof(file->key), file);
	if (file->hh.tbl)
		return false;
	free(file);
	return true;
}

void file_set_deinit(struct file_set *set)
{
	struct seen_file *file, *next;
	HASH_ITER (hh, set->files, file, next) {
		HASH_DEL(set->files, file);
		free(file);
	}
}
