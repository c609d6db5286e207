/* SPDX-License-Identifier: Apache-2.0 */
/*
 * many [[COUNT] N]: N calls, one after the other, of ten thousand functions f0000(int, const char
 * *) to f9999(), or of the first COUNT of them.
 */
#include "target.h"

static volatile long sink;

#define ONE(n)                                                                                  \
	traced int f##n(int number, const char *text);                                          \
	traced int f##n(int number, const char *text)                                           \
	{                                                                                       \
		__asm__ volatile("" : : "r"(text), "r"(__builtin_frame_address(0)) : "memory"); \
		return number + 1;                                                              \
	}
#define NAME(n) f##n,
/* clang-format off */
#define TEN(what, n) what(n##0) what(n##1) what(n##2) what(n##3) what(n##4) \
	what(n##5) what(n##6) what(n##7) what(n##8) what(n##9)
#define HUNDRED(what, n) TEN(what, n##0) TEN(what, n##1) TEN(what, n##2) TEN(what, n##3) TEN(what, n##4) \
	TEN(what, n##5) TEN(what, n##6) TEN(what, n##7) TEN(what, n##8) TEN(what, n##9)
#define THOUSAND(what, n) HUNDRED(what, n##0) HUNDRED(what, n##1) HUNDRED(what, n##2) HUNDRED(what, n##3) \
	HUNDRED(what, n##4) HUNDRED(what, n##5) HUNDRED(what, n##6) HUNDRED(what, n##7) HUNDRED(what, n##8) \
	HUNDRED(what, n##9)
#define ALL(what) THOUSAND(what, 0) THOUSAND(what, 1) THOUSAND(what, 2) THOUSAND(what, 3) THOUSAND(what, 4) \
	THOUSAND(what, 5) THOUSAND(what, 6) THOUSAND(what, 7) THOUSAND(what, 8) THOUSAND(what, 9)
/* clang-format on */

ALL(ONE)

static int (*const functions[])(int, const char *) = {ALL(NAME)};

int main(int argc, char **argv)
{
	long n = number_of_calls(argc, argv);
	const long all = (long)(sizeof(functions) / sizeof(functions[0]));
	long count = argc > 2 ? strtol(argv[1], NULL, 10) : all;
	const char *text = make_text();
	if (count < 1 || count > all)
		return 2;
	struct stopwatch start = stopwatch_read();
	for (long i = 0; i < n; i++)
		sink += functions[i % count]((int)i, text);
	return report(start, stopwatch_read(), n);
}
