/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/file.bpf.h — what a file descriptor stands for, at the moment of the hit.
 *
 * Looked up later, in /proc, it would be what the descriptor was used for next. So the path is read
 * here, as d_path() makes it (fs/d_path.c): from the file's own name up through its directories,
 * across mount points, to the root directory of the process.
 *
 * No lock is held. What is read must be what was there: at the end the descriptor is looked up once
 * more, and when it leads to another file by then, nothing is told. While it leads to this file,
 * the file holds its name, and each name the directory above. A directory that is renamed while its
 * name is read is noticed by its sequence number, and nothing is told either.
 */
#ifndef UTRAIL_PROBE_FILE_BPF_H
#define UTRAIL_PROBE_FILE_BPF_H

#include "probe/kernel_read.bpf.h"
#include "probe/socket.bpf.h"
#include "stream/stream.bpf.h"

/* Names and mount points on the way to the root. Each is verified anew: 5.10 has a million
 * instructions in all. */
#define FILE_STEPS_MAX 32

/* What comes before the names in a slot. */
#define FILE_HEAD (sizeof(struct fetch_blob) + sizeof(struct fetch_file))
/* The last position at which a slot of any size fits. */
#define FILE_START_MAX (FETCH_PAYLOAD_MAX - FILE_HEAD - FETCH_FILE_MAX)

/* include/uapi/linux/fcntl.h */
#define FILE_AT_FDCWD (-100)

/* The functions here are not inlined for the sake of their frames: see uprobe/uprobe.bpf.c. */

static __noinline __u64 file_task_fs(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	return (__u64)BPF_CORE_READ(task, fs);
}

/* Address of the struct path that a descriptor of this thread stands for; 0: none. */
static __noinline __u64 file_path_of(__s32 fd, __u32 op_flags)
{
	if (fd == FILE_AT_FDCWD && (op_flags & FETCH_CWD)) {
		__u64 fs = file_task_fs();
		return fs ? fs + file_offsets.fs_pwd : 0;
	}
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 table = FILE_READ((__u64)BPF_CORE_READ(task, files), files_fdt);
	if (!table || fd < 0 || (__u32)fd >= (__u32)FILE_READ(table, fdt_max_fds))
		return 0;
	__u64 files = FILE_READ(table, fdt_fd), file = 0;
	read_kernel(&file, sizeof(file), (const void *)(files + (__u32)fd * sizeof(file)));
	return file ? file + file_offsets.file_path : 0;
}

/* Where the walk ends. */
static __noinline int file_begin_root(struct file_walk *walk)
{
	__u64 root = file_task_fs() + file_offsets.fs_root;
	walk->root_dentry = FILE_READ(root, path_dentry);
	walk->root_mount = FILE_READ(root, path_mount);
	return 0;
}

/* Where it begins. Who calls this calls file_begin_root(), too: from here it would be a call too
 * deep. */
static __noinline int file_begin(struct file_walk *walk)
{
	__u64 path = walk->path;
	walk->leaf = FILE_READ(path, path_dentry);
	walk->dentry = walk->leaf;
	walk->mount = FILE_READ(path, path_mount);
	/* The names come behind the details. */
	walk->used = reads_sockets ? sizeof(struct fetch_details) : 0;
	walk->flags = reads_sockets ? FETCH_FILE_DETAILS : 0;
	return 0;
}

/* Of 4 bytes: what follows it does not count. */
static __noinline __u32 file_sequence(__u64 dentry)
{
	return (__u32)FILE_READ(dentry, dentry_sequence);
}

/* Appends the name of the dentry at hand. False: no room. */
static __noinline bool file_append_name(struct scratch *scratch)
{
	__u64 name = FILE_READ(scratch->walk.dentry, dentry_name);
	__u64 position = scratch->position, used = scratch->walk.used;
	barrier_var(position);
	barrier_var(used);
	if (position > FILE_START_MAX || used > FETCH_FILE_MAX - FETCH_FILE_NAME_MAX)
		return false;
	long size = read_kernel_str(scratch->payload + position + FILE_HEAD + used,
				    FETCH_FILE_NAME_MAX, (const void *)name);
	if (size <= 0)
		return false;
	scratch->walk.used = used + size;
	return true;
}

