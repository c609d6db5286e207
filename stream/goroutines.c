/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream/goroutines.c — which end belongs to which beginning, in a goroutine.
 *
 * Its calls that are open are kept from the outermost to the innermost. A new call's frame lies
 * below those of all that are still open, so whatever lies there or below was left without a
 * return: by a panic, or by runtime.Goexit. So does the frame of a call that ends.
 *
 * A wrong duration would need an end and a beginning of the same function, in the same place, to be
 * of two calls: something in between was lost then, and the loss is known here before what came
 * after it. From then on, calls that were open have no duration.
 */
#include "stream/goroutines.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "stream/nesting.h"

/* So many goroutines in which nothing is open are remembered. */
#define IDLE_MAX (1U << 16)

struct go_key {
	uint64_t g; /* address of its structure, which others get when it has ended; of a frame */
	uint64_t tgid;
};

/* A call that is open. */
struct go_call {
	struct open_span span;
	struct stream_task task; /* the thread in which it began */
	uint64_t used;		 /* of the stack, at its entry */
};

struct goroutine {
	struct go_key key;
	uint64_t number; /* goid, 0: not known */
	uint64_t least;	 /* used at an entry that was seen */
	ARRAY_OF(struct go_call) calls;
	UT_hash_handle hh;
};

/* What a hit says of the goroutine: the first slots of its plan. */
struct go_hit {
	struct go_key key;
	uint64_t number, used;
};

/* --- what is open ----------------------------------------------------------------------------- */

static struct go_call *top_of(const struct goroutine *goroutine)
{
	return goroutine->calls.count ? &goroutine->calls.items[goroutine->calls.count - 1] : NULL;
}

static void pop(struct goroutines *all, struct goroutine *goroutine)
{
	struct go_call *top = top_of(goroutine);
	free(top->span.payload);
	stack_free(top->span.stack);
	goroutine->calls.count--;
	all->n_calls--;
}

static void forget(struct goroutines *all, struct goroutine *goroutine)
{
	while (goroutine->calls.count)
		pop(all, goroutine);
	HASH_DEL(all->by_key, goroutine);
	free(goroutine->calls.items);
	free(goroutine);
}

void goroutines_deinit(struct goroutines *goroutines)
{
	while (goroutines->by_key)
		forget(goroutines, goroutines->by_key);
}

static void forget_idle(struct goroutines *all)
{
	struct goroutine *goroutine, *next;
	HASH_ITER (hh, all->by_key, goroutine, next)
		if (!goroutine->calls.count)
			forget(all, goroutine);
}

static struct goroutine *find(const struct goroutines *all, const struct go_key *key)
{
	struct goroutine *goroutine;
	HASH_FIND(hh, all->by_key, key, sizeof(*key), goroutine);
	return goroutine;
}

static struct goroutine *find_or_make(struct goroutines *all, const struct go_hit *hit)
{
	struct goroutine *goroutine = find(all, &hit->key);
	if (goroutine)
		return goroutine;
	if (HASH_COUNT(all->by_key) >= IDLE_MAX + all->n_calls)
		forget_idle(all);
	goroutine = calloc(1, sizeof(*goroutine));
	if (!goroutine)
		return NULL;
	goroutine->key = hit->key;
	goroutine->number = hit->number;
	goroutine->least = UINT64_MAX;
	HASH_ADD(hh, all->by_key, key, sizeof(goroutine->key), goroutine);
	return goroutine;
}

/* --- what is told ----------------------------------------------------------------------------- */

static bool make_event(const struct nesting *nesting, const struct go_call *call, uint64_t number,
		       struct slots *arguments, struct stream_event *ret)
{
	static const struct task nobody;
	if (!nesting_span_event(nesting, &nobody, &call->span, arguments, ret))
		return false;
	ret->task = &call->task;
	ret->depth = 0;
	ret->goroutine = number;
	return true;
}

