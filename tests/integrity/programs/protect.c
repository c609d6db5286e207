/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protection of its own pages: text made unreadable and readable again, writable and back,
 * dropped (MADV_DONTNEED) and read from the file again, its mapping split and joined.
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

static noinline void protect(int how)
{
	mprotect((void *)(uintptr_t)apart, 4096, how);
}

int main(void)
{
	integrity_start();
	long sum = 0;
	for (int i = 0; i < 20; i++) {
		protect(PROT_NONE);
		protect(PROT_READ | PROT_EXEC);
		sum = sum * 3 + apart(i);
		protect(PROT_READ | PROT_WRITE | PROT_EXEC);
		sum += apart(sum) + behind(i);
		protect(PROT_READ | PROT_EXEC);
		madvise((void *)(uintptr_t)apart, 4096, MADV_DONTNEED);
		sum += apart(i);
	}
	printf("sum %ld\n", sum);
	integrity_end(END_PLAIN);
	return 0;
}
