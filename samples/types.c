/* SPDX-License-Identifier: Apache-2.0 */
/*
 * types — functions with parameters and results of every sort, and how a tracer must show them.
 * What lies in a vector register cannot be read by a probe: <in xmm0>.
 *
 *	types [-w] [-h] [ROUNDS]
 */
#include <stddef.h>

#include "sample.h"

enum color { RED, GREEN = 5, BLUE, ULTRAVIOLET = -1 };

struct person {
	const char *name;
	int age;
	enum color shirt;
	bool member;
	unsigned int rank : 3, wing : 5;
	struct person *boss;
};

struct point {
	int x, y;
};

typedef uint32_t user_id;
typedef int (*compare_fn)(int, int);

/* Each body is as small as can be: what counts is the way in and out. */
traced enum color next_color(enum color color)
{
	return color == RED ? GREEN : BLUE;
}

traced enum color odd_color(enum color color)
{
	return (enum color)(color + 1);
}

traced bool both(bool a, bool b)
{
	return a && b;
}

traced const char *label(const char *text, char letter)
{
	return letter == 'x' ? text + 1 : NULL;
}

traced double scale(double value, float factor)
{
	return value * (double)factor;
}

/* Integers keep their places beside floats. */
traced int mixed(int a, double b, long c, float d, short e)
{
	return a + (int)b + (int)c + (int)d + e;
}

traced short narrow(short a, signed char b, unsigned char c, unsigned short d)
{
	return (short)(a + b + c + d);
}

/* The seventh and eighth are on the stack. */
traced long eight(int a, long b, unsigned int c, const char *d, short e, unsigned char f, long g,
		  int h)
{
	return a + b + c + d[0] + e + f + g + h;
}

traced uint64_t wide(uint64_t all, int64_t least, user_id user)
{
	return all - (uint64_t)least - user;
}

traced int greet(const struct person *who, const struct person *nobody)
{
	return who->age + (nobody != NULL);
}

/* Eight bytes: both members travel in one register. */
traced int area(struct point size)
{
	return size.x * size.y;
}

traced struct point move(struct point from, int dx)
{
	return (struct point){from.x + dx, from.y};
}

traced int call(compare_fn compare, void *context, size_t size)
{
	return compare((int)size, context != NULL);
}

traced void nothing(void)
{
	__asm__ volatile("");
}

traced int error(int number)
{
	return -number;
}

static int minus(int a, int b)
{
	return a - b;
}

static bool enums(void)
{
	bool ok = next_color(RED) == GREEN && next_color(GREEN) == BLUE;
	printf("expect types:next_color(color=RED) = GREEN\n");
	printf("expect types:next_color(color=GREEN) = BLUE\n");
	ok = ok && odd_color(ULTRAVIOLET) == RED && (int)odd_color((enum color)6) == 7;
	printf("expect types:odd_color(color=ULTRAVIOLET) = RED\n");
	printf("expect types:odd_color(color=BLUE) = 7\n");
	ok = ok && !both(true, false) && both(true, true);
	printf("expect types:both(a=true, b=false) = false\n");
	printf("expect types:both(a=true, b=true) = true\n");
	return ok;
}

static bool texts(void)
{
	bool ok = !strcmp(label("text", 'x'), "ext") && !label("a \"quoted\" line\n", 'y');
	printf("expect types:label(text=\"text\", letter='x') = \"ext\"\n");
	printf("expect types:label(text=\"a \\\"quoted\\\" line\\n\", letter='y') = NULL\n");
	return ok;
}

static bool numbers(void)
{
	bool ok = scale(1.5, 2.0f) == 3.0 && mixed(1, 2.0, 3, 4.0f, -5) == 5;
	printf("expect types:scale(value=<in xmm0>, factor=<in xmm1>) = <in xmm0>\n");
	printf("expect types:mixed(a=1, b=<in xmm0>, c=3, d=<in xmm1>, e=-5) = 5\n");
	ok = ok && narrow(-300, -5, 200, 65535) == (short)65430;
	printf("expect types:narrow(a=-300, b=%s, c=%s, d=65535) = %d\n", "*", "*", (short)65430);
	ok = ok && eight(-1, 1l << 40, 3, "d", -5, 6, -7, 8) == (1l << 40) + 104;
	printf("expect types:eight(a=-1, b=%ld, c=3, d=\"d\", e=-5, f=*, g=-7, h=8) = %ld\n",
	       1l << 40, (1l << 40) + 104);
	ok = ok && wide(UINT64_MAX, INT64_MIN, 4000000000u) == INT64_MAX - 4000000000ull;
	printf("expect types:wide(all=18446744073709551615, least=-9223372036854775808, "
	       "user=4000000000) = %llu\n",
	       INT64_MAX - 4000000000ull);
	ok = ok && error(2) == -2;
	printf("expect types:error(number=2) = -2\n");
	return ok;
}

static bool structures(void)
{
	struct person ada = {
		.name = "Ada", .age = 36, .shirt = BLUE, .member = true, .rank = 5, .wing = 17};
	bool ok = greet(&ada, NULL) == 36;
	printf("expect types:greet(who={name=\"Ada\", age=36, shirt=BLUE, member=true, rank=5, "
	       "wing=17, boss=NULL}, nobody=NULL) = 36\n");
	ok = ok && area((struct point){.x = -6, .y = 7}) == -42;
	printf("expect types:area(size={x=-6, y=7}) = -42\n");
	struct point moved = move((struct point){.x = 1, .y = 2}, 10);
	ok = ok && moved.x == 11 && moved.y == 2;
	printf("expect types:move(from={x=1, y=2}, dx=10) = {x=11, y=2}\n");
	ok = ok && call(minus, &ada, 43) == 42;
	printf("expect types:call(compare=*, context=%p, size=43) = 42\n", (void *)&ada);
	nothing();
	printf("expect types:nothing()\n");
	return ok;
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long rounds = sample_number(argc, argv, sample.next, 1);
	bool correct = true;
	for (long i = 0; i < rounds; i++)
		correct = enums() && texts() && numbers() && structures() && correct;
	return sample_end(&sample, correct);
}
