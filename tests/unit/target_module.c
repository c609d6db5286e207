/* SPDX-License-Identifier: Apache-2.0 */
/* Names of files, and where a name is looked for. */
#include "tests/unit/unit.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "target/target.h"

/* --- names ------------------------------------------------------------------------------------
 */

static void short_names(void **state)
{
	static const struct {
		const char *path, *name;
	} cases[] = {
		{"/lib/x86_64-linux-gnu/libc.so.6", "libc"},
		{"libc.so.6", "libc"},
		{"/usr/lib/libssl.so.3", "libssl"},
		{"/usr/lib/libz.so", "libz"},
		{"/usr/lib/postgresql/15/bin/postgres", "postgres"},
		{"/usr/lib/libpython3.11.so.1.0", "libpython3.11"},
		{"/usr/bin/python3.11", "python3.11"},
		/* glibc before 2.34 */
		{"/lib/x86_64-linux-gnu/libc-2.31.so", "libc"},
		{"/lib/x86_64-linux-gnu/libpthread-2.31.so", "libpthread"},
		{"/lib/x86_64-linux-gnu/ld-2.31.so", "ld"},
		/* a program's own number stays */
		{"/usr/bin/gcc-12", "gcc-12"},
		{"./srv", "srv"},
		/* neither ends in ".so" nor in a version of it */
		{"/opt/my.solver", "my.solver"},
		{"/opt/my.solver.so.1", "my.solver"},
		{".so", ".so"},
		{"", ""},
		{"/opt/", ""},
	};
	char name[64];
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		module_short_name(cases[i].path, name, sizeof(name));
		assert_string_equal(name, cases[i].name);
	}
}

static void a_short_name_fits_its_buffer(void **state)
{
	char name[8] = "xxxxxxx", *guarded = malloc(4);
	(void)state;
	module_short_name("/usr/bin/a-long-program-name", name, sizeof(name));
	assert_string_equal(name, "a-long-");
	/* The sanitizer watches the fifth byte. */
	module_short_name("/usr/lib/libcrypto.so.3", guarded, 4);
	assert_string_equal(guarded, "lib");
	free(guarded);
}

static void names_that_match(void **state)
{
	static const struct {
		const char *path, *wanted;
		bool matches;
	} cases[] = {
		{"/lib/x86_64-linux-gnu/libc.so.6", "libc", true},
		{"/lib/x86_64-linux-gnu/libc.so.6", "libc.so.6", true},
		{"/lib/x86_64-linux-gnu/libc.so.6", "libc.so", true},
		{"/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6", true},
		{"/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/libc.so.6", false},
		{"/lib/x86_64-linux-gnu/libc.so.6", "libc.s", false},
		{"/lib/x86_64-linux-gnu/libc.so.6", "lib", false},
		{"/lib/x86_64-linux-gnu/libc.so.6", "c", false},
		{"/lib/x86_64-linux-gnu/libcrypt.so.1", "libc", false},
		{"/usr/lib/libssl.so.3", "libssl.so", true},
		{"/usr/lib/libssl.so.30", "libssl.so.3", false},
		{"/usr/lib/libssl.so.3.0.2", "libssl.so.3", true},
		{"/lib/x86_64-linux-gnu/libc-2.31.so", "libc", true},
		{"/usr/bin/bash", "bash", true},
		{"/usr/bin/bash", "bas", false},
		{"/usr/bin/bash", "", false},
		{"/home/me/srv", "./srv", false},
	};
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		bool matches = module_name_matches(cases[i].path, cases[i].wanted);
		if (matches != cases[i].matches)
			print_error("'%s' and '%s'\n", cases[i].path, cases[i].wanted);
		assert_int_equal(matches, cases[i].matches);
	}
}

/* --- searching --------------------------------------------------------------------------------
 */

struct place {
	char directory[64];
	char *old_path;
};

static void make_file(const struct place *place, const char *name, mode_t mode)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

