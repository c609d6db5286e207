/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/stream.bpf.h — the BPF side of the stream: filters, per-thread state, the one way out.
 *
 * Every program asks stream_wants_current() first, gets the thread's scratch area, builds its
 * record there and leaves through stream_emit(), which numbers the record and counts it when it
 * does not fit. State is per task, never per CPU, because sleepable programs are preempted.
 *
 * A system call's record is started at entry and finished at return, and occupies the scratch area
 * in between; no user probe can hit then, and task life uses records of its own.
 */
#ifndef UTRAIL_STREAM_STREAM_BPF_H
#define UTRAIL_STREAM_STREAM_BPF_H

#include "stream/state.bpf.h"

/* --- settings, constant once loaded: the verifier removes what they switch off ---------------- */

extern const volatile bool filter_by_process;
extern const volatile bool filtered_by_link;
/* The one traced process; 0: several, or children too. */
extern const volatile __u32 only_process;
extern const volatile bool follow_forks;
/* Entries may wait: somebody looks after them. */
extern const volatile bool keep_entries;
/* User stacks (enum stack_how), of how many bytes or frames at most. */
extern const volatile __u32 stack_how, stack_bytes, stack_depth;
/* Task life as events, or only for our own bookkeeping. */
extern const volatile bool show_fork, show_exec, show_exit;
/* Does any entry keep words for its return? */
extern const volatile bool keeps_words;
/* Does any site have a filter? */
extern const volatile bool has_filters;
extern const volatile __u32 own_process;
/* Hits are added up, and no record of them is written: stream/sums.bpf.h. */
extern const volatile bool summing;
/* Calls in goroutines are put together: stream/go.bpf.h. */
extern const volatile bool follows_go;
/* And where their time went: stream/where.bpf.c. */
extern const volatile bool tell_where;
/* We run in a PID namespace: processes have the numbers that they have in there. */
extern const volatile bool in_namespace;
/* Processes are chosen by what they are (kernel/select.bpf.h), their user among it. */
extern const volatile bool select_by_user;
extern const volatile __u64 wake_bytes;
extern const volatile __u32 wake_mask;
/* Who would write waits while so much of the ring is full: stream/hold.bpf.c. */
extern const volatile bool lossless;
extern const volatile __u64 hold_bytes;

/* Set when all probes are attached: no event precede that. */
extern volatile __u32 tracing;
/* Set when a count of losses has changed; the reader takes it back before it looks through all of
 * them. */
extern volatile __u32 losses_changed;
/* The process that is to become the command which we run; 0: it is one, or there is none. */
extern volatile __u32 launched_waits;

/* How a program runs; a constant in each. */
enum stream_form {
	STREAM_PREEMPTIBLE, /* another program may run on this CPU in the middle of it */
	STREAM_ATOMIC,
	STREAM_OLD,  /* the same, on kernels without task storage in tracing programs (5.11) */
	STREAM_AREA, /* a probe in the kernel: its records have numbers of their own */
};

/* Of a program that runs to its end, but for what interrupts and switches of threads run in the
 * middle of it: those take numbers of this CPU, too. */
static __always_inline enum stream_form stream_interruptible(enum stream_form form)
{
	return form == STREAM_OLD ? STREAM_OLD : STREAM_PREEMPTIBLE;
}

/* --- who ----------------------------------------------------------------------------------- */

/* Thread group and thread, as our PID namespace numbers them; 0: not to be seen from there. Global
 * functions, so that their frames are not part of every program's. */
extern __u64 select_own_id(void);
extern int select_number(__u64 pid); /* of one thread; the address of its struct pid */
/* A change of user has no event: the process is looked at when it hits something. */
extern int select_current(void);

static __always_inline __u64 stream_current_id(void)
{
	return in_namespace ? select_own_id() : bpf_get_current_pid_tgid();
}

/* The current thread, for what follows: each call of the kernel costs 15 ns at every hit, and its
 * number and its storage are both found through it. NULL in the old form, which finds them
 * otherwise. */
static __always_inline struct task_struct *stream_current(enum stream_form form)
{
	return form == STREAM_OLD ? NULL : bpf_get_current_task_btf();
}

/* stream_current_id(). */
static __always_inline __u64 stream_id_of(struct task_struct *current, enum stream_form form)
{
	return form == STREAM_OLD || in_namespace
		       ? stream_current_id()
		       : (__u64)current->tgid << 32 | (__u32)current->pid;
}

/* Is that a traced process, as far as can be told in any context, of whichever one? What
 * stream_wants_current() may call at a change of user is only for the current one, and not for
 * interrupts. 0 is the idle task, or who has no number in our namespace. */
