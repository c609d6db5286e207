/* SPDX-License-Identifier: Apache-2.0 */
/* utrail's own grammar: kinds, modules, names, lists. Types and dialects have files of their own.
 */
#include "tests/unit/probe_spec.h"

static void functions(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"malloc", "call bare 'malloc'"},
		{"  malloc  ", "call bare 'malloc'"},
		{"_start", "call bare '_start'"},
		{"libc:malloc", "call module=libc 'malloc'"},
		{"libc : malloc", "call module=libc 'malloc'"},
		{"libssl.so.3:SSL_read", "call module=libssl.so.3 'SSL_read'"},
		{"./srv:handle_request", "call module=./srv 'handle_request'"},
		{"../a/srv:f", "call module=../a/srv 'f'"},
		{"/usr/bin/bash:readline", "call module=/usr/bin/bash 'readline'"},
		{"/opt/my app/bin:f", "call module=/opt/my app/bin 'f'"},
		{"libstdc++.so.6:__cxa_throw", "call module=libstdc++.so.6 '__cxa_throw'"},
		{"call:malloc", "call 'malloc'"},
		{"call:libc:malloc", "call module=libc 'malloc'"},
		{"uprobe:malloc", "uprobe 'malloc'"},
		{"uprobe:libc:malloc", "uprobe module=libc 'malloc'"},
		{"uretprobe:libc:malloc", "uretprobe module=libc 'malloc'"},
		{"exit", "call bare 'exit'"},
		{"exec", "call bare 'exec'"},
		{"fork", "call bare 'fork'"},
		{"usdt", "call bare 'usdt'"},
		{"kernel", "call bare 'kernel'"},
		{"libc:exit", "call module=libc 'exit'"},
		{"./t:main", "call module=./t 'main'"},
		{"v:main", "call module=v 'main'"},
		{"memcpy@GLIBC_2.14", "call bare 'memcpy@GLIBC_2.14'"},
		{"memcpy@@GLIBC_2.14", "call bare 'memcpy@@GLIBC_2.14'"},
		{"foo.constprop.0", "call bare 'foo.constprop.0'"},
		{"caf\xc3\xa9", "call bare 'caf\xc3\xa9'"},
		{"a\\:b:c\\:d", "call module=a:b 'c:d'"},
		{"a\\,b", "call bare 'a,b'"},
		{"with\\ space", "call bare 'with space'"},
		{"odd\\(name", "call bare 'odd(name'"},
		{"\\!f", "call bare '!f'"},
		{"\\?f", "call bare '?f'"},
		{"probe:f", "call module=probe 'f'"},
		{"probe_:f", "call module=probe_ 'f'"},
		{"./probe_app:f", "call module=./probe_app 'f'"},
	};
	check_spellings(rows, array_size(rows));
}

