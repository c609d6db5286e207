/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cache.h"
#include "common/cleanup.h"

static char home[64];

static int make_home(void **state)
{
	(void)state;
	strcpy(home, "/tmp/utrail-cache-XXXXXX");
	unsetenv("XDG_CACHE_HOME");
	return mkdtemp(home) ? setenv("HOME", home, 1) : -1;
}

static int remove_home(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", home);
	return system(command);
}

static const char *below(const char *path)
{
	static char whole[256];
	snprintf(whole, sizeof(whole), "%s/%s", home, path);
	return whole;
}

/* What it says goes to `said`. */
struct said {
	struct cache *cache;
	FILE *file;
	char *text;
	size_t size;
};

static void begin(struct said *said)
{
	*said = (struct said){0};
	said->file = open_memstream(&said->text, &said->size);
	said->cache = cache_new("types", said->file);
	assert_non_null(said->cache);
}

static char *end(struct said *said)
{
	cache_free(said->cache);
	fclose(said->file);
	return said->text;
}

static void write_one(const char *name, const char *text)
{
	struct cache *cache = cache_new("types", NULL);
	cache_write(cache, name, text, strlen(text));
	cache_free(cache);
}

static void assert_has(const char *name, const char *text)
{
	struct cache *cache = cache_new("types", NULL);
	size_t size = 0;
	_cleanup_free_ char *bytes = cache_read(cache, name, &size);
	if (text) {
		assert_non_null(bytes);
		assert_int_equal(size, strlen(text));
		assert_memory_equal(bytes, text, size);
	} else {
		assert_null(bytes);
	}
	cache_free(cache);
}

/* Not read, and `why` is said. */
static void assert_refused(const char *name, const char *why)
{
	struct said said;
	size_t size = 0;
	begin(&said);
	assert_null(cache_read(said.cache, name, &size));
	_cleanup_free_ char *text = end(&said);
	assert_non_null(strstr(text, why));
}

static size_t count_files(void)
{
	size_t count = 0;
	DIR *folder = opendir(below(".cache/utrail/types"));
	assert_non_null(folder);
	for (struct dirent *item; (item = readdir(folder));)
		count += item->d_name[0] != '.';
	closedir(folder);
	return count;
}

static mode_t mode_of(const char *path)
{
	struct stat status;
	assert_int_equal(stat(below(path), &status), 0);
	return status.st_mode & 07777;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void what_was_written_is_read(void **state)
{
	(void)state;
	assert_has("0123abcd", NULL);
	write_one("0123abcd", "some bytes");
	assert_has("0123abcd", "some bytes");
	write_one("0123abcd", "others");
	assert_has("0123abcd", "others");
	assert_int_equal(count_files(), 1);
	assert_int_equal(mode_of(".cache/utrail/types"), 0700);
	assert_int_equal(mode_of(".cache/utrail/types/0123abcd"), 0600);
}

static void the_environment_says_where(void **state)
{
	(void)state;
	char other[128];
	snprintf(other, sizeof(other), "%s/other", home);
	setenv("XDG_CACHE_HOME", other, 1);
	write_one("ab", "there");
	assert_int_equal(access(below("other/utrail/types/ab"), F_OK), 0);
	setenv("XDG_CACHE_HOME", "relative", 1); /* to be ignored, says the specification */
	write_one("ab", "here");
	assert_int_equal(access(below(".cache/utrail/types/ab"), F_OK), 0);
	unsetenv("XDG_CACHE_HOME");
	unsetenv("HOME");
	assert_has("ab", NULL);
	setenv("HOME", home, 1);
}

static void names_stay_in_the_folder(void **state)
{
	(void)state;
	static const char *const names[] = {"", "../x", "a/b", ".", "..", "A", "a.b", "a b"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		write_one(names[i], "bytes");
		assert_has(names[i], NULL);
	}
}

static void others_must_not_write_there(void **state)
{
	(void)state;
	write_one("ab", "bytes");
	static const char *const paths[] = {".cache/utrail/types/ab", ".cache/utrail/types",
					    ".cache/utrail", ".cache", ""};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		mode_t before = mode_of(paths[i]);
		assert_int_equal(chmod(below(paths[i]), before | 0022), 0);
		assert_refused("ab", "others may");
		assert_int_equal(chmod(below(paths[i]), before), 0);
	}
	assert_has("ab", "bytes");
	assert_int_equal(chmod(below(".cache/utrail/types"), 0755), 0);
	assert_refused("ab", "others may read");
	write_one("cd", "bytes");
	assert_int_not_equal(access(below(".cache/utrail/types/cd"), F_OK), 0);
}

