/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/asked.h"

#include <sys/stat.h>

#include "symbols/child/remote.h"

static int64_t in_ns(const struct timespec *time)
{
	return time->tv_sec * INT64_C(1000000000) + time->tv_nsec;
}

void asked_file_look(struct asked_file *file, int fd)
{
	struct stat status;
	bool exists = (fd >= 0 ? fstat(fd, &status) : stat(file->path, &status)) == 0;
	*file = (struct asked_file){.path = file->path, .exists = exists};
	if (!exists)
		return;
	file->device = status.st_dev;
	file->inode = status.st_ino;
	file->size = (uint64_t)status.st_size;
	file->modified_ns = in_ns(&status.st_mtim);
	file->changed_ns = in_ns(&status.st_ctim);
}

bool asked_file_same(const struct asked_file *a, const struct asked_file *b)
{
	return a->exists == b->exists && a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->modified_ns == b->modified_ns &&
	       a->changed_ns == b->changed_ns;
}

void image_own_file(const struct image *image, struct asked_file *ret)
{
	*ret = (struct asked_file){.path = image->path};
	asked_file_look(ret, image->file.fd);
}

bool image_asked(const struct image *image, const struct asked_file **ret, size_t *ret_count)
{
	const struct remote *remote = image->remote;
	if (!remote || remote->asked_elsewhere || image->root >= 0 || image->debug_source)
		return false;
	*ret = remote->asked.items;
	*ret_count = remote->asked.count;
	return true;
}
