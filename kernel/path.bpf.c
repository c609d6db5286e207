/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/path.bpf.c — the path of what an argument of the kernel's own points to: struct file,
 * struct path, struct dentry.
 *
 * The walk is that of descriptors (probe/file.bpf.h): no helper of the kernel tells a path in all
 * programs (bpf_d_path() is for a few functions). Who calls the function that is probed holds what
 * it hands over, so that it is there while we read.
 *
 * A dentry does not say where its file system is mounted. The mount of the process's own root
 * directory is taken when that is of this file system, else the first of its mounts in the
 * process's namespace. Where none leads to the dentry the path is cut there.
 */
#include "kernel/probe.bpf.h"
#include "probe/file.bpf.h"

/* Is any path asked for? */
const volatile bool reads_paths = false;

/* Mounts of one file system that are looked at. */
#define PATH_MOUNTS_MAX 16

/*
 * A path as text is made of the names from the last to the first, at the end of the payload: there
 * its room ends, a name before the payload does, as the verifier takes any name for the longest.
 * In front of it is room for one name alone. What comes before is not touched: the slot itself
 * begins at PATH_START_MAX at most.
 */
#define PATH_END       (FETCH_PAYLOAD_MAX - FETCH_FILE_NAME_MAX)
#define PATH_TEXT_MAX  (FETCH_FILE_MAX + 2 * FETCH_FILE_NAME_MAX)
#define PATH_SPARE     (PATH_END - PATH_TEXT_MAX - FETCH_FILE_NAME_MAX)
#define PATH_START_MAX (PATH_SPARE - FILE_HEAD - FETCH_FILE_MAX)

/* linux/magic.h */
#define PATH_PIPES     0x50495045
#define PATH_SOCKETS   0x534f434b
#define PATH_ANONYMOUS 0x09041934

static __noinline __u64 path_namespace(void)
{
	__u64 task = (__u64)bpf_get_current_task();
	if (!file_offsets.task_nsproxy || !file_offsets.mount_namespace)
		return 0;
	__u64 proxy = FILE_READ(task, task_nsproxy);
	return proxy ? FILE_READ(proxy, nsproxy_mounts) : 0;
}

/* From a link in the list of mounts to the mount; in newer kernels it is the mount. */
static __always_inline __u64 path_mount_at(__u64 link)
{
	return link ? link - file_offsets.mount_in_list : 0;
}

static __noinline __u64 path_next_mount(__u64 mount)
{
	if (file_offsets.mount_in_list)
		return path_mount_at(FILE_READ(mount, mount_in_list));
	return FILE_READ(mount, mount_next);
}

/* The first of these mounts that the process sees, of those of the whole file system before those
 * of parts. 0: none. */
static __noinline __u64 path_find_mount(__u64 sb)
{
	__u64 found = 0, root = FILE_READ(sb, sb_root), space = path_namespace();
	__u64 mount = path_mount_at(FILE_READ(sb, sb_mounts));
	/* In a list, behind the last one comes its head. */
	__u64 end = file_offsets.mount_in_list ? path_mount_at(sb + file_offsets.sb_mounts) : 0;
	for (int i = 0; i < PATH_MOUNTS_MAX; i++) {
		if (!mount || mount == end)
			break;
		__u64 at = mount + file_offsets.mount_vfsmount;
		if (!space || FILE_READ(mount, mount_namespace) == space) {
			if (FILE_READ(at, vfsmount_root) == root)
				return at;
			if (!found)
				found = at;
		}
		mount = path_next_mount(mount);
	}
	return found;
}

static __always_inline int path_begin_dentry(struct file_walk *walk, __u64 dentry)
{
	__u64 sb = FILE_READ(dentry, dentry_sb);
	walk->leaf = walk->dentry = dentry;
	file_begin_root(walk);
	walk->mount = walk->root_mount;
	if (!walk->mount || FILE_READ(walk->mount, vfsmount_sb) != sb)
		walk->mount = path_find_mount(sb);
	/* What is never mounted (pipes) has names that stand alone. */
	if (FILE_READ(dentry, dentry_parent) != dentry || walk->mount)
		walk->top = FILE_READ(sb, sb_root);
	return 0;
}

static __noinline int path_begin(struct file_walk *walk, __u64 address, __u32 file_of)
{
	walk->top = 0;
	walk->path = address;
	if (file_of == FETCH_OF_DENTRY) {
		path_begin_dentry(walk, address);
	} else {
		if (file_of == FETCH_OF_FILE)
			walk->path += file_offsets.file_path;
		file_begin(walk);
		file_begin_root(walk);
	}
	/* No details: those of sockets are of descriptors. */
	walk->used = walk->flags = 0;
	return 0;
}

static __always_inline int path_walk_up(struct scratch *scratch)
{
	struct file_walk *walk = &scratch->walk;
	int step = FILE_GO_ON;
	for (int i = 0; i < FILE_STEPS_MAX && step == FILE_GO_ON; i++) {
		if (walk->dentry == walk->top &&
		    walk->dentry != FILE_READ(walk->mount, vfsmount_root))
			step = FILE_CUT;
		else
			step = file_step(scratch);
	}
	if (step == FILE_GO_ON || step == FILE_CUT)
		walk->flags |= FETCH_FILE_CUT;
	return step;
}

