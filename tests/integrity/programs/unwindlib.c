/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libunwind, a second unwinder, steps through the frames by registers and tables of its own.
 */
#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include "integrity.h"

static noinline int look(void)
{
	unw_context_t context;
	unw_cursor_t cursor;
	int frames = 0;
	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	while (unw_step(&cursor) > 0)
		frames++;
	return frames;
}

static noinline int deep(int n)
{
	int ret = n ? deep(n - 1) : look();
	return ret + (n & 1);
}

int main(void)
{
	integrity_start();
	long sum = 0;
	for (int i = 0; i < 20; i++)
		sum = sum * 3 + deep(i);
	printf("sum %ld\n", sum);
	integrity_end(END_PLAIN);
	return 0;
}
