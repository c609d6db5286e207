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
#include "probe/filter.bpf.h"
#include "probe/rate.bpf.h"
#include "stream/cost.bpf.h"
#include "stream/stream.bpf.h"
#include "stream/sums.bpf.h"
#include "uprobe/go.bpf.h"
#include "uprobe/hit.bpf.h"

/*
 * No frame here may exceed 48 bytes. From 6.13 on the JIT gives those of 64 and more, rounded up
 * to 16, of this program type a stack per CPU (bpf_enable_priv_stack() in kernel/bpf/verifier.c),
 * in the belief that such a program is never entered twice on a CPU; but one behind a uprobe is
 * preempted like any code of its task, and the next task's hit would run on the same stack. So the
 * hit is described in the thread's scratch area, and the parts below are functions of their own.
 */

/* Does any site open a span, or end one? Else the verifier has half as much to do. */
const volatile bool has_spans = true;
/* Is any of them a `ret` of a function? */
const volatile bool has_return_sites = true;
/* Is a return without an open span that of a call that began before tracing? In a program with
 * coroutines it may have begun in another thread. */
const volatile bool may_begin_before = true;

/* The context is read at constant offsets only: the verifier refuses a moved context pointer. */
static __always_inline void save_regs(struct scratch *scratch, struct pt_regs *ctx)
{
	__u64 *from = (__u64 *)ctx;
#pragma unroll
	for (int i = 0; i < REGS_USED; i++)
		scratch->regs[i] = from[i];
}

/* The thread's scratch area, with this hit described in it, the thread announced; NULL: this hit is
 * not for us, or is counted as lost. A return without one belongs to an entry that was counted. */
static __always_inline struct scratch *hit_begin(struct pt_regs *ctx, __u32 site_id,
						 enum stream_form form, bool count_loss)
{
	struct task_struct *current = stream_current(form);
	__u64 id = stream_id_of(current, form);
	if (!stream_wants_hit(id))
		return NULL;
	struct scratch *scratch = stream_scratch_of(current, id, form, true);
	if (!scratch) {
		if (count_loss)
			stream_count_loss(site_id, LOSS_NO_STORAGE);
		return NULL;
	}
	save_regs(scratch, ctx);
	scratch->sp = scratch->regs[REG_SP];
	if (lossless && form != STREAM_OLD)
		hold_hit(scratch);
	scratch->id = id;
	where_note(scratch);
	stream_announce(scratch, form);
	return scratch;
}

/* The kernel follows so many trampolined calls of a thread (MAX_URETPROBE_DEPTH in
 * include/linux/uprobes.h), and lets the returns of deeper ones go by. */
#define TRAMPOLINES_MAX 64

/* What the entry's plan has kept is the new top's. */
static __always_inline void keep_words(struct scratch *scratch)
{
#pragma unroll
	for (int i = 0; i < REGS_KEPT; i++)
		scratch->words[i] = scratch->regs[REG_KEPT + i];
}

/* And its return's plan finds it there; nothing, when the entry was not seen. */
static __always_inline void give_words(struct scratch *scratch, bool known)
{
#pragma unroll
	for (int i = 0; i < REGS_KEPT; i++)
		scratch->regs[REG_KEPT + i] = known ? scratch->words[i] : ~0ULL;
}

/* The entry waits for its return. All of it is written before it can be taken: the exchange orders
 * what other CPUs see. */
static __always_inline void keep_entry(struct scratch *scratch, __u32 number)
{
	scratch->kept_size = scratch->position;
	scratch->kept_unavailable = scratch->unavailable;
	scratch->kept_cpu = bpf_get_smp_processor_id();
	__sync_lock_test_and_set(&scratch->kept, number);
}

/* Makes the call the top, and sends its entry or has it wait. Without memory for what is around it,
 * the whole call is lost: nothing could tell its return. */
