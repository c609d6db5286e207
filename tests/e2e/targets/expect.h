/* SPDX-License-Identifier: Apache-2.0 */
/* expect.h — for programs that say, letter by letter, how a tracer must show their values. */
#ifndef UTRAIL_TARGETS_EXPECT_H
#define UTRAIL_TARGETS_EXPECT_H

#include "sample.h"

#if defined(__cplusplus)
#define unmangled extern "C"
#else
#define unmangled
#endif

/*
 * Really called, with all of its arguments. clang drops those that it sees a function ignore or
 * overwrite, and stores that it sees nobody read; of a weak one it sees nothing.
 */
#if defined(__clang__)
#define opaque unmangled traced __attribute__((weak))
#else
#define opaque unmangled traced
#endif

#define expect(...)                  \
	do {                         \
		printf("expect ");   \
		printf(__VA_ARGS__); \
		putchar('\n');       \
	} while (0)

#endif
