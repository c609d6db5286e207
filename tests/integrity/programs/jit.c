/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code made at run time, in memory that is writable and executable, called by and calling back into
 * probed functions; rewritten between calls.
 */
#include <sys/mman.h>

#include "integrity.h"

static noinline long callback(long x)
{
	return x * 2 + 1;
}

static noinline long call_it(long (*made)(long, long (*)(long)), long x)
{
	return made(x, callback) + 1;
}

int main(void)
{
	/* add $imm,%rdi; sub $8,%rsp; call *%rsi; add $8,%rsp; ret */
	static const unsigned char code[] = {0x48, 0x81, 0xc7, 1,    0,	   0,	 0,    0x48, 0x83,
					     0xec, 8,	 0xff, 0xd6, 0x48, 0x83, 0xc4, 8,    0xc3};
	integrity_start();
	unsigned char *made = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(made, code, sizeof(code));
	long sum = 0;
	for (int i = 0; i < 200; i++) {
		made[3] = (unsigned char)i;
		sum = sum * 3 + call_it((long (*)(long, long (*)(long)))(void *)made, i);
	}
	printf("sum %ld\n", sum);
	integrity_end(END_PLAIN);
	return 0;
}