/* The return may have been lost: the ends of a function follow its entry. */
static enum stream_ending explain(struct nesting *nesting, const struct probe_site *entry,
				  enum stream_ending ending)
{
	const struct probe_set *set = nesting->options->set;
	struct losses *losses = nesting->losses;
	if (ending != ENDING_UNWOUND)
		return ending;
	if (losses_explain_span(losses, entry->id))
		return ENDING_LOST;
	for (size_t id = entry->id + 1; id < set->sites.count && id < losses->n_sites; id++) {
		const struct loss_row *row = &losses->told[id];
		if (set->sites.items[id]->wire.owner != entry->id)
			break;
		if (losses->blamed[id] >= row->count[LOSS_RING_FULL] + row->count[LOSS_NO_STORAGE])
			continue;
		losses->blamed[id]++;
		return ENDING_LOST;
	}
	return ending;
}

static struct err *end_top(struct nesting *nesting, struct goroutine *goroutine,
			   enum stream_ending ending)
{
	struct go_call *top = top_of(goroutine);
	struct slots arguments;
	struct stream_event event;
	struct err *e = NULL;
	if (make_event(nesting, top, goroutine->number, &arguments, &event)) {
		event.ending = explain(nesting, event.site, ending);
		e = nesting_deliver(nesting, &event, false);
	} else {
		e = nesting_malformed(nesting);
	}
	pop(&nesting->goroutines, goroutine);
	return e;
}

/* Of those whose frames lie at `used` or below, none is left. */
static struct err *leave(struct nesting *nesting, struct goroutine *goroutine, uint64_t used)
{
	struct err *e = NULL;
	const struct go_call *top;
	while (!e && (top = top_of(goroutine)) && top->used >= used)
		e = end_top(nesting, goroutine, ENDING_UNWOUND);
	return e;
}

/* --- hits ------------------------------------------------------------------------------------- */

static bool read_frame(const struct arrival *arrival, const struct slots *slots, struct go_hit *ret)
{
	const struct slot *pointer = &slots->items[PROBE_GO_G];
	if (!slots->count || !pointer->available)
		return false;
	*ret = (struct go_hit){.key = {.g = pointer->number, .tgid = arrival->header->tgid}};
	return true;
}

/* False: this is no place on the stack of the goroutine that the register names: code that was
 * written in assembler may have anything there. */
static bool read_hit(const struct arrival *arrival, const struct probe_site *site,
		     const struct slots *slots, struct go_hit *ret)
{
	uint64_t bounds[2];
	if (site->by_stack)
		return read_frame(arrival, slots, ret);
	const struct slot *g = &slots->items[PROBE_GO_G], *stack = &slots->items[PROBE_GO_STACK];
	const struct slot *pointer = &slots->items[PROBE_GO_POINTER];
	const struct slot *number = &slots->items[PROBE_GO_NUMBER];
	if (slots->count <= PROBE_GO_POINTER || !g->available || !stack->available ||
	    !stack->is_blob || stack->length != sizeof(bounds) || !pointer->available)
		return false;
	memcpy(bounds, stack->bytes, sizeof(bounds));
	if (pointer->number < bounds[0] || pointer->number > bounds[1])
		return false;
	bool has_number = site->has_goid && slots->count > PROBE_GO_NUMBER && number->available;
	*ret = (struct go_hit){.key = {.g = g->number, .tgid = arrival->header->tgid},
			       .number = has_number ? number->number : 0,
			       .used = bounds[1] - pointer->number};
	return true;
}

/* It cannot be followed: it is told as it is. */
static struct err *tell_entry(struct nesting *nesting, const struct arrival *arrival,
			      const struct probe_site *site, const struct slots *slots,
			      uint64_t number)
{
	struct stream_event event = arrival_event(arrival, STREAM_CALL);
	event.depth = 0;
	event.site = site;
	event.arguments = slots;
	event.ending = ENDING_UNKNOWN;
	event.goroutine = number;
	struct stack *stack = task_take_stack(arrival->task, site->id, event.time_ns);
	event.stack = stack_shown(site, stack);
	struct err *e = nesting_deliver(nesting, &event, false);
	stack_free(stack);
	return e;
}