static void it_must_be_our_own(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	write_one("ab", "bytes");
	static const char *const paths[] = {".cache/utrail/types/ab", ".cache/utrail/types",
					    ".cache/utrail", ".cache", ""};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		assert_int_equal(chown(below(paths[i]), 12345, 0), 0);
		assert_refused("ab", "it belongs to user 12345, and we are 0");
		assert_int_equal(chown(below(paths[i]), 0, 0), 0);
	}
	assert_has("ab", "bytes");
}

static void links_and_pipes_are_not_followed(void **state)
{
	(void)state;
	char types[128], moved[128];
	write_one("ab", "bytes");
	assert_int_equal(symlink("ab", below(".cache/utrail/types/cd")), 0);
	assert_has("cd", NULL);
	assert_int_equal(mkfifo(below(".cache/utrail/types/ef"), 0600), 0);
	assert_has("ef", NULL);
	assert_int_equal(mkdir(below(".cache/utrail/types/01"), 0700), 0);
	assert_has("01", NULL);
	strcpy(types, below(".cache/utrail/types"));
	strcpy(moved, below("moved"));
	assert_int_equal(rename(types, moved), 0);
	assert_int_equal(symlink(moved, types), 0);
	assert_refused("ab", "it is no folder");
}

static void writing_over_a_link_replaces_it(void **state)
{
	(void)state;
	struct stat status;
	write_one("ab", "bytes");
	int fd = open(below("precious"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(symlink("../../../precious", below(".cache/utrail/types/cd")), 0);
	write_one("cd", "new");
	assert_has("cd", "new");
	assert_int_equal(stat(below("precious"), &status), 0);
	assert_int_equal(status.st_size, 0);
}

static void the_oldest_go(void **state)
{
	(void)state;
	static const struct cache_limits few = {.bytes = 1000, .files = 3};
	static const struct cache_limits small = {.bytes = 10, .files = 100};
	char name[] = "a0";
	struct cache *cache = cache_new("types", NULL);
	cache_set_limits(cache, &few);
	for (int i = 0; i < 6; i++) {
		struct timespec times[2] = {{.tv_sec = 1000 + i}, {.tv_sec = 1000 + i}};
		char path[64];
		name[1] = (char)('0' + i);
		cache_write(cache, name, "12345", 5);
		snprintf(path, sizeof(path), ".cache/utrail/types/%s", name);
		assert_int_equal(utimensat(AT_FDCWD, below(path), times, 0), 0);
	}
	assert_int_equal(count_files(), 3);
	assert_has("a2", NULL);
	assert_has("a3", "12345");
	assert_has("a5", "12345");
	cache_set_limits(cache, &small);
	cache_write(cache, "b", "12345", 5);
	assert_int_equal(count_files(), 2);
	assert_has("a4", NULL);
	assert_has("b", "12345");
	cache_free(cache);
}

static void what_a_killed_run_left_goes(void **state)
{
	(void)state;
	const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	write_one("ab", "bytes");
	close(open(below(".cache/utrail/types/new-1"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	close(open(below(".cache/utrail/types/new-2"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(utimensat(AT_FDCWD, below(".cache/utrail/types/new-1"), times, 0), 0);
	write_one("ab", "bytes");
	assert_int_not_equal(access(below(".cache/utrail/types/new-1"), F_OK), 0);
	assert_int_equal(access(below(".cache/utrail/types/new-2"), F_OK), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)

int main(void)
{
	umask(022);
	const struct CMUnitTest tests[] = {
		test(what_was_written_is_read),
		test(the_environment_says_where),
		test(names_stay_in_the_folder),
		test(others_must_not_write_there),
		test(it_must_be_our_own),
		test(links_and_pipes_are_not_followed),
		test(writing_over_a_link_replaces_it),
		test(the_oldest_go),
		test(what_a_killed_run_left_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
