/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outputs — functions that fill in what their arguments lead to: buffers whose length the result or
 * another argument tells, strings, numbers. It prints what it finds there itself.
 *
 *	outputs [-w] [-h] [DEPTH]
 */
#include "expect.h"

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";

opaque long take(int from, char *buf, long most)
{
	if (from < 0)
		return -1;
	long count = (long)strlen(alphabet) - from;
	count = count < most ? count : most;
	memcpy(buf, alphabet + from, (size_t)count);
	return count;
}

opaque int fill(char *buf, unsigned long n, int c)
{
	memset(buf, c, n);
	return 0;
}

/* Neither of the two is told where the length is, by those who list two arguments only. */
opaque void sixth(int a, char *buf, int c, int d, int e, int n)
{
	memset(buf, a + c + d + e, (size_t)n);
}

opaque void seventh(int a, char *buf, int c, int d, int e, int f, long n)
{
	memset(buf, a + c + d + e + f, (size_t)n);
}

/* The address itself lies on the stack. */
opaque void last(int a, int b, int c, int d, int e, int f, char *buf, short n)
{
	memset(buf, a + b + c + d + e + f, (size_t)n);
}

opaque void name_it(char *to, int which)
{
	snprintf(to, 16, "number %d", which);
}

opaque short count_up(int *n)
{
	++*n;
	return -1;
}

opaque void wipe(char *buf, unsigned long n)
{
	memset(buf, '-', n);
}

/* What it is passed leads nowhere. */
opaque int wild(const char *text)
{
	return text != NULL;
}

/* Its result is a pointer to as many bytes as an argument says. */
opaque const char *tail_of(unsigned long n)
{
	return alphabet + strlen(alphabet) - n;
}

/* Both bytes of each call are its own: a tracer must find them at each return. */
opaque int nested(char *buf, int level)
{
	char mine[8] = "";
	if (level > 0)
		nested(mine, level - 1);
	snprintf(buf, 8, "%d", level);
	return level;
}

static void buffers(void)
{
	char buf[64] = "";
	expect("take(5, \"fghijk\", 6) = %ld", take(5, buf, 6));
	expect("take(0, \"%s\", 64) = %ld", alphabet, take(0, buf, 64));
	expect("take(36, \"\", 64) = %ld", take(36, buf, 64));
	expect("take(-1, <call failed>, 64) = %ld", take(-1, buf, 64));
	expect("fill(\"xxxxx\", 5, 'x') = %d", fill(buf, 5, 'x'));
	expect("fill(\"\\x01\\x01\", 2, '\\x01') = %d", fill(buf, 2, 1));
	expect("fill(NULL, 0, 'x') = %d", fill(NULL, 0, 'x'));
	sixth('A', buf, 1, 1, 1, 3);
	expect("sixth(65, \"DDD\")");
	seventh('A', buf, 1, 1, 1, 1, 4);
	expect("seventh(65, \"EEEE\")");
	last('A', 1, 1, 1, 1, 1, buf, 2);
	expect("last(65, 1, 1, 1, 1, 1, \"FF\", 2)");
}

static void others(int seed)
{
	char buf[64] = "before";
	int n = seed;
	name_it(buf, seed);
	expect("name_it(\"number %d\", %d)", seed, seed);
	count_up(&n);
	expect("count_up([%d]) = -1", n);
	snprintf(buf, sizeof(buf), "there");
	wipe(buf, 5);
	expect("wipe(\"there\", 5)");
	expect("tail_of(4) = \"%s\"", tail_of(4));
	wild((const char *)(uintptr_t)0x1008);
	expect("wild(0x1008<bad address>) = 1");
	wild((const char *)~(uintptr_t)0);
	expect("wild(0xffffffffffffffff<bad address>) = 1");
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	char buf[8];
	buffers();
	others(argc + 40);
	nested(buf, sample.next < argc ? atoi(argv[sample.next]) : 0);
	return sample_end(&sample, true);
}
