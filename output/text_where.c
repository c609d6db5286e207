/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/text_where.c — where the time of a span went, with all its digits: running, waiting and
 * blocked add up to the duration.
 *
 *	{cpu 0.000120301, waiting 0.000013000, blocked 0.010200042 (futex 0x7f10 0.010200042)}
 */
#include <stdio.h>

#include "output/escape.h"
#include "output/number.h"
#include "output/writer.h"

#define NS_PER_S 1000000000ULL

const char *output_syscall_name(const struct output *output, int32_t number,
				char name[static SYSCALL_NAME_MAX])
{
	if (number < 0)
		return "page fault";
	const char *known = output->options.syscall_name
				    ? output->options.syscall_name((uint32_t)number)
				    : NULL;
	if (!known)
		snprintf(name, SYSCALL_NAME_MAX, "syscall_%d", number);
	return known ?: name;
}

/* Nine digits behind the point. */
static void put_time(struct buffer *buffer, uint64_t ns)
{
	char text[NUMBER_MAX + 10];
	int size = snprintf(text, sizeof(text), " %llu.%09llu", (unsigned long long)(ns / NS_PER_S),
			    (unsigned long long)(ns % NS_PER_S));
	buffer_put(buffer, text, (size_t)size);
}

static void put_part(struct output *output, const struct where_part *part)
{
	struct buffer *buffer = &output->buffer;
	char name[SYSCALL_NAME_MAX], address[2 + 16 + 2];
	const char *on = blocked_on_name(part->on);
	buffer_put_string(buffer, output_syscall_name(output, part->syscall, name));
	if (part->lock) {
		snprintf(address, sizeof(address), " %#llx", (unsigned long long)part->lock);
		buffer_put_string(buffer, address);
	}
	if (on) {
		buffer_put_char(buffer, ' ');
		buffer_put_string(buffer, on);
	}
	put_time(buffer, part->ns);
}

const char *output_number_name(const struct output *output, const struct stream_event *event,
			       char name[static SYSCALL_NAME_MAX])
{
	uint32_t number = event->syscall_number;
	bool is_narrow = number & EVENT_CALL_NARROW;
	if (!event->site->is_others || event->ending == ENDING_OPEN)
		return NULL;
	const char *known = is_narrow && output->options.syscall_name
				    ? output->options.syscall_name(number)
				    : NULL;
	if (known)
		snprintf(name, SYSCALL_NAME_MAX, "[32-bit] %s", known);
	else
		snprintf(name, SYSCALL_NAME_MAX, "%ssyscall_%#x", is_narrow ? "[32-bit] " : "",
			 number & ~(is_narrow ? EVENT_CALL_NARROW : 0U));
	return name;
}

static void put_parts(struct output *output, const struct stream_where *where)
{
	struct buffer *buffer = &output->buffer;
	size_t count = where->parts ? where->parts->count : 0;
	if (!where->blocked_ns)
		return;
	buffer_put_literal(buffer, " (");
	for (size_t i = 0; i < count; i++) {
		if (i)
			buffer_put_literal(buffer, ", ");
		put_part(output, &where->parts->items[i]);
	}
	if (where->rest_ns) {
		buffer_put_string(buffer, count ? ", not told" : "not told");
		put_time(buffer, where->rest_ns);
	}
	buffer_put_char(buffer, ')');
}

static void put_faults(struct buffer *buffer, uint64_t count, const char *what)
{
	if (!count)
		return;
	buffer_put_literal(buffer, ", ");
	text_unsigned(buffer, count);
	buffer_put_string(buffer, what);
	if (count > 1)
		buffer_put_char(buffer, 's');
}

void text_where(struct output *output, const struct stream_event *event)
{
	const struct stream_where *where = event->where;
	struct buffer *buffer = &output->buffer;
	if (!where)
		return;
	if (where->unknown) {
		buffer_put_literal(buffer, " {not known: ");
		buffer_put_string(buffer, where->unknown);
		buffer_put_char(buffer, '}');
		return;
	}
	text_color(output, COLOR_DIM);
	buffer_put_literal(buffer, " {cpu");
	put_time(buffer, where->cpu_ns);
	buffer_put_literal(buffer, ", waiting");
	put_time(buffer, where->waiting_ns);
	buffer_put_literal(buffer, ", blocked");
	put_time(buffer, where->blocked_ns);
	put_parts(output, where);
	put_faults(buffer, where->minor_faults, " page fault");
	put_faults(buffer, where->major_faults, " major page fault");
	buffer_put_char(buffer, '}');
	text_color(output, COLOR_OFF);
}
