/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/calls.bpf.c — sends the entries of system calls that have not returned for long.
 *
 * An iterator over tasks, which user space runs now and then. The threads go on in the meantime,
 * and never wait: what is copied counts only when the thread has not begun to return by then
 * (EVENT_SYSCALL_RETURNING is set before anything of the scratch area is written), and is not in
 * its next call. Room is reserved before that is asked, so that the entry comes before the call's
 * own record, which that thread writes afterwards.
 */
#include "stream/stream.bpf.h"

/* Only calls that began before this time. */
volatile __u64 calls_before = 0;

struct small_entry {
	struct event_header header;
	__u8 payload[EVENT_KEPT_MAX];
};

struct large_entry {
	struct event_header header;
	__u8 payload[FETCH_PAYLOAD_MAX];
};

/* Loads are not made out of order on x86; others need an instruction for that. */
static __always_inline void load_in_order(struct scratch *scratch)
{
#if defined(__TARGET_ARCH_x86)
	barrier();
#else
	__sync_fetch_and_add(&scratch->syscall_flags, 0);
#endif
}

static __always_inline bool is_in_flight(struct scratch *scratch, __u64 began_ns)
{
	volatile __u32 *flags = &scratch->syscall_flags, *site_id = &scratch->syscall_site;
	volatile __u64 *time_ns = &scratch->syscall_time_ns;
	load_in_order(scratch);
	if (*flags & EVENT_SYSCALL_RETURNING)
		return false;
	load_in_order(scratch);
	return *site_id && *time_ns == began_ns;
}

/* True: it has been sent. */
static __always_inline bool send(struct scratch *scratch, struct event_header *header,
				 __u8 *payload, __u32 room, __u64 began_ns)
{
	__u32 size = scratch->syscall_size;
	barrier_var(size);
	if (size > room)
		size = room;
	header->time_ns = began_ns;
	header->tgid = scratch->id >> 32;
	header->tid = (__u32)scratch->id;
	header->site_id = scratch->syscall_site;
	header->kind = EVENT_SYSCALL_ENTRY;
	header->size = sizeof(*header) + size;
	header->cpu = bpf_get_smp_processor_id();
	header->depth = scratch->depth;
	header->span = stream_current_span(scratch);
	header->unavailable = scratch->syscall_unavailable;
	bpf_probe_read_kernel(payload, size, scratch->payload);
	if (!is_in_flight(scratch, began_ns)) {
		bpf_ringbuf_discard(header, 0);
		return false;
	}
	header->sequence = stream_sequence(STREAM_PREEMPTIBLE);
	bpf_ringbuf_submit(header, BPF_RB_NO_WAKEUP);
	return true;
}

/* Where there is no room, it is tried again the next time. */
SEC("iter/task")
int calls_flush(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	if (!task)
		return 0;
	struct scratch *scratch = bpf_task_storage_get(&task_scratches, task, NULL, 0);
	if (!scratch || !scratch->syscall_site)
		return 0;
	__u64 began_ns = scratch->syscall_time_ns;
	if (began_ns >= calls_before || began_ns == scratch->syscall_told_ns)
		return 0;
	/* Its end decides whether it is told at all; or nothing of it is there any more. */
	if (scratch->syscall_filter || scratch->execed || !is_in_flight(scratch, began_ns))
		return 0;
	bool sent = false;
	if (scratch->syscall_size <= EVENT_KEPT_MAX) {
		struct small_entry *entry = bpf_ringbuf_reserve(&ring, sizeof(*entry), 0);
		if (entry)
			sent = send(scratch, &entry->header, entry->payload, sizeof(entry->payload),
				    began_ns);
	} else {
		struct large_entry *entry = bpf_ringbuf_reserve(&ring, sizeof(*entry), 0);
		if (entry)
			sent = send(scratch, &entry->header, entry->payload, sizeof(entry->payload),
				    began_ns);
	}
	if (sent)
		scratch->syscall_told_ns = began_ns;
	return 0;
}
