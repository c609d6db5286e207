/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allocate — calls functions of the C library, which has no debug information, and prints what
 * each was given and gave.
 *
 *	allocate [-w] [-h] [CALLS]
 */
#include "sample.h"

#define FIRST 100000

int main(int argc, char **argv)
{
	struct sample sample = sample_begin(argc, argv);
	long n = sample_number(argc, argv, sample.next, 50);
	bool correct = true;
	/* Sizes that nobody else asks for. */
	for (long i = 0; i < n; i++) {
		char *memory = malloc(FIRST + (size_t)i);
		/* Keeps the compiler from leaving both calls out. */
		__asm__ volatile("" : "+r"(memory) : : "memory");
		correct = correct && memory;
		printf("expect libc:malloc(%ld) = %p\n", FIRST + i, (void *)memory);
		printf("expect libc:free(%p)\n", (void *)memory);
		free(memory);
	}
	setenv("ALLOCATE_TEST", "value of the variable", 1);
	const char *name = "ALLOCATE_TEST";
	__asm__ volatile("" : "+r"(name));
	correct = correct && getenv(name);
	printf("expect libc:getenv(\"ALLOCATE_TEST\") = \"value of the variable\"\n");
	sample_count("malloc", (unsigned long)n);
	return sample_end(&sample, correct);
}