/* The same as in threads, where a call is inside of too many. */
static struct err *tell_not_followed(struct nesting *nesting, const struct arrival *arrival,
				     const struct probe_site *site)
{
	struct stream_event event = arrival_event(arrival, STREAM_LOST);
	event.site = site;
	event.loss_cause = LOSS_MISSED_RETURN;
	event.loss_count = 1;
	nesting->counts->returns_lost++;
	nesting->counts->not_followed++;
	return nesting->options->sink.event(nesting->options->sink.context, &event, false);
}

static struct err *push(struct nesting *nesting, const struct arrival *arrival,
			const struct go_hit *hit, struct goroutine *goroutine)
{
	struct go_call *call = array_push(&goroutine->calls);
	if (!call)
		return &err_nomem;
	*call = (struct go_call){
		.span = {.header = *arrival->header,
			 .late = arrival->late,
			 .payload = malloc(arrival->size ? arrival->size : 1),
			 .payload_size = arrival->size,
			 .stack = task_take_stack(arrival->task, arrival->header->site_id,
						  arrival->header->time_ns)},
		.task = arrival->task->info,
		.used = hit->used,
	};
	nesting->goroutines.n_calls++;
	if (!call->span.payload)
		return &err_nomem;
	memcpy(call->span.payload, arrival->body, arrival->size);
	return NULL;
}

static struct err *on_entry(struct nesting *nesting, const struct arrival *arrival,
			    const struct probe_site *site, const struct slots *slots)
{
	struct go_hit hit;
	if (!read_hit(arrival, site, slots, &hit))
		return tell_entry(nesting, arrival, site, slots, 0);
	struct goroutine *goroutine = find_or_make(&nesting->goroutines, &hit);
	if (!goroutine)
		return &err_nomem;
	/* Its structure was another one's before. */
	bool is_other = goroutine->number != hit.number;
	struct err *e = leave(nesting, goroutine, is_other ? 0 : hit.used);
	goroutine->number = hit.number;
	if (is_other || hit.used < goroutine->least)
		goroutine->least = hit.used;
	if (e)
		return e;
	if (nesting->goroutines.n_calls >= GOROUTINES_CALLS_MAX) {
		e = tell_entry(nesting, arrival, site, slots, hit.number);
		return e ? e : tell_not_followed(nesting, arrival, site);
	}
	return push(nesting, arrival, &hit, goroutine);
}

/* An end without a beginning. That was before tracing, where nothing speaks against it: a frame
 * below that of a call which was seen, a condition that left it out, a loss. */
static struct err *end_alone(struct nesting *nesting, const struct arrival *arrival,
			     const struct probe_site *entry, const struct probe_site *end,
			     const struct slots *results, const struct go_hit *hit)
{
	struct slots arguments;
	const struct goroutine *goroutine = find(&nesting->goroutines, &hit->key);
	bool was_seen =
		goroutine && goroutine->number == hit->number && hit->used >= goroutine->least;
	if (was_seen || (entry->wire.flags & SITE_GO_KEPT) || entry->filter ||
	    losses_last_ns(nesting->losses, entry->id) || (end->wire.flags & SITE_TAIL_CALL))
		return NULL;
	slots_init(&arguments, "before tracing");
	struct stream_event event = arrival_event(arrival, STREAM_CALL);
	event.depth = 0;
	event.site = entry;
	event.arguments = &arguments;
	event.results = results;
	event.ending = ENDING_RETURNED_ALONE;
	event.goroutine = hit->number;
	return nesting_deliver(nesting, &event, false);
}