static __always_inline bool stream_wants_process(__u32 tgid)
{
	if (!tracing)
		return false;
	if (only_process)
		return tgid == only_process;
	if (filter_by_process)
		return bpf_map_lookup_elem(&targets, &tgid);
	return tgid && tgid != own_process;
}

/* What it does until its exec is ours, not the command's. */
static __always_inline bool stream_awaits_exec(__u32 tgid)
{
	return tgid == launched_waits;
}

static __always_inline bool stream_wants_current(__u64 id)
{
	__u32 tgid = id >> 32;
	if (!tracing)
		return false;
	if (only_process)
		return tgid == only_process;
	if (filter_by_process)
		return bpf_map_lookup_elem(&targets, &tgid) || (select_by_user && select_current());
	return tgid != own_process && !(in_namespace && !tgid);
}

/* It goes on, and is none of the targets any more. */
static __always_inline void stream_leave_target(__u32 tgid)
{
	struct ended_target ended = {.time_ns = bpf_ktime_get_boot_ns(), .goes_on = 1};
	bpf_map_delete_elem(&targets, &tgid);
	bpf_map_update_elem(&ended_targets, &tgid, &ended, BPF_ANY);
}

/* The same where the attachment itself lets only the one traced process through. */
static __always_inline bool stream_wants_hit(__u64 id)
{
	return filtered_by_link ? tracing : stream_wants_current(id);
}

/* --- loss ----------------------------------------------------------------------------------- */

static __always_inline void stream_count_loss(__u32 site_id, enum loss_cause cause)
{
	struct loss_row *row = bpf_map_lookup_elem(&losses, &site_id);
	if (row)
		__sync_fetch_and_add(&row->count[cause], 1);
	/* Other CPUs read its cache line at every hit: written once only. */
	if (!losses_changed)
		losses_changed = 1;
}

/* --- the thread ------------------------------------------------------------------------------ */

/* The entry of a thread in one of the maps for old kernels, made from the blank one when asked. */
static __always_inline void *stream_old_entry(void *map, void *blanks, __u32 tid, bool create)
{
	void *entry = bpf_map_lookup_elem(map, &tid);
	if (entry || !create)
		return entry;
	__u32 zero = 0;
	void *blank = bpf_map_lookup_elem(blanks, &zero);
	if (!blank)
		return NULL;
	bpf_map_update_elem(map, &tid, blank, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, &tid);
}

/* NULL: no memory, and the caller counts LOSS_NO_STORAGE; or there is none, and none was to be
 * made. `current`, `id`: of the current thread. */
