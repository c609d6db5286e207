/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/identity.c — which file an image was read from.
 *
 * Device and inode say so, but for overlayfs (Documentation/filesystems/overlayfs.rst), the file
 * system of containers: what lies in a lower layer is copied up to the upper one before it is
 * changed in any way, its content perhaps later than its attributes. It keeps its numbers, though
 * what is mapped from then on is the copy. But no copy is made without a change of the inode that
 * the attributes are read from.
 */
#include "symbols/image.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* When the file was changed last, in ns since 1970; 0: unknown. */
static int64_t changed_ns(int fd)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return 0;
	return status.st_ctim.tv_sec * INT64_C(1000000000) + status.st_ctim.tv_nsec;
}

void image_identify(struct image *image)
{
	struct statfs system;
	image->is_layered = fstatfs(image->file.fd, &system) == 0 &&
			    (uint64_t)system.f_type == OVERLAYFS_SUPER_MAGIC;
	if (image->is_layered)
		image->changed_ns = changed_ns(image->file.fd);
}

dev_t image_device(const struct image *image)
{
	return image->file.device;
}

ino_t image_inode(const struct image *image)
{
	return image->file.inode;
}

bool image_is_layered(const struct image *image)
{
	return image->is_layered;
}

bool image_is_same_file(const struct image *a, const struct image *b)
{
	return image_inode(a) == image_inode(b) && image_device(a) == image_device(b) &&
	       a->changed_ns == b->changed_ns;
}

bool image_is_as_opened(const struct image *image)
{
	return !image->is_layered || changed_ns(image->file.fd) == image->changed_ns;
}
