/* SPDX-License-Identifier: Apache-2.0 */
/* What lies at an address of data, against readelf. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "symbols/image.h"
#include "tests/unit/symbols_readelf.h"

/* Is it one of the names that readelf has at that address? */
static bool is_name_at(const struct readelf_symbols *all, uint64_t address, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].is_object && all->items[i].address == address &&
		    !strcmp(all->items[i].name, name))
			return true;
	return false;
}

/* The highest object at or below the address that reaches it; NULL: none. */
static const struct readelf_symbol *expected_at(const struct readelf_symbols *all, uint64_t address)
{
	const struct readelf_symbol *found = NULL;
	for (size_t i = 0; i < all->count; i++) {
		const struct readelf_symbol *item = &all->items[i];
		if (item->is_object && item->defined && item->address <= address &&
		    (!found || item->address > found->address ||
		     (item->address == found->address && item->size > found->size)))
			found = item;
	}
	uint64_t size = !found ? 0 : found->size ? found->size : 1;
	return found && address - found->address < size ? found : NULL;
}

static void compare_at(struct image *image, const struct readelf_symbols *all, uint64_t address)
{
	struct object object;
	const struct readelf_symbol *expected = expected_at(all, address);
	bool found = image_object_at(image, address, &object);
	assert_int_equal(found, expected != NULL && image_has_memory(image, address));
	if (!found)
		return;
	assert_true(object.address == expected->address);
	assert_true(is_name_at(all, object.address, object.name));
}

/* The first and the last byte of each object, and the ones around. */
static size_t compare(const char *path)
{
	struct image *image;
	struct readelf_symbols all = {0};
	size_t count = 0;
	assert_ok(image_open(path, -1, &image));
	readelf_symbols(path, "-sW", &all);
	for (size_t i = 0; i < all.count; i++) {
		const struct readelf_symbol *item = &all.items[i];
		if (!item->is_object || !item->defined)
			continue;
		compare_at(image, &all, item->address);
		compare_at(image, &all, item->address - 1);
		compare_at(image, &all, item->address + item->size);
		compare_at(image, &all, item->address + (item->size ? item->size - 1 : 0));
		count++;
	}
	readelf_free(&all);
	image_close(image);
	return count;
}

static void agrees_with_readelf(void **state)
{
	(void)state;
	assert_true(compare(FIXTURES "/pie") > 3);
	assert_true(compare(FIXTURES "/nopie") > 3);
	assert_true(compare(FIXTURES "/static") > 100);
	assert_true(compare(FIXTURES "/libfixture.so") > 0);
	compare(FIXTURES "/stripped");
}

static void nothing_outside(void **state)
{
	(void)state;
	struct image *image;
	struct object object;
	assert_ok(image_open(FIXTURES "/pie", -1, &image));
	assert_false(image_object_at(image, 0, &object));
	assert_false(image_object_at(image, UINT64_MAX, &object));
	assert_false(image_object_at(image, 1ULL << 40, &object));
	assert_null(image_go_type_at(image, 0));
	assert_null(image_go_type_at(image, UINT64_MAX));
	assert_null(image_go_table_at(image, 0));
	assert_null(image_go_table_at(image, UINT64_MAX));
	image_close(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_readelf),
		cmocka_unit_test(nothing_outside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
