/* SPDX-License-Identifier: Apache-2.0 */
/* output/sched.c — times off the CPU: `sched:off`, `sched:runq`. */
#include "output/sched.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "output/escape.h"
#include "output/json.h"
#include "output/number.h"
#include "output/writer.h"

#define NS_PER_S UINT64_C(1000000000)

static const struct value *find(const struct stream_event *event, const char *name)
{
	const struct value_list *list = &event->site->arguments;
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	return NULL;
}

static uint64_t number_of(const struct stream_event *event, const char *name)
{
	const struct value *value = find(event, name);
	const char *why;
	uint64_t number = 0;
	return value && value_scalar(value, event->arguments, &number, &why) ? number : 0;
}

/* NULL: the number has no name. */
static const char *name_of(const struct stream_event *event, const char *name, int64_t number)
{
	const struct value *value = find(event, name);
	for (uint32_t i = 0; value && i < value->type->n_enumerators; i++)
		if (value->type->enumerators[i].value == number)
			return value->type->enumerators[i].name;
	return NULL;
}

static void take_waker(const struct stream_event *event, struct sched_shown *ret)
{
	const struct value *value = find(event, "waker");
	uint32_t flags;
	const char *why;
	ret->pid = (uint32_t)number_of(event, "waker_pid");
	ret->tid = (uint32_t)number_of(event, "waker_tid");
	if (!value ||
	    !value_bytes(value, event->arguments, &ret->comm, &ret->comm_length, &flags, &why))
		return;
	ret->is_woken = !(flags & FETCH_BLOB_NULL);
}

bool sched_shown(const struct stream_event *event, struct sched_shown *ret)
{
	*ret = (struct sched_shown){.comm = ""};
	if (!event->site || event->site->probe->kind != PROBE_SCHED)
		return false;
	ret->is_preempted = number_of(event, "preempted");
	ret->blocked_ns = number_of(event, "blocked");
	ret->waiting_ns = number_of(event, "waiting");
	ret->lock = number_of(event, "lock");
	ret->on = name_of(event, "on", (int64_t)number_of(event, "on"));
	ret->in_number = (int32_t)number_of(event, "in");
	if (!ret->is_preempted)
		ret->in = ret->in_number < 0 ? "page fault" : name_of(event, "in", ret->in_number);
	take_waker(event, ret);
	return true;
}

/* --- text ------------------------------------------------------------------------------------- */

static void put_time(struct buffer *buffer, const char *what, uint64_t ns)
{
	char text[80];
	int size = snprintf(text, sizeof(text), ", %s %" PRIu64 ".%09" PRIu64, what, ns / NS_PER_S,
			    ns % NS_PER_S);
	buffer_put(buffer, text, (size_t)size);
}

static void put_reason(struct buffer *buffer, const struct sched_shown *shown)
{
	char text[40];
	if (shown->is_preempted) {
		buffer_put_literal(buffer, "preempted");
		return;
	}
	snprintf(text, sizeof(text), "syscall_%d", shown->in_number);
	buffer_put_string(buffer, shown->in ?: text);
	if (shown->lock) {
		snprintf(text, sizeof(text), " %#" PRIx64, shown->lock);
		buffer_put_string(buffer, text);
	}
	if (shown->on) {
		buffer_put_char(buffer, ' ');
		buffer_put_string(buffer, shown->on);
	}
}

/* futex 0x55d1a0, blocked 0.010123000, waiting 0.000045000, woken by srv[866/869] */
bool text_sched(struct output *output, const struct stream_event *event)
{
	struct buffer *buffer = &output->buffer;
	struct sched_shown shown;
	if (!sched_shown(event, &shown))
		return false;
	buffer_put_char(buffer, '(');
	put_reason(buffer, &shown);
	if (!shown.is_preempted)
		put_time(buffer, "blocked", shown.blocked_ns);
	put_time(buffer, "waiting", shown.waiting_ns);
	if (shown.is_woken) {
		buffer_put_literal(buffer, ", woken by ");
		escape_put(buffer, shown.comm, shown.comm_length, "[]");
		buffer_put_char(buffer, '[');
		text_unsigned(buffer, shown.pid);
		buffer_put_char(buffer, '/');
		text_unsigned(buffer, shown.tid);
		buffer_put_char(buffer, ']');
	}
	buffer_put_char(buffer, ')');
	text_duration(buffer, event->duration_ns);
	return true;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void set_reason(struct output *output, json_t *line, const struct sched_shown *shown)
{
	char text[40];
	json_set(output, line, "preempted", json_boolean(shown->is_preempted));
	if (shown->is_preempted)
		return;
	snprintf(text, sizeof(text), "syscall_%d", shown->in_number);
	json_set(output, line, "in", json_string_nocheck(shown->in ?: text));
	if (shown->lock) {
		snprintf(text, sizeof(text), "%#" PRIx64, shown->lock);
		json_set(output, line, "lock", json_string_nocheck(text));
	}
	if (shown->on)
		json_set(output, line, "on", json_string_nocheck(shown->on));
}

void json_sched(struct output *output, json_t *line, const struct stream_event *event)
{
	struct sched_shown shown;
	if (!sched_shown(event, &shown))
		return;
	json_set(output, line, "name", json_text(output, event->site->probe->name));
	json_set(output, line, "depth", json_integer(event->depth));
	json_set(output, line, "inside",
		 event->inside ? json_label(output, event->inside) : json_null());
	json_set(output, line, "blocked_ns", json_decimal(shown.blocked_ns));
	json_set(output, line, "waiting_ns", json_decimal(shown.waiting_ns));
	set_reason(output, line, &shown);
	if (!shown.is_woken)
		return;
	json_t *waker = json_object();
	json_set(output, waker, "pid", json_integer(shown.pid));
	json_set(output, waker, "tid", json_integer(shown.tid));
	json_set(output, waker, "comm", json_bytes(output, shown.comm, shown.comm_length, false));
	json_set(output, line, "waker", waker);
}
