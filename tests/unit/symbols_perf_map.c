/* SPDX-License-Identifier: Apache-2.0 */
/* Perf maps as programs write them, and as nobody should. */
#include "symbols/perf_map.h"

#include <stdio.h>
#include <stdlib.h>

#include "symbols/stack.h"
#include "tests/unit/unit.h"

struct fixture {
	struct perf_map *map;
	struct arena places;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->map = perf_map_create();
	assert_non_null(f->map);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	perf_map_destroy(f->map);
	arena_deinit(&f->places);
	free(f);
	return 0;
}

static const char *name_at(struct fixture *f, uint64_t address)
{
	const struct code_place *place = perf_map_find(f->map, address, &f->places);
	return place ? place->own.symbol : NULL;
}

static void add(struct fixture *f, const char *text)
{
	assert_int_equal(perf_map_add(f->map, text, strlen(text), true), strlen(text));
}

static void test_lines(void **state)
{
	struct fixture *f = *state;
	add(f, "7f0000001000 20 LazyCompile:~main /srv/app.js:12:3\n"
	       "7f0000002000 10 Lorg/example/Main;::run\r\n"
	       "0x7f0000003000 0x8 with_prefix\n"
	       "7F0000004000 FF last");
	assert_int_equal(perf_map_count(f->map), 4);
	assert_string_equal(name_at(f, 0x7f0000001000), "LazyCompile:~main /srv/app.js:12:3");
	assert_string_equal(name_at(f, 0x7f000000101f), "LazyCompile:~main /srv/app.js:12:3");
	assert_null(name_at(f, 0x7f0000001020));
	assert_null(name_at(f, 0x7f0000000fff));
	assert_string_equal(name_at(f, 0x7f000000200f), "Lorg/example/Main;::run");
	assert_string_equal(name_at(f, 0x7f0000003007), "with_prefix");
	assert_string_equal(name_at(f, 0x7f00000040fe), "last");
	assert_int_equal(perf_map_find(f->map, 0x7f0000001004, &f->places)->start, 0x7f0000001000);
	/* Asked for again, it is the same. */
	assert_ptr_equal(name_at(f, 0x7f0000001000), name_at(f, 0x7f0000001001));
}

/* What was compiled later lies over what was there. */
static void test_later_wins(void **state)
{
	struct fixture *f = *state;
	add(f, "1000 100 old\n2000 100 other\n");
	assert_string_equal(name_at(f, 0x1010), "old");
	add(f, "1000 80 new\n1040 10 inner\n");
	assert_string_equal(name_at(f, 0x1010), "new");
	assert_string_equal(name_at(f, 0x1048), "inner");
	assert_string_equal(name_at(f, 0x1090), "old");
	add(f, "1000 100 newest\n");
	assert_string_equal(name_at(f, 0x1048), "newest");
	assert_string_equal(name_at(f, 0x2000), "other");
}

static void test_half_a_line(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "1000 10 first\n2000 10 sec";
	size_t used = perf_map_add(f->map, text, strlen(text), false);
	assert_int_equal(used, strlen("1000 10 first\n"));
	assert_int_equal(perf_map_count(f->map), 1);
	assert_int_equal(perf_map_add(f->map, "", 0, false), 0);
	add(f, "2000 10 second\n");
	assert_string_equal(name_at(f, 0x2000), "second");
}

static void test_nonsense(void **state)
{
	struct fixture *f = *state;
	add(f, "\n\n \nhello world\n1000\n1000 10\n1000 10 \n1000 0 empty\n1000  name\n"
	       "ffffffffffffffff 10 wraps\nfffffffffffffff0 ffffffffffffffff wraps\n"
	       "11112222333344445 10 too long\n1000 ffffffffffff huge\n-5 10 negative\n"
	       "0x 10 no digits\n 1000 10 space in front\n1000\t10\ttabs\n");
	assert_int_equal(perf_map_count(f->map), 0);
	assert_null(name_at(f, 0x1000));
	assert_null(name_at(f, UINT64_MAX));
}

static void test_long_names(void **state)
{
	struct fixture *f = *state;
	size_t size = 1u << 20;
	char *text = malloc(size);
	assert_non_null(text);
	memset(text, 'a', size);
	memcpy(text, "1000 10 ", strlen("1000 10 "));
	assert_int_equal(perf_map_add(f->map, text, size, true), size);
	assert_int_equal(strlen(name_at(f, 0x1000)), PERF_MAP_NAME_MAX);
	free(text);
	/* A NUL ends the name, not the line. */
	assert_int_equal(perf_map_add(f->map, "2000 10 a\0b\n3000 10 c\n", 22, true), 22);
	assert_string_equal(name_at(f, 0x2000), "a");
	assert_string_equal(name_at(f, 0x3000), "c");
}

/* Millions of lines: what is kept is bounded, and so is the time to find something. */
static void test_many(void **state)
{
	struct fixture *f = *state;
	size_t used = 0, size = 64u << 20;
	char *text = malloc(size);
	assert_non_null(text);
	for (unsigned int i = 0; i < 1500000; i++)
		used += (size_t)sprintf(text + used, "1000 %x n%u\n", 16 + i % 4096, i);
	assert_int_equal(perf_map_add(f->map, text, used, true), used);
	assert_true(perf_map_count(f->map) <= 1u << 20);
	for (unsigned int i = 0; i < 1000; i++)
		assert_non_null(name_at(f, 0x1000));
	free(text);
}

static void test_random(void **state)
{
	struct fixture *f = *state;
	static const char alphabet[] = "0123456789abcdef  \n\nxyz\r\t";
	char text[4096];
	uint64_t random = 88172645463325252;
	for (int round = 0; round < 500; round++) {
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = round % 2
					  ? (char)next_random(&random)
					  : alphabet[next_random(&random) % (sizeof(alphabet) - 1)];
		size_t used = perf_map_add(f->map, text, sizeof(text), round % 3 == 0);
		assert_true(used <= sizeof(text));
		for (int i = 0; i < 16; i++)
			name_at(f, next_random(&random) >> (next_random(&random) % 64));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_later_wins, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_half_a_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nonsense, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_random, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