static struct err *end_call(struct nesting *nesting, const struct arrival *arrival,
			    const struct probe_site *end, const struct slots *results,
			    struct goroutine *goroutine)
{
	static const struct stream_where where = {.unknown = "it may have changed its thread"};
	struct go_call *call = top_of(goroutine);
	struct slots arguments;
	struct stream_event event;
	if (!make_event(nesting, call, goroutine->number, &arguments, &event))
		return nesting_malformed(nesting);
	event.late |= arrival->late;
	event.duration_ns = arrival->header->time_ns - event.time_ns;
	event.ending = end->wire.flags & SITE_TAIL_CALL ? ENDING_TAIL_CALL : ENDING_RETURNED;
	event.results = event.ending == ENDING_RETURNED ? results : NULL;
	event.where = nesting->options->where ? &where : NULL;
	if (losses_last_ns(nesting->losses, event.site->id) >= event.time_ns) {
		event.ending = ENDING_LOST;
		event.results = NULL;
	}
	struct err *e = nesting_deliver(nesting, &event, false);
	pop(&nesting->goroutines, goroutine);
	return e;
}

static struct err *on_end(struct nesting *nesting, const struct arrival *arrival,
			  const struct probe_site *end, const struct slots *slots)
{
	const struct probe_site *entry = nesting_site(nesting, end->wire.owner);
	struct go_hit hit;
	/* Then its entry was not followed either. */
	if (!entry || !read_hit(arrival, end, slots, &hit))
		return NULL;
	struct goroutine *goroutine = find(&nesting->goroutines, &hit.key);
	struct err *e = NULL;
	/* One that comes late must not end what began after it. */
	const struct go_call *top = goroutine ? top_of(goroutine) : NULL;
	if (top && top->span.header.time_ns > arrival->header->time_ns)
		return NULL;
	if (goroutine)
		e = leave(nesting, goroutine, goroutine->number == hit.number ? hit.used + 1 : 0);
	top = goroutine ? top_of(goroutine) : NULL;
	if (e)
		return e;
	if (!top || top->used != hit.used || top->span.header.site_id != entry->id)
		return end_alone(nesting, arrival, entry, end, slots, &hit);
	return end_call(nesting, arrival, end, slots, goroutine);
}

struct err *goroutines_hit(struct nesting *nesting, const struct arrival *arrival,
			   const struct probe_site *site)
{
	struct slots slots;
	slots_init(&slots, nesting_unreadable(nesting, site));
	if (slots_decode(site->entry_plan, arrival->header->unavailable, arrival->body,
			 arrival->size, &slots) < 0)
		return nesting_malformed(nesting);
	return probe_site_is_end(site) ? on_end(nesting, arrival, site, &slots)
				       : on_entry(nesting, arrival, site, &slots);
}

struct err *goroutines_left(struct nesting *nesting, const struct arrival *arrival)
{
	struct event_go left;
	if (arrival->size < sizeof(left))
		return nesting_malformed(nesting);
	memcpy(&left, arrival->body, sizeof(left));
	const struct go_key key = {.g = left.g, .tgid = arrival->header->tgid};
	struct goroutine *goroutine = find(&nesting->goroutines, &key);
	const struct go_call *top = goroutine ? top_of(goroutine) : NULL;
	/* One that comes late must not end what began after it. */
	if (!top || top->span.header.time_ns > arrival->header->time_ns)
		return NULL;
	struct err *e = leave(nesting, goroutine, left.used + 1);
	top = e ? NULL : top_of(goroutine);
	bool is_meant = top && top->used == left.used &&
			top->span.header.site_id == arrival->header->site_id;
	if (is_meant && (left.flags & EVENT_RETURN_FORGOTTEN))
		pop(&nesting->goroutines, goroutine);
	return e;
}

struct err *goroutines_leave(struct nesting *nesting, uint32_t tgid)
{
	struct err *e = NULL;
	struct goroutine *goroutine, *next;
	HASH_ITER (hh, nesting->goroutines.by_key, goroutine, next) {
		if (goroutine->key.tgid != tgid)
			continue;
		e = e ? e : leave(nesting, goroutine, 0);
		forget(&nesting->goroutines, goroutine);
	}
	return e;
}

struct err *goroutines_finish(struct nesting *nesting)
{
	struct err *e = NULL;
	while (!e && nesting->goroutines.by_key) {
		struct goroutine *first = nesting->goroutines.by_key;
		while (!e && first->calls.count)
			e = end_top(nesting, first, ENDING_OPEN);
		forget(&nesting->goroutines, first);
	}
	return e;
}