enum file_step {
	FILE_GO_ON,
	FILE_COMPLETE,
	FILE_CUT,
	FILE_CHANGED,
};

/* From the root of a mounted file system to where it is mounted. */
static __noinline int file_cross(struct file_walk *walk)
{
	__u64 mount = walk->mount - file_offsets.mount_vfsmount;
	__u64 parent = FILE_READ(mount, mount_parent);
	if (parent == mount || !parent)
		return FILE_COMPLETE;
	walk->dentry = FILE_READ(mount, mount_point);
	walk->mount = parent + file_offsets.mount_vfsmount;
	return FILE_GO_ON;
}

static __noinline int file_step(struct scratch *scratch)
{
	struct file_walk *walk = &scratch->walk;
	__u64 dentry = walk->dentry;
	if (dentry == walk->root_dentry && walk->mount == walk->root_mount)
		return FILE_COMPLETE;
	if (dentry == FILE_READ(walk->mount, vfsmount_root))
		return file_cross(walk);
	__u32 sequence = file_sequence(dentry);
	if (!file_append_name(scratch))
		return FILE_CUT;
	walk->dentry = FILE_READ(dentry, dentry_parent);
	/* Odd: being renamed. */
	if ((sequence & 1) || file_sequence(dentry) != sequence)
		return FILE_CHANGED;
	if (walk->dentry != dentry)
		return FILE_GO_ON;
	walk->flags |= FETCH_FILE_LOOSE;
	return FILE_COMPLETE;
}

static __always_inline int file_walk_up(struct scratch *scratch)
{
	int step = FILE_GO_ON;
	for (int i = 0; i < FILE_STEPS_MAX && step == FILE_GO_ON; i++)
		step = file_step(scratch);
	if (step == FILE_GO_ON || step == FILE_CUT)
		scratch->walk.flags |= FETCH_FILE_CUT;
	return step;
}

/* What is not a name. A dentry outside of the hash table that is no root is d_unlinked() of
 * include/linux/dcache.h. */
static __noinline int file_describe(struct scratch *scratch)
{
	__u64 leaf = scratch->walk.leaf, position = scratch->position;
	barrier_var(position);
	if (position > FILE_START_MAX)
		return 0;
	struct fetch_file *file = (void *)(scratch->payload + position + sizeof(struct fetch_blob));
	file->inode = FILE_READ(FILE_READ(leaf, dentry_inode), inode_number);
	file->magic = (__u32)FILE_READ(FILE_READ(leaf, dentry_sb), sb_magic);
	if (!FILE_READ(leaf, dentry_hashed) && FILE_READ(leaf, dentry_parent) != leaf)
		scratch->walk.flags |= FETCH_FILE_UNLINKED;
	file->flags = scratch->walk.flags;
	return 0;
}

static __noinline int file_describe_more(struct scratch *scratch)
{
	__u64 position = scratch->position;
	barrier_var(position);
	if (position > FILE_START_MAX)
		return 0;
	struct fetch_details *details = (void *)(scratch->payload + position + FILE_HEAD);
	__builtin_memset(details, 0, sizeof(*details));
	__u64 inode = FILE_READ(scratch->walk.leaf, dentry_inode);
	return socket_details(details, scratch->walk.path - file_offsets.file_path, inode);
}

/* Writes what follows the slot's head, and returns its size; 0: there is no such descriptor, or it
 * changed meanwhile. */
static __noinline __attribute__((unused)) __u32 file_read(struct scratch *scratch, __s32 fd,
							  __u32 op_flags)
{
	struct file_walk *walk = &scratch->walk;
	walk->path = file_path_of(fd, op_flags);
	if (!walk->path)
		return 0;
	file_begin(walk);
	file_begin_root(walk);
	if (!walk->leaf || file_walk_up(scratch) == FILE_CHANGED)
		return 0;
	file_describe(scratch);
	if (reads_sockets)
		file_describe_more(scratch);
	if (file_path_of(fd, op_flags) != walk->path ||
	    FILE_READ(walk->path, path_dentry) != walk->leaf)
		return 0;
	return sizeof(struct fetch_file) + walk->used;
}

#endif
