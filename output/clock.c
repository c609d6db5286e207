/* SPDX-License-Identifier: Apache-2.0 */
#include "output/clock.h"

#include <time.h>

#include "output/number.h"

#define NS_PER_S  1000000000
#define NS_PER_US 1000

void clock_init(struct clock *column, const struct output_options *options)
{
	*column = (struct clock){
		.mode = options->time,
		.realtime_offset_ns = options->realtime_offset_ns,
	};
}

static void make_second(struct clock *column, int64_t second)
{
	time_t when = (time_t)second;
	struct tm local = {0};
	localtime_r(&when, &local);
	char *to = number_padded(column->text, (uint64_t)local.tm_hour, 2);
	*to++ = ':';
	to = number_padded(to, (uint64_t)local.tm_min, 2);
	*to++ = ':';
	number_padded(to, (uint64_t)local.tm_sec, 2);
	column->second = second;
	column->has_second = true;
}

static char *put_microseconds(char *to, uint64_t ns)
{
	*to++ = '.';
	return number_padded(to, ns / NS_PER_US, 6);
}

static char *put_wall(struct clock *column, char *to, int64_t second, uint64_t ns)
{
	if (column->mode == TIME_EPOCH)
		return put_microseconds(number_signed(to, second), ns);
	if (!column->has_second || column->second != second)
		make_second(column, second);
	to = mempcpy(to, column->text, sizeof(column->text));
	return column->mode == TIME_SECONDS ? to : put_microseconds(to, ns);
}

/* A late event, or a span that began before the line above it, lies in the past. */
static char *put_relative(struct clock *column, char *to, uint64_t now_ns)
{
	uint64_t before = column->has_previous ? column->previous_ns : now_ns;
	column->previous_ns = now_ns;
	column->has_previous = true;
	bool is_past = now_ns < before;
	uint64_t apart = is_past ? before - now_ns : now_ns - before;
	char text[NUMBER_MAX];
	char *end = text;
	if (is_past)
		*end++ = '-';
	end = number_unsigned(end, apart / NS_PER_S);
	/* strace's width: six places for seconds, the sign among them */
	for (size_t length = (size_t)(end - text); length < 6; length++)
		*to++ = ' ';
	to = mempcpy(to, text, (size_t)(end - text));
	return put_microseconds(to, apart % NS_PER_S);
}

void clock_put(struct clock *column, struct buffer *buffer, uint64_t boottime_ns)
{
	if (column->mode == TIME_NONE)
		return;
	char *to = buffer_reserve(buffer, NUMBER_MAX);
	char *end;
	if (column->mode == TIME_RELATIVE) {
		end = put_relative(column, to, boottime_ns);
	} else {
		int64_t now = (int64_t)(boottime_ns + (uint64_t)column->realtime_offset_ns);
		int64_t second = now / NS_PER_S, ns = now % NS_PER_S;
		if (ns < 0) {
			ns += NS_PER_S;
			second--;
		}
		end = put_wall(column, to, second, (uint64_t)ns);
	}
	buffer->used += (size_t)(end - to);
}

void clock_put_duration(struct buffer *buffer, uint64_t duration_ns)
{
	char *to = buffer_reserve(buffer, NUMBER_MAX);
	char *end = number_unsigned(to, duration_ns / NS_PER_S);
	end = put_microseconds(end, duration_ns % NS_PER_S);
	buffer->used += (size_t)(end - to);
}
