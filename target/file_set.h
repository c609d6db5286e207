/* SPDX-License-Identifier: Apache-2.0 */
/* target/file_set.h — which files were seen: by device and inode, of some thousands. */
#ifndef UTRAIL_TARGET_FILE_SET_H
#define UTRAIL_TARGET_FILE_SET_H

#include <stdbool.h>
#include <sys/types.h>

struct seen_file;

struct file_set {
	struct seen_file *files;
};

/* False: it was not there, and is now. True: it was, or there is no memory to tell. */
bool file_set_add(struct file_set *set, dev_t device, ino_t inode);
void file_set_deinit(struct file_set *set);

#endif
