/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of symbols_lines_fixture.c: their places as addr2line has them, and what is in scope. */
#include "symbols/lines.h"

#include <inttypes.h>
#include <stdio.h>

#include "symbols/variables.h"
#include "tests/unit/symbols_find.h"

static const char *const fixtures[] = {FIXTURES "/lines_o0", FIXTURES "/lines_o2"};

/* The line that has these words in its comment. */
static unsigned int line_of(const char *words)
{
	FILE *source = fopen(LINES_SOURCE, "r");
	char text[256];
	unsigned int number = 0;
	bool found = false;
	assert_non_null(source);
	while (!found && fgets(text, sizeof(text), source)) {
		number++;
		found = strstr(text, words);
	}
	fclose(source);
	assert_true(found);
	return number;
}

/* One of the lines at this address, inlined ones too, in addr2line's words. */
static bool addr2line_says(const char *path, uint64_t address, unsigned int line)
{
	char command[512], text[256];
	bool found = false;
	snprintf(command, sizeof(command), "addr2line -ie '%s' 0x%" PRIx64, path, address);
	FILE *tool = popen(command, "r");
	assert_non_null(tool);
	while (fgets(text, sizeof(text), tool)) {
		const char *colon = strrchr(text, ':');
		found |= colon && strtoul(colon + 1, NULL, 10) == line;
	}
	assert_int_equal(pclose(tool), 0);
	return found;
}

static struct image *open_file(const char *path)
{
	struct image *image;
	assert_ok(image_open(path, -1, &image));
	return image;
}

static void check_line(const char *path, const char *words, size_t at_least)
{
	struct image *image = open_file(path);
	struct line_search found;
	unsigned int line = line_of(words);
	assert_ok(image_find_line(image, "symbols_lines_fixture.c", line, &found));
	assert_true(found.has_lines);
	assert_int_equal(found.files.count, 1);
	assert_true(found.places.count >= at_least);
	for (size_t i = 0; i < found.places.count; i++) {
		const struct line_place *place = &found.places.items[i];
		assert_true(image_is_text(image, place->offset, 1));
		assert_true(addr2line_says(path, place->address, line));
		assert_true(!i || place[-1].address < place->address);
	}
	line_search_deinit(&found);
	image_close(image);
}

static void test_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(fixtures); i++) {
		check_line(fixtures[i], "line: inlined", 2);
		check_line(fixtures[i], "line: loop", 1);
		check_line(fixtures[i], "line: single", 1);
	}
}

static void test_no_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(fixtures); i++) {
		struct image *image = open_file(fixtures[i]);
		struct line_search found;
		unsigned int line = line_of("line: no code");
		assert_ok(image_find_line(image, "unit/symbols_lines_fixture.c", line, &found));
		assert_int_equal(found.places.count, 0);
		assert_int_equal(found.files.count, 1);
		assert_true(found.before && found.before < line);
		assert_int_equal(found.after, line_of("line: single"));
		line_search_deinit(&found);
		assert_ok(image_find_line(image, "other/symbols_lines_fixture.c", line, &found));
		assert_int_equal(found.files.count, 0);
		assert_true(found.has_lines);
		line_search_deinit(&found);
		image_close(image);
	}
}

static void test_no_debug(void **state)
{
	struct image *image = open_file(FIXTURES "/stripped");
	struct line_search found;
	struct variable_list variables;
	(void)state;
	assert_ok(image_find_line(image, "symbols_fixture.c", 1, &found));
	assert_false(found.has_lines);
	assert_int_equal(found.places.count, 0);
	line_search_deinit(&found);
	assert_ok(image_variables_at(image, 0x1000, 0, 0, &variables));
	assert_int_equal(variables.count, 0);
	image_close(image);
}

static const struct variable *find_variable(const struct variable_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i].name, name))
			return &list->items[i];
	return NULL;
}

static void check_scope(struct image *image, const char *words, const char *const *names)
{
	struct line_search found;
	struct variable_list list;
	unsigned int line = line_of(words);
	size_t count = 0;
	assert_ok(image_find_line(image, "symbols_lines_fixture.c", line, &found));
	assert_true(found.places.count);
	for (size_t i = 0; i < found.places.count; i++) {
		assert_ok(image_variables_at(image, found.places.items[i].address, 0, line, &list));
		for (count = 0; names[count]; count++) {
			const struct variable *variable = find_variable(&list, names[count]);
			assert_non_null(variable);
			assert_null(variable->place.unavailable);
			assert_true(variable->place.n_steps);
			assert_string_equal(variable->type->name, "int");
			/* Parameters come first. */
			assert_int_equal(variable->is_parameter, !strcmp(variable->name, "n"));
		}
		assert_int_equal(list.count, count);
		assert_true(list.items[0].is_parameter);
	}
	line_search_deinit(&found);
}

static void test_variables(void **state)
{
	static const char *const inlined[] = {"n", "more", NULL};
	static const char *const loop[] = {"n", "sum", "i", NULL};
	(void)state;
	for (size_t i = 0; i < array_size(fixtures); i++) {
		struct image *image = open_file(fixtures[i]);
		check_scope(image, "line: inlined", inlined);
		check_scope(image, "line: loop", loop);
		image_close(image);
	}
}

static void check_normal(const char *path, const char *expected)
{
	char buffer[128];
	line_file_normalise(path, buffer);
	assert_string_equal(buffer, expected);
}

static void test_names_of_files(void **state)
{
	(void)state;
	check_normal("./a/b.c", "a/b.c");
	check_normal("../include/stdio.h", "../include/stdio.h");
	check_normal("a/../b.c", "b.c");
	check_normal("a/b/../../../c", "../c");
	check_normal("//x///y/.", "/x/y");
	check_normal("../../x/../y", "../../y");
	check_normal("", "");
	assert_true(line_file_matches("/src/app/parser.c", "parser.c"));
	assert_true(line_file_matches("/src/app/parser.c", "app/parser.c"));
	assert_true(line_file_matches("/src/app/parser.c", "/src/./app/parser.c"));
	assert_true(line_file_matches("./parser.c", "parser.c"));
	assert_false(line_file_matches("/src/app/myparser.c", "parser.c"));
	assert_false(line_file_matches("parser.c", "app/parser.c"));
	assert_false(line_file_matches("/src/app/parser.c", "/app/parser.c"));
	assert_false(line_file_matches("/src/app/parser.c", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),	       cmocka_unit_test(test_no_code),
		cmocka_unit_test(test_no_debug),       cmocka_unit_test(test_variables),
		cmocka_unit_test(test_names_of_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