static void demangled_names(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"ns::Class::method", "call bare 'ns::Class::method'"},
		{"app:ns::Class::method", "call module=app 'ns::Class::method'"},
		{"app:ns::Class::*", "call module=app glob:ns::Class::*"},
		{"::global", "call bare 'global'"},
		{"usdt::register_probes", "call bare 'usdt::register_probes'"},
		{"syscall::read", "call bare 'syscall::read'"},
		{"std::map<int, char>::find", "call bare 'std::map<int, char>::find'"},
		{"a<b<c>>::d,e", "call bare 'a<b<c>>::d' | call bare 'e'"},
		{"app:f<g(int, char)>,libc:free",
		 "call module=app 'f<g(int, char)>' | call module=libc 'free'"},
		{"app:std::function<void (int)>::call",
		 "call module=app 'std::function<void (int)>::call'"},
		{"(anonymous namespace)::f", "call bare '(anonymous namespace)::f'"},
		{"ns::(anonymous namespace)::f()", "call bare 'ns::(anonymous namespace)::f' ()"},
		{"A::f(int)::{lambda(int)#1}::operator()",
		 "call bare 'A::f(int)::{lambda(int)#1}::operator()'"},
		{"A::f(int)::{lambda(int)#1}::operator()(int) const",
		 "call bare 'A::f(int)::{lambda(int)#1}::operator()' (pointer/8<ptr> this, int/4<int>)"},
		{"A::~A", "call bare 'A::~A'"},
		{"A::operator()", "call bare 'A::operator()'"},
		{"A::operator()()", "call bare 'A::operator()' ()"},
		{"A::operator[]", "call bare 'A::operator[]'"},
		{"A::operator*", "call bare 'A::operator*'"},
		{"A::operator*(double)", "call bare 'A::operator*' (float/8<double>)"},
		{"A::operator->", "call bare 'A::operator->'"},
		{"A::operator->() -> ptr", "call bare 'A::operator->' () -> pointer/8<ptr>"},
		{"A::operator-> -> ptr", "call bare 'A::operator->' -> pointer/8<ptr>"},
		{"A::operator<,f", "call bare 'A::operator<' | call bare 'f'"},
		{"A::operator<<,f", "call bare 'A::operator<<' | call bare 'f'"},
		{"A::operator< <int>", "call bare 'A::operator< <int>'"},
		{"A::operator<=>", "call bare 'A::operator<=>'"},
		{"A::operator>>", "call bare 'A::operator>>'"},
		{"A::operator+", "call bare 'A::operator+'"},
		{"A::operator++", "call bare 'A::operator++'"},
		{"A::operator!", "call bare 'A::operator!'"},
		{"A::operator=", "call bare 'A::operator='"},
		{"A::operator,(int),f", "call bare 'A::operator,' (int/4<int>) | call bare 'f'"},
		{"A::operator bool", "call bare 'A::operator bool'"},
		{"A::operator bool() const", "call bare 'A::operator bool' (pointer/8<ptr> this)"},
		{"A::operator char const*", "call bare 'A::operator char const*'"},
		{"A::operator std::vector<int>", "call bare 'A::operator std::vector<int>'"},
		{"operator new", "call bare 'operator new'"},
		{"operator new[]", "call bare 'operator new[]'"},
		{"operator new*", "call bare glob:operator new*"},
		{"operator new(unsigned long)", "call bare 'operator new' (uint/8<unsigned long>)"},
		{"libstdc++:operator delete(void*)",
		 "call module=libstdc++ 'operator delete' (pointer/8<void *>)"},
		{"operator\"\"_km", "call bare 'operator\"\"_km'"},
		{"my_operator*", "call bare glob:my_operator*"},
		{"*::operator[]", "call bare glob:*::operator\\[\\]"},
		{"f[abi:cxx11]", "call bare 'f[abi:cxx11]'"},
		{"non-virtual thunk to A::f", "call bare 'non-virtual thunk to A::f'"},
		{"virtual thunk to A::f(int)", "call bare 'virtual thunk to A::f' (int/4<int>)"},
		{"f [clone .cold]", "call bare 'f [clone .cold]'"},
		{"<alloc::vec::Vec<T> as core::fmt::Debug>::fmt",
		 "call bare '<alloc::vec::Vec<T> as core::fmt::Debug>::fmt'"},
		{"app:<impl core::ops::Fn<(A, B)> for F>::call",
		 "call module=app '<impl core::ops::Fn<(A, B)> for F>::call'"},
		{"app:<[T]>::len", "call module=app '<[T]>::len'"},
		{"app:<fn(u8) -> u8 as X>::y", "call module=app '<fn(u8) -> u8 as X>::y'"},
		{"app:main::{closure#0}", "call module=app 'main::{closure#0}'"},
		{"app:main::{{closure}}::h0123456789abcdef",
		 "call module=app 'main::{{closure}}::h0123456789abcdef'"},
		{"app:main.(*Server).Serve", "call module=app glob:main.(*Server).Serve"},
		{"app:main.(*T).M-fm", "call module=app glob:main.(*T).M-fm"},
		{"app:github.com/user/pkg.F", "call module=app 'github.com/user/pkg.F'"},
		{"app:pkg.F[...]", "call module=app 'pkg.F[...]'"},
	};
	check_spellings(rows, array_size(rows));
}

static void globs_and_regexes(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"*", "call bare glob:*"},
		{"libc:*", "call module=libc glob:*"},
		{"libc:mem***cpy", "call module=libc glob:mem*cpy"},
		{"libc:str?cpy", "call module=libc glob:str?cpy"},
		{"libc:str[nl]cpy", "call module=libc glob:str[nl]cpy"},
		{"libc:[[:alpha:]]*", "call module=libc glob:[[:alpha:]]*"},
		{"libc:[a,b]x,y", "call module=libc glob:[a,b]x | call bare 'y'"},
		{"libc:a\\*b", "call module=libc 'a*b'"},
		{"libc:a\\*b*", "call module=libc glob:a\\*b*"},
		{"Vec<*>::push", "call bare glob:Vec<*>::push"},
		{"<[T]>::*", "call bare glob:<\\[T\\]>::*"},
		{"lib*:f", "call module=lib* 'f'"},
		{"/^mal+oc$/", "call bare regex:^mal+oc$"},
		{"libc:/^(m|c)alloc$/", "call module=libc regex:^(m|c)alloc$"},
		{"libc:/a{1,3}/,free", "call module=libc regex:a{1,3} | call bare 'free'"},
		{"libc:/a,b:c/", "call module=libc regex:a,b:c"},
		{"libc:/a\\/b/", "call module=libc regex:a/b"},
		{"libc:/a\\.b/", "call module=libc regex:a\\.b"},
		{"/bin/bash:/^read.*/", "call module=/bin/bash regex:^read.*"},
		{"/app:/(a|b)/", "call module=/app regex:(a|b)"},
		{"/re/(str) -> int", "call bare regex:re (string/8<str>) -> int/4<int>"},
		{"/re/ -> int", "call bare regex:re -> int/4<int>"},
		{"/re/->int", "call bare regex:re -> int/4<int>"},
		{"/a/,/b/", "call bare regex:a | call bare regex:b"},
	};
	check_spellings(rows, array_size(rows));
}

