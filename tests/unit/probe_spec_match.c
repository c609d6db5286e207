/* SPDX-License-Identifier: Apache-2.0 */
/* Which names a spec matches. fnmatch(3) and regex(7) are the authorities on patterns. */
#include "tests/unit/probe_spec.h"

#include <time.h>

struct match {
	const char *text, *name;
	bool expected;
};

static void check(const struct match *rows, size_t count,
		  bool (*matches)(const struct spec *spec, const char *name))
{
	for (size_t i = 0; i < count; i++) {
		struct spec_list list = {0};
		assert_ok(spec_parse(rows[i].text, &list));
		if (matches(&list.items[0], rows[i].name) != rows[i].expected)
			fail_msg("%s and %s", rows[i].text, rows[i].name);
		spec_list_deinit(&list);
	}
}

static void names(void **state)
{
	(void)state;
	static const struct match rows[] = {
		{"malloc", "malloc", true},
		{"malloc", "mallocx", false},
		{"malloc", "xmalloc", false},
		{"malloc", "", false},
		{"app:f", "f.constprop.0", true},
		{"app:ns::f", "ns::f.isra.0", true},
		{"app:f", "f.part.0", false},
		{"app:f+0x4", "f", true},
		{"app:f+0x4", "f.isra.0", false},
		{"app:f.isra.0", "f", false},
		{"libc:mal*", "malloc", true},
		{"libc:mal*", "mal", true},
		{"libc:mal*", "calloc", false},
		{"libc:*", "anything", true},
		{"libc:str[nl]cpy", "strncpy", true},
		{"libc:str[nl]cpy", "strxcpy", false},
		{"libc:str[!nl]cpy", "strxcpy", true},
		{"libc:str?cpy", "strlcpy", true},
		{"libc:str?cpy", "strcpy", false},
		{"libc:a\\*b", "a*b", true},
		{"libc:a\\*b", "axb", false},
		{"libc:a\\*b*", "a*bc", true},
		{"libc:a\\*b*", "axbc", false},
		{"ns::*", "ns::a/b", true},
		{"/^mal+oc$/", "malloc", true},
		{"/^mal+oc$/", "maoc", false},
		{"/alloc/", "xallocx", true},
		{"/^(m|c)alloc$/", "calloc", true},
		{"/[[:digit:]]{2}/", "a12", true},
		{"/[[:digit:]]{2}/", "a1b2", false},
		{"/a\\/b/", "a/b", true},
		{"/^a$|^b$|^c$|^d$|^e$|^f$|^g$/", "g", true},
		{"/^(mal|cal)loc$/", "calloc", true},
		{"/\\bfree\\b/", "x free", true},
		{"app:<a::b::T>::f", "a::b::T::f", true},
		{"app:a::b::T::f", "<a::b::T>::f", true},
		{"app:<a::T<u8>>::f", "a::T<u8>::f", true},
		{"app:a::T<u8>::f", "<a::T<u8>>::f", true},
		{"app:<a::T as b::U>::f", "a::T as b::U::f", false},
		{"app:<a::T>::f", "a::T::g", false},
		{"app:<a::T>::f", "b::a::T::f", false},
		{"0x1234", "0x1234", false},
		{"@main.c:3", "main.c", false},
		{"%file", "file", false},
		{"usdt:p:query-start", "query__start", true},
		{"usdt:p:query-start", "query-start", false},
		{"usdt:p:query-*", "query__done", true},
	};
	check(rows, array_size(rows), spec_name_matches);
}

/* As c++filt, rustfilt and Go's own tools print them. */
static void pasted_names_match_themselves(void **state)
{
	(void)state;
	static const struct match rows[] = {
		{"std::map<int,char>::find", "std::map<int, char>::find", true},
		{"std::map<int, char >::find", "std::map<int, char>::find", true},
		{"f<unsigned long>", "f<unsigned long>", true},
		{"f<unsignedlong>", "f<unsigned long>", false},
		{"a<b<c>>", "a<b<c> >", true},
		{"A::operator[]", "A::operator[]", true},
		{"A::operator*", "A::operator*", true},
		{"A::operator*", "A::operator*=", false},
		{"*::operator[]", "A::operator[]", true},
		{"*::operator[]", "A::operator()", false},
		{"f[abi:cxx11]", "f[abi:cxx11]", true},
		{"<[T]>::len", "<[T]>::len", true},
		{"<[T]>::*", "<[T]>::len", true},
		{"<[T]>::*", "<T>::len", false},
		{"Vec<*>::push", "Vec<int, alloc>::push", true},
		{"main.(*Server).Serve", "main.(*Server).Serve", true},
		{"pkg.F[...]", "pkg.F[...]", true},
		{"A::f(int)::{lambda()#1}::operator()(int) const",
		 "A::f(int)::{lambda()#1}::operator()", true},
	};
	check(rows, array_size(rows), spec_name_matches);
}

static void providers(void **state)
{
	(void)state;
	static const struct match rows[] = {
		{"usdt:x", "anything", true},	{"usdt:*:x", "anything", true},
		{"usdt:libc:x", "libc", true},	{"usdt:libc:x", "libpthread", false},
		{"usdt:lib*:x", "libc", true},	{"usdt:lib*:x", "rtld", false},
		{"usdt:/bin/a:x", "any", true},
	};
	check(rows, array_size(rows), spec_provider_matches);
}

/* The worst patterns that are let through, on names that almost match: no explosion. */
static void hostile_patterns_end(void **state)
{
	(void)state;
	static const char *const specs[] = {
		"x:*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
		"x:/^(a|a)*(a|a)*(a|a)*(a|a)*b$/",
		"x:/((((a*)*)*)*)*b/",
		"x:/(a|aa|aaa){1,20}b$/",
		"usdt:*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b:x",
	};
	char name[1001];
	memset(name, 'a', 1000);
	name[1000] = '\0';
	clock_t start = clock();
	for (size_t i = 0; i < array_size(specs); i++) {
		struct spec_list list = {0};
		assert_ok(spec_parse(specs[i], &list));
		assert_false(spec_name_matches(&list.items[0], name));
		if (list.items[0].provider)
			assert_false(spec_provider_matches(&list.items[0], name));
		spec_list_deinit(&list);
	}
	assert_true(clock() - start < 20 * CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(pasted_names_match_themselves),
		cmocka_unit_test(providers),
		cmocka_unit_test(hostile_patterns_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
