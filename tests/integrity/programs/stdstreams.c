/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input, output and error output, much of each, in pieces of all sizes, through a traced program
 * whose standard streams are pipes.
 */
#include "integrity.h"

static noinline size_t put(FILE *to, unsigned int *random)
{
	char piece[4096];
	*random = *random * 1103515245 + 12345;
	size_t size = 1 + (*random >> 16) % 3000;
	for (size_t i = 0; i < size; i++)
		piece[i] = (char)('a' + (i + *random) % 26);
	piece[size - 1] = '\n';
	return fwrite(piece, 1, size, to);
}

int main(void)
{
	integrity_start();
	unsigned int random = 7;
	size_t sum = 0;
	for (int i = 0; i < 200; i++)
		sum += put(i % 3 ? stdout : stderr, &random);
	printf("\nsum %zu\n", sum);
	integrity_end(END_PLAIN);
	return 0;
}
