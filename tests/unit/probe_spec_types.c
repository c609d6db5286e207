/* SPDX-License-Identifier: Apache-2.0 */
/* Types by hand: words, C declarations, prototypes. Sizes are those of LP64, as gcc has them. */
#include "tests/unit/probe_spec.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <wchar.h>

static void words(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"f()", "call bare 'f' ()"},
		{"f( )", "call bare 'f' ()"},
		{"f(void)", "call bare 'f' ()"},
		{"f(int,uint,hex,ptr)",
		 "call bare 'f' (int/4<int>, uint/4<uint>, hex/8<hex>, pointer/8<ptr>)"},
		{"f(char,bool,f32,f64)",
		 "call bare 'f' (char/1<char>, bool/1<bool>, float/4<f32>, float/8<f64>)"},
		{"f(errno,str,fd)", "call bare 'f' (errno/4<errno>, string/8<str>, fd/4<fd>)"},
		{"f(sockaddr,timespec,wstr)",
		 "call bare 'f' (pointer/8<sockaddr>, pointer/8<timespec>=>struct/16<struct "
		 "timespec>, pointer/8<wstr>)"},
		{"f(sockaddr:arg2, uint)",
		 "call bare 'f' (out-bytes/0#2<sockaddr:arg2>, uint/4<uint>)"},
		{"f(str:arg2, int)", "call bare 'f' (string/8#2<str:arg2>, int/4<int>)"},
		{"f(size_t n, str:arg1)", "call bare 'f' (uint/8<size_t> n, string/8#1<str:arg1>)"},
		{"f(buf:16)", "call bare 'f' (out-bytes/16<buf:16>)"},
		{"f(buf:0x10 data)", "call bare 'f' (out-bytes/16<buf:0x10> data)"},
		{"f(buf:4096)", "call bare 'f' (out-bytes/4096<buf:4096>)"},
		{"f(buf:arg2 data, size_t n),g",
		 "call bare 'f' (out-bytes/0#2<buf:arg2> data, uint/8<size_t> n) | call bare 'g'"},
		{"f(int) -> buf:16", "call bare 'f' (int/4<int>) -> out-bytes/16<buf:16>"},
		{"f(int) -> str:arg1", "call bare 'f' (int/4<int>) -> string/8#1<str:arg1>"},
		{"f -> errno", "call bare 'f' -> errno/4<errno>"},
		{"f->void", "call bare 'f' -> void/0<void>"},
		{"uretprobe:bash:readline -> str",
		 "uretprobe module=bash 'readline' -> string/8<str>"},
	};
	check_spellings(rows, array_size(rows));
}

/* What the function fills in: buffers that are not const, and what says so. */
static void outputs(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"f(const buf:16)", "call bare 'f' (bytes/16<const buf:16>)"},
		{"f(const buf:arg2 data, int)",
		 "call bare 'f' (bytes/0#2<const buf:arg2> data, int/4<int>)"},
		{"f(fd, buf:ret) -> int",
		 "call bare 'f' (fd/4<fd>, out-bytes/0#-1<buf:ret>) -> int/4<int>"},
		{"f(str:ret)", "call bare 'f' (out-string/8#-1<str:ret>)"},
		{"f(out str)", "call bare 'f' (out-string/8<out str>)"},
		{"f(out str:arg2 s, int)",
		 "call bare 'f' (out-string/8#2<out str:arg2> s, int/4<int>)"},
		{"f(out int *n)", "call bare 'f' (out-pointer/8<out int *>=>int/4<out int> n)"},
		{"f(out char *)", "call bare 'f' (out-string/8<out char *>)"},
		/* A parameter may be called so. */
		{"f(int out)", "call bare 'f' (int/4<int> out)"},
		{"f(ptr out)", "call bare 'f' (pointer/8<ptr> out)"},
		/* An argument that is not listed is an integer. */
		{"f(fd, buf:arg3)", "call bare 'f' (fd/4<fd>, out-bytes/0#3<buf:arg3>)"},
		{"f -> buf:arg1", "call bare 'f' -> out-bytes/0#1<buf:arg1>"},
	};
	check_spellings(rows, array_size(rows));
}

