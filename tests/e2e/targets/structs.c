/* SPDX-License-Identifier: Apache-2.0 */
/*
 * structs — structures in every way in which C hands them over, and what a tracer must show of
 * them, letter by letter. Each is filled by what cannot be known when it is compiled.
 *
 *	structs [-w] [-h]
 */
#include <complex.h>
#include <stddef.h>

#include "expect.h"

enum color { RED, GREEN = 5, BLUE };
enum rights { READ = 1, WRITE = 2, RUN = 4, HIDDEN = 64, CHANGE = READ | WRITE };

typedef int (*handler_fn)(int);

struct point {
	int x, y;
};

typedef struct {
	struct point from, to;
} line_t;

struct leaf {
	int value;
	struct leaf *next;
};

struct tree {
	const char *label;
	struct leaf *left, *right;
	struct point at;
	struct {
		unsigned char red, green;
	};
	union {
		int number;
		unsigned char bytes[4];
	} either;
	unsigned int low : 3, high : 20;
	int negative : 5;
	char tag[8];
	int grid[2][3];
	struct point corners[2];
	enum rights rights;
	double weight;
	const int *count;
	_Bool alive;
};

struct deep {
	struct {
		struct {
			struct {
				int bottom;
			} c;
			int b;
		} b;
		int a;
	} a;
	int top;
};

struct large {
	long numbers[6];
	char name[16];
	short rest[200];
};

struct pair {
	long first;
	const char *second;
};

struct mixed {
	double real;
	long whole;
};

struct reals {
	double one, two;
};

struct three {
	long one, two, three;
};

struct odd {
	char a[11];
};

struct wide_real {
	long double much;
	int little;
};

/* Each body is as small as can be: what counts is the way in and out. */
opaque int by_pointer(const struct tree *tree, const struct tree *none)
{
	return tree->either.number + (none != NULL);
}

opaque int in_one(struct point at, int more)
{
	return at.x + at.y + more;
}

opaque long in_two(struct pair pair, int more)
{
	return pair.first + more;
}

opaque long half_real(struct mixed mixed, double other, int more)
{
	return mixed.whole + (long)other + more;
}

opaque double all_real(struct reals reals, int more)
{
	return reals.one + reals.two + more;
}

/* clang's callers do see of this one that it ignores half of the pair. */
traced long partly(struct pair pair, int more)
{
	return pair.first + more;
}

opaque long on_stack(struct three three, int more)
{
	return three.three + more;
}

/* Six registers are not enough: the second pair lies on the stack as a whole. */
opaque long no_room(int a, int b, int c, struct pair one, struct pair two, int last)
{
	return a + b + c + one.first + two.first + last;
}

opaque int uneven(struct odd odd, int more)
{
	return odd.a[10] + more;
}

opaque line_t give_two(int base)
{
	return (line_t){{base, base + 1}, {base + 2, base + 3}};
}

opaque struct three give_memory(int base)
{
	return (struct three){base, base + 1, base + 2};
}

opaque struct mixed give_mixed(int base)
{
	return (struct mixed){base, base + 1};
}

opaque int levels(const struct deep *deep)
{
	return deep->a.b.c.bottom;
}

opaque int list(const struct leaf *leaf)
{
	return leaf->value;
}

opaque int cut(const struct large *large)
{
	return large->rest[0];
}

opaque int numbers(const int *one, const double *real, const unsigned char *bytes, void *any)
{
	return *one + (int)*real + bytes[0] + (any != NULL);
}

opaque int flags(enum rights some, enum rights odd, enum rights none, enum color color)
{
	return some + odd + none + color;
}

opaque int lost(const struct point *at)
{
	return at != NULL;
}

opaque int far(struct wide_real real)
{
	return real.little;
}

opaque int variadic(const char *format, ...)
{
	return (int)strlen(format);
}

struct hooks {
	handler_fn first, none;
	int (*library)(const char *);
};

/* By name where it lies in this file. */
opaque int call_back(handler_fn handler, const struct hooks *hooks, void *data)
{
	return handler(1) + hooks->first(2) + (data != NULL);
}

