/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/file.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "common/array.h"
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
};
_Static_assert(sizeof(all_wanted) / sizeof(all_wanted[0]) ==
		       sizeof(struct fetch_offsets) / sizeof(__u32),
	       "one for each");

static const struct btf_type *plain_type(const struct btf *btf, __u32 id, __u32 *ret_id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	while (type && (btf_is_mod(type) || btf_is_typedef(type))) {
		id = type->type;
		type = btf__type_by_id(btf, id);
	}
	if (ret_id)
		*ret_id = id;
	return type;
}

/* Looks into anonymous structures and unions, too: d_name of 6.17 is in one. `depth` is how far. */
static bool find_member(const struct btf *btf, __u32 type_id, const char *name, int depth,
			__u32 *ret_bytes, __u32 *ret_type)
{
	const struct btf_type *type = plain_type(btf, type_id, NULL);
	if (!type || !btf_is_composite(type) || depth < 0)
		return false;
	const struct btf_member *members = btf_members(type);
	for (__u32 i = 0; i < btf_vlen(type); i++) {
		const char *found = btf__name_by_offset(btf, members[i].name_off);
		__u32 bytes = btf_member_bit_offset(type, i) / 8, inner;
		if (found && *found) {
			if (strcmp(found, name) != 0)
				continue;
			*ret_bytes = bytes;
			*ret_type = members[i].type;
			return true;
		}
		if (find_member(btf, members[i].type, name, depth - 1, &inner, ret_type)) {
			*ret_bytes = bytes + inner;
			return true;
		}
	}
	return false;
}

static bool find_wanted(const struct btf *btf, const struct offset_wanted *wanted, __u32 *ret)
{
	__s32 id = btf__find_by_name_kind(btf, wanted->type, BTF_KIND_STRUCT);
	__u32 inner = 0, type;
	if (id < 0 || !find_member(btf, (__u32)id, wanted->member, 4, ret, &type))
		return false;
	if (wanted->inner && !find_member(btf, type, wanted->inner, 4, &inner, &type))
		return false;
	*ret += inner;
	return true;
}

struct err *offsets_find(const struct offset_wanted *wanted, size_t count, const char *option,
			 void *ret)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct offset_wanted *missing = NULL;
	for (size_t i = 0; btf && !missing && i < count; i++)
		if (!find_wanted(btf, &wanted[i], (__u32 *)((char *)ret + wanted[i].place)) &&
		    !wanted[i].is_optional)
			missing = &wanted[i];
	btf__free(btf);
	if (btf && !missing)
		return NULL;
	struct err *e = err_new(ERR_UNSUPPORTED, 0,
				"this kernel does not tell the paths of "
				"descriptors");
	e = missing ? err_why(e, "its BTF has no %s.%s", missing->type, missing->member)
		    : err_why(e, "its BTF cannot be read");
	return err_hint(e, "leave out %s", option);
}

struct err *file_offsets_find(struct fetch_offsets *ret)
{
	return offsets_find(all_wanted, array_size(all_wanted), "-y", ret);
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

/* Files below no root directory: each file system has its own way (d_dname of its dentries, or
 * simple_dname() in fs/d_path.c). `name` ends with a NUL. */
static void put_loose(struct text *text, const struct fetch_file *file, const char *name)
{
	char number[32];
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
	size_t head = sizeof(file);
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
		put_loose(&text, &file, names);
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
