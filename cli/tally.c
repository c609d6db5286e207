/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tally.h"

#include <stdlib.h>
#include <string.h>

static bool is_account(const struct stream_event *event)
{
	return event->kind == STREAM_LOST || event->kind == STREAM_MISSED ||
	       event->kind == STREAM_SUPPRESSED || event->kind == STREAM_GAP ||
	       event->kind == STREAM_BLOCKED;
}

static struct err *count_running(struct tally_sink *sink, uint32_t site_id)
{
	while (sink->running.count <= site_id) {
		uint64_t *fresh = array_push(&sink->running);
		if (!fresh)
			return &err_nomem;
		*fresh = 0;
	}
	sink->running.items[site_id]++;
	return NULL;
}

static struct err *on_event(void *context, const struct stream_event *event, bool was_opened)
{
	struct tally_sink *sink = context;
	struct err *e = NULL;
	if (event->kind == STREAM_SYSCALL && event->ending == ENDING_OPEN)
		e = count_running(sink, event->site->id);
	if (e || (sink->is_only && !is_account(event)))
		return e;
	return sink->next.event(sink->next.context, event, was_opened);
}

static struct err *on_opened(void *context, const struct stream_event *event)
{
	struct tally_sink *sink = context;
	return sink->next.opened(sink->next.context, event);
}

struct stream_sink tally_sink(struct tally_sink *sink)
{
	return (struct stream_sink){.context = sink,
				    .opened =
					    sink->next.opened && !sink->is_only ? on_opened : NULL,
				    .event = on_event};
}

void tally_sink_deinit(struct tally_sink *sink)
{
	free(sink->running.items);
	*sink = (struct tally_sink){0};
}

static struct err *add_row(const char *name, const struct tally_row *row, uint64_t running,
			   struct tally_list *list)
{
	if (!row->calls && !running)
		return NULL;
	struct tally *tally = array_push(&list->rows);
	if (!tally)
		return &err_nomem;
	*tally = (struct tally){.name = name,
				.calls = row->calls,
				.errors = row->errors,
				.running = running,
				.total_ns = row->total_ns,
				.max_ns = row->max_ns,
				.min_ns = row->min_inverse_ns ? ~row->min_inverse_ns : 0};
	memcpy(tally->buckets, row->buckets, sizeof(tally->buckets));
	return NULL;
}

/* NULL: no memory. */
static const char *name_of(struct tally_list *list, uint32_t number)
{
	uint32_t narrow = number & ~EVENT_CALL_NARROW;
	if (narrow == number)
		return arena_printf(&list->names, "syscall_%#x", number);
	const char *known = syscall_narrow_name(narrow);
	return known ? arena_printf(&list->names, "[32-bit] %s", known)
		     : arena_printf(&list->names, "[32-bit] syscall_%#x", narrow);
}

/* Each by its number, as its events are shown. */
static struct err *add_others(const struct kernel *kernel, struct tally_list *list)
{
	struct err *e = NULL;
	for (uint32_t number = UINT32_MAX; !e && kernel_next_other(kernel, &number);) {
		struct tally_row row;
		const char *name = name_of(list, number);
		e = name ? kernel_tally_other(kernel, number, &row) : &err_nomem;
		e = e ? e : add_row(name, &row, 0, list);
	}
	return e;
}

struct err *tally_read(const struct kernel *kernel, const struct probe_set *set,
		       const struct tally_sink *sink, struct tally_list *ret)
{
	struct err *e = NULL;
	for (uint32_t id = 1; !e && id < set->sites.count; id++) {
		const struct probe_site *site = set->sites.items[id];
		struct tally_row row;
		if (site->wire.kind != SITE_SYSCALL)
			continue;
		e = kernel_tally(kernel, id, &row);
		uint64_t running = id < sink->running.count ? sink->running.items[id] : 0;
		e = e ? e : add_row(site->probe->name, &row, running, ret);
		if (site->is_others)
			e = e ? e : add_others(kernel, ret);
	}
	return e;
}

uint64_t tally_count(const struct tally_list *list)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < list->rows.count; i++)
		sum += list->rows.items[i].calls;
	return sum;
}

void tally_list_deinit(struct tally_list *list)
{
	free(list->rows.items);
	arena_deinit(&list->names);
	*list = (struct tally_list){0};
}
