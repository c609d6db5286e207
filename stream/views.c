/* SPDX-License-Identifier: Apache-2.0 */
/* stream/views.c — events of the kernel's views: where in the thread whose they are they belong. */
#include <string.h>

#include "stream/nesting.h"

/*
 * Does it belong where its thread is by now? What was seen elsewhere does, when the thread waits
 * for it in the call that began it; what a signal breaks off may be over only when the thread is
 * somewhere else.
 */
static bool is_in_thread(const struct arrival *arrival, const struct event_view *view)
{
	const struct open_span *top = task_top_span(arrival->task);
	if (view->flags & (EVENT_VIEW_ELSEWHERE | EVENT_VIEW_NOBODY))
		return false;
	return !(view->flags & EVENT_VIEW_WAITED) ||
	       (top ? top->header.span : 0) == arrival->header->span;
}

static const struct probe *probe_of(const struct nesting *nesting, uint32_t site_id)
{
	const struct probe_site *site = nesting_site(nesting, site_id);
	return site ? site->probe : NULL;
}

static struct err *deliver(struct nesting *nesting, const struct arrival *arrival,
			   const struct event_view *view, struct stream_event *event)
{
	const struct open_span *top = task_top_span(arrival->task);
	event->view_flags = view->flags;
	event->depth = 0;
	event->inside = probe_of(nesting, view->inside);
	if (!is_in_thread(arrival, view)) {
		event->view_flags |= EVENT_VIEW_ELSEWHERE;
		return nesting_deliver(nesting, event, false);
	}
	event->depth = (uint16_t)arrival->task->spans.count;
	event->inside = top ? probe_of(nesting, top->header.site_id) : NULL;
	struct err *e = nesting_open(nesting, arrival->task);
	return e ? e : nesting_deliver(nesting, event, false);
}

struct err *nesting_view(struct nesting *nesting, const struct arrival *arrival)
{
	const struct probe_site *site = nesting_site(nesting, arrival->header->site_id);
	struct slots arguments;
	struct event_view view;
	slots_init(&arguments, "not readable");
	if (!site || arrival->size < sizeof(view))
		return nesting_malformed(nesting);
	memcpy(&view, arrival->body, sizeof(view));
	if (slots_decode(site->entry_plan, arrival->header->unavailable,
			 (const char *)arrival->body + sizeof(view), arrival->size - sizeof(view),
			 &arguments) < 0)
		return nesting_malformed(nesting);
	struct stream_event event = arrival_event(arrival, STREAM_VIEW);
	event.site = site;
	event.arguments = &arguments;
	event.duration_ns = view.duration_ns;
	struct stack *stack =
		task_take_stack(arrival->task, arrival->header->site_id, event.time_ns);
	if (view.flags & EVENT_VIEW_STACK)
		event.stack = stack_shown(site, stack);
	struct err *e = deliver(nesting, arrival, &view, &event);
	stack_free(stack);
	return e;
}
