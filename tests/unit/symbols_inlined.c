/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of inlined functions: what symbols_lines_fixture.c makes the compiler copy. */
#include <stdio.h>

#include "symbols/inlined.h"
#include "symbols/stack.h"
#include "tests/unit/symbols_find.h"

static bool any(void *context, const char *name)
{
	(void)context;
	return *name;
}

static bool is_named(void *context, const char *name)
{
	return !strcmp(context, name);
}

static struct image *open_fixture(const char *name)
{
	char path[512];
	struct image *image;
	snprintf(path, sizeof(path), "%s/%s", FIXTURES, name);
	assert_ok(image_open(path, -1, &image));
	return image;
}

/* What lies at a copy's address says the same, by another way through the debug information. */
static void check_copy(struct image *image, const struct inlined_copy *copy)
{
	const struct code_place *place = image_place(image, copy->address);
	bool found = false;
	uint64_t offset;
	assert_non_null(place);
	for (size_t i = 0; i < place->n_inlined; i++)
		found |= !strcmp(place->inlined[i].symbol, copy->name);
	assert_true(found);
	assert_true(image_offset_of(image, copy->address, &offset));
	assert_int_equal(offset, copy->offset);
	if (copy->caller)
		assert_string_equal(copy->caller, place->own.symbol);
}

static void check_fixture(const char *name, size_t at_least)
{
	struct image *image = open_fixture(name);
	struct inlined_list list;
	assert_ok(image_find_inlined(image, any, NULL, &list));
	assert_false(list.cut);
	assert_true(list.copies.count >= at_least);
	for (size_t i = 0; i < list.copies.count; i++) {
		const struct inlined_copy *copy = &list.copies.items[i];
		check_copy(image, copy);
		if (!i)
			continue;
		int order = strcmp(copy[-1].name, copy->name);
		assert_true(order < 0 || (!order && copy[-1].address < copy->address));
	}
	inlined_list_deinit(&list);
	image_close(image);
}

static void test_copies(void **state)
{
	(void)state;
	check_fixture("lines_o2", 2);
	check_fixture("lines_o0", 2);
	check_fixture("cpp_fast", 0);
	check_fixture("libfixture.so", 0);
	check_fixture("dwarf4", 0);
	check_fixture("dwarf5", 0);
	check_fixture("pie", 0);
}

static void test_only_wanted(void **state)
{
	struct image *image = open_fixture("lines_o2");
	struct inlined_list all, some;
	char nobody[] = "no such function";
	(void)state;
	assert_ok(image_find_inlined(image, any, NULL, &all));
	assert_true(all.copies.count);
	size_t wanted = 0;
	char *name = strdup(all.copies.items[0].name);
	for (size_t i = 0; i < all.copies.count; i++)
		wanted += !strcmp(all.copies.items[i].name, name);
	assert_ok(image_find_inlined(image, is_named, name, &some));
	assert_int_equal(some.copies.count, wanted);
	assert_ok(image_find_inlined(image, is_named, nobody, &some));
	assert_int_equal(some.copies.count, 0);
	free(name);
	inlined_list_deinit(&all);
	image_close(image);
}

/* Nothing is known, which is no error. */
static void test_no_debug(void **state)
{
	struct image *image = open_fixture("stripped");
	struct inlined_list list;
	(void)state;
	assert_ok(image_find_inlined(image, any, NULL, &list));
	assert_int_equal(list.copies.count, 0);
	inlined_list_deinit(&list);
	image_close(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_only_wanted),
		cmocka_unit_test(test_no_debug),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