static __always_inline void span_open(struct scratch *scratch, __u32 site_id, __u32 flags,
				      enum stream_form form)
{
	__u32 depth = scratch->depth;
	bool has_frame = (flags & SITE_HAS_RETURN) && depth < SPANS_MAX;
	if (has_frame && depth &&
	    !(form == STREAM_OLD ? spans_store_top_old() : spans_store_top(scratch))) {
		stream_count_loss(site_id, LOSS_NO_STORAGE);
		return;
	}
	/* 0 is "no span"; the wrap-around skips it. */
	__u32 number = ++scratch->spans ?: ++scratch->spans;
	__u32 followed = depth + (has_filters ? scratch->filtered_depth : 0);
	bool is_missed = (flags & SITE_TRAMPOLINE) && followed >= TRAMPOLINES_MAX;
	bool waits = form != STREAM_OLD && keep_entries && (flags & SITE_KEEP) && has_frame &&
		     !is_missed && scratch->position <= EVENT_KEPT_MAX;
	bool sent = waits || emit_slots(scratch, site_id, EVENT_ENTRY, depth, number, form);
	if ((flags & SITE_HAS_RETURN) && (is_missed || !has_frame)) {
		stream_count_loss(site_id, LOSS_MISSED_RETURN);
		/* Not sent even when it is seen after all, at a `ret` that is probed meanwhile. */
		number = 0;
	}
	if (!has_frame)
		return;
	/* What is left of them lies on another stack, or was interrupted by a handler on one. */
	scratch->has_stacks = depth && (scratch->has_stacks || scratch->top.sp < scratch->sp);
	scratch->top.time_ns = scratch->time_ns;
	scratch->top.sp = scratch->sp;
	scratch->top.site_id = site_id;
	scratch->top.number = sent ? number : 0;
	if (has_filters)
		scratch->top_filter = scratch->entry_filter;
	if (keeps_words)
		keep_words(scratch);
	scratch->depth = depth + 1;
	if (summing)
		scratch->inner_ns = 0;
	if (waits)
		keep_entry(scratch, number);
}

/* Entry and return in one; the slots of the return are behind those of the entry. */
static __always_inline void emit_call(struct scratch *scratch, __u32 owner, __u32 flags,
				      enum stream_form form)
{
	struct {
		struct event_header header;
		struct event_call call;
	} *head = stream_head(scratch, sizeof(*head));
	stream_header(&head->header, scratch->id, EVENT_CALL, sizeof(*head) + scratch->position,
		      owner, scratch->time_ns, form);
	head->header.depth = scratch->depth;
	head->header.span = scratch->top.number;
	head->header.unavailable = scratch->unavailable;
	head->call.entry_time_ns = scratch->top.time_ns;
	head->call.entry_unavailable = scratch->kept_unavailable;
	head->call.entry_size = scratch->kept_size;
	head->call.entry_cpu = scratch->kept_cpu;
	head->call.flags = flags;
	head->call.reserved = 0;
	if (!emit(scratch, sizeof(*head), form))
		stream_count_loss(owner, LOSS_RING_FULL);
}

/* The end of the call that `span` and its entry's time name; both 0: it began before tracing did.
 */
static __always_inline void emit_return(struct scratch *scratch, __u32 owner, __u32 span,
					__u64 entry_time_ns, __u32 flags, enum stream_form form)
{
	struct {
		struct event_header header;
		struct event_return ret;
	} *head = stream_head(scratch, sizeof(*head));
	stream_header(&head->header, scratch->id, EVENT_RETURN, sizeof(*head) + scratch->position,
		      owner, scratch->time_ns, form);
	head->header.depth = scratch->depth;
	head->header.span = span;
	head->header.unavailable = scratch->unavailable;
	head->ret.entry_time_ns = entry_time_ns;
	head->ret.flags = flags;
	head->ret.reserved = 0;
	bool sent = emit(scratch, sizeof(*head), form);
	if (!sent)
		stream_count_loss(owner, LOSS_RETURN_RING_FULL);
	else if (flags & EVENT_RETURN_FORGOTTEN)
		stream_count_loss(owner, flags & EVENT_RETURN_SUPPRESSED ? LOSS_SUPPRESSED
									 : LOSS_FILTERED);
}

/* What is known of the call that a return ends. */
enum return_of {
	RETURN_OF_NOTHING, /* no such call is open */
	RETURN_OF_SPAN,
	RETURN_OF_KEPT, /* its entry waits for this */
};

