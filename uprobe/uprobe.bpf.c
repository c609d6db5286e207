/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * uprobe/uprobe.bpf.c — what runs at every user-space hit: functions and USDT markers alike.
 *
 * One pair of programs serves all sites; the cookie says which site was hit, and the site table
 * what to do there. The same body is offered in three forms, of which a run loads the best:
 *
 *	multi	uprobe_multi links, sleepable (6.6)
 *	single	one perf link per site, sleepable (6.0), cookie (5.15)
 *	old	one perf link per site, no cookie: user space loads a copy for each site
 */
#include "probe/fetch.bpf.h"
#include "stream/stream.bpf.h"

/* What a hit works on. */
struct hit {
	__u64 id;
	__u64 time_ns;
	__u32 site_id;
	struct site *site;
	struct task_state *state;
	struct scratch *scratch;
	enum stream_form form;
};

/* The context is read at constant offsets only: the verifier refuses a moved context pointer. */
static __always_inline void save_regs(struct scratch *scratch, struct pt_regs *ctx)
{
	__u64 *from = (__u64 *)ctx;
#pragma unroll
	for (int i = 0; i < REGS_USED; i++)
		scratch->regs[i] = from[i];
}

static __always_inline bool hit_begin(struct hit *hit, __u32 site_id, enum stream_form form)
{
	hit->id = bpf_get_current_pid_tgid();
	if (!stream_wants_current(hit->id))
		return false;
	hit->time_ns = bpf_ktime_get_boot_ns();
	hit->site_id = site_id;
	hit->site = bpf_map_lookup_elem(&sites, &site_id);
	if (!hit->site)
		return false;
	hit->state = stream_state(hit->id, form);
	hit->scratch = stream_scratch(hit->id, form);
	if (!hit->state || !hit->scratch) {
		stream_count_loss(site_id, LOSS_NO_STORAGE);
		return false;
	}
	stream_announce(hit->state, hit->id, hit->time_ns, form);
	hit->form = form;
	return true;
}

/* An entry or an instant: the header, then the slots. */
static __always_inline bool emit_slots(struct hit *hit, __u32 kind, __u32 depth, __u32 span)
{
	struct scratch *scratch = hit->scratch;
	struct event_header *header = stream_head(scratch, sizeof(*header));
	stream_header(header, hit->id, kind, sizeof(*header) + scratch->position, hit->site_id,
		      hit->time_ns, hit->form);
	header->depth = depth;
	header->span = span;
	header->unavailable = scratch->unavailable;
	if (stream_emit(scratch, sizeof(*header)))
		return true;
	stream_count_loss(hit->site_id, LOSS_RING_FULL);
	return false;
}

static __always_inline void span_open(struct hit *hit, __u64 sp)
{
	struct task_state *state = hit->state;
	__u32 depth = state->depth;
	/* 0 is "no span"; the wrap-around skips it. */
	__u32 number = ++state->spans ?: ++state->spans;
	bool sent = emit_slots(hit, EVENT_ENTRY, depth, number);
	if (depth >= SPANS_MAX) {
		if (hit->site->flags & SITE_HAS_RETURN)
			stream_count_loss(hit->site_id, LOSS_MISSED_RETURN);
		return;
	}
	if (!(hit->site->flags & SITE_HAS_RETURN))
		return;
	struct span_frame *frame = &state->frames[depth & (SPANS_MAX - 1)];
	frame->time_ns = hit->time_ns;
	frame->sp = sp;
	frame->site_id = hit->site_id;
	frame->number = sent ? number : 0;
	state->depth = depth + 1;
}

/* Ends the span of `owner` at this stack pointer; NULL: there is nobody to tell. */
static __always_inline struct span_frame *span_close(struct hit *hit, __u32 owner, __u64 sp,
						     bool old)
{
	__u32 index = old ? spans_find_old(sp, owner) : spans_find(hit->state, sp, owner);
	if (index >= SPANS_MAX)
		return NULL;
	hit->state->depth = index;
	struct span_frame *frame = &hit->state->frames[index & (SPANS_MAX - 1)];
	return frame->number ? frame : NULL;
}

