/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* uprobe/go.bpf.h — a hit at the entry or an end of a call in a goroutine that the kernel puts
 * together (SITE_GO_KEPT). Private to uprobe/. */
#ifndef UTRAIL_UPROBE_GO_BPF_H
#define UTRAIL_UPROBE_GO_BPF_H

#include "probe/filter.bpf.h"
#include "probe/rate.bpf.h"
#include "stream/go.bpf.h"
#include "uprobe/hit.bpf.h"

/* Calls of which user space was told are open no more; see struct event_go. */
static __always_inline bool go_tell(struct scratch *scratch, __u32 owner, __u64 used, __u32 flags,
				    enum stream_form form)
{
	struct {
		struct event_header header;
		struct event_go go;
	} *head = stream_head(scratch, sizeof(*head));
	send_kept(scratch, form);
	scratch->position = 0;
	stream_header(&head->header, scratch->id, EVENT_GO, sizeof(*head), owner, scratch->time_ns,
		      form);
	head->go.g = scratch->go.g;
	head->go.used = used;
	head->go.flags = flags;
	head->go.reserved = 0;
	if (emit(scratch, sizeof(*head), form))
		return true;
	stream_count_loss(owner, LOSS_RETURN_RING_FULL);
	return false;
}

/* Calls that lie deeper than `used` were left; nobody else tells. */
static __always_inline void go_tell_left(struct scratch *scratch, __u32 owner, __u64 used,
					 enum stream_form form)
{
	if (!summing && scratch->go.left)
		go_tell(scratch, owner, used, 0, form);
}

static __always_inline bool go_passes(struct scratch *scratch, struct site *site, __u32 site_id,
				      enum fetch_form form)
{
	enum loss_cause cause = LOSS_FILTERED;
	int answer = FILTER_PASSES;
	if (site->filter)
		answer = filter_entry(scratch, site->filter, form);
	scratch->entry_filter = answer == FILTER_WAITS ? scratch->filter.at + 1 : 0;
	if (answer == FILTER_WAITS)
		return true;
	if (answer != FILTER_FAILS) {
		if (rate_allows(site_id, scratch->time_ns, fetch_stream(form)))
			return true;
		cause = LOSS_SUPPRESSED;
	}
	stream_count_loss(site_id, cause);
	return false;
}

static __always_inline bool go_begin(struct scratch *scratch, struct site *site, __u32 site_id,
				     enum fetch_form form)
{
	enum stream_form stream = fetch_stream(form);
	if (summing)
		return sum_add_begun_in(scratch->go.parent, site_id);
	send_kept(scratch, stream);
	stream_drop_dead_spans(scratch, true, stream);
	stream_send_stack(scratch, site, site_id, stream, true);
	fetch_begin(scratch, 0);
	fetch_run(scratch, site->entry_plan, form);
	return emit_slots(scratch, site_id, EVENT_INSTANT, scratch->depth,
			  stream_current_span(scratch), stream);
}

static __always_inline int go_entry(struct scratch *scratch, struct site *site, __u32 site_id,
				    enum fetch_form form)
{
	bool old = form == FETCH_OLD;
	bool located = old ? go_locate_old() : go_locate(scratch);
	scratch->go.left = 0;
	scratch->go.parent = 0;
	scratch->entry_filter = 0;
	/* Its own place is free, too. */
	bool has_place = located && (old ? go_leave_old(scratch->go.used)
					 : go_leave(scratch, scratch->go.used));
	if (has_filters && !go_passes(scratch, site, site_id, form)) {
		/* That of an earlier call in its own place, too. */
		go_tell_left(scratch, site_id, scratch->go.used - 1, fetch_stream(form));
		return 0;
	}
	if (has_place && summing)
		old ? go_settle_old() : go_settle(scratch);
	bool counted = go_begin(scratch, site, site_id, form);
	if (has_place)
		has_place =
			old ? go_push_old(site_id, counted) : go_push(scratch, site_id, counted);
	/* In no goroutine, it has no end for anybody: user space says so. */
	if (located && !has_place && counted)
		stream_count_loss(site_id, LOSS_MISSED_RETURN);
	return 0;
}

/* As judge_return(), of the call that was taken. */
static __always_inline __u32 go_judge(struct scratch *scratch, struct site *site,
				      enum fetch_form form)
{
	bool has_result = !(site->flags & SITE_TAIL_CALL);
	if (!scratch->go.counted || !scratch->go.filter)
		return 0;
	if (filter_return(scratch, site->filter, scratch->go.filter - 1, scratch->go.time_ns,
			  has_result, form) == FILTER_FAILS)
		return EVENT_RETURN_FORGOTTEN;
	return rate_allows(site->owner, scratch->time_ns, fetch_stream(form))
		       ? 0
		       : EVENT_RETURN_FORGOTTEN | EVENT_RETURN_SUPPRESSED;
}

static __always_inline void go_end_told(struct scratch *scratch, struct site *site, __u32 site_id,
					__u32 forgotten, enum fetch_form form)
{
	enum stream_form stream = fetch_stream(form);
	if (forgotten) {
		if (go_tell(scratch, site->owner, scratch->go.used, forgotten, stream))
			stream_count_loss(site->owner, forgotten & EVENT_RETURN_SUPPRESSED
							       ? LOSS_SUPPRESSED
							       : LOSS_FILTERED);
		return;
	}
	send_kept(scratch, stream);
	fetch_begin(scratch, 0);
	fetch_run(scratch, site->entry_plan, form);
	emit_slots(scratch, site_id, EVENT_INSTANT, scratch->depth, stream_current_span(scratch),
		   stream);
}

static __always_inline int go_end(struct scratch *scratch, struct site *site, __u32 site_id,
				  enum fetch_form form)
{
	bool old = form == FETCH_OLD;
	scratch->go.left = 0;
	if (!(old ? go_locate_old() : go_locate(scratch)))
		return 0;
	/* Those inside of it, but not the call itself. */
	if (!(old ? go_leave_old(scratch->go.used + 1) : go_leave(scratch, scratch->go.used + 1)))
		return 0;
	if (!(old ? go_take_old(site->owner) : go_take(scratch, site->owner))) {
		go_tell_left(scratch, site->owner, scratch->go.used, fetch_stream(form));
		return 0;
	}
	__u32 forgotten = has_filters ? go_judge(scratch, site, form) : 0;
	if (summing)
		return old ? go_sum_old(site->owner, forgotten)
			   : go_sum(scratch, site->owner, forgotten);
	if (scratch->go.counted)
		go_end_told(scratch, site, site_id, forgotten, form);
	return 0;
}

static __always_inline int go_hit(struct scratch *scratch, struct site *site, __u32 site_id,
				  enum fetch_form form)
{
	return site->owner == site_id ? go_entry(scratch, site, site_id, form)
				      : go_end(scratch, site, site_id, form);
}

#endif
