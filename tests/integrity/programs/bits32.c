/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 32-bit program: other instructions behind the same bytes, another system call table. Its
 * functions are refused; it runs on as it does without a tracer.
 */
#include <stdio.h>
#include <unistd.h>

static __attribute__((noinline)) long work(long n)
{
	return n ? n + work(n - 1) : 1;
}

int main(void)
{
	char c = 0;
	printf("ready\n");
	fflush(stdout);
	while (c != '\n' && read(0, &c, 1) == 1)
		;
	long sum = 0;
	for (int i = 0; i < 100; i++)
		sum = sum * 3 + work(i % 20);
	printf("sum %ld, %d bytes, parent %d\n", sum, (int)sizeof(long), getppid() > 0);
	return 4;
}
