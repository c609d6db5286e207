/* SPDX-License-Identifier: Apache-2.0 */
/* Tables as Go's linker lays them out in three versions, written here by hand, and damaged ones. */
#include "symbols/go_table.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

#define TEXT 0x401000u

struct writer {
	uint8_t bytes[1024];
};

static void put(struct writer *to, size_t at, uint64_t value, size_t width)
{
	assert_true(at + width <= sizeof(to->bytes));
	memcpy(to->bytes + at, &value, width);
}

/* Functions main.a (0x20 bytes) and main.b (0x40), the names at 128, the functions at 256. */
static void write_table(struct writer *to, uint32_t magic)
{
	bool is_short = magic != 0xfffffffa;
	unsigned int shift = is_short;
	size_t width = is_short ? 4 : 8;
	uint64_t base = is_short ? 0 : TEXT;
	static const uint64_t starts[] = {0, 0x20, 0x60};
	static const char names[] = "\0main.a\0main.b";
	memset(to, 0, sizeof(*to));
	put(to, 0, magic, 4);
	put(to, 6, 1, 1);
	put(to, 7, 8, 1);
	put(to, 8, 2, 8);
	if (shift)
		put(to, 8 + 2 * 8, TEXT, 8);
	put(to, 8 + (2 + shift) * 8, 128, 8);
	put(to, 8 + (6 + shift) * 8, 256, 8);
	memcpy(to->bytes + 128, names, sizeof(names));
	for (size_t i = 0; i < 3; i++)
		put(to, 256 + i * 2 * width, base + starts[i], width);
	for (size_t i = 0; i < 2; i++) {
		size_t record = 128 + i * 32;
		put(to, 256 + i * 2 * width + width, record, width);
		put(to, 256 + record, base + starts[i], width);
		put(to, 256 + record + width, 1 + i * 7, 4);
	}
}

static const uint32_t magics[] = {0xfffffffa, 0xfffffff0, 0xfffffff1};

static void test_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		struct writer writer;
		struct go_table table;
		struct go_function function;
		write_table(&writer, magics[i]);
		assert_true(go_table_init(&table, writer.bytes, sizeof(writer.bytes), 0));
		assert_int_equal(table.n_functions, 2);
		assert_true(go_table_function(&table, 0, &function));
		assert_string_equal(function.name, "main.a");
		assert_int_equal(function.address, TEXT);
		assert_int_equal(function.size, 0x20);
		assert_true(go_table_function(&table, 1, &function));
		assert_string_equal(function.name, "main.b");
		assert_int_equal(function.address, TEXT + 0x20);
		assert_int_equal(function.size, 0x40);
		assert_false(go_table_function(&table, 2, &function));
	}
}

static void test_other_headers(void **state)
{
	struct writer writer;
	struct go_table table;
	(void)state;
	write_table(&writer, 0xfffffffb); /* Go 1.2 */
	assert_false(go_table_init(&table, writer.bytes, sizeof(writer.bytes), 0));
	write_table(&writer, magics[2]);
	put(&writer, 7, 4, 1); /* 32-bit */
	assert_false(go_table_init(&table, writer.bytes, sizeof(writer.bytes), 0));
	write_table(&writer, magics[2]);
	put(&writer, 24, 0, 8); /* the loader fills it in */
	assert_false(go_table_init(&table, writer.bytes, sizeof(writer.bytes), 0));
	write_table(&writer, magics[2]);
	put(&writer, 8, UINT64_MAX, 8);
	assert_false(go_table_init(&table, writer.bytes, sizeof(writer.bytes), 0));
	put(&writer, 8, 100, 8);
	assert_false(go_table_init(&table, writer.bytes, sizeof(writer.bytes), 0));
}

/* From Go 1.26 on the table does not say where the code begins; the module's data does. */
static void test_module(void **state)
{
	enum { ADDRESS = 0x4adbe8 };
	uint64_t words[32] = {ADDRESS};
	struct writer writer;
	struct go_table table;
	struct go_function function;
	(void)state;
	words[20] = words[22] = TEXT;
	words[21] = TEXT + 0x60;
	words[23] = TEXT + 0x70;
	assert_int_equal(go_module_text(words, sizeof(words), ADDRESS), TEXT);
	assert_int_equal(go_module_text(words, 23 * 8, ADDRESS), 0);
	assert_int_equal(go_module_text(words, sizeof(words), ADDRESS + 8), 0);
	write_table(&writer, magics[2]);
	put(&writer, 24, 0, 8);
	assert_true(go_table_init(&table, writer.bytes, sizeof(writer.bytes), TEXT));
	assert_true(go_table_function(&table, 1, &function));
	assert_int_equal(function.address, TEXT + 0x20);
	/* The first function lies in front of the code. */
	words[22] = TEXT + 1;
	assert_int_equal(go_module_text(words, sizeof(words), ADDRESS), 0);
}

/* Every length, and every byte changed: no crash (the sanitizers watch), no address from nowhere.
 */
static void test_damaged(void **state)
{
	(void)state;
	uint64_t random = 88172645463325252;
	for (int round = 0; round < 20000; round++) {
		struct writer writer;
		struct go_table table;
		struct go_function function;
		write_table(&writer, magics[round % 3]);
		for (int i = 0; i < round % 9; i++)
			writer.bytes[next_random(&random) % 420] = (uint8_t)next_random(&random);
		size_t size = round % 2 ? next_random(&random) % sizeof(writer.bytes)
					: sizeof(writer.bytes);
		uint8_t *bytes = malloc(size + 1);
		assert_non_null(bytes);
		memcpy(bytes, writer.bytes, size);
		bool ok = go_table_init(&table, bytes, size, 0);
		for (uint64_t n = 0; ok && n <= table.n_functions && n < 64; n++)
			if (go_table_function(&table, n, &function)) {
				assert_true(function.size);
				assert_true((const uint8_t *)function.name + strlen(function.name) <
					    bytes + size);
			}
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_other_headers),
		cmocka_unit_test(test_module),
		cmocka_unit_test(test_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