static void places(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"malloc+0x1d", "uprobe 'malloc'+0x1d"},
		{"libc:malloc+29", "uprobe module=libc 'malloc'+0x1d"},
		{"libc:malloc+0", "uprobe module=libc 'malloc'"},
		{"libc:malloc+0X1D", "uprobe module=libc 'malloc'+0x1d"},
		{"uprobe:libc:malloc+0xffffffffffffffff",
		 "uprobe module=libc 'malloc'+0xffffffffffffffff"},
		{"call:libc:malloc+0", "call module=libc 'malloc'"},
		{"A::f(int)::g+4", "uprobe 'A::f(int)::g'+0x4"},
		{"app:A::operator+", "call module=app 'A::operator+'"},
		{"f+4(int)", "uprobe 'f'+0x4 (int/4<int>)"},
		{"0x1234", "uprobe 0x1234"},
		{"srv:0xFFFFFFFFFFFFFFFF", "uprobe module=srv 0xffffffffffffffff"},
		{"uretprobe:./app:0x1234", "uretprobe module=./app 0x1234"},
		{"call:app:0x1234", "call module=app 0x1234"},
		{"@main.c:123", "uprobe line:main.c:123"},
		{"srv:@src/main.c:40,f", "uprobe module=srv line:src/main.c:40 | call bare 'f'"},
		{"srv:@a\\:b.c:40", "uprobe module=srv line:a:b.c:40"},
		{"uprobe:srv:@main.c:40", "uprobe module=srv line:main.c:40"},
	};
	check_spellings(rows, array_size(rows));
}

static void markers(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"usdt:*", "usdt glob:*"},
		{"usdt:query__start", "usdt 'query__start'"},
		{"usdt:postgresql:query__start", "usdt provider=postgresql 'query__start'"},
		{"usdt:postgresql:query-start", "usdt provider=postgresql 'query__start'"},
		{"usdt:postgresql:query__*", "usdt provider=postgresql glob:query__*"},
		{"usdt:postgresql:query-*", "usdt provider=postgresql glob:query__*"},
		{"usdt:p:[a-z]-x", "usdt provider=p glob:[a-z]__x"},
		{"usdt:p:a\\-b", "usdt provider=p 'a-b'"},
		{"usdt:post*:*", "usdt provider=post* glob:*"},
		{"usdt:*:gc__start", "usdt provider=* 'gc__start'"},
		{"usdt:libc:libc:setjmp", "usdt module=libc provider=libc 'setjmp'"},
		{"usdt:libc.so.6:setjmp", "usdt module=libc.so.6 'setjmp'"},
		{"usdt:/usr/bin/postgres:query-start",
		 "usdt module=/usr/bin/postgres 'query__start'"},
		{"usdt:/p:prov:/q.*/", "usdt module=/p provider=prov regex:q.*"},
		{"usdt:p:n(str, int n)", "usdt provider=p 'n' (string/8<str>, int/4<int> n)"},
		{"usdt:p:n()", "usdt provider=p 'n' ()"},
	};
	check_spellings(rows, array_size(rows));
}

static void calls_and_life(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"syscall:openat", "syscall 'openat'"},
		{"syscall:*", "syscall glob:*"},
		{"syscall:*at", "syscall glob:*at"},
		{"syscall:/^(p)?read/", "syscall regex:^(p)?read"},
		{"syscall:%file", "syscall class:file"},
		{"syscall:%net", "syscall class:network"},
		{"%network", "syscall class:network"},
		{"kernel:%ext4", "kernel class:ext4"},
		{"fexit:%vfs", "fexit class:vfs"},
		{"%%stat", "syscall class:%stat"},
		{"!%file", "!syscall class:file"},
		{"%file,%desc", "syscall class:file | syscall class:desc"},
		{"exec:*", "exec glob:*"},
		{"exec:", "exec glob:*"},
		{"fork:*", "fork glob:*"},
		{"exit:*", "exit glob:*"},
		{"signal:", "signal glob:*"},
		{"signal:SIGCHLD", "signal 'SIGCHLD'"},
		{"signal:RT*", "signal glob:RT*"},
		{"!signal:17", "!signal '17'"},
		{"!exit:*", "!exit glob:*"},
	};
	check_spellings(rows, array_size(rows));
}

