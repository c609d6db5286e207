/* SPDX-License-Identifier: Apache-2.0 */
/* Which files something was learnt from. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols/asked.h"
#include "symbols/child/symbolizer.h"
#include "tests/unit/unit.h"

/* With a name of a debug file that is beside it, and without symbols of its own. */
#define STRIPPED FIXTURES "/linked"

static void a_file_is_what_the_kernel_says(void **state)
{
	struct asked_file by_path = {.path = FIXTURES "/pie"}, by_fd = {.path = "/nowhere"};
	struct asked_file none = {.path = "/nowhere"}, other = {.path = FIXTURES "/nopie"};
	struct stat status;
	(void)state;
	int fd = open(by_path.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &status), 0);
	asked_file_look(&by_path, -1);
	asked_file_look(&by_fd, fd);
	asked_file_look(&none, -1);
	asked_file_look(&other, -1);
	assert_true(by_path.exists && by_path.inode == status.st_ino &&
		    by_path.device == status.st_dev && by_path.size == (uint64_t)status.st_size);
	assert_true(by_path.changed_ns / 1000000000 == status.st_ctim.tv_sec);
	assert_true(by_path.modified_ns % 1000000000 == status.st_mtim.tv_nsec);
	assert_true(asked_file_same(&by_path, &by_fd));
	assert_false(none.exists);
	assert_false(asked_file_same(&by_path, &none));
	assert_false(asked_file_same(&by_path, &other));
	close(fd);
}

/* Each of these alone makes it another file. */
static void all_of_it_counts(void **state)
{
	const struct asked_file file = {.path = "a",
					.exists = true,
					.device = 1,
					.inode = 2,
					.size = 3,
					.modified_ns = 4,
					.changed_ns = 5};
	struct asked_file others[] = {file, file, file, file, file, file};
	(void)state;
	others[0].device++;
	others[1].inode++;
	others[2].size++;
	others[3].modified_ns++;
	others[4].changed_ns++;
	others[5].exists = false;
	for (size_t i = 0; i < 6; i++)
		assert_false(asked_file_same(&file, &others[i]));
	others[0] = file;
	others[0].path = "b";
	assert_true(asked_file_same(&file, &others[0]));
}

static void read_here_nobody_knows(void **state)
{
	const struct asked_file *files;
	struct asked_file own, again = {.path = FIXTURES "/pie"};
	struct image *image;
	size_t count;
	(void)state;
	assert_ok(image_open(FIXTURES "/pie", -1, &image));
	assert_false(image_asked(image, &files, &count));
	image_own_file(image, &own);
	asked_file_look(&again, -1);
	assert_true(asked_file_same(&own, &again));
	assert_string_equal(own.path, FIXTURES "/pie");
	image_close(image);
}

static const struct asked_file *find(const struct asked_file *files, size_t count, const char *end)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(files[i].path), size = strlen(end);
		if (length > size && strcmp(files[i].path + length - size, end) == 0)
			return &files[i];
	}
	return NULL;
}

static void what_the_symbolizer_looks_for(void **state)
{
	const struct asked_file *files, *debug, *missing;
	const struct function *functions;
	struct symbolizer *symbolizer;
	struct image *image;
	size_t count;
	(void)state;
	assert_ok(symbolizer_create(NULL, &symbolizer));
	assert_ok(image_open_in(symbolizer, STRIPPED, -1, &image));
	assert_true(image_asked(image, &files, &count));
	assert_ok(image_functions(image, &functions, &count));
	assert_true(image_asked(image, &files, &count));
	debug = find(files, count, "/linked.debug");
	assert_non_null(debug);
	assert_true(debug->exists);
	missing = find(files, count, "/.debug/linked.debug");
	assert_true(!missing || !missing->exists);
	image_close(image);
	symbolizer_destroy(symbolizer);
}

/* What a process sees there is not what we see. */
static void in_a_root_nobody_knows(void **state)
{
	const struct asked_file *files;
	struct symbolizer *symbolizer;
	struct image *image;
	size_t count;
	(void)state;
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_ok(symbolizer_create(NULL, &symbolizer));
	assert_ok(image_open_in(symbolizer, STRIPPED, -1, &image));
	image_set_root(image, root);
	assert_false(image_asked(image, &files, &count));
	image_close(image);
	symbolizer_destroy(symbolizer);
	close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_what_the_kernel_says),
		cmocka_unit_test(all_of_it_counts),
		cmocka_unit_test(read_here_nobody_knows),
		cmocka_unit_test(what_the_symbolizer_looks_for),
		cmocka_unit_test(in_a_root_nobody_knows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
