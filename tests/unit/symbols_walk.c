/* SPDX-License-Identifier: Apache-2.0 */
/* A walk through all functions tells what the list of all has, whoever reads the file. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "symbols/child/symbolizer.h"
#include "symbols/walk.h"
#include "tests/unit/symbols_liar.h"
#include "tests/unit/unit.h"

/* More than one answer has. */
#define LARGE FIXTURES "/static"

static size_t count_all(struct image *image, const struct function **ret)
{
	size_t count;
	assert_ok(image_functions(image, ret, &count));
	return count;
}

static void same_as_list(struct image *walked, struct image *listed, bool symbols)
{
	const struct walk_wish wish = {.symbols = symbols};
	const struct function *all, *function;
	const char *name;
	size_t count = count_all(listed, &all);
	struct function_walk *walk;
	assert_ok(walk_begin(walked, &wish, &walk));
	assert_int_equal(walk_total(walk), count);
	assert_false(walk_has_types(walk));
	for (size_t i = 0; i < count; i++) {
		assert_ok(walk_next(walk, &function, &name));
		assert_non_null(function);
		assert_true(function->address == all[i].address);
		assert_true(function->offset == all[i].offset && function->size == all[i].size);
		assert_true(function->binding == all[i].binding);
		assert_true(function->ifunc == all[i].ifunc && function->tables == all[i].tables);
		assert_string_equal(name, image_demangle(listed, all[i].symbol));
		if (symbols)
			assert_string_equal(function->symbol, all[i].symbol);
	}
	for (int i = 0; i < 2; i++) {
		assert_ok(walk_next(walk, &function, &name));
		assert_null(function);
	}
	walk_end(walk);
}

static void compare(struct symbolizer *symbolizer, const char *path, size_t *functions)
{
	struct image *here, *there;
	const struct function *all;
	struct err *e = image_open(path, -1, &here);
	if (e) {
		err_free(e);
		return;
	}
	assert_ok(image_open_in(symbolizer, path, -1, &there));
	*functions += count_all(here, &all);
	for (int symbols = 0; symbols < 2; symbols++) {
		same_as_list(here, here, symbols);
		same_as_list(there, here, symbols);
	}
	image_close(here);
	image_close(there);
}

static void a_walk_is_the_list(void **state)
{
	(void)state;
	struct symbolizer *symbolizer;
	struct dirent *entry;
	size_t functions = 0;
	assert_ok(symbolizer_create(NULL, &symbolizer));
	DIR *directory = opendir(FIXTURES);
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		char path[512];
		snprintf(path, sizeof(path), "%s/%s", FIXTURES, entry->d_name);
		if (entry->d_type == DT_REG)
			compare(symbolizer, path, &functions);
	}
	closedir(directory);
	assert_true(functions > 1500);
	symbolizer_destroy(symbolizer);
}

/* How many functions are told when that is asked for. */
static size_t told(struct image *image, const struct walk_wish *wish, bool *ret_types)
{
	const struct function *function;
	const char *name;
	struct function_walk *walk;
	size_t count = 0;
	assert_ok(walk_begin(image, wish, &walk));
	assert_true(walk_total(walk) > 0);
	*ret_types = walk_has_types(walk);
	for (;; count++) {
		assert_ok(walk_next(walk, &function, &name));
		if (!function)
			break;
	}
	walk_end(walk);
	return count;
}

static void what_is_wished_for_decides(struct symbolizer *symbolizer)
{
	struct image *typed, *stripped, *large;
	bool types;
	struct walk_wish untyped = {.untyped = true}, many = {.least = 1000};
	assert_ok(image_open_in(symbolizer, FIXTURES "/libfixture.so", -1, &typed));
	assert_ok(image_open_in(symbolizer, FIXTURES "/mini", -1, &stripped));
	assert_ok(image_open_in(symbolizer, LARGE, -1, &large));
	assert_int_equal(told(typed, &untyped, &types), 0);
	assert_true(types);
	assert_true(told(stripped, &untyped, &types) > 3);
	assert_false(types);
	assert_int_equal(told(typed, &many, &types), 0);
	assert_true(told(large, &many, &types) > 1024);
	image_close(typed);
	image_close(stripped);
	image_close(large);
}

