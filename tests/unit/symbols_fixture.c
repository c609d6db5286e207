/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that the tests of symbols/ look into, compiled in many shapes. What it declares is
 * the truth that symbols_prototype.c and symbols_functions.c check against.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define keep __attribute__((noinline, noclone, used, visibility("default")))

enum color { RED, GREEN = 5, BLUE = -2 };
enum big { HUGE_ONE = 0x80000000u };

typedef char *text_t;
typedef uint32_t id_t32;
typedef struct point {
	int x, y;
} point_t;

struct node {
	struct node *next, *previous;
	const char *label;
	enum color color;
	point_t at;
	char tag[8];
	int grid[2][3];
	unsigned int low : 3, middle : 7;
	int high : 20;
	union {
		int number;
		double real;
	};
	bool alive;
	void (*hook)(struct node *self, int level);
};

union either {
	int number;
	float real;
};

struct opaque;

int global_counter = 7;
__thread int per_thread;

keep int add(int left, long right)
{
	return left + (int)right + global_counter;
}

keep const char *greet(const char *name, char *buffer, size_t size, unsigned char *raw)
{
	snprintf(buffer, size, "hello %s", name);
	raw[0] = 1;
	return buffer;
}

keep enum color mix(enum color one, enum big two, bool swap, char letter)
{
	return swap ? BLUE : one + (int)two + letter > 7 ? GREEN : RED;
}

keep point_t move(point_t from, const point_t *to, float speed, double time, long double far)
{
	from.x += (int)(to->x * speed * time + (double)far);
	return from;
}

keep void walk(struct node *first, const volatile struct node *const last, void *cookie)
{
	for (; first && first != last; first = first->next)
		first->hook(first, *(int *)cookie);
}

keep text_t *words(text_t one, id_t32 id, ssize_t count, int8_t small, uint8_t byte)
{
	static text_t all[2];
	all[0] = one + (id + count + small + byte) % 2;
	return all;
}

keep struct opaque *hide(struct opaque *what, union either *which, int numbers[4],
			 int (*compare)(const void *, const void *))
{
	qsort(numbers, 4, sizeof(*numbers), compare);
	which->number = 1;
	return what;
}

typedef int comparison(const void *, const void *);

keep int by_name(comparison *compare)
{
	return compare(&compare, &compare);
}

keep int log_line(const char *format, ...)
{
	return (int)strlen(format);
}

keep __int128 wide(__int128 value)
{
	return value + 1;
}

static inline int inlined(int depth, const char *why)
{
	return depth > 2 ? (int)strlen(why) : depth;
}

/* Makes an out-of-line instance of the inline function too. */
int (*const out_of_line)(int, const char *) = inlined;

keep int caller(int depth)
{
	return inlined(depth, "because");
}

/* The compiler makes a clone of it for the one constant. */
static __attribute__((noinline, used)) int scaled(int value, int factor)
{
	int sum = 0;
	for (int i = 0; i < factor; i++)
		sum += value * i + global_counter;
	return sum;
}

/* Same name and address: aliases. */
keep int aliased(int value)
{
	return value * 3;
}
int alias_of_it(int value) __attribute__((alias("aliased"), visibility("default")));

/* The loader asks this one which function `chosen` is. */
static int (*choose(void))(int)
{
	return aliased;
}
int chosen(int value) __attribute__((ifunc("choose"), visibility("default")));

int main(int argc, char **argv)
{
	struct node node = {.label = argv[0]};
	per_thread = argc;
	printf("%d %d %d\n", add(argc, 2), caller(argc), scaled(argc, 12));
	(void)node;
	return chosen(0);
}
