/* SPDX-License-Identifier: Apache-2.0 */
/* marks [N]: passes the marker utrail_bench:hit(int, long, string) N times. */
#include <sys/sdt.h>

#include "target.h"

traced void mark(int number, long big, const char *text);

/* A leaf without a frame: the marker is its first instruction, its operands are the argument
 * registers. floor.c holds this against the note. */
traced void mark(int number, long big, const char *text)
{
	DTRACE_PROBE3(utrail_bench, hit, number, big, text);
}

int main(int argc, char **argv)
{
	long n = number_of_calls(argc, argv);
	const char *text = make_text();
	struct stopwatch start = stopwatch_read();
	for (long i = 0; i < n; i++)
		mark((int)i, i * 3, text);
	return report(start, stopwatch_read(), n);
}
