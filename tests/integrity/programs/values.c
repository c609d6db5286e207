/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All ways to pass and to return: variadic functions, structures in one, two and no registers, long
 * double, complex, 128 bits, vectors.
 */
#include <complex.h>
#include <stdarg.h>

#include "integrity.h"

struct small {
	int a, b;
};
struct mixed {
	double d;
	long l;
};
struct large {
	long words[9];
	char text[13];
};
typedef float vector __attribute__((vector_size(16)));

static noinline double sum_up(int count, ...)
{
	va_list list;
	double sum = 0;
	va_start(list, count);
	for (int i = 0; i < count; i++)
		sum += i % 2 ? va_arg(list, double) : (double)va_arg(list, long);
	va_end(list);
	return sum;
}
static noinline struct small make_small(int a)
{
	return (struct small){a, a * 2};
}
static noinline struct mixed make_mixed(double d, long l)
{
	return (struct mixed){d * 2, l * 3};
}
static noinline struct large make_large(struct large from, int n)
{
	from.words[n % 9] += n;
	from.text[n % 12]++;
	return from;
}
static noinline long double make_long(long double a, int n)
{
	return a * 1.25L + n;
}
static noinline _Complex double make_complex(_Complex double a)
{
	return a * (1 + 2 * I) / 2;
}
static noinline __int128 make_wide(__int128 a, long b)
{
	return a * 3 + b;
}
static noinline vector make_vector(vector a, vector b)
{
	return a * b + a;
}

int main(void)
{
	integrity_start();
	struct large large = {{1, 2, 3}, "text"};
	long double x = 1;
	_Complex double c = 1;
	__int128 wide = 1;
	vector v = {1, 2, 3, 4}, w = {0.5f, 0.25f, 0.125f, 0.5f};
	double sum = 0;
	for (int i = 0; i < 60; i++) {
		sum += sum_up(12, 1L, 2.5, 3L, 4.5, 5L, 6.5, 7L, 8.5, 9L, 10.5, (long)i, 0.5 * i);
		sum += make_small(i).b + make_mixed(i, i).d + (double)make_mixed(1, i).l;
		large = make_large(large, i);
		x = make_long(x, i % 3) / 1.2L;
		c = make_complex(c);
		wide = make_wide(wide, i);
		v = make_vector(v, w) * 0.5f;
	}
	printf("%a %.20La %a %a %lx %lx %ld %d\n", sum, x, creal(c), cimag(c), (long)(wide >> 64),
	       (long)wide, large.words[4], large.text[3]);
	printf("%a %a %a %a\n", (double)v[0], (double)v[1], (double)v[2], (double)v[3]);
	integrity_end(END_PLAIN);
	return 0;
}
