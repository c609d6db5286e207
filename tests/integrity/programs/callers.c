/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that read return addresses by themselves, their own and those of frames above, without
 * any library. A return address that the kernel has replaced is not the one that the compiler
 * wrote.
 */
#include "integrity.h"

extern char __executable_start[], __etext[];

static int is_mine(const void *address)
{
	return (const char *)address > __executable_start && (const char *)address < __etext;
}

static noinline int own_caller(void)
{
	return is_mine(__builtin_return_address(0));
}

/* Its frame is larger, and the compiler reads the address late. */
static noinline int late_caller(long n)
{
	volatile char frame[200];
	for (int i = 0; i < 200; i++)
		frame[i] = (char)(n + i);
	return is_mine(__builtin_return_address(0)) + frame[n] * 0;
}

/* The frame's address, and the word above it. */
static noinline int by_frame(void)
{
	void **frame = (void **)__builtin_frame_address(0);
	return is_mine(frame[1]);
}

/* A walk along the frame pointers; this file is built with them. */
static noinline int walk(void)
{
	void **frame = (void **)__builtin_frame_address(0);
	int mine = 0;
	for (int i = 0; i < 4; i++) {
		mine += is_mine(frame[1]);
		frame = (void **)frame[0];
	}
	return mine;
}

static noinline int third(void)
{
	return walk() + 1;
}
static noinline int second(void)
{
	return third() + 1;
}
static noinline int first(void)
{
	return second() + 1;
}

int main(void)
{
	integrity_start();
	int sum[4] = {0};
	for (int i = 0; i < 20; i++) {
		sum[0] += own_caller();
		sum[1] += late_caller(i);
		sum[2] += by_frame();
		sum[3] += first();
	}
	printf("own %d late %d frame %d walk %d\n", sum[0], sum[1], sum[2], sum[3]);
	integrity_end(END_PLAIN);
	return 0;
}