static __always_inline void emit_return(struct hit *hit, struct span_frame *frame, __u32 owner,
					__u32 flags)
{
	struct scratch *scratch = hit->scratch;
	struct {
		struct event_header header;
		struct event_return ret;
	} *head = stream_head(scratch, sizeof(*head));
	stream_header(&head->header, hit->id, EVENT_RETURN, sizeof(*head) + scratch->position,
		      owner, hit->time_ns, hit->form);
	head->header.depth = hit->state->depth;
	head->header.span = frame->number;
	head->header.unavailable = scratch->unavailable;
	head->ret.entry_time_ns = frame->time_ns;
	head->ret.flags = flags;
	head->ret.reserved = 0;
	if (!stream_emit(scratch, sizeof(*head)))
		stream_count_loss(owner, LOSS_RETURN_RING_FULL);
}

/* A hit on one of the function's own `ret` instructions or tail jumps. */
static __always_inline void on_return_site(struct hit *hit, __u64 sp, enum fetch_form form)
{
	__u32 owner = hit->site->owner;
	bool tail = hit->site->flags & SITE_TAIL_CALL;
	struct span_frame *frame = span_close(hit, owner, sp, form == FETCH_OLD);
	if (!frame)
		return;
	fetch_begin(hit->scratch, 0);
	if (!tail)
		fetch_run(hit->scratch, hit->site->return_plan, form);
	emit_return(hit, frame, owner, tail ? EVENT_RETURN_TAIL_CALL : 0);
}

/* Entry-type hits: instants, entries, and returns seen at the function's own `ret`. */
static __always_inline int on_hit(struct pt_regs *ctx, __u32 site_id, enum fetch_form form)
{
	struct hit hit;
	if (!hit_begin(&hit, site_id, form == FETCH_OLD ? STREAM_OLD : STREAM_PREEMPTIBLE))
		return 0;
	save_regs(hit.scratch, ctx);
	__u64 sp = hit.scratch->regs[REG_SP];
	if (hit.site->kind == SITE_RETURN) {
		on_return_site(&hit, sp, form);
		return 0;
	}
	if (form == FETCH_OLD)
		spans_drop_dead_old(sp);
	else
		spans_drop_dead(hit.state, sp);
	fetch_begin(hit.scratch, 0);
	fetch_run(hit.scratch, hit.site->entry_plan, form);
	if (hit.site->kind == SITE_ENTRY)
		span_open(&hit, sp);
	else
		emit_slots(&hit, EVENT_INSTANT, hit.state->depth, stream_current_span(hit.state));
	return 0;
}

/* The kernel's return probe: the cookie is the entry site. */
static __always_inline int on_return(struct pt_regs *ctx, __u32 site_id, enum fetch_form form)
{
	struct hit hit;
	if (!hit_begin(&hit, site_id, form == FETCH_OLD ? STREAM_OLD : STREAM_PREEMPTIBLE))
		return 0;
	save_regs(hit.scratch, ctx);
	__u64 sp = hit.scratch->regs[REG_SP] - RETURN_SP_ADJUST;
	struct span_frame *frame = span_close(&hit, site_id, sp, form == FETCH_OLD);
	if (!frame)
		return 0;
	fetch_begin(hit.scratch, 0);
	fetch_run(hit.scratch, hit.site->return_plan, form);
	emit_return(&hit, frame, site_id, 0);
	return 0;
}

SEC("uprobe.multi.s")
int multi_hit(struct pt_regs *ctx)
{
	return on_hit(ctx, (__u32)bpf_get_attach_cookie(ctx), FETCH_SLEEPABLE);
}

SEC("uretprobe.multi.s")
int multi_return(struct pt_regs *ctx)
{
	return on_return(ctx, (__u32)bpf_get_attach_cookie(ctx), FETCH_SLEEPABLE);
}

SEC("uprobe.s")
int single_hit(struct pt_regs *ctx)
{
	return on_hit(ctx, (__u32)bpf_get_attach_cookie(ctx), FETCH_SLEEPABLE);
}

SEC("uretprobe.s")
int single_return(struct pt_regs *ctx)
{
	return on_return(ctx, (__u32)bpf_get_attach_cookie(ctx), FETCH_SLEEPABLE);
}

/* The site of all hits of this copy of the program. */
const volatile __u32 old_site_id = 0;

SEC("uprobe")
int old_hit(struct pt_regs *ctx)
{
	return on_hit(ctx, old_site_id, FETCH_OLD);
}

SEC("uretprobe")
int old_return(struct pt_regs *ctx)
{
	return on_return(ctx, old_site_id, FETCH_OLD);
}
