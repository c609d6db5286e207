/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An interpreter with computed gotos, and one with a switch: jumps through tables, whose targets
 * only data tells. A `ret` taken for data, or data for a `ret`, would put a breakpoint in the wrong
 * place.
 */
#include "integrity.h"

static noinline long threaded(const unsigned char *code, long x)
{
	static const void *const labels[] = {&&add, &&mul, &&sub, &&xor, &&end};
	goto *labels[*code++];
add:
	x += 7;
	goto *labels[*code++];
mul:
	x *= 3;
	goto *labels[*code++];
sub:
	x -= 11;
	goto *labels[*code++];
	xor : x ^= 0x55;
	if (x % 5 == 0)
		return x;
	goto *labels[*code++];
end:
	return -x;
}

static noinline long switched(const unsigned char *code, long x)
{
	for (;; code++) {
		switch (*code) {
		case 0:
			x += 7;
			break;
		case 1:
			x *= 3;
			break;
		case 2:
			x -= 11;
			break;
		case 3:
			x ^= 0x55;
			if (x % 5 == 0)
				return x;
			break;
		case 4:
			return -x;
		case 5:
			return 1;
		default:
			x++;
		}
	}
}

int main(void)
{
	integrity_start();
	unsigned char code[32];
	unsigned int random = 1;
	long sum = 0;
	for (int round = 0; round < 100; round++) {
		for (size_t i = 0; i < sizeof(code) - 1; i++)
			code[i] = (unsigned char)((random = random * 1103515245 + 12345) >> 16 & 3);
		code[sizeof(code) - 1] = 4;
		sum = sum * 31 + threaded(code, round) + switched(code, round);
	}
	printf("sum %ld\n", sum);
	integrity_end(END_PLAIN);
	return 0;
}
