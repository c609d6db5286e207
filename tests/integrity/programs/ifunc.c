/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IFUNC: the loader calls the resolver before anything else runs, and probes may sit on it already.
 */
#include "integrity.h"

static long generic(long n)
{
	return n * 3;
}
static long special(long n)
{
	return n + n + n;
}
static int resolved;
static __attribute__((used)) long (*resolve(void))(long)
{
	resolved++;
	return resolved > 5 ? generic : special;
}
long chosen(long n) __attribute__((ifunc("resolve")));

int main(void)
{
	integrity_start();
	long sum = 0;
	char text[64] = "";
	for (int i = 0; i < 100; i++) {
		sum += chosen(i) + generic(i);
		memset(text, 'a' + i % 26, sizeof(text) - 1);
		sum += (long)strlen(text) + (long)strcspn(text, "z");
	}
	printf("sum %ld resolved %d\n", sum, resolved);
	integrity_end(END_PLAIN);
	return 0;
}
