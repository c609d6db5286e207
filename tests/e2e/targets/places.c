/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of one file, which an optimiser calls in its own way: it passes what is used, and what
 * a pointer leads to in place of the pointer. Each prints what it was passed, as it must be shown;
 * `*` stands for a value that it does not use, and that may be gone.
 */
#include <stdio.h>
#include <stdlib.h>

#define OWN __attribute__((noinline)) static

struct request {
	int id;
	long length;
};

OWN int first_unused(int unused, const char *name, long last)
{
	(void)unused;
	return printf("first_unused name=\"%s\" last=%ld\n", name, last);
}

OWN int middle_unused(const struct request *request, int unused, long last)
{
	(void)unused;
	return printf("middle_unused request=%d last=%ld\n", request->id, last);
}

OWN int pointers(const int *one, const int *other)
{
	return printf("pointers one=%d other=%d\n", *one, *other);
}

OWN int constant(int mode, int value)
{
	return printf("constant mode=%d value=%d\n", mode, value);
}

/* Its result is used by nobody. */
OWN long ignored(long value)
{
	printf("ignored value=%ld\n", value);
	return value * 3 + 1;
}

__attribute__((noinline)) int open_to_all(int unused, int value);
int open_to_all(int unused, int value)
{
	(void)unused;
	return printf("open_to_all value=%d\n", value);
}

int main(int count, char **values)
{
	int rounds = count > 1 ? atoi(values[1]) : 1;
	for (int i = 1; i <= rounds; i++) {
		struct request request = {.id = i, .length = i * 2L};
		int one = i * 5, other = i * 7;
		first_unused(i * 11, i % 2 ? "odd" : "even", i * 4L);
		middle_unused(&request, i * 13, i * 10L);
		pointers(&one, &other);
		constant(3, i);
		ignored(i * 17L);
		open_to_all(i * 19, i);
	}
	return 0;
}
