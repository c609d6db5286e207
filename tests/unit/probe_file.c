/* SPDX-License-Identifier: Apache-2.0 */
/* The texts are those that readlink("/proc/self/fd/N") gives (Linux 6.18) for such a file. */
#include "probe/file.h"

#include <linux/magic.h>
#include <stdbool.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static bool path_of(uint32_t magic, uint32_t flags, const char *names, size_t size, char *ret,
		    bool *ret_cut)
{
	char bytes[sizeof(struct fetch_file) + FETCH_FILE_MAX];
	const struct fetch_file file = {.inode = 77, .magic = magic, .flags = flags};
	assert_true(size <= FETCH_FILE_MAX);
	memcpy(bytes, &file, sizeof(file));
	memcpy(bytes + sizeof(file), names, size);
	return file_path(bytes, sizeof(file) + size, ret, ret_cut);
}

static void assert_path(uint32_t magic, uint32_t flags, const char *names, size_t size,
			const char *wanted)
{
	char path[FILE_PATH_MAX];
	bool is_cut;
	assert_true(path_of(magic, flags, names, size, path, &is_cut));
	assert_string_equal(path, wanted);
	assert_int_equal(is_cut, (flags & FETCH_FILE_CUT) != 0);
}

/* With the NUL of the last name. */
#define PATH(magic, flags, names, wanted) \
	assert_path((magic), (flags), (names), sizeof(names), (wanted))

static void names_become_a_path(void **state)
{
	(void)state;
	PATH(EXT4_SUPER_MAGIC, 0, "passwd\0etc", "/etc/passwd");
	PATH(TMPFS_MAGIC, 0, "a b\n", "/a b\n");
	assert_path(EXT4_SUPER_MAGIC, 0, "", 0, "/");
	PATH(EXT4_SUPER_MAGIC, FETCH_FILE_UNLINKED, "x\0tmp", "/tmp/x (deleted)");
	/* A named pipe has a name as any file. */
	PATH(TMPFS_MAGIC, 0, "fifo\0run", "/run/fifo");
}

static void what_is_missing_in_front_is_told(void **state)
{
	(void)state;
	PATH(EXT4_SUPER_MAGIC, FETCH_FILE_CUT, "c\0b", ".../b/c");
	PATH(EXT4_SUPER_MAGIC, FETCH_FILE_CUT | FETCH_FILE_UNLINKED, "c", ".../c (deleted)");
	assert_path(EXT4_SUPER_MAGIC, FETCH_FILE_CUT, "", 0, "...");
}

static void files_below_no_directory_are_named_by_kind(void **state)
{
	(void)state;
	PATH(SOCKFS_MAGIC, FETCH_FILE_LOOSE, "TCP", "socket:[77]");
	PATH(PIPEFS_MAGIC, FETCH_FILE_LOOSE, "", "pipe:[77]");
	PATH(ANON_INODE_FS_MAGIC, FETCH_FILE_LOOSE, "[eventpoll]", "anon_inode:[eventpoll]");
	PATH(0x50494446, FETCH_FILE_LOOSE, "/", "anon_inode:[pidfd]");
	PATH(NSFS_MAGIC, FETCH_FILE_LOOSE, "/", "ns:[77]");
	PATH(TMPFS_MAGIC, FETCH_FILE_LOOSE, "memfd:x", "/memfd:x (deleted)");
	PATH(0x444d4142, FETCH_FILE_LOOSE, "heap", "/dmabuf:heap");
}

/* What no kernel writes must do no harm. */
static void records_that_make_no_sense_give_no_path(void **state)
{
	(void)state;
	char path[FILE_PATH_MAX], names[FETCH_FILE_MAX];
	bool is_cut;
	assert_false(file_path("", 0, path, &is_cut));
	assert_false(file_path("123456789012345", 15, path, &is_cut));
	assert_false(path_of(0, 0, "no end", 6, path, &is_cut));
	assert_false(path_of(0, FETCH_FILE_TEXT, "", 0, path, &is_cut));
	/* Only NULs: a '/' for each, and no more than fit. */
	memset(names, 0, sizeof(names));
	assert_true(path_of(0, FETCH_FILE_UNLINKED, names, sizeof(names), path, &is_cut));
	assert_true(strlen(path) < FILE_PATH_MAX);
	memset(names, 'x', sizeof(names) - 1);
	assert_true(path_of(0, FETCH_FILE_CUT | FETCH_FILE_UNLINKED, names, sizeof(names), path,
			    &is_cut));
	assert_int_equal(strlen(path), 3 + 1 + sizeof(names) - 1 + strlen(" (deleted)"));
}

static void a_text_stays_as_it_is(void **state)
{
	(void)state;
	char bytes[sizeof(struct fetch_file) + FETCH_FILE_MAX], path[FILE_PATH_MAX];
	char text[2 * FETCH_FILE_MAX];
	bool is_cut;
	size_t size = file_from_text("net:[4026531840]", bytes);
	assert_true(size <= sizeof(bytes));
	assert_true(file_path(bytes, size, path, &is_cut));
	assert_string_equal(path, "net:[4026531840]");
	assert_false(is_cut);
	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	size = file_from_text(text, bytes);
	assert_int_equal(size, sizeof(bytes));
	assert_true(file_path(bytes, size, path, &is_cut));
	assert_int_equal(strlen(path), FETCH_FILE_MAX - 1);
}

/* That they are right is seen end to end; here, that all are there, and no two the same place. */
static void this_kernel_tells_where_things_are(void **state)
{
	(void)state;
	struct fetch_offsets offsets = {0};
	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		skip();
	assert_ok(file_offsets_find(&offsets));
	/* include/linux/path.h: two pointers, as they have been since 2.6.25. */
	assert_int_equal(offsets.path_mount, 0);
	assert_int_equal(offsets.path_dentry, 8);
	assert_int_not_equal(offsets.fs_root, offsets.fs_pwd);
	assert_int_not_equal(offsets.dentry_parent, offsets.dentry_name);
	assert_int_not_equal(offsets.dentry_name, offsets.dentry_inode);
	assert_int_not_equal(offsets.mount_parent, offsets.mount_point);
	/* One of two links the mounts of a file system. */
	assert_true(!offsets.mount_in_list != !offsets.mount_next);
	assert_int_not_equal(offsets.sb_mounts, offsets.sb_root);
	assert_true(offsets.mount_namespace && offsets.task_nsproxy && offsets.nsproxy_mounts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_become_a_path),
		cmocka_unit_test(what_is_missing_in_front_is_told),
		cmocka_unit_test(files_below_no_directory_are_named_by_kind),
		cmocka_unit_test(records_that_make_no_sense_give_no_path),
		cmocka_unit_test(a_text_stays_as_it_is),
		cmocka_unit_test(this_kernel_tells_where_things_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