/* Makes the innermost span of `owner` at this stack pointer the top. */
static __always_inline enum return_of find_span(struct scratch *scratch, __u32 owner,
						enum stream_form form)
{
	if (stream_top_is(scratch, owner))
		return form != STREAM_OLD && stream_take_kept(scratch) ? RETURN_OF_KEPT
								       : RETURN_OF_SPAN;
	if (scratch->depth < 2)
		return RETURN_OF_NOTHING;
	send_kept(scratch, form);
	return (form == STREAM_OLD ? spans_unwind_to_old(owner) : spans_unwind_to(scratch, owner))
		       ? RETURN_OF_SPAN
		       : RETURN_OF_NOTHING;
}

static __always_inline void send_return(struct scratch *scratch, struct site *site, __u32 owner,
					enum return_of of, enum fetch_form form)
{
	bool is_tail_call = site->flags & SITE_TAIL_CALL;
	__u32 flags = is_tail_call ? EVENT_RETURN_TAIL_CALL : 0;
	enum stream_form stream = fetch_stream(form);
	fetch_begin(scratch, of == RETURN_OF_KEPT ? scratch->kept_size : 0);
	if (keeps_words)
		give_words(scratch, of != RETURN_OF_NOTHING);
	if (!is_tail_call)
		fetch_run(scratch, site->return_plan, form);
	if (of == RETURN_OF_KEPT)
		emit_call(scratch, owner, flags, stream);
	else if (of == RETURN_OF_SPAN)
		emit_return(scratch, owner, scratch->top.number, scratch->top.time_ns, flags,
			    stream);
	else
		emit_return(scratch, owner, 0, 0, EVENT_RETURN_ALONE, stream);
}

/* --- conditions ------------------------------------------------------------------------------ */

/* The call opens no span; but the kernel counts its trampoline, and its return comes. */
static __always_inline void leave_out(struct scratch *scratch, __u32 flags)
{
	if (!scratch->has_filtered || scratch->sp > scratch->filtered_sp) {
		scratch->filtered_sp = scratch->sp;
		scratch->filtered_depth = 0;
	}
	scratch->has_filtered = 1;
	if ((flags & SITE_TRAMPOLINE) && scratch->depth + scratch->filtered_depth < TRAMPOLINES_MAX)
		scratch->filtered_depth++;
}

/*
 * Does the hit count? A call that does not is left out at once: it opens no span, and an entry that
 * waits goes on waiting. But the frames that it shows to be gone are dropped, as ever: its return
 * must not be taken for one of theirs.
 */
static __always_inline bool entry_passes(struct scratch *scratch, struct site *site, __u32 site_id,
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
		bool outside = (site->flags & SITE_INSIDE) && scratch->depth == 0;
		if (outside || rate_allows(site_id, scratch->time_ns, fetch_stream(form)))
			return true;
		cause = LOSS_SUPPRESSED;
	}
	stream_count_loss(site_id, cause);
	leave_out(scratch, site->flags);
	bool begins = site->kind == SITE_ENTRY;
	if (scratch->depth && (scratch->has_stacks || scratch->top.sp <= scratch->sp - !begins)) {
		send_kept(scratch, fetch_stream(form));
		stream_drop_dead_spans(scratch, begins, fetch_stream(form));
	}
	return false;
}

/* Of the span that has just been closed, whose condition asks for its end: EVENT_RETURN_FORGOTTEN
 * and why, when it is to be left out. */
static __always_inline __u32 judge_return(struct scratch *scratch, struct site *site, __u32 owner,
					  enum fetch_form form)
{
	bool has_result = !(site->flags & SITE_TAIL_CALL);
	if (filter_return(scratch, site->filter, scratch->top_filter - 1, scratch->top.time_ns,
			  has_result, form) == FILTER_FAILS)
		return EVENT_RETURN_FORGOTTEN;
	return rate_allows(owner, scratch->time_ns, fetch_stream(form))
		       ? 0
		       : EVENT_RETURN_FORGOTTEN | EVENT_RETURN_SUPPRESSED;
}

