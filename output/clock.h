/* SPDX-License-Identifier: Apache-2.0 */
/* output/clock.h — the time column of a text line, for strace's -t, -tt, -ttt and -r. */
#ifndef UTRAIL_OUTPUT_CLOCK_H
#define UTRAIL_OUTPUT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "output/buffer.h"
#include "output/output.h"

struct clock {
	enum output_time mode;
	int64_t realtime_offset_ns;
	/* The text of one second is made once: asking for the time zone is slow. */
	int64_t second;
	bool has_second;
	char text[8]; /* 12:00:01 */
	uint64_t previous_ns;
	bool has_previous;
};

void clock_init(struct clock *column, const struct output_options *options);
/* Appends the column, without a blank; nothing with TIME_NONE. */
void clock_put(struct clock *column, struct buffer *buffer, uint64_t boottime_ns);
/* <0.000012>, without the brackets */
void clock_put_duration(struct buffer *buffer, uint64_t duration_ns);

#endif
