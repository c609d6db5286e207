/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/where.h"

#include <stdlib.h>

#include "stream/nesting.h"

static bool is_same(const struct where_part *a, const struct where_part *b)
{
	return a->syscall == b->syscall && a->on == b->on && a->lock == b->lock;
}

static bool add_part(struct where_parts **parts, const struct where_part *part)
{
	struct where_parts *to = *parts ?: calloc(1, sizeof(*to));
	if (!to)
		return false;
	*parts = to;
	for (size_t i = 0; i < to->count; i++) {
		if (!is_same(&to->items[i], part))
			continue;
		to->items[i].ns += part->ns;
		return true;
	}
	if (to->count < WHERE_PARTS_MAX)
		to->items[to->count++] = *part;
	return true;
}

bool where_add(struct where_parts **parts, const struct event_blocked *blocked, uint64_t until_ns)
{
	uint64_t woken_ns = blocked->woken_ns < until_ns ? blocked->woken_ns : until_ns;
	const struct where_part part = {
		.syscall = blocked->syscall,
		.on = blocked->on,
		.lock = blocked->lock,
		.ns = woken_ns > blocked->from_ns ? woken_ns - blocked->from_ns : 0,
	};
	return add_part(parts, &part);
}

bool where_add_all(struct where_parts **parts, const struct where_parts *more)
{
	bool is_added = true;
	for (size_t i = 0; is_added && more && i < more->count; i++)
		is_added = add_part(parts, &more->items[i]);
	return is_added;
}

static uint64_t sum_of(const struct where_parts *parts)
{
	uint64_t sum = 0;
	for (size_t i = 0; parts && i < parts->count; i++)
		sum += parts->items[i].ns;
	return sum;
}

struct stream_where where_between(const struct event_where *begin, const struct event_where *end,
				  uint64_t duration_ns, const struct where_parts *parts)
{
	struct stream_where where = {.unknown = "not measured"};
	if (!begin || !end)
		return where;
	if (begin->unseen != end->unseen) {
		where.unknown = "the kernel did not show when it was back on a CPU";
		return where;
	}
	where.blocked_ns = end->blocked_ns - begin->blocked_ns;
	where.waiting_ns = end->waited_ns - begin->waited_ns;
	uint64_t off_ns = where.blocked_ns + where.waiting_ns;
	/* Never, or the totals are not those of one thread. */
	if (where.blocked_ns > duration_ns || off_ns > duration_ns)
		return where;
	where.unknown = NULL;
	where.cpu_ns = duration_ns - off_ns;
	where.minor_faults = end->minor_faults - begin->minor_faults;
	where.major_faults = end->major_faults - begin->major_faults;
	uint64_t told_ns = sum_of(parts);
	/* More than there was: a record came too late to be told apart from what followed. */
	if (told_ns > where.blocked_ns)
		parts = NULL;
	where.parts = parts;
	where.rest_ns = where.blocked_ns - (parts ? told_ns : 0);
	return where;
}

const char *blocked_on_name(uint32_t on)
{
	static const char *const names[] = {
		[BLOCKED_ON_DISK] = "disk",	[BLOCKED_ON_SOCKET] = "socket",
		[BLOCKED_ON_PIPE] = "pipe",	[BLOCKED_ON_FILE] = "file",
		[BLOCKED_ON_DEVICE] = "device", [BLOCKED_ON_STOP] = "stop",
	};
	return on < sizeof(names) / sizeof(names[0]) ? names[on] : NULL;
}

/* --- in a thread ------------------------------------------------------------------------------ */

/* Where the record is of a system call in flight, its own parts are kept, too: its record comes at
 * its end. */
static bool add_to_call(struct task *task, const struct event_blocked *blocked, uint64_t until_ns)
{
	if (!blocked->syscall_ns)
		return true;
	if (task->call_parts && task->call_began_ns != blocked->syscall_ns)
		task->call_parts->count = 0;
	task->call_began_ns = blocked->syscall_ns;
	return where_add(&task->call_parts, blocked, until_ns);
}

struct err *nesting_blocked(struct nesting *nesting, const struct arrival *arrival)
{
	struct event_blocked blocked;
	struct task *task = arrival->task;
	if (arrival->size < sizeof(blocked))
		return nesting_malformed(nesting);
	memcpy(&blocked, arrival->body, sizeof(blocked));
	uint64_t until_ns = arrival->header->time_ns;
	bool is_added = add_to_call(task, &blocked, until_ns);
	for (size_t i = 0; is_added && i < task->spans.count; i++)
		if (task->spans.items[i].header.time_ns <= blocked.from_ns)
			is_added = where_add(&task->spans.items[i].parts, &blocked, until_ns);
	if (!is_added)
		return &err_nomem;
	if (!nesting->options->tell_blocked)
		return NULL;
	struct stream_event event = arrival_event(arrival, STREAM_BLOCKED);
	event.blocked = &blocked;
	return nesting->options->sink.event(nesting->options->sink.context, &event, false);
}

const struct where_parts *task_call_parts(const struct task *task, uint64_t began_ns)
{
	return task->call_parts && task->call_parts->count && task->call_began_ns == began_ns
		       ? task->call_parts
		       : NULL;
}