static __always_inline struct scratch *stream_scratch_of(struct task_struct *current, __u64 id,
							 enum stream_form form, bool create)
{
	if (form == STREAM_OLD)
		return stream_old_entry(&thread_scratches, &blank_scratch, (__u32)id, create);
	return bpf_task_storage_get(&task_scratches, current, NULL,
				    create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
}

static __always_inline struct scratch *stream_scratch(__u64 id, enum stream_form form, bool create)
{
	return stream_scratch_of(stream_current(form), id, form, create);
}

static __always_inline struct outer_spans *stream_outer_spans(__u64 id, enum stream_form form,
							      bool create)
{
	if (form == STREAM_OLD)
		return stream_old_entry(&thread_spans, &blank_spans, (__u32)id, create);
	return bpf_task_storage_get(&task_spans, bpf_get_current_task_btf(), NULL,
				    create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
}

/* What scratch.inner_ns of the outer spans is. */
static __always_inline struct inner_times *stream_inner_times(__u64 id, enum stream_form form,
							      bool create)
{
	if (form == STREAM_OLD)
		return stream_old_entry(&thread_inner, &blank_inner, (__u32)id, create);
	return bpf_task_storage_get(&task_inner, bpf_get_current_task_btf(), NULL,
				    create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
}

/* What scratch.words of the outer spans are. */
static __always_inline struct outer_words *stream_outer_words(__u64 id, enum stream_form form,
							      bool create)
{
	if (form == STREAM_OLD)
		return stream_old_entry(&thread_words, &blank_words, (__u32)id, create);
	return bpf_task_storage_get(&task_words, bpf_get_current_task_btf(), NULL,
				    create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
}

/* --- out ------------------------------------------------------------------------------------- */

/*
 * Wake the reader when enough waits; its timer does the rest. Waking it for every record costs more
 * than the record, and even to ask how much waits costs a tenth of one: with a large ring that is
 * done now and then only.
 */
static __always_inline __u64 stream_wake_flags(__u32 sequence)
{
	if ((sequence & wake_mask) == 0 &&
	    bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= wake_bytes)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

/*
 * The next number of this CPU. A sleepable program may be preempted by another one here, so it
 * takes the number atomically (5.12); the others run to their end, and old kernels refuse even
 * unreachable instructions that they do not know.
 */
static __always_inline __u32 stream_sequence(enum stream_form form)
{
	__u32 zero = 0;
	if (form == STREAM_AREA)
		return 0;
	__u32 *sequence = bpf_map_lookup_elem(&sequences, &zero);
	if (!sequence)
		return 0;
	if (form == STREAM_PREEMPTIBLE)
		return __sync_fetch_and_add(sequence, 1);
	return (*sequence)++;
}

static __always_inline void stream_header(struct event_header *header, __u64 id, __u32 kind,
					  __u32 size, __u32 site_id, __u64 time_ns,
					  enum stream_form form)
{
	header->time_ns = time_ns;
	header->tgid = id >> 32;
	header->tid = (__u32)id;
	header->site_id = site_id;
	header->kind = kind;
	header->size = size;
	header->sequence = stream_sequence(form);
	header->cpu = bpf_get_smp_processor_id();
	header->depth = 0;
	header->span = 0;
	header->unavailable = 0;
}

static __always_inline __u32 stream_parent_tgid(struct task_struct *task)
{
	if (!in_namespace)
		return BPF_CORE_READ(task, real_parent, tgid);
	return select_number((__u64)BPF_CORE_READ(task, real_parent, group_leader, thread_pid));
}

/* Writes a record of task life; where that finds its own ring full, it may try the other. False: no
 * room, and not counted yet. */
static __always_inline bool stream_send_life(void *record, __u32 size)
{
	bool filling = bpf_ringbuf_query(&life_ring, BPF_RB_AVAIL_DATA) >= LIFE_RING_BYTES / 8;
	__u64 flags = filling ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
	return !bpf_ringbuf_output(&life_ring, record, size, flags) ||
	       !bpf_ringbuf_output(&ring, record, size, BPF_RB_NO_WAKEUP);
}

/* Fills what announces a thread: see struct event_task. */
static __always_inline void stream_describe_task(struct event_task *event)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct tty_struct *tty = BPF_CORE_READ(signal, tty);
	event->start_time_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	event->parent_tgid = stream_parent_tgid(task);
	event->uid = (__u32)bpf_get_current_uid_gid();
	event->gid = bpf_get_current_uid_gid() >> 32;
	event->tty = 0;
	if (tty) {
		/* new_encode_dev(), include/linux/kdev_t.h */
		__u32 major = BPF_CORE_READ(tty, driver, major);
		__u32 minor = BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index);
		event->tty = (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);
	}
	bpf_get_current_comm(event->comm, sizeof(event->comm));
}

/* Built where the slots will be. */
static __always_inline void stream_announce_with(struct scratch *scratch, enum stream_form form)
{
	struct {
		struct event_header header;
		struct event_task task;
	} *record = (void *)scratch->payload;
	stream_header(&record->header, scratch->id, EVENT_TASK, sizeof(*record), 0,
		      scratch->time_ns, form);
	stream_describe_task(&record->task);
	if (stream_send_life(record, sizeof(*record)))
		scratch->announced = 1;
	else
		stream_count_loss(0, LOSS_BOOKKEEPING);
}

/* A global function, so that its frame is not part of every program's. */
extern int stream_announce_preemptible(struct scratch *scratch);

/* Once per thread, before its first event; tried again while the ring is full. Not over the slots
 * of an entry that waits. */
static __always_inline void stream_announce(struct scratch *scratch, enum stream_form form)
{
	if (summing || scratch->announced || scratch->kept)
		return;
	if (form == STREAM_PREEMPTIBLE)
		stream_announce_preemptible(scratch);
	else
		stream_announce_with(scratch, form);
}

static __always_inline void *stream_head(struct scratch *scratch, __u32 head_size)
{
	return scratch->head + RECORD_HEAD_MAX - head_size;
}

/*
 * Writes the record whose head (of `head_size` bytes, header included) was built right before the
 * payload. False: it did not fit, and was not counted yet.
 */
static __always_inline bool stream_emit(struct scratch *scratch, __u32 head_size)
{
	__u32 payload = scratch->position;
	if (payload > FETCH_PAYLOAD_MAX)
		payload = FETCH_PAYLOAD_MAX;
	struct event_header *header = stream_head(scratch, head_size);
	return !bpf_ringbuf_output(&ring, header, head_size + payload,
				   stream_wake_flags(header->sequence));
}

/* --- writers that wait ----------------------------------------------------------------------- */

/* For sleepable programs: waits until the ring has room. 0: it has not. */
extern int hold_hit(struct scratch *scratch);
/* For all others of kernels that are not of the old form: slows them down. */
extern int hold_briefly(struct scratch *scratch);
/* stream_emit() for sleepable programs, after it has failed: waits for room, and tries again. */
extern int emit_held(struct scratch *scratch, __u32 head_size);

/* --- entries that wait ----------------------------------------------------------------------- */

/* All but the sequence. */
static __always_inline void kept_header(struct event_header *header, struct scratch *scratch)
{
	header->time_ns = scratch->top.time_ns;
	header->tgid = scratch->id >> 32;
	header->tid = (__u32)scratch->id;
	header->site_id = scratch->top.site_id;
	header->kind = EVENT_KEPT_ENTRY;
	header->size = sizeof(*header) + scratch->kept_size;
	header->cpu = scratch->kept_cpu;
	header->depth = scratch->depth - 1;
	header->span = scratch->top.number;
	header->unavailable = scratch->kept_unavailable;
}

/* Sends the entry that waits as a record of its own. A global function: see the spans below. */
extern int kept_send(struct scratch *scratch);
/* The same for sleepable programs that wait for room. */
extern int kept_send_held(struct scratch *scratch);

/* True: an entry did wait, and is the caller's now. Kernels of the old form have no such atomics.
 */
static __always_inline bool stream_take_kept(struct scratch *scratch)
{
	return scratch->kept && __sync_lock_test_and_set(&scratch->kept, 0);
}

/* Before anything else of this thread is sent, or the payload used. */
static __always_inline void stream_send_kept(struct scratch *scratch, enum stream_form form)
{
	if (form != STREAM_OLD && scratch->kept)
		kept_send(scratch);
}

/* --- user stacks ------------------------------------------------------------------------------ */

/* Global functions, for scratch->sp, ->regs, ->id and ->time_ns. */
extern int stack_send(struct scratch *scratch, __u32 site_id);
extern int stack_send_held(struct scratch *scratch, __u32 site_id);
extern int stack_send_old(__u32 site_id);
/* For who counts its records itself. 0: it did not fit. */
extern int stack_try_in_area(struct scratch *scratch, __u32 site_id);

/* The stack of the event that comes next, where one is wanted. `may_sleep`: the program is
 * sleepable, as all of user space's are but those of the old form. */
static __always_inline void stream_send_stack(struct scratch *scratch, struct site *site,
					      __u32 site_id, enum stream_form form,
					      const bool may_sleep)
{
	if (!stack_how || !(site->flags & SITE_STACK))
		return;
	if (form == STREAM_OLD)
		stack_send_old(site_id);
	else if (may_sleep && lossless)
		stack_send_held(scratch, site_id);
	else
		stack_send(scratch, site_id);
}

/* --- spans ----------------------------------------------------------------------------------- */

/*
 * What touches the outer spans are global functions: verified once, on their own, instead of along
 * every path through the programs. Kernels before 5.12 accept no pointers there: the old forms take
 * numbers only and find the thread themselves.
 */

/* Forgets the frames at scratch->dead_sp and below, which were left without a return being seen
 * (longjmp, an exception, a tail call): the stack grows down, so one that is alive lies above. */
extern int spans_drop_dead(struct scratch *scratch);
extern int spans_drop_dead_old(void);

/* Makes the innermost open span of this function at scratch->sp the top, and forgets those
 * inside of it. 0: there is none, the call began before tracing did. */
extern int spans_unwind_to(struct scratch *scratch, __u32 owner);
extern int spans_unwind_to_old(__u32 owner);

/* The top joins the outer spans, so that another one can take its place. 0: no memory. */
extern int spans_store_top(struct scratch *scratch);
extern int spans_store_top_old(void);

/* The top was closed: the last of the outer spans takes its place. */
extern int spans_load_top(struct scratch *scratch);
extern int spans_load_top_old(void);

static __always_inline bool stream_top_is(struct scratch *scratch, __u32 owner)
{
	return scratch->depth && scratch->top.site_id == owner && scratch->top.sp == scratch->sp;
}

/* Mostly there is nothing to forget: no call is made for that. `begins`: a call begins here, so the
 * one that had this place is over. Else it may be the one that the hit is in: many functions make
 * system calls with nothing of theirs on the stack. */
static __always_inline void stream_drop_dead_spans(struct scratch *scratch, bool begins,
						   enum stream_form form)
{
	__u64 dead = scratch->sp - !begins;
	if (!scratch->depth || (scratch->top.sp > dead && !scratch->has_stacks))
		return;
	scratch->dead_sp = dead;
	if (form == STREAM_OLD)
		spans_drop_dead_old();
	else
		spans_drop_dead(scratch);
}

static __always_inline __u32 stream_current_span(struct scratch *scratch)
{
	return scratch->depth ? scratch->top.number : 0;
}

#endif