static void c_types(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"f(int8_t, int16_t, int32_t, int64_t)",
		 "call bare 'f' (int/1<int8_t>, int/2<int16_t>, int/4<int32_t>, int/8<int64_t>)"},
		{"f(uint8_t, uint16_t, uint32_t, uint64_t)",
		 "call bare 'f' (uint/1<uint8_t>, uint/2<uint16_t>, uint/4<uint32_t>, "
		 "uint/8<uint64_t>)"},
		{"f(size_t, ssize_t, off_t, mode_t)",
		 "call bare 'f' (uint/8<size_t>, int/8<ssize_t>, int/8<off_t>, octal/4<mode_t>)"},
		{"f(short, long, long long)",
		 "call bare 'f' (int/2<short>, int/8<long>, int/8<long long>)"},
		{"f(unsigned, unsigned int, unsigned long, unsigned char)",
		 "call bare 'f' (uint/4<unsigned>, uint/4<unsigned int>, uint/8<unsigned long>, "
		 "uint/1<unsigned char>)"},
		{"f(long unsigned int, short int, signed char)",
		 "call bare 'f' (uint/8<long unsigned int>, int/2<short int>, int/1<signed char>)"},
		{"f(float, double, long double, _Bool)",
		 "call bare 'f' (float/4<float>, float/8<double>, unknown/16<long double>, "
		 "bool/1<_Bool>)"},
		{"f(u8, i64, usize)", "call bare 'f' (uint/1<u8>, int/8<i64>, uint/8<usize>)"},
		{"f(unsigned  \t int n)", "call bare 'f' (uint/4<unsigned int> n)"},
		{"f(const int n)", "call bare 'f' (int/4<const int> n)"},
		{"f(int n, ...)", "call bare 'f' (int/4<int> n, ...)"},
		{"f(...)", "call bare 'f' (...)"},
	};
	check_spellings(rows, array_size(rows));
}

/* The compiler is the oracle of the typedefs' sizes. */
static void sizes_are_the_compilers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t size;
	} rows[] = {
		{"f(pid_t)", sizeof(pid_t)},
		{"f(uid_t)", sizeof(uid_t)},
		{"f(gid_t)", sizeof(gid_t)},
		{"f(mode_t)", sizeof(mode_t)},
		{"f(dev_t)", sizeof(dev_t)},
		{"f(ino_t)", sizeof(ino_t)},
		{"f(off_t)", sizeof(off_t)},
		{"f(time_t)", sizeof(time_t)},
		{"f(clock_t)", sizeof(clock_t)},
		{"f(clockid_t)", sizeof(clockid_t)},
		{"f(socklen_t)", sizeof(socklen_t)},
		{"f(key_t)", sizeof(key_t)},
		{"f(wchar_t)", sizeof(wchar_t)},
		{"f(wint_t)", sizeof(wint_t)},
		{"f(ptrdiff_t)", sizeof(ptrdiff_t)},
		{"f(intptr_t)", sizeof(intptr_t)},
		{"f(uintmax_t)", sizeof(uintmax_t)},
		{"f(blkcnt_t)", sizeof(blkcnt_t)},
		{"f(blksize_t)", sizeof(blksize_t)},
		{"f(id_t)", sizeof(id_t)},
		{"f(long double)", sizeof(long double)},
		{"f(pthread_t)", sizeof(pthread_t)},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		struct spec_list list = {0};
		assert_ok(spec_parse(rows[i].text, &list));
		assert_int_equal(list.items[0].types.parameters[0].type->size, rows[i].size);
		spec_list_deinit(&list);
	}
}

