/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/debug_file.h"

#include <stdio.h>

#include "symbols/image.h"
#include "tests/unit/symbols_bytes.h"
#include "tests/unit/symbols_root.h"

/* Where the build id says; empty for a file without one. */
static void build_id_path(struct image *image, char path[256])
{
	const uint8_t *id;
	size_t size = image_build_id(image, &id);
	int at = snprintf(path, 256, "%s/.build-id/%02x/", root, id[0]);
	for (size_t i = 1; i < size; i++)
		at += snprintf(path + at, 256 - (size_t)at, "%02x", id[i]);
	snprintf(path + at, 256 - (size_t)at, ".debug");
}

static void by_build_id(void **state)
{
	(void)state;
	char path[256];
	struct image *image = open_image(FIXTURES "/by_id");
	assert_null(debug_file_find(image, root));
	build_id_path(image, path);
	run("mkdir -p \"$(dirname '%s')\" && cp '%s' '%s'", path, FIXTURES "/by_id.debug", path);
	struct debug_file *found = debug_file_find(image, root);
	assert_non_null(found);
	assert_string_equal(found->path, path);
	debug_file_free(found);
	/* Another program's debug file under this name. */
	run("cp '%s' '%s'", FIXTURES "/nopie", path);
	assert_null(debug_file_find(image, root));
	/* A pipe must not be waited for. */
	run("rm '%s' && mkfifo '%s'", path, path);
	assert_null(debug_file_find(image, root));
	image_close(image);
}

static void by_debuglink_in_the_three_directories(void **state)
{
	(void)state;
	char path[256];
	run("mkdir -p '%s/bin/.debug' '%s/global%s/bin' && cp '%s' '%s/bin/'", root, root, root,
	    FIXTURES "/linked", root);
	snprintf(path, sizeof(path), "%s/bin/linked", root);
	struct image *image = open_image(path);
	char global[256], expected[512];
	snprintf(global, sizeof(global), "%s/global", root);
	assert_null(debug_file_find(image, global));
	const char *const places[] = {"/bin/.debug", "/bin", NULL};
	for (size_t i = 0; i < 3; i++) {
		if (places[i])
			snprintf(expected, sizeof(expected), "%s%s/linked.debug", root, places[i]);
		else
			snprintf(expected, sizeof(expected), "%s%s/bin/linked.debug", global, root);
		run("cp '%s' '%s'", FIXTURES "/linked.debug", expected);
		struct debug_file *found = debug_file_find(image, global);
		assert_non_null(found);
		assert_string_equal(found->path, expected);
		debug_file_free(found);
		/* One changed byte: the CRC is another one. */
		run("printf '\\001' | dd of='%s' bs=1 seek=4000 conv=notrunc status=none",
		    expected);
		assert_null(debug_file_find(image, global));
		run("rm '%s'", expected);
	}
	image_close(image);
}

/* The same file with another name in its .gnu_debuglink, of the same length. */
static struct image *open_relinked(const char *name)
{
	size_t size;
	struct section_range link;
	struct image *image = open_image(FIXTURES "/linked");
	assert_true(image_section(image, ".gnu_debuglink", &link));
	image_close(image);
	uint8_t *bytes = file_bytes(FIXTURES "/linked", &size);
	assert_int_equal(strlen(name), strlen("linked.debug"));
	memcpy(bytes + link.offset, name, strlen(name));
	char path[256];
	snprintf(path, sizeof(path), "%s/bin/tricky", root);
	FILE *out = fopen(path, "w");
	assert_int_equal(fwrite(bytes, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
	free(bytes);
	return open_image(path);
}

static void names_with_a_directory_are_refused(void **state)
{
	(void)state;
	run("mkdir -p '%s/bin/abcd' && cp '%s' '%s/bin/abcd/x.debug'", root,
	    FIXTURES "/linked.debug", root);
	run("cp '%s' '%s/xy.debug1'", FIXTURES "/linked.debug", root);
	struct image *image = open_relinked("abcd/x.debug");
	assert_null(debug_file_find(image, root));
	image_close(image);
	image = open_relinked("../xy.debug1");
	assert_null(debug_file_find(image, root));
	image_close(image);
	/* The same name without a directory is taken, so that it is the directory that counts. */
	run("cp '%s' '%s/bin/abcd-x.debug'", FIXTURES "/linked.debug", root);
	image = open_relinked("abcd-x.debug");
	struct debug_file *found = debug_file_find(image, root);
	assert_non_null(found);
	debug_file_free(found);
	image_close(image);
}

static void build_ids_of_odd_sizes_name_nothing(void **state)
{
	(void)state;
	static const uint8_t id[200] = {1, 2, 3};
	assert_null(debug_file_by_build_id(-1, root, NULL, 0));
	assert_null(debug_file_by_build_id(-1, root, id, 1));
	assert_null(debug_file_by_build_id(-1, root, id, sizeof(id)));
	assert_null(debug_file_at(-1, FIXTURES "/pie", id, 20));
	debug_file_free(NULL);
}

static void symbols_of_the_debug_file_are_ours(void **state)
{
	(void)state;
	const struct function *functions;
	size_t count;
	char path[256];
	run("cp '%s' '%s/bin/' && cp '%s' '%s/bin/'", FIXTURES "/linked", root,
	    FIXTURES "/linked.debug", root);
	snprintf(path, sizeof(path), "%s/bin/linked", root);
	struct image *image = open_image(path);
	assert_false(image_is_stripped(image));
	assert_true(image_defines(image, "scaled"));
	assert_ok(image_functions(image, &functions, &count));
	bool found = false;
	for (size_t i = 0; i < count; i++)
		found |= !strcmp(functions[i].symbol, "scaled");
	assert_true(found);
	assert_non_null(debug_file_of(image));
	image_close(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_build_id),
		cmocka_unit_test(by_debuglink_in_the_three_directories),
		cmocka_unit_test(names_with_a_directory_are_refused),
		cmocka_unit_test(build_ids_of_odd_sizes_name_nothing),
		cmocka_unit_test(symbols_of_the_debug_file_are_ours),
	};
	return cmocka_run_group_tests(tests, make_root, remove_root);
}
