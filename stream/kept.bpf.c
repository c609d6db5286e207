/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/kept.bpf.c — sends the entries that have waited for their return for too long.
 *
 * An iterator over tasks, which user space runs now and then, and when tracing ends. The threads go
 * on in the meantime: an entry is copied first, and counts only when nobody has taken it since.
 * Room in the ring is reserved before that, so that an entry that was taken cannot be lost.
 */
#include "stream/stream.bpf.h"

/* Only those that began before this time. */
volatile __u64 kept_before = 0;
/* Entries for which there was no room; user space makes some, and comes back. */
volatile __u64 kept_left = 0;

struct kept_record {
	struct event_header header;
	__u8 payload[EVENT_KEPT_MAX];
};

SEC("iter/task")
int kept_flush(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	if (!task)
		return 0;
	struct scratch *scratch = bpf_task_storage_get(&task_scratches, task, NULL, 0);
	if (!scratch || !scratch->kept || scratch->top.time_ns >= kept_before)
		return 0;
	struct kept_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		kept_left++;
		return 0;
	}
	/* An atomic read: what is copied after it is not older than the number. */
	__u32 number = __sync_fetch_and_add(&scratch->kept, 0);
	kept_header(&record->header, scratch);
	__builtin_memcpy(record->payload, scratch->payload, sizeof(record->payload));
	if (!number || __sync_val_compare_and_swap(&scratch->kept, number, 0) != number) {
		bpf_ringbuf_discard(record, 0);
		return 0;
	}
	record->header.sequence = stream_sequence(STREAM_PREEMPTIBLE);
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}