static void few_or_typed_functions_are_not_told(void **state)
{
	(void)state;
	struct symbolizer *symbolizer;
	assert_ok(symbolizer_create(NULL, &symbolizer));
	what_is_wished_for_decides(symbolizer);
	what_is_wished_for_decides(NULL);
	symbolizer_destroy(symbolizer);
}

/* One that is left, and another question in the middle. */
static void a_walk_may_be_left(void **state)
{
	(void)state;
	const struct walk_wish wish = {0};
	const struct function *function;
	const char *name;
	struct symbolizer *symbolizer;
	struct function_walk *walk;
	struct image *image;
	assert_ok(symbolizer_create(NULL, &symbolizer));
	assert_ok(image_open_in(symbolizer, LARGE, -1, &image));
	assert_ok(walk_begin(image, &wish, &walk));
	for (size_t i = 0; i < walk_total(walk); i++) {
		assert_ok(walk_next(walk, &function, &name));
		assert_true(*name);
		if (i % 500 == 0)
			assert_true(image_defines(image, "main"));
	}
	walk_end(walk);
	assert_ok(walk_begin(image, &wish, &walk));
	walk_end(walk);
	walk_end(NULL);
	assert_true(count_all(image, &function) > 1024);
	image_close(image);
	symbolizer_destroy(symbolizer);
}

/* --- lies ------------------------------------------------------------------------------------- */

struct outcome {
	size_t functions, failed;
};

static struct err *go(struct image *image, bool symbols, struct outcome *outcome)
{
	const struct walk_wish wish = {.symbols = symbols};
	_cleanup_(walk_endp) struct function_walk *walk = NULL;
	struct err *e = walk_begin(image, &wish, &walk);
	uint64_t last = 0;
	for (size_t count = 0; !e; count++) {
		const struct function *function;
		const char *name;
		e = walk_next(walk, &function, &name);
		if (e || !function)
			break;
		assert_true(count < walk_total(walk));
		assert_true(function->address >= last);
		assert_int_equal(text_offset_of(function->address), function->offset);
		assert_true(is_executable(function->offset, function->size));
		assert_true(strlen(name) > 0 && strlen(function->symbol) > 0);
		last = function->address;
		outcome->functions++;
	}
	return e;
}

static void one_round(void (*serve)(void), uint64_t seed, struct outcome *outcome)
{
	struct symbolizer *symbolizer;
	struct image *image = NULL;
	liar_begin(seed);
	liar.skip = 1 + (unsigned int)(seed % 3); /* the file is opened */
	liar.is_gentle = seed % 4;
	struct err *e = liar_open(serve, LARGE, &symbolizer, &image);
	e = e ?: go(image, seed % 2, outcome);
	outcome->failed += e != NULL;
	err_free(e);
	image_close(image);
	symbolizer_destroy(symbolizer);
}

/* The file is large. */
#define ROUNDS (LIAR_ROUNDS / 2)

static void lies_lead_nowhere(void **state)
{
	struct outcome outcome = {0};
	(void)state;
	text_read_headers(LARGE);
	for (uint64_t seed = 1; seed <= ROUNDS; seed++)
		one_round(serve_lies, seed, &outcome);
	/* Some lies are noticed, others are names. */
	assert_true(outcome.failed > ROUNDS / 8 && outcome.failed < ROUNDS);
	assert_true(outcome.functions > ROUNDS * 100);
}

static void noise_is_no_answer(void **state)
{
	struct outcome outcome = {0};
	(void)state;
	text_read_headers(LARGE);
	for (uint64_t seed = 1; seed <= 20; seed++)
		one_round(serve_noise, seed, &outcome);
	assert_int_equal(outcome.functions, 0);
	assert_int_equal(outcome.failed, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_walk_is_the_list),
		cmocka_unit_test(few_or_typed_functions_are_not_told),
		cmocka_unit_test(a_walk_may_be_left),
		cmocka_unit_test(lies_lead_nowhere),
		cmocka_unit_test(noise_is_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
