/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <unistd.h>

#include "symbols/image.h"
#include "tests/unit/symbols_bytes.h"
#include "tests/unit/symbols_readelf.h"

static int by_address_and_name(const void *left, const void *right)
{
	const struct readelf_symbol *a = left, *b = right;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* readelf's defined functions, sorted, each once. */
static size_t reduce(struct readelf_symbols *all)
{
	size_t kept = 0;
	qsort(all->items, all->count, sizeof(*all->items), by_address_and_name);
	for (size_t i = 0; i < all->count; i++) {
		struct readelf_symbol *item = &all->items[i];
		if (!item->function || !item->defined)
			continue;
		if (kept && !by_address_and_name(&all->items[kept - 1], item))
			continue;
		struct readelf_symbol moved = all->items[kept];
		all->items[kept++] = *item;
		*item = moved;
	}
	return kept;
}

static void add_debug_file(const char *path, struct readelf_symbols *expected)
{
	char id[128], debug[256];
	if (!readelf_field("-nW", path, "Build ID: ", "\n", id, sizeof(id)))
		return;
	snprintf(debug, sizeof(debug), "/usr/lib/debug/.build-id/%.2s/%s.debug", id, id + 2);
	if (access(debug, R_OK) == 0)
		readelf_symbols(debug, "-sW", expected);
}

static void compare(const char *path)
{
	struct image *image;
	const struct function *functions;
	size_t count;
	struct readelf_symbols expected = {0};
	assert_ok(image_open(path, -1, &image));
	assert_ok(image_functions(image, &functions, &count));
	readelf_symbols(path, "-sW", &expected);
	add_debug_file(path, &expected);
	size_t n_expected = reduce(&expected);
	for (size_t i = 0; i < n_expected && i < count; i++) {
		assert_string_equal(functions[i].symbol, expected.items[i].name);
		assert_int_equal(functions[i].address, expected.items[i].address);
		assert_int_equal(functions[i].ifunc, expected.items[i].ifunc);
	}
	assert_int_equal(count, n_expected);
	readelf_free(&expected);
	image_close(image);
}

static void agrees_with_readelf_on_fixtures(void **state)
{
	(void)state;
	compare(FIXTURES "/pie");
	compare(FIXTURES "/nopie");
	compare(FIXTURES "/static");
	compare(FIXTURES "/libfixture.so");
	compare(FIXTURES "/stripped");
}

static void agrees_with_readelf_on_system_files(void **state)
{
	(void)state;
	static const char *const paths[] = {
		"/lib/x86_64-linux-gnu/libc.so.6",
		"/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
		"/lib/aarch64-linux-gnu/libc.so.6",
		"/usr/lib/aarch64-linux-gnu/libstdc++.so.6",
		"/usr/lib/libc.so.6",
		"/bin/bash",

	};
	int found = 0;
	for (size_t i = 0; i < array_size(paths); i++) {
		if (access(paths[i], R_OK) != 0)
			continue;
		compare(paths[i]);
		found++;
	}
	assert_true(found >= 2);
}

static const struct function *find(struct image *image, const char *name)
{
	const struct function *functions;
	size_t count;
	assert_ok(image_functions(image, &functions, &count));
	for (size_t i = 0; i < count; i++)
		if (!strcmp(functions[i].symbol, name))
			return &functions[i];
	return NULL;
}

/* Sizes and bindings of the program's own functions, and the bytes at their offsets. */
static void check_details(const char *path)
{
	struct image *image;
	struct readelf_symbols expected = {0};
	int checked = 0;
	assert_ok(image_open(path, -1, &image));
	readelf_symbols(path, "-sW", &expected);
	for (size_t i = 0; i < expected.count; i++) {
		const struct readelf_symbol *symbol = &expected.items[i];
		if (!symbol->function || !symbol->defined || strcmp(symbol->binding, "GLOBAL") != 0)
			continue;
		const struct function *function = find(image, symbol->name);
		assert_non_null(function);
		assert_int_equal(function->size, symbol->size);
		assert_int_equal(function->binding, STB_GLOBAL);
		uint64_t offset;
		assert_true(image_offset_of(image, function->address, &offset));
		assert_int_equal(offset, function->offset);
		assert_true(image_is_text(image, offset, function->size));
		checked++;
	}
	assert_true(checked > 10);
	assert_int_equal(find(image, "scaled") ? find(image, "scaled")->binding : 99, STB_LOCAL);
	readelf_free(&expected);
	image_close(image);
}

static void sizes_and_offsets_are_right(void **state)
{
	(void)state;
	check_details(FIXTURES "/pie");
	check_details(FIXTURES "/nopie");
	check_details(FIXTURES "/libfixture.so");
}

static void aliases_and_ifuncs_are_told_apart(void **state)
{
	(void)state;
	struct image *image;
	assert_ok(image_open(FIXTURES "/libfixture.so", -1, &image));
	const struct function *one = find(image, "aliased"), *other = find(image, "alias_of_it");
	assert_non_null(one);
	assert_non_null(other);
	assert_int_equal(one->address, other->address);
	assert_false(one->ifunc);
	assert_true(find(image, "chosen")->ifunc);
	assert_false(find(image, "choose")->ifunc);
	assert_null(find(image, "strlen"));
	image_close(image);
}

static void a_function_is_found_by_any_of_its_addresses(void **state)
{
	(void)state;
	struct image *image;
	assert_ok(image_open(FIXTURES "/nopie", -1, &image));
	const struct function *walk = find(image, "walk");
	assert_ptr_equal(image_function_at(image, walk->address), walk);
	assert_ptr_equal(image_function_at(image, walk->address + walk->size - 1), walk);
	assert_ptr_not_equal(image_function_at(image, walk->address + walk->size), walk);
	assert_ptr_not_equal(image_function_at(image, walk->address - 1), walk);
	const struct function *caller = find(image, "caller");
	assert_ptr_equal(image_function_at(image, caller->address + 1), caller);
	assert_null(image_function_at(image, 0));
	assert_null(image_function_at(image, UINT64_MAX));
	image_close(image);
}

/* A copy, in memory, whose ELF header knows of no section headers. */
static int without_section_headers(const char *path)
{
	Elf64_Ehdr header;
	size_t size;
	uint8_t *bytes = file_bytes(path, &size);
	memcpy(&header, bytes, sizeof(header));
	header.e_shoff = 0;
	header.e_shnum = header.e_shstrndx = 0;
	memcpy(bytes, &header, sizeof(header));
	int fd = memory_file(bytes, size);
	free(bytes);
	return fd;
}

static void a_file_without_section_headers_has_its_dynamic_functions(void **state)
{
	(void)state;
	struct image *image;
	struct section_range section;
	int fd = without_section_headers(FIXTURES "/libfixture.so");
	assert_ok(image_open("noheaders", fd, &image));
	close(fd);
	assert_false(image_section(image, ".text", &section));
	assert_true(image_is_stripped(image));
	struct image *whole;
	assert_ok(image_open(FIXTURES "/libfixture.so", -1, &whole));
	static const char *const names[] = {"add", "greet", "walk", "chosen", "alias_of_it"};
	for (size_t i = 0; i < array_size(names); i++) {
		assert_non_null(find(image, names[i]));
		assert_int_equal(find(image, names[i])->offset, find(whole, names[i])->offset);
	}
	assert_null(find(image, "scaled"));
	assert_true(image_imports(image, "strlen"));
	assert_string_equal(image_soname(image), "libfixture.so.1");
	image_close(whole);
	image_close(image);
}

static void imports_definitions_and_addresses_agree_with_readelf(void **state)
{
	(void)state;
	static const char *const paths[] = {FIXTURES "/pie", FIXTURES "/libfixture.so"};
	for (size_t p = 0; p < array_size(paths); p++) {
		struct image *image;
		struct readelf_symbols dynamic = {0};
		uint64_t address;
		assert_ok(image_open(paths[p], -1, &image));
		image_read_tables(image);
		readelf_symbols(paths[p], "-W --dyn-syms", &dynamic);
		assert_true(dynamic.count > 3);
		for (size_t i = 0; i < dynamic.count; i++) {
			const struct readelf_symbol *symbol = &dynamic.items[i];
			bool hashed;
			assert_true(image_hash_defines(image, symbol->name, &hashed));
			assert_int_equal(hashed, symbol->defined);
			assert_int_equal(image_imports(image, symbol->name), !symbol->defined);
			assert_int_equal(image_defines(image, symbol->name), symbol->defined);
			bool has = image_symbol_address(image, symbol->name, &address);
			assert_int_equal(has, symbol->defined && !symbol->thread_local);
			if (has)
				assert_int_equal(address, symbol->address);
		}
		assert_true(image_defines(image, "scaled"));
		assert_true(image_symbol_address(image, "global_counter", &address));
		assert_false(image_symbol_address(image, "per_thread", &address));
		assert_true(image_defines(image, "per_thread"));
		assert_false(image_defines(image, "no_such_symbol"));
		assert_false(image_imports(image, "no_such_symbol"));
		readelf_free(&dynamic);
		image_close(image);
	}
}

static void stripped_is_told_from_whole(void **state)
{
	(void)state;
	struct image *image;
	assert_ok(image_open(FIXTURES "/pie", -1, &image));
	assert_false(image_is_stripped(image));
	image_close(image);
	assert_ok(image_open(FIXTURES "/stripped", -1, &image));
	assert_true(image_is_stripped(image));
	assert_null(find(image, "scaled"));
	image_close(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_readelf_on_fixtures),
		cmocka_unit_test(agrees_with_readelf_on_system_files),
		cmocka_unit_test(sizes_and_offsets_are_right),
		cmocka_unit_test(aliases_and_ifuncs_are_told_apart),
		cmocka_unit_test(a_function_is_found_by_any_of_its_addresses),
		cmocka_unit_test(a_file_without_section_headers_has_its_dynamic_functions),
		cmocka_unit_test(imports_definitions_and_addresses_agree_with_readelf),
		cmocka_unit_test(stripped_is_told_from_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
