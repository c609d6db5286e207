/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hot [N]: calls f(int, const char *) N times, back to back; the string has 16 bytes with its end.
 *
 * What a uprobe costs depends on the instruction under it, so this is built twice: the entry is a
 * `push` in `hot`, and `endbr64` before that `push` in `hot-cet`.
 */
#include "target.h"

static volatile long sink;

traced int f(int number, const char *text);

traced int f(int number, const char *text)
{
	/* A frame address needs a frame: the usual entry, `push %rbp`. */
	__asm__ volatile("" : : "r"(text), "r"(__builtin_frame_address(0)) : "memory");
	return number + 1;
}

int main(int argc, char **argv)
{
	long n = number_of_calls(argc, argv);
	const char *text = make_text();
	struct stopwatch start = stopwatch_read();
	for (long i = 0; i < n; i++)
		sink += f((int)i, text);
	return report(start, stopwatch_read(), n);
}
