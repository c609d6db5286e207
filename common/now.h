/* SPDX-License-Identifier: Apache-2.0 */
/* common/now.h — what a clock says, in nanoseconds. */
#ifndef UTRAIL_COMMON_NOW_H
#define UTRAIL_COMMON_NOW_H

#include <stdint.h>
#include <time.h>

static inline uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

#endif