static int on_event(int number)
{
	return number + 1;
}

opaque double turn(complex double by, const complex float *other, int more)
{
	return creal(by) + (double)crealf(*other) + more;
}

/* How many elements there are nobody says. */
struct open {
	int count;
	int numbers[];
};

struct letter {
	int count;
	char text[];
};

opaque int open_ended(const struct open *open, const struct letter *letter)
{
	return open->numbers[open->count - 1] + letter->text[letter->count - 1];
}

#if defined(__clang__)
#define big_endian
#define THREE "3"
#else
#define big_endian __attribute__((scalar_storage_order("big-endian")))
#define THREE	   "<big-endian>"
#endif

struct big_endian swapped {
	unsigned int whole;
	short half;
	unsigned int three : 3, more : 29;
	double real;
	long list[2];
};

opaque long orders(const struct swapped *swapped)
{
	return (long)swapped->whole + swapped->half + (long)swapped->real + swapped->list[1];
}

static void open_and_swapped(int seed)
{
	union {
		struct open open;
		int all[4];
	} some = {.all = {3, 4, 5, seed}};
	union {
		struct letter letter;
		char all[12];
	} letter = {.letter.count = 3};
	memcpy(letter.letter.text, "abc", 4);
	long got = open_ended(&some.open, &letter.letter);
	expect("open_ended(open={count=3, numbers=[...]}, letter={count=3, text=\"\"...}) = %ld",
	       got);
	struct swapped swapped = {.whole = 0xf1020300u + (unsigned int)seed,
				  .half = -2,
				  .three = 3,
				  .more = 3,
				  .real = 1.5,
				  .list = {seed, -seed}};
	got = orders(&swapped);
	expect("orders(swapped={whole=%u, half=-2, three=" THREE ", more=" THREE
	       ", real=1.5, list=[%d, %d]}) = %ld",
	       swapped.whole, seed, -seed, got);
}

static void pointers(int seed)
{
	int count = seed + 6;
	struct leaf last = {seed + 3, NULL}, middle = {seed + 2, &last},
		    first = {seed + 1, &middle};
	struct tree tree = {.label = "oak",
			    .left = &first,
			    .at = {seed, -seed},
			    .red = 1,
			    .green = 255,
			    .either.number = seed + 0x04030201,
			    .low = 5,
			    .high = 1000000,
			    .negative = -7,
			    .tag = "abcdefgh",
			    .grid = {{1, 2, 3}, {4, 5, -6}},
			    .corners = {{1, 2}, {3, 4}},
			    .rights = CHANGE,
			    .weight = 2.5,
			    .count = &count,
			    .alive = true};
	int got = by_pointer(&tree, NULL);
	expect("by_pointer(tree={label=\"oak\", left={value=%d, next=%p}, right=NULL, "
	       "at={x=%d, y=%d}, {red=1, green=255}, either={number=%d, bytes=[%d, %d, %d, %d]}, "
	       "low=5, high=1000000, negative=-7, tag=\"abcdefgh\", grid=[[1, 2, 3], [4, 5, -6]], "
	       "corners=[{x=1, y=2}, {x=3, y=4}], rights=CHANGE, weight=2.5, count=[%d], "
	       "alive=true}, none=NULL) = %d",
	       first.value, (void *)first.next, tree.at.x, tree.at.y, tree.either.number,
	       tree.either.bytes[0], tree.either.bytes[1], tree.either.bytes[2],
	       tree.either.bytes[3], count, got);
	got = list(&first);
	expect("list(leaf={value=%d, next={value=%d, next=%p}}) = %d", first.value, middle.value,
	       (void *)&last, got);
	const double real = seed + 0.25;
	const unsigned char byte = 7;
	got = numbers(&count, &real, &byte, &count);
	expect("numbers(one=[%d], real=[%g], bytes=%p, any=%p) = %d", count, real,
	       (const void *)&byte, (void *)&count, got);
	got = lost((const struct point *)16);
	expect("lost(at=0x10<bad address>) = %d", got);
	struct deep deep = {.a = {.b = {.c = {seed}, .b = 2}, .a = 3}, .top = 4};
	got = levels(&deep);
	expect("levels(deep={a={b={...}, a=3}, top=4}) = %d", got);
	struct large large = {.numbers = {1, 2, 3, 4, 5, 6}, .name = "large", .rest = {9, 8}};
	got = cut(&large);
	printf("expect cut(large={numbers=[1, 2, 3, 4, 5, 6], name=\"large\", rest=[9, 8");
	for (size_t i = 2; i < (256 - offsetof(struct large, rest)) / sizeof(short); i++)
		printf(", %d", large.rest[i]);
	printf(", ...]}) = %d\n", got);
}

