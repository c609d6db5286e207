/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/nesting.h"

#include <string.h>

bool nesting_is_full(const struct nesting *nesting)
{
	uint64_t max = nesting->options->max_events;
	return max && nesting->counts->events >= max;
}

const struct probe_site *nesting_site(const struct nesting *nesting, uint32_t site_id)
{
	const struct probe_set *set = nesting->options->set;
	return site_id && site_id < set->sites.count ? set->sites.items[site_id] : NULL;
}

struct err *nesting_deliver(struct nesting *nesting, const struct stream_event *event,
			    bool was_opened)
{
	if (nesting_is_full(nesting))
		return NULL;
	struct err *e = nesting_call_break(nesting);
	if (e)
		return e;
	nesting->counts->events++;
	if (event->late)
		nesting->counts->late++;
	return nesting->options->sink.event(nesting->options->sink.context, event, was_opened);
}

bool nesting_span_event(const struct nesting *nesting, const struct task *task,
			const struct open_span *span, struct slots *arguments,
			struct stream_event *ret)
{
	const struct probe_site *site = nesting_site(nesting, span->header.site_id);
	if (!site)
		return false;
	slots_init(arguments, nesting_unreadable(nesting, site));
	if (slots_decode(site->entry_plan, span->header.unavailable, span->payload,
			 span->payload_size, arguments) < 0)
		return false;
	*ret = (struct stream_event){
		.kind = STREAM_CALL,
		.time_ns = span->header.time_ns,
		.task = &task->info,
		.cpu = span->header.cpu,
		.depth = span->header.depth,
		.late = span->late,
		.site = site,
		.arguments = arguments,
		.stack =
			nesting->options->stacks_of_samples ? NULL : stack_shown(site, span->stack),
	};
	return true;
}

struct err *nesting_open(struct nesting *nesting, struct task *task)
{
	struct err *e = NULL;
	while (!e && task->n_opened < task->spans.count) {
		struct open_span *span = &task->spans.items[task->n_opened++];
		struct slots arguments;
		struct stream_event event;
		const struct probe_site *site = nesting_site(nesting, span->header.site_id);
		/* It may still turn out that its condition does not hold: shown when it ends. */
		bool is_open_question = site && site->filter && site->filter->at_return;
		bool shown = nesting->options->sink.opened && !nesting_is_full(nesting) &&
			     !is_open_question &&
			     nesting_span_event(nesting, task, span, &arguments, &event) &&
			     event.site->probe->kind == PROBE_CALL;
		if (!shown)
			continue;
		span->opened = true;
		e = nesting_call_break(nesting);
		e = e ? e : nesting->options->sink.opened(nesting->options->sink.context, &event);
	}
	return e ? e : kernel_spans_open(nesting, task);
}

enum stream_ending nesting_explain_ending(struct nesting *nesting, uint32_t site_id,
					  enum stream_ending ending)
{
	const struct probe_site *site = nesting_site(nesting, site_id);
	if (ending != ENDING_UNWOUND)
		return ending;
	if (site && site->returns_until_ns)
		return ENDING_UNKNOWN;
	return losses_explain_span(nesting->losses, site_id) ? ENDING_LOST : ending;
}

static struct err *end_span(struct nesting *nesting, struct task *task, enum stream_ending ending)
{
	struct open_span *span = task_top_span(task);
	struct slots arguments;
	struct stream_event event;
	struct err *e = NULL;
	if (nesting_span_event(nesting, task, span, &arguments, &event)) {
		event.ending = nesting_explain_ending(nesting, event.site->id, ending);
		e = nesting_deliver(nesting, &event, span->opened);
	} else {
		nesting->counts->malformed++;
	}
	task_pop_span(task);
	return e;
}

struct err *nesting_leave(struct nesting *nesting, struct task *task, uint32_t depth,
			  enum stream_ending ending)
{
	struct err *e = NULL;
	struct open_span *top;
	while (!e && (top = task_top_span(task)) && top->header.depth >= depth)
		e = end_span(nesting, task, ending);
	return e;
}

struct stream_event arrival_event(const struct arrival *arrival, enum stream_event_kind kind)
{
	return (struct stream_event){
		.kind = kind,
		.time_ns = arrival->header->time_ns,
		.task = &arrival->task->info,
		.cpu = arrival->header->cpu,
		.depth = arrival->header->depth,
		.late = arrival->late,
	};
}

struct err *nesting_malformed(struct nesting *nesting)
{
	nesting->counts->malformed++;
	return NULL;
}