/* A $PATH of "DIR/a:DIR/b" with programs, and with what only looks like one. */
static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	char path[192];
	strcpy(place->directory, "/tmp/utrail-unit-XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	for (const char *sub = "ab"; *sub; sub++) {
		snprintf(path, sizeof(path), "%s/%c", place->directory, *sub);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	make_file(place, "a/plain", 0644);
	make_file(place, "b/plain", 0755);
	make_file(place, "a/both", 0755);
	make_file(place, "b/both", 0755);
	make_file(place, "a/data", 0644);
	snprintf(path, sizeof(path), "%s/a/folder", place->directory);
	assert_int_equal(mkdir(path, 0755), 0);
	place->old_path = getenv("PATH") ? strdup(getenv("PATH")) : NULL;
	snprintf(path, sizeof(path), "%s/a:%s/b", place->directory, place->directory);
	assert_int_equal(setenv("PATH", path, 1), 0);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	static const char *const names[] = {"a/plain", "b/plain",  "a/both", "b/both",
					    "a/data",  "a/folder", "a",	     "b"};
	struct place *place = *state;
	char path[128];
	for (size_t i = 0; i < array_size(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", place->directory, names[i]);
		assert_int_equal(remove(path), 0);
	}
	assert_int_equal(rmdir(place->directory), 0);
	if (place->old_path)
		setenv("PATH", place->old_path, 1);
	free(place->old_path);
	free(place);
	return 0;
}

static void check_search(const char *wanted, const char *directory, const char *expected)
{
	char *found, whole[128];
	assert_ok(module_search(wanted, &found));
	if (!expected) {
		assert_null(found);
		return;
	}
	snprintf(whole, sizeof(whole), "%s/%s", directory, expected);
	assert_non_null(found);
	assert_string_equal(found, whole);
	free(found);
}

static void programs_are_searched_as_a_shell_does(void **state)
{
	const struct place *place = *state;
	check_search("both", place->directory, "a/both");
	check_search("plain", place->directory, "b/plain");
	check_search("data", place->directory, NULL);
	check_search("folder", place->directory, NULL);
	check_search("nothing-of-that-name", place->directory, NULL);
	check_search("", place->directory, NULL);
}

static void globs_name_no_file(void **state)
{
	check_search("bot*", ((struct place *)*state)->directory, NULL);
	check_search("bot?", ((struct place *)*state)->directory, NULL);
	check_search("[b]oth", ((struct place *)*state)->directory, NULL);
}

static void a_path_is_taken_as_it_is(void **state)
{
	const struct place *place = *state;
	char path[128];
	char *found;
	snprintf(path, sizeof(path), "%s/a/data", place->directory);
	check_search(path, place->directory, "a/data");
	snprintf(path, sizeof(path), "%s/a/none", place->directory);
	assert_ok(module_search(path, &found));
	assert_null(found);
}

static void an_endless_name_is_just_not_there(void **state)
{
	char *name = malloc(PATH_MAX + 64), *found;
	(void)state;
	memset(name, 'x', PATH_MAX + 63);
	name[PATH_MAX + 63] = '\0';
	assert_ok(module_search(name, &found));
	assert_null(found);
	free(name);
}

/* Which libc we run with is in our own maps, as the kernel tells. */
static char *mapped_libc(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char *line = NULL, *ret = NULL;
	size_t size = 0;
	assert_non_null(maps);
	while (!ret && getline(&line, &size, maps) > 0) {
		char *name = strstr(line, "/libc.so.6\n");
		if (!name)
			continue;
		*strchr(line, '\n') = '\0';
		ret = strdup(strchr(line, '/'));
	}
	free(line);
	fclose(maps);
	return ret;
}

static void libraries_are_found_by_their_short_names(void **state)
{
	static const char *const spellings[] = {"libc", "libc.so.6"};
	char *own = mapped_libc();
	struct stat expected, st;
	(void)state;
	if (!own)
		skip(); /* another C library, or a static build */
	assert_int_equal(stat(own, &expected), 0);
	for (size_t i = 0; i < array_size(spellings); i++) {
		char *found = NULL;
		assert_ok(module_search(spellings[i], &found));
		assert_non_null(found);
		assert_int_equal(stat(found, &st), 0);
		assert_int_equal(st.st_ino, expected.st_ino);
		free(found);
	}
	free(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_names),
		cmocka_unit_test(a_short_name_fits_its_buffer),
		cmocka_unit_test(names_that_match),
		cmocka_unit_test_setup_teardown(programs_are_searched_as_a_shell_does, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(globs_name_no_file, make_place, remove_place),
		cmocka_unit_test_setup_teardown(a_path_is_taken_as_it_is, make_place, remove_place),
		cmocka_unit_test(an_endless_name_is_just_not_there),
		cmocka_unit_test(libraries_are_found_by_their_short_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
