/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter lists as people write them, against symbols as g++ makes them. */
#include "uprobe/match.h"

#include "tests/unit/unit.h"

static void test_same(void **state)
{
	/* What the symbols stand for is what c++filt says of them. */
	static const struct {
		const char *symbol, *signature;
	} rows[] = {
		{"_ZN2ns6Parser5parseEi", "int"},
		{"_ZN2ns6Parser5parseEi", "int n"},
		{"_ZN2ns6Parser5parseEi", "const int"},
		{"_ZN2ns6Parser5parseEv", ""},
		{"_ZN2ns6Parser5parseEv", "void"},
		{"_ZNK2ns6Parser5parseEPKcm", "const char *, unsigned long"},
		{"_ZNK2ns6Parser5parseEPKcm", "char const*, long unsigned int count"},
		{"_ZNK2ns6Parser5parseEPKcm", "const char *text,unsigned long int"},
		{"_ZN2ns6Parser5parseERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
		 "const std::string &s"},
		{"_ZN2ns6Parser5parseERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
		 "std::string const&"},
		{"_ZN2ns6Parser5parseESt6vectorIiSaIiEERNS_5ShapeE",
		 "std::vector<int>, ns::Shape&"},
		{"_ZN2ns6Parser5parseESt6vectorIiSaIiEERNS_5ShapeE",
		 "std::vector<int, std::allocator<int> > v, ns::Shape &s"},
		{"_ZN2ns6Parser5parseEPFiiEPKPKc", "int (*)(int), char const* const*"},
		{"_Z1fxyastjlhc",
		 "long long, unsigned long long, signed char, short, unsigned short, unsigned, "
		 "long, unsigned char, char"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!overload_matches(NULL, rows[i].symbol, rows[i].signature))
			fail_msg("%s is not (%s)", rows[i].symbol, rows[i].signature);
}

static void test_different(void **state)
{
	static const struct {
		const char *symbol, *signature;
	} rows[] = {
		{"_ZN2ns6Parser5parseEi", "unsigned int"},
		{"_ZN2ns6Parser5parseEi", ""},
		{"_ZN2ns6Parser5parseEi", "int, int"},
		{"_ZN2ns6Parser5parseEi", "int *"},
		{"_ZN2ns6Parser5parseEv", "int"},
		{"_ZNK2ns6Parser5parseEPKcm", "char *, unsigned long"},
		{"_ZNK2ns6Parser5parseEPKcm", "const char *, long"},
		{"_ZN2ns6Parser5parseESt6vectorIiSaIiEERNS_5ShapeE",
		 "std::vector<long>, ns::Shape&"},
		{"parse", "int"},
		{"_ZN", "int"},
		{"", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (overload_matches(NULL, rows[i].symbol, rows[i].signature))
			fail_msg("%s is (%s)", rows[i].symbol, rows[i].signature);
}

/* Lists that nobody closes, nests beyond reason, or makes of commas. */
static void test_odd(void **state)
{
	char deep[4096], commas[4096];
	(void)state;
	memset(deep, '<', sizeof(deep) - 1);
	memset(commas, ',', sizeof(commas) - 1);
	deep[sizeof(deep) - 1] = commas[sizeof(commas) - 1] = '\0';
	static const char *const lists[] = {
		"(",	 ")",		"<",  ">>>",	  ",",
		"const", "const const", "*",  "unsigned", ",std::allocator<",
		"a<b<c", "   ",		"[4]"};
	assert_false(overload_matches(NULL, "_ZN2ns6Parser5parseEi", deep));
	assert_false(overload_matches(NULL, "_ZN2ns6Parser5parseEi", commas));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		assert_false(overload_matches(NULL, "_ZN2ns6Parser5parseEi", lists[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_different),
		cmocka_unit_test(test_odd),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