/* --- as text ---------------------------------------------------------------------------------- */

/* The name that stands at `from` comes in front of what is there: walk.top is where that begins,
 * walk.path how many bytes of names are done. */
static __noinline bool path_prepend(struct scratch *scratch)
{
	__u64 start = scratch->position, done = scratch->walk.path, at = scratch->walk.top;
	barrier_var(start);
	barrier_var(done);
	if (done >= scratch->walk.used || start > PATH_START_MAX || done > FETCH_FILE_MAX)
		return false;
	const __u8 *from = scratch->payload + start + FILE_HEAD + done;
	__u64 size = read_kernel_str(scratch->payload + PATH_SPARE, FETCH_FILE_NAME_MAX, from);
	barrier_var(size);
	/* With its NUL, whose place the slash takes. */
	if (size - 1 >= FETCH_FILE_NAME_MAX)
		return false;
	at -= size;
	scratch->walk.path = done + size;
	scratch->walk.top = at;
	barrier_var(at);
	if (at < PATH_SPARE + FETCH_FILE_NAME_MAX || at > PATH_END)
		return false;
	scratch->payload[at] = '/';
	size--;
	barrier_var(size);
	/* By its bits: 6.1 forgets that a sum was compared. */
	size &= FETCH_FILE_NAME_MAX - 1;
	read_kernel(scratch->payload + at + 1, size, scratch->payload + PATH_SPARE);
	return true;
}

/* Moves the text to its slot. Returns its length. */
static __noinline __u32 path_move(struct scratch *scratch)
{
	__u64 start = scratch->position, at = scratch->walk.top, size = PATH_END - at;
	barrier_var(start);
	barrier_var(at);
	barrier_var(size);
	if (start > PATH_START_MAX || at < PATH_SPARE || at > PATH_END - 1 ||
	    size > PATH_TEXT_MAX || !size)
		return 0;
	read_kernel(scratch->payload + start + sizeof(struct fetch_blob), size,
		    scratch->payload + at);
	return (__u32)size;
}

/* What stands in no directory begins with a word, and not all of it is said: "pipe:[". 0: it is a
 * name. */
static __noinline __u32 path_loose(struct scratch *scratch, __u32 magic)
{
	__u64 start = scratch->position;
	barrier_var(start);
	if (start > PATH_START_MAX)
		return 0;
	__u64 *to = (void *)(scratch->payload + (start & ~7ULL) + sizeof(struct fetch_blob));
	switch (magic) {
	case PATH_PIPES:
		to[0] = 0x5b3a65706970; /* "pipe:[" */
		return 6;
	case PATH_SOCKETS:
		to[0] = 0x5b3a74656b636f73; /* "socket:[" */
		return 8;
	case PATH_ANONYMOUS:
		to[0] = 0x6f6e695f6e6f6e61; /* "anon_inode:" */
		to[1] = 0x3a6564;
		return 11;
	}
	return 0;
}

static __always_inline __u32 path_text(struct scratch *scratch, __u32 magic)
{
	__u32 word = scratch->walk.flags & FETCH_FILE_LOOSE ? path_loose(scratch, magic) : 0;
	if (word)
		return word;
	scratch->walk.path = 0;
	scratch->walk.top = PATH_END;
	for (int i = 0; i < FILE_STEPS_MAX; i++)
		if (!path_prepend(scratch))
			break;
	if (scratch->walk.used == 0) {
		scratch->payload[PATH_END - 1] = '/';
		scratch->walk.top = PATH_END - 1;
	}
	return path_move(scratch);
}

/* --- the operation ---------------------------------------------------------------------------- */

static __always_inline int path_as_text(struct scratch *scratch)
{
	__u64 sb = FILE_READ(scratch->walk.leaf, dentry_sb);
	__u32 magic = (__u32)FILE_READ(sb, sb_magic);
	bool is_cut = scratch->walk.flags & FETCH_FILE_CUT;
	__u32 size = is_cut ? 0 : path_text(scratch, magic);
	bool loose = size && (scratch->walk.flags & FETCH_FILE_LOOSE);
	blob_done(scratch, size, loose ? FETCH_BLOB_TRUNCATED : 0, size != 0);
	return 0;
}

/* Appends the slot for the address in the accumulator; an empty one when that leads to no file. */
__noinline int kernel_path(__u32 level, __u32 file_of, __u32 flags)
{
	if (!reads_paths)
		return 0;
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	if (!area)
		return 0;
	struct scratch *scratch = &area->scratch;
	__u64 address = scratch->acc;
	bool as_text = flags & FETCH_AS_TEXT;
	if (address == 0 && as_text && !scratch->poisoned) {
		blob_done(scratch, 0, FETCH_BLOB_NULL, true);
		return 0;
	}
	if (scratch->poisoned || !is_of_kernel(address) || scratch->position > PATH_START_MAX) {
		blob_done(scratch, 0, 0, !as_text);
		return 0;
	}
	path_begin(&scratch->walk, address, file_of);
	if (!scratch->walk.leaf || path_walk_up(scratch) == FILE_CHANGED) {
		blob_done(scratch, 0, 0, !as_text);
		return 0;
	}
	if (as_text)
		return path_as_text(scratch);
	file_describe(scratch);
	blob_done(scratch, sizeof(struct fetch_file) + scratch->walk.used, 0, true);
	return 0;
}
