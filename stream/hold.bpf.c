/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/hold.bpf.c — --lossless: who would write into a ring that is filling waits for the reader.
 *
 * The wait is a loop inside of the probe: nothing else holds a thread without that its parent, or
 * the thread itself, could see it (a signal makes system calls fail with EINTR). It ends when there
 * is room, when tracing does, when the thread is to be killed, and when the reader gives no sign of
 * life any more, so that a target does not depend on it.
 */
#include "stream/where.bpf.h"

/* Of one hit. A sleepable program holds up RCU grace periods that every other tracer waits for when
 * it detaches, and the kernel complains after 10 seconds (rcu_task_stall_info). Writers that go on
 * then find the rest of the ring free. */
#define HOLD_NS		 2000000000ULL
#define READER_SILENT_NS 1000000000ULL
/* BPF_MAX_LOOPS, include/linux/bpf_verifier.h */
#define LOOPS_MAX (8 << 20)

/* How long a system call's program waits, which nothing may preempt: the more the ring has filled,
 * the longer. */
#define PAUSE_NS 50000ULL

const volatile bool lossless = false;
const volatile __u64 hold_bytes = 0;

/* CLOCK_MONOTONIC; the reader writes it ten times a second. */
volatile __u64 reader_ns = 0;
/* Hits that waited, and how long, all threads together. */
volatile __u64 held_hits = 0;
volatile __u64 held_ns = 0;

/* Small: see uprobe/uprobe.bpf.c for what a frame may have. */
struct hold {
	__u64 end_ns;
	__u64 mapped; /* an address of the thread where something is */
};

static __always_inline bool is_filling(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= hold_bytes;
}

static __always_inline bool reader_is_alive(__u64 now_ns)
{
	return tracing && now_ns < reader_ns + READER_SILENT_NS;
}

static __always_inline bool is_being_killed(void)
{
	return bpf_get_current_task_btf()->pending.signal.sig[0] & (1UL << (SIGKILL - 1));
}

static __always_inline bool has_room(void)
{
	return !tracing || !is_filling();
}

static long hold_step(__u32 i, void *context)
{
	struct hold *hold = context;
	__u64 nothing;
	if (has_room())
		return 1;
	__u64 now_ns = bpf_ktime_get_ns();
	if (now_ns >= hold->end_ns || !reader_is_alive(now_ns) || is_being_killed())
		return 1;
	/*
	 * Not for what it reads: where the kernel is not preempted, others get their turn in here
	 * (cond_resched() in __get_user_pages(), mm/gup.c).
	 */
	bpf_copy_from_user_task(&nothing, sizeof(nothing), (void *)hold->mapped,
				bpf_get_current_task_btf(), 0);
	return 0;
}

static __always_inline void count_hold(__u64 began_ns)
{
	__sync_fetch_and_add(&held_hits, 1);
	__sync_fetch_and_add(&held_ns, bpf_ktime_get_ns() - began_ns);
}

/* 1: there is room, as far as one can know. Inline: a call stack has eight frames. */
static __always_inline int wait_for_room(struct scratch *scratch)
{
	if (!scratch || !is_filling())
		return 1;
	__u64 began_ns = bpf_ktime_get_ns();
	if (!reader_is_alive(began_ns))
		return 0;
	struct hold hold = {.end_ns = began_ns + HOLD_NS, .mapped = scratch->sp};
	bpf_loop(LOOPS_MAX, hold_step, &hold, 0);
	count_hold(hold.end_ns - HOLD_NS);
	return !is_filling();
}

__noinline int hold_hit(struct scratch *scratch)
{
	return wait_for_room(scratch);
}

static long pause_step(__u32 i, void *context)
{
	const __u64 *end_ns = context;
	return bpf_ktime_get_ns() >= *end_ns || has_room();
}

/* For programs that nothing may preempt: a short wait, and no promise. */
__noinline int hold_briefly(struct scratch *scratch)
{
	__u64 filled = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	if (!scratch || filled < hold_bytes)
		return 0;
	__u64 began_ns = bpf_ktime_get_ns();
	if (!reader_is_alive(began_ns))
		return 0;
	__u64 end_ns = began_ns + PAUSE_NS;
	if (filled >= hold_bytes + hold_bytes / 2)
		end_ns += 3 * PAUSE_NS;
	if (filled >= hold_bytes + hold_bytes / 4 * 3)
		end_ns += 16 * PAUSE_NS;
	bpf_loop(LOOPS_MAX, pause_step, &end_ns, 0);
	count_hold(began_ns);
	return 0;
}

/* Verifiers want a constant, and these are all the heads that there are at hits. */
static __always_inline bool emit_again(struct scratch *scratch, __u32 head_size)
{
	switch (head_size) {
	case sizeof(struct event_header):
		return where_emit_again(scratch, sizeof(struct event_header));
	case sizeof(struct event_header) + sizeof(struct event_return):
		return where_emit_again(scratch,
					sizeof(struct event_header) + sizeof(struct event_return));
	case sizeof(struct event_header) + sizeof(struct event_call):
		return where_emit_again(scratch,
					sizeof(struct event_header) + sizeof(struct event_call));
	}
	return false;
}

/* The record did not fit: tries again whenever there should be room. */
__noinline int emit_held(struct scratch *scratch, __u32 head_size)
{
	if (!scratch)
		return 0;
	for (int i = 0; i < 8; i++) {
		if (!hold_hit(scratch))
			return 0;
		if (emit_again(scratch, head_size))
			return 1;
	}
	return 0;
}
