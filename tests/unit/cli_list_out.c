/* SPDX-License-Identifier: Apache-2.0 */
/* What a list writes, and what of it is kept. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/list/out.h"
#include "tests/unit/unit.h"

static int memory(void)
{
	int fd = memfd_create("list", MFD_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void holds(int fd, const char *wanted)
{
	char text[128] = "";
	ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
	assert_int_equal(size, strlen(wanted));
	assert_string_equal(text, wanted);
}

static void what_is_written_is_kept_from_there_on(void **state)
{
	struct list_out out;
	int fd = memory();
	(void)state;
	assert_ok(list_out_init(&out, fd));
	fputs("before ", out.file);
	list_out_keep(&out, 4);
	fputs("between ", out.file);
	assert_true(list_out_end_keeping(&out));
	fputs("behind", out.file);
	assert_true(list_out_flush(&out));
	holds(fd, "before between behind");
	assert_int_equal(out.kept.size, 4 + strlen("between "));
	assert_memory_equal(out.kept.bytes, "\0\0\0\0between ", out.kept.size);
	list_out_deinit(&out);
	close(fd);
}

static void the_next_one_begins_anew(void **state)
{
	struct list_out out;
	int fd = memory();
	(void)state;
	assert_ok(list_out_init(&out, fd));
	assert_false(list_out_end_keeping(&out));
	for (int i = 0; i < 2; i++) {
		list_out_keep(&out, 0);
		fputc('a' + i, out.file);
		assert_true(list_out_end_keeping(&out));
		assert_int_equal(out.kept.size, 1);
		assert_int_equal(out.kept.bytes[0], 'a' + i);
	}
	list_out_deinit(&out);
	close(fd);
}

/* More than anybody wants is written, and not kept. */
static void much_is_not_kept(void **state)
{
	static const char block[1 << 20];
	struct list_out out;
	int fd = memory();
	(void)state;
	assert_ok(list_out_init(&out, fd));
	list_out_keep(&out, 0);
	for (int i = 0; i < 13; i++)
		assert_int_equal(fwrite(block, 1, sizeof(block), out.file), sizeof(block));
	assert_false(list_out_end_keeping(&out));
	assert_int_equal(lseek(fd, 0, SEEK_END), 13 << 20);
	assert_true(out.kept.size <= 12 << 20);
	list_out_deinit(&out);
	close(fd);
}

static void errors_are_told(void **state)
{
	struct list_out out;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	(void)state;
	assert_true(fd >= 0);
	assert_ok(list_out_init(&out, fd));
	list_out_keep(&out, 0);
	fputs("words", out.file);
	assert_false(list_out_end_keeping(&out));
	assert_false(list_out_flush(&out));
	assert_int_equal(out.write_errno, ENOSPC);
	list_out_deinit(&out);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_kept_from_there_on),
		cmocka_unit_test(the_next_one_begins_anew),
		cmocka_unit_test(much_is_not_kept),
		cmocka_unit_test(errors_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
