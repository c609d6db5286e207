/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that puts its text on other pages, as those do that want huge ones: it copies the page
 * of a function that it has not called yet, and maps the copy over the original. A breakpoint that
 * was there is copied too, and nobody knows of it any more.
 */
#include <sys/mman.h>

#include "integrity.h"

static noinline __attribute__((section(".text.apart"), aligned(4096))) long apart(long n)
{
	return n * 9 + 1;
}

static noinline __attribute__((section(".text.apart2"), aligned(4096))) long behind(long n)
{
	return n * 11 + 1;
}

int main(void)
{
	integrity_start();
	long sum = behind(1);
	char *copy = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(copy, (const void *)(uintptr_t)apart, 4096);
	mprotect(copy, 4096, PROT_READ | PROT_EXEC);
	if (mremap(copy, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)(uintptr_t)apart) ==
	    MAP_FAILED)
		return 9;
	for (int i = 0; i < 20; i++)
		sum = sum * 3 + apart(i) + behind(i);
	printf("sum %ld\n", sum);
	integrity_end(END_NO_MAPS);
	return 0;
}