static void values(int seed)
{
	long got = in_one((struct point){seed, -3}, 4);
	expect("in_one(at={x=%d, y=-3}, more=4) = %ld", seed, got);
	got = in_two((struct pair){-seed, "second"}, 5);
	expect("in_two(pair={first=%d, second=\"second\"}, more=5) = %ld", -seed, got);
	got = partly((struct pair){-seed, "half"}, 5);
#if defined(__clang__) && defined(__OPTIMIZE__)
	expect("partly(pair={first=%d, second=<optimised out>}, more=5) = %ld", -seed, got);
#else
	expect("partly(pair={first=%d, second=\"half\"}, more=5) = %ld", -seed, got);
#endif
	got = half_real((struct mixed){1.5, seed}, 2.5, 6);
	expect("half_real(mixed={real=<in xmm0>, whole=%d}, other=<in xmm1>, more=6) = %ld", seed,
	       got);
	all_real((struct reals){1.5, seed}, 7);
	expect("all_real(reals=<in xmm0>, more=7) = <in xmm0>");
	got = on_stack((struct three){seed, 2, 3}, 8);
	expect("on_stack(three={one=%d, two=2, three=3}, more=8) = %ld", seed, got);
	got = no_room(1, 2, 3, (struct pair){seed, "in"}, (struct pair){5, "on"}, 6);
	expect("no_room(a=1, b=2, c=3, one={first=%d, second=\"in\"}, "
	       "two={first=5, second=\"on\"}, last=6) = %ld",
	       seed, got);
	got = uneven((struct odd){"0123456789x"}, seed);
	expect("uneven(odd={a=\"0123456789x\"}, more=%d) = %ld", seed, got);
	line_t line = give_two(seed);
	expect("give_two(base=%d) = {from={x=%d, y=%d}, to={x=%d, y=%d}}", seed, line.from.x,
	       line.from.y, line.to.x, line.to.y);
	struct three three = give_memory(seed);
	expect("give_memory(base=%d) = {one=%ld, two=%ld, three=%ld}", seed, three.one, three.two,
	       three.three);
	struct mixed mixed = give_mixed(seed);
	expect("give_mixed(base=%d) = {real=<in xmm0>, whole=%ld}", seed, mixed.whole);
}

static void others(int seed)
{
	long got = flags(READ | RUN, (enum rights)(RUN | 8), (enum rights)0, BLUE);
	expect("flags(some=READ|RUN, odd=RUN|0x8, none=0, color=BLUE) = %ld", got);
	got = far((struct wide_real){1.25L, seed});
	expect("far(real={much=1.25, little=%d}) = %ld", seed, got);
	got = variadic("%d %s", seed, "more");
	expect("variadic(format=\"%%d %%s\") = %ld", got);
	struct hooks hooks = {.first = on_event, .library = puts};
	got = call_back(on_event, &hooks, &seed);
	expect("call_back(handler=&on_event, hooks={first=&on_event, none=NULL, library=&puts}, "
	       "data=%p) = %ld",
	       (void *)&seed, got);
	complex float other = 0.5f;
	__imag__ other = (float)seed;
	turn(1.5, &other, seed);
	expect("turn(by=<in xmm0>, other={re=0.5, im=%d}, more=%d) = <in xmm0>", seed, seed);
}

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	int seed = argc + 40;
	pointers(seed);
	values(seed);
	others(seed);
	open_and_swapped(seed);
	return sample_end(&sample, true);
}