static void lists(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"libc:malloc,libc:free", "call module=libc 'malloc' | call module=libc 'free'"},
		{"a , b ,c", "call bare 'a' | call bare 'b' | call bare 'c'"},
		{"f(int, str),g", "call bare 'f' (int/4<int>, string/8<str>) | call bare 'g'"},
		{"f -> int,g -> str",
		 "call bare 'f' -> int/4<int> | call bare 'g' -> string/8<str>"},
		{"libc:*,!libc:free", "call module=libc glob:* | !call module=libc 'free'"},
		{"!f", "!call bare 'f'"},
		{"?f", "?call bare 'f'"},
		{"!?f", "!?call bare 'f'"},
		{"? ! f", "!?call bare 'f'"},
		{"syscall:%file,libc:malloc,usdt:*,!syscall:stat",
		 "syscall class:file | call module=libc 'malloc' | usdt glob:* | !syscall 'stat'"},
		{"main::{closure#0,1},f", "call bare 'main::{closure#0,1}' | call bare 'f'"},
	};
	check_spellings(rows, array_size(rows));
}

static void a_spec_keeps_its_own_text(void **state)
{
	(void)state;
	struct spec_list list = {0};
	assert_ok(spec_parse(" !libc:free , bash:readline(str) -> str ,?x", &list));
	assert_int_equal(list.count, 3);
	assert_string_equal(list.items[0].text, "!libc:free");
	assert_string_equal(list.items[1].text, "bash:readline(str) -> str");
	assert_string_equal(list.items[2].text, "?x");
	assert_string_equal(list.items[1].types.source, "given");
	spec_list_deinit(&list);
}

static void arguments_add_up_and_a_bad_one_changes_nothing(void **state)
{
	(void)state;
	struct spec_list list = {0};
	assert_ok(spec_parse("a,b", &list));
	assert_err(spec_parse("c,/x(/,d", &list), ERR_USAGE, "not closed");
	assert_int_equal(list.count, 2);
	assert_err(spec_parse("/ok/,/bad[/", &list), ERR_USAGE, "not closed");
	assert_int_equal(list.count, 2);
	assert_ok(spec_parse("d", &list));
	assert_int_equal(list.count, 3);
	assert_string_equal(list.items[0].name, "a");
	assert_string_equal(list.items[2].name, "d");
	spec_list_deinit(&list);
	spec_list_deinit(&list);
}

static void many_specs_fit(void **state)
{
	(void)state;
	char *text = malloc(60001);
	assert_non_null(text);
	for (int i = 0; i < 30000; i++)
		memcpy(text + 2 * (size_t)i, "f,", 2);
	text[59999] = '\0';
	struct spec_list list = {0};
	assert_ok(spec_parse(text, &list));
	assert_int_equal(list.count, 30000);
	spec_list_deinit(&list);
	free(text);
}

static void kinds_have_names(void **state)
{
	(void)state;
	assert_string_equal(probe_kind_name(PROBE_CALL), "call");
	assert_string_equal(probe_kind_name(PROBE_RAWTRACEPOINT), "rawtracepoint");
	assert_string_equal(probe_kind_name(PROBE_EXIT), "exit");
	assert_string_equal(probe_kind_nearest("urpobe"), "uprobe");
	assert_string_equal(probe_kind_nearest("sycall"), "syscall");
	assert_null(probe_kind_nearest("libpthread"));
	assert_null(probe_kind_nearest(""));
	assert_null(probe_kind_nearest("a word that is longer than any kind can be"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions),
		cmocka_unit_test(demangled_names),
		cmocka_unit_test(globs_and_regexes),
		cmocka_unit_test(places),
		cmocka_unit_test(markers),
		cmocka_unit_test(calls_and_life),
		cmocka_unit_test(lists),
		cmocka_unit_test(a_spec_keeps_its_own_text),
		cmocka_unit_test(arguments_add_up_and_a_bad_one_changes_nothing),
		cmocka_unit_test(many_specs_fit),
		cmocka_unit_test(kinds_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