/* Of a call whose entry may be in the stream already. */
static __always_inline void forget_call(struct scratch *scratch, __u32 owner, enum return_of of,
					__u32 flags, enum stream_form form)
{
	if (of == RETURN_OF_KEPT) {
		stream_count_loss(owner, flags & EVENT_RETURN_SUPPRESSED ? LOSS_SUPPRESSED
									 : LOSS_FILTERED);
		return;
	}
	fetch_begin(scratch, 0);
	emit_return(scratch, owner, scratch->top.number, scratch->top.time_ns, flags, form);
}

/*
 * A return without an open span, at the function's own `ret`. The frames of calls that began before
 * tracing lie above those of all calls since, so one at or below a call that was left out, or taken
 * to be left, is of such a call. On another stack that cannot be told; then none of them is shown.
 */
static __always_inline bool began_before(struct scratch *scratch)
{
	if (!may_begin_before ||
	    (has_filters && scratch->has_filtered && scratch->sp <= scratch->filtered_sp))
		return false;
	return scratch->sp > scratch->left_sp;
}

static __always_inline bool alone_passes(struct scratch *scratch, struct site *site,
					 enum fetch_form form)
{
	enum loss_cause cause = LOSS_FILTERED;
	if (!site->filter ||
	    filter_return(scratch, site->filter, FILTER_ALONE, 0, true, form) != FILTER_FAILS) {
		if (rate_allows(site->owner, scratch->time_ns, fetch_stream(form)))
			return true;
		cause = LOSS_SUPPRESSED;
	}
	stream_count_loss(site->owner, cause);
	return false;
}

/* Ends the innermost span of `owner` at this stack pointer, unless its entry was lost. A return at
 * the function's own `ret` whose entry was not seen, with no span open, can only belong to a call
 * that began before tracing did: what a shell waited for when we came, say. */
static __always_inline int return_part(struct scratch *scratch, struct site *site, __u32 owner,
				       enum fetch_form form)
{
	enum return_of of = find_span(scratch, owner, fetch_stream(form));
	if (of == RETURN_OF_NOTHING) {
		/* The row of an entry: it is the trampoline of a call that was left out. */
		if (has_filters && site->kind == SITE_ENTRY && scratch->filtered_depth)
			scratch->filtered_depth--;
		bool is_tail_call = site->flags & SITE_TAIL_CALL;
		if (!summing && site->kind == SITE_RETURN && !is_tail_call && !scratch->depth &&
		    began_before(scratch) && (!has_filters || alone_passes(scratch, site, form)))
			send_return(scratch, site, owner, of, form);
		return 0;
	}
	scratch->depth--;
	__u32 forgotten = 0;
	if (has_filters && scratch->top.number && scratch->top_filter)
		forgotten = judge_return(scratch, site, owner, form);
	if (summing)
		return form == FETCH_OLD ? sum_close_old(forgotten) : sum_close(scratch, forgotten);
	if (forgotten)
		forget_call(scratch, owner, of, forgotten, fetch_stream(form));
	else if (scratch->top.number)
		send_return(scratch, site, owner, of, form);
	if (scratch->depth)
		form == FETCH_OLD ? spans_load_top_old() : spans_load_top(scratch);
	return 0;
}

static __always_inline int entry_part(struct scratch *scratch, struct site *site, __u32 site_id,
				      enum fetch_form form)
{
	enum stream_form stream = fetch_stream(form);
	if (has_filters)
		scratch->entry_filter = 0;
	if (has_filters && !entry_passes(scratch, site, site_id, form))
		return 0;
	send_kept(scratch, stream);
	if (has_spans)
		stream_drop_dead_spans(scratch, site->kind == SITE_ENTRY, stream);
	if ((site->flags & SITE_INSIDE) && scratch->depth == 0)
		return 0;
	if (!summing) {
		stream_send_stack(scratch, site, site_id, stream, true);
		fetch_begin(scratch, 0);
		fetch_run(scratch, site->entry_plan, form);
	}
	if (has_spans && site->kind == SITE_ENTRY)
		span_open(scratch, site_id, site->flags, stream);
	else
		emit_slots(scratch, site_id, EVENT_INSTANT, scratch->depth,
			   stream_current_span(scratch), stream);
	return 0;
}

