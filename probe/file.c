/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/file.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "probe/offsets.h"
#include "probe/socket.h"

/* Of Linux 6.9; headers may be older. */
#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446
#endif
#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif

/* --- where the kernel has what ---------------------------------------------------------------- */

#define WANTED(type, member, inner, place)                                        \
	{                                                                         \
		type, member, inner, offsetof(struct fetch_offsets, place), false \
	}

#define MAYBE(type, member, place)                                              \
	{                                                                       \
		type, member, NULL, offsetof(struct fetch_offsets, place), true \
	}

static const struct offset_wanted all_wanted[] = {
	WANTED("files_struct", "fdt", NULL, files_fdt),
	WANTED("fdtable", "max_fds", NULL, fdt_max_fds),
	WANTED("fdtable", "fd", NULL, fdt_fd),
	WANTED("file", "f_path", NULL, file_path),
	WANTED("fs_struct", "root", NULL, fs_root),
	WANTED("fs_struct", "pwd", NULL, fs_pwd),
	WANTED("path", "mnt", NULL, path_mount),
	WANTED("path", "dentry", NULL, path_dentry),
	WANTED("dentry", "d_seq", NULL, dentry_sequence),
	WANTED("dentry", "d_hash", "pprev", dentry_hashed),
	WANTED("dentry", "d_parent", NULL, dentry_parent),
	WANTED("dentry", "d_name", "name", dentry_name),
	WANTED("dentry", "d_inode", NULL, dentry_inode),
	WANTED("dentry", "d_sb", NULL, dentry_sb),
	WANTED("inode", "i_ino", NULL, inode_number),
	WANTED("super_block", "s_magic", NULL, sb_magic),
	WANTED("vfsmount", "mnt_root", NULL, vfsmount_root),
	WANTED("mount", "mnt_parent", NULL, mount_parent),
	WANTED("mount", "mnt_mountpoint", NULL, mount_point),
	WANTED("mount", "mnt", NULL, mount_vfsmount),
	WANTED("vfsmount", "mnt_sb", NULL, vfsmount_sb),
	WANTED("super_block", "s_root", NULL, sb_root),
	WANTED("super_block", "s_mounts", NULL, sb_mounts),
	MAYBE("mount", "mnt_instance", mount_in_list), /* up to 6.17 */
	MAYBE("mount", "mnt_next_for_sb", mount_next),
	MAYBE("mount", "mnt_ns", mount_namespace),
	MAYBE("task_struct", "nsproxy", task_nsproxy),
	MAYBE("nsproxy", "mnt_ns", nsproxy_mounts),
};
_Static_assert(sizeof(all_wanted) / sizeof(all_wanted[0]) ==
		       sizeof(struct fetch_offsets) / sizeof(__u32),
	       "one for each");

struct err *file_offsets_find(struct fetch_offsets *ret)
{
	return offsets_find(all_wanted, array_size(all_wanted), "the paths of descriptors", "-y",
			    ret);
}

/* --- paths ------------------------------------------------------------------------------------ */

/* What does not fit is left out; nothing that FETCH_FILE makes is that long. */
struct text {
	char *at;
	size_t used;
};

static void put(struct text *text, const char *bytes, size_t length)
{
	size_t room = FILE_PATH_MAX - 1 - text->used;
	if (length > room)
		length = room;
	memcpy(text->at + text->used, bytes, length);
	text->used += length;
	text->at[text->used] = '\0';
}

static void put_string(struct text *text, const char *string)
{
	put(text, string, strlen(string));
}

/* Is it a pidfd? */
static bool is_process(const struct fetch_file *file, const char *name)
{
	return file->magic == PID_FS_MAGIC ||
	       (file->magic == ANON_INODE_FS_MAGIC && strcmp(name, "[pidfd]") == 0);
}

/* Files below no root directory: each file system has its own way (d_dname of its dentries, or
 * simple_dname() in fs/d_path.c). `name` ends with a NUL; `pid`: of a pidfd's process, or 0. */
static void put_loose(struct text *text, const struct fetch_file *file, uint32_t pid,
		      const char *name)
{
	char number[32];
	if (pid) {
		snprintf(number, sizeof(number), "pid:%u", pid);
		put_string(text, number);
		return;
	}
	snprintf(number, sizeof(number), ":[%llu]", (unsigned long long)file->inode);
	switch (file->magic) {
	case SOCKFS_MAGIC:
	case PIPEFS_MAGIC:
	case NSFS_MAGIC: /* the kernel says which one: "net:[4026531840]" */
		put_string(text, file->magic == SOCKFS_MAGIC   ? "socket"
				 : file->magic == PIPEFS_MAGIC ? "pipe"
							       : "ns");
		put_string(text, number);
		break;
	case ANON_INODE_FS_MAGIC:
		put_string(text, "anon_inode:");
		put_string(text, name);
		break;
	case PID_FS_MAGIC:
		put_string(text, "anon_inode:[pidfd]");
		break;
	case DMA_BUF_MAGIC:
		put_string(text, "/dmabuf:");
		put_string(text, name);
		break;
	default: /* memfd, secret memory */
		put_string(text, "/");
		put_string(text, name);
		put_string(text, " (deleted)");
	}
}

/* The names stand from the file up, a path is read from the root down. */
static void put_names(struct text *text, const struct fetch_file *file, const char *names,
		      size_t length)
{
	if (file->flags & FETCH_FILE_CUT)
		put_string(text, "...");
	else if (!length)
		put_string(text, "/");
	while (length) {
		size_t start = length - 1;
		while (start && names[start - 1])
			start--;
		put_string(text, "/");
		put_string(text, names + start);
		length = start;
	}
	if (file->flags & FETCH_FILE_UNLINKED)
		put_string(text, " (deleted)");
}

bool file_path(const char *bytes, size_t length, char ret[FILE_PATH_MAX], bool *ret_cut)
{
	struct fetch_file file;
	struct text text = {.at = ret};
	if (length < sizeof(file))
		return false;
	memcpy(&file, bytes, sizeof(file));
	if (socket_text(bytes, length, ret)) {
		*ret_cut = false;
		return true;
	}
	size_t head = sizeof(file), all = length;
	if (file.flags & FETCH_FILE_DETAILS)
		head += sizeof(struct fetch_details);
	if (length < head)
		return false;
	const char *names = bytes + head;
	length -= head;
	if (length && names[length - 1])
		return false;
	*ret_cut = file.flags & FETCH_FILE_CUT;
	if (file.flags & FETCH_FILE_TEXT)
		put_string(&text, length ? names : "");
	else if (file.flags & FETCH_FILE_LOOSE && length && strlen(names) == length - 1)
		put_loose(&text, &file, is_process(&file, names) ? file_process(bytes, all) : 0,
			  names);
	else
		put_names(&text, &file, names, length);
	return text.used > 0;
}

size_t file_from_text(const char *text, char ret[sizeof(struct fetch_file) + FETCH_FILE_MAX])
{
	struct fetch_file file = {.flags = FETCH_FILE_TEXT};
	size_t length = strnlen(text, FETCH_FILE_MAX - 1);
	memcpy(ret, &file, sizeof(file));
	memcpy(ret + sizeof(file), text, length);
	ret[sizeof(file) + length] = '\0';
	return sizeof(file) + length + 1;
}