struct err *nesting_deliver_with_stack(struct nesting *nesting, const struct arrival *arrival,
				       struct stream_event *event, bool was_opened)
{
	struct stack *stack =
		task_take_stack(arrival->task, arrival->header->site_id, event->time_ns);
	event->stack = stack_shown(event->site, stack);
	struct err *e = nesting_leave(nesting, arrival->task, event->depth, ENDING_UNWOUND);
	e = e ? e : nesting_open(nesting, arrival->task);
	e = e ? e : nesting_deliver(nesting, event, was_opened);
	stack_free(stack);
	return e;
}

struct err *nesting_entry(struct nesting *nesting, const struct arrival *arrival)
{
	const struct probe_site *site = nesting_site(nesting, arrival->header->site_id);
	if (!site)
		return nesting_malformed(nesting);
	struct err *e =
		nesting_leave(nesting, arrival->task, arrival->header->depth, ENDING_UNWOUND);
	if (!e)
		e = nesting_open(nesting, arrival->task);
	if (e)
		return e;
	struct open_span *span = task_push_span(arrival->task, arrival->header, arrival->body,
						arrival->size, arrival->late);
	if (!span)
		return &err_nomem;
	span->has_where = arrival->where != NULL;
	if (arrival->where)
		span->where = *arrival->where;
	/* Nobody will see this one end: it is all there is. */
	if (!(site->wire.flags & SITE_HAS_RETURN) &&
	    arrival->header->time_ns > site->returns_until_ns)
		return end_span(nesting, arrival->task, ENDING_UNKNOWN);
	return NULL;
}

/* A return whose entry was before tracing, or before the process was. */
static struct err *return_alone(struct nesting *nesting, const struct arrival *arrival)
{
	const struct probe_site *site = nesting_site(nesting, arrival->header->site_id);
	struct slots arguments, results;
	slots_init(&arguments, "before tracing");
	slots_init(&results, nesting->options->unreadable);
	if (!site || slots_decode(site->return_plan, arrival->header->unavailable,
				  (const char *)arrival->body + sizeof(struct event_return),
				  arrival->size - sizeof(struct event_return), &results) < 0)
		return nesting_malformed(nesting);
	struct stream_event event = arrival_event(arrival, STREAM_CALL);
	event.site = site;
	event.arguments = &arguments;
	event.results = &results;
	event.ending = ENDING_RETURNED_ALONE;
	event.in_parent = nesting->began_ns && event.task->start_time_ns > nesting->began_ns;
	struct err *e = nesting_leave(nesting, arrival->task, 0, ENDING_UNWOUND);
	return e ? e : nesting_deliver(nesting, &event, false);
}

struct err *nesting_return(struct nesting *nesting, const struct arrival *arrival)
{
	const struct event_header *header = arrival->header;
	struct event_return ret;
	if (arrival->size < sizeof(ret))
		return nesting_malformed(nesting);
	memcpy(&ret, arrival->body, sizeof(ret));
	if (ret.flags & EVENT_RETURN_ALONE)
		return return_alone(nesting, arrival);
	struct err *e = nesting_leave(nesting, arrival->task, header->depth + 1U, ENDING_UNWOUND);
	if (e)
		return e;
	struct open_span *span = task_top_span(arrival->task);
	if (!span || span->header.depth != header->depth || span->header.span != header->span)
		return nesting_malformed(nesting);
	if (ret.flags & EVENT_RETURN_FORGOTTEN) {
		task_pop_span(arrival->task);
		return NULL;
	}
	struct slots arguments, results;
	struct stream_event event;
	slots_init(&results, nesting->options->unreadable);
	if (!nesting_span_event(nesting, arrival->task, span, &arguments, &event))
		return nesting_malformed(nesting);
	if (ret.flags & EVENT_RETURN_TAIL_CALL) {
		event.ending = ENDING_TAIL_CALL;
	} else {
		if (slots_decode(event.site->return_plan, header->unavailable,
				 (const char *)arrival->body + sizeof(ret),
				 arrival->size - sizeof(ret), &results) < 0)
			return nesting_malformed(nesting);
		event.results = &results;
	}
	event.duration_ns = header->time_ns - span->header.time_ns;
	event.where_begin = span->has_where ? &span->where : NULL;
	event.where_end = arrival->where;
	struct stream_where where =
		where_between(event.where_begin, event.where_end, event.duration_ns, span->parts);
	event.where = nesting->options->where ? &where : NULL;
	e = nesting_deliver(nesting, &event, span->opened);
	task_pop_span(arrival->task);
	return e;
}