/* Global functions: frames of their own. */
__noinline int entry_sleepable(struct scratch *scratch, struct site *site, __u32 site_id)
{
	return scratch && site ? entry_part(scratch, site, site_id, FETCH_SLEEPABLE) : 0;
}

__noinline int return_sleepable(struct scratch *scratch, struct site *site, __u32 owner)
{
	return scratch && site ? return_part(scratch, site, owner, FETCH_SLEEPABLE) : 0;
}

__noinline int go_hit_sleepable(struct scratch *scratch, struct site *site, __u32 site_id)
{
	return follows_go && scratch && site ? go_hit(scratch, site, site_id, FETCH_SLEEPABLE) : 0;
}

/* Whoever catches an exception goes on in a frame above those of the calls that it has left. */
__noinline int catch_sleepable(struct scratch *scratch)
{
	if (!scratch)
		return 0;
	send_kept(scratch, STREAM_PREEMPTIBLE);
	stream_drop_dead_spans(scratch, true, STREAM_PREEMPTIBLE);
	return 0;
}

/* Any hit. A return is seen at the function's own `ret`, or comes from the kernel's return probe,
 * whose cookie names the entry site, and says so. */
static __always_inline int on_hit(struct pt_regs *ctx, __u64 cookie, enum fetch_form form)
{
	__u32 site_id = (__u32)cookie;
	bool is_trampoline = cookie & SITE_COOKIE_RETURN;
	struct site *site = bpf_map_lookup_elem(&sites, &site_id);
	if (!site)
		return 0;
	bool is_return =
		has_spans && (is_trampoline || (has_return_sites && site->kind == SITE_RETURN));
	struct scratch *scratch = hit_begin(ctx, site_id, fetch_stream(form), !is_return);
	if (!scratch)
		return 0;
	cost_begin(scratch, site_id, is_trampoline);
	if (is_trampoline)
		scratch->sp -= RETURN_SP_ADJUST;
	if (has_spans && site->kind == SITE_CATCH) {
		if (form != FETCH_OLD)
			catch_sleepable(scratch);
		else
			stream_drop_dead_spans(scratch, true, STREAM_OLD);
	} else if (follows_go && (site->flags & SITE_GO_KEPT)) {
		form == FETCH_OLD ? go_hit(scratch, site, site_id, form)
				  : go_hit_sleepable(scratch, site, site_id);
	} else if (form == FETCH_OLD && is_return)
		return_part(scratch, site, site->owner, form);
	else if (form == FETCH_OLD)
		entry_part(scratch, site, site_id, form);
	else if (is_return)
		return_sleepable(scratch, site, site->owner);
	else
		entry_sleepable(scratch, site, site_id);
	cost_end(scratch, true);
	return 0;
}

/* The cookie of all hits while there is but one site: it needs not be asked for. 0: there are
 * several; user space says so before it attaches another one. */
volatile __u32 sole_site = 0;

static __always_inline __u64 hit_cookie(struct pt_regs *ctx)
{
	return sole_site ?: bpf_get_attach_cookie(ctx);
}

/* Are the kernel's return probes its own, too? */
const volatile bool hit_is_return = true;

/* Entries, instants and the `ret` instructions of functions. */
SEC("uprobe.multi.s")
int multi_hit(struct pt_regs *ctx)
{
	__u64 cookie = hit_cookie(ctx);
	return on_hit(ctx, hit_is_return ? cookie : (__u32)cookie, FETCH_SLEEPABLE);
}

/* While there is but one site, the kernel's return probes have a program of their own, so that no
 * hit has to ask which of the two it is. Where there are more, that would only be verified twice.
 */
SEC("uprobe.multi.s")
int multi_return(struct pt_regs *ctx)
{
	return on_hit(ctx, (__u32)hit_cookie(ctx) | SITE_COOKIE_RETURN, FETCH_SLEEPABLE);
}

SEC("uprobe.s")
int single_hit(struct pt_regs *ctx)
{
	return on_hit(ctx, hit_cookie(ctx), FETCH_SLEEPABLE);
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
	return on_hit(ctx, old_site_id | SITE_COOKIE_RETURN, FETCH_OLD);
}