static void pointers(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"f(char *)", "call bare 'f' (string/8<char *>)"},
		{"f(const char *path)", "call bare 'f' (string/8<const char *> path)"},
		{"f(char const*path)", "call bare 'f' (string/8<char const *> path)"},
		{"f(char *const restrict s)", "call bare 'f' (string/8<char *> s)"},
		{"f(char buf[16])", "call bare 'f' (string/8<char *> buf)"},
		{"f(char *argv[])", "call bare 'f' (pointer/8<char **>=>string/8<char *> argv)"},
		{"f(char **envp)", "call bare 'f' (pointer/8<char **>=>string/8<char *> envp)"},
		{"f(code hook)", "call bare 'f' (pointer/8<code> hook)"},
		{"f(strs words)", "call bare 'f' (pointer/8<strs>=>string/8<char *> words)"},
		{"f(out str *line)",
		 "call bare 'f' (out-pointer/8<out str *>=>string/8<char *> line)"},
		{"f(void *)", "call bare 'f' (pointer/8<void *>)"},
		{"f(const void*)", "call bare 'f' (pointer/8<const void *>)"},
		{"f(int *n)", "call bare 'f' (pointer/8<int *>=>int/4<int> n)"},
		{"f(unsigned char *p)",
		 "call bare 'f' (pointer/8<unsigned char *>=>uint/1<unsigned char> p)"},
		{"f(struct request *req)", "call bare 'f' (pointer/8<struct request *> req)"},
		{"f(enum color c, enum color *p)",
		 "call bare 'f' (int/4<enum color> c, pointer/8<enum color *>=>int/4<enum color> p)"},
		{"f(timespec *t)", "call bare 'f' (pointer/8<timespec *> t)"},
		{"f(const struct timespec *t)",
		 "call bare 'f' (pointer/8<const struct timespec *> t)"},
		{"f(FILE *, DIR*)", "call bare 'f' (pointer/8<FILE *>, pointer/8<DIR *>)"},
		{"f(ns::T<int, char> const&)",
		 "call bare 'f' (pointer/8<ns::T<int, char> const &>)"},
		{"f(std::string&& s)", "call bare 'f' (pointer/8<std::string &> s)"},
		{"f(int fds[2])", "call bare 'f' (pointer/8<int *>=>int/4<int> fds)"},
		{"f(void (*done)(int, char), int)",
		 "call bare 'f' (pointer/8<void (*done)(int, char)> done, int/4<int>)"},
		{"qsort(void *, size_t, size_t, int (*)(const void *, const void *))",
		 "call bare 'qsort' (pointer/8<void *>, uint/8<size_t>, uint/8<size_t>, "
		 "pointer/8<int (*)(const void *, const void *)>)"},
	};
	check_spellings(rows, array_size(rows));
}

static void prototypes(void **state)
{
	(void)state;
	static const struct spelling rows[] = {
		{"bash:readline() -> str", "call module=bash 'readline' () -> string/8<str>"},
		{"bash:readline(str)->str",
		 "call module=bash 'readline' (string/8<str>) -> string/8<str>"},
		{"f(int fd, const char *path) -> ssize_t",
		 "call bare 'f' (int/4<int> fd, string/8<const char *> path) -> int/8<ssize_t>"},
		{"ssize_t read(int fd, void *buf, size_t count)",
		 "call bare 'read' (int/4<int> fd, pointer/8<void *> buf, uint/8<size_t> count) "
		 "-> int/8<ssize_t>"},
		{"libc:char *strdup(const char *s)",
		 "call module=libc 'strdup' (string/8<const char *> s) -> string/8<char *>"},
		{"libc:char* strdup(str)",
		 "call module=libc 'strdup' (string/8<str>) -> string/8<char *>"},
		{"unsigned long ns::f(int)",
		 "call bare 'ns::f' (int/4<int>) -> uint/8<unsigned long>"},
		{"void std::swap<int>(int&, int&)",
		 "call bare 'std::swap<int>' (pointer/8<int &>=>int/4<int>, "
		 "pointer/8<int &>=>int/4<int>) -> void/0<void>"},
		{"std::ostream& operator<< <char>(std::ostream&, char)",
		 "call bare 'operator<< <char>' (pointer/8<std::ostream &>, char/1<char>) -> "
		 "pointer/8<std::ostream &>"},
		{"void *operator new(size_t)",
		 "call bare 'operator new' (uint/8<size_t>) -> pointer/8<void *>"},
		{"ns::A::get(int) const -> str",
		 "call bare 'ns::A::get' (pointer/8<ptr> this, int/4<int>) -> string/8<str>"},
		{"ns::A::get() &&", "call bare 'ns::A::get' (pointer/8<ptr> this)"},
		{"uprobe:libc:int close(fd)",
		 "uprobe module=libc 'close' (fd/4<fd>) -> int/4<int>"},
	};
	check_spellings(rows, array_size(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),    cmocka_unit_test(outputs),
		cmocka_unit_test(c_types),  cmocka_unit_test(sizes_are_the_compilers),
		cmocka_unit_test(pointers), cmocka_unit_test(prototypes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
