/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/stack.bpf.c — the user stack at a hit: registers, and the bytes that unwinding needs.
 *
 * The kernel cannot unwind code without frame pointers, so what it takes is a copy: user space
 * unwinds it with the tables of the files, while the target is long past this place. Where frame
 * pointers are trusted (STACK_FRAMES), their chain is followed here, which costs less and goes
 * deeper. The record is one of its own, written before that of its event: the same thread, site
 * and time. One that does not fit is counted, and its event says so.
 */
#include "stream/stream.bpf.h"

const volatile __u32 stack_how = 0;
const volatile __u32 stack_bytes = 0;
const volatile __u32 stack_depth = 0;

/* Blocks are aligned to their size, so none crosses a page: the copy ends with the last one that
 * is there. */
#define BLOCK 1024ULL

struct stack_record {
	struct event_header header;
	struct event_stack stack;
	__u8 bytes[];
};

static __always_inline int record_submit(struct stack_record *record, struct scratch *scratch,
					 __u32 site_id, enum stream_form form)
{
	struct event_header *header = &record->header;
	__u32 sequence = stream_sequence(form);
	header->time_ns = scratch->time_ns;
	header->tgid = scratch->id >> 32;
	header->tid = (__u32)scratch->id;
	header->site_id = site_id;
	header->kind = EVENT_STACK;
	header->size = sizeof(*record) + record->stack.size;
	header->sequence = sequence;
	header->cpu = bpf_get_smp_processor_id();
	header->depth = scratch->depth;
	header->span = stream_current_span(scratch);
	header->unavailable = 0;
	record->stack.taken_ns = 0;
#pragma unroll
	for (int i = 0; i < EVENT_STACK_REGISTERS; i++)
		record->stack.registers[i] = i < REGS_USED ? scratch->regs[i] : 0;
	bpf_ringbuf_submit(record, stream_wake_flags(sequence));
	return 1;
}

/* --- a copy ---------------------------------------------------------------------------------- */

/* `bytes` of them, which fit into `room`: a constant, as the kernel demands of a reservation. */
static __always_inline int take_copy(struct scratch *scratch, __u32 site_id, __u64 bytes,
				     const __u64 room, enum stream_form form)
{
	__u32 size = 0, flags = 0;
	struct stack_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record) + room, 0);
	if (!record)
		return 0;
	__u64 from = scratch->sp & ~(BLOCK - 1);
	/* At most 61 steps, and each has its own constant number. */
#pragma clang loop unroll(disable)
	for (__u64 at = 0; at < room; at += BLOCK) {
		if (at >= bytes)
			break;
		if (bpf_probe_read_user(record->bytes + at, BLOCK, (void *)(from + at))) {
			flags = EVENT_STACK_UNREADABLE;
			break;
		}
		size += BLOCK;
	}
	record->stack.from = from;
	record->stack.top = 0;
	record->stack.size = size;
	record->stack.flags = flags;
	return record_submit(record, scratch, site_id, form);
}

/* How much there can be: the first thread's stack ends where the kernel put the arguments. */
static __always_inline __u64 bytes_to_copy(struct scratch *scratch)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 end = BPF_CORE_READ(task, mm, start_stack);
	__u64 sp = scratch->sp, bytes = stack_bytes;
	/* And a word or two of what is above. */
	if (end > sp && end - sp + 16 < bytes)
		bytes = end - sp + 16;
	return bytes + (sp & (BLOCK - 1));
}

static __always_inline int send_copy(struct scratch *scratch, __u32 site_id, enum stream_form form)
{
	__u64 bytes = bytes_to_copy(scratch);
	if (bytes <= 1 * BLOCK)
		return take_copy(scratch, site_id, bytes, 1 * BLOCK, form);
	if (bytes <= 2 * BLOCK)
		return take_copy(scratch, site_id, bytes, 2 * BLOCK, form);
	if (bytes <= 4 * BLOCK)
		return take_copy(scratch, site_id, bytes, 4 * BLOCK, form);
	if (bytes <= 9 * BLOCK)
		return take_copy(scratch, site_id, bytes, 9 * BLOCK, form);
	if (bytes <= 17 * BLOCK)
		return take_copy(scratch, site_id, bytes, 17 * BLOCK, form);
	if (bytes <= 33 * BLOCK)
		return take_copy(scratch, site_id, bytes, 33 * BLOCK, form);
	return take_copy(scratch, site_id, bytes, EVENT_STACK_BYTES_MAX, form);
}

/* --- a chain of frame pointers ---------------------------------------------------------------- */

static __always_inline int send_frames(struct scratch *scratch, __u32 site_id,
				       enum stream_form form)
{
	__u32 count = 0;
	__u64 room = EVENT_STACK_FRAMES_MAX * sizeof(struct event_frame);
	struct stack_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record) + room, 0);
	if (!record)
		return 0;
	struct event_frame *frames = (void *)record->bytes;
	__u64 at = scratch->regs[REG_FP];
	__u32 flags = EVENT_STACK_FRAMES;
	record->stack.top = 0;
	bpf_probe_read_user(&record->stack.top, sizeof(record->stack.top), (void *)scratch->sp);
	/* Bounded by the room; the number is a constant in each step. */
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < EVENT_STACK_FRAMES_MAX; i++) {
		if (i >= stack_depth)
			break;
		if (bpf_probe_read_user(&frames[i], sizeof(frames[i]), (void *)at)) {
			flags |= EVENT_STACK_UNREADABLE;
			break;
		}
		count++;
		/* The stack grows down: a caller's frame lies above. */
		if (frames[i].next <= at)
			break;
		at = frames[i].next;
	}
	record->stack.from = scratch->regs[REG_FP];
	record->stack.size = count * sizeof(struct event_frame);
	record->stack.flags = flags;
	return record_submit(record, scratch, site_id, form);
}

/* --- ways in ---------------------------------------------------------------------------------- */

/* 0: it did not fit, and was not counted yet. */
static __always_inline int send(struct scratch *scratch, __u32 site_id, enum stream_form form)
{
	return stack_how == STACK_FRAMES ? send_frames(scratch, site_id, form)
					 : send_copy(scratch, site_id, form);
}

/* One that did not fit has its number, too. */
static __always_inline int count_lost(__u32 site_id, enum stream_form form)
{
	stream_sequence(form);
	stream_count_loss(site_id, LOSS_STACK);
	return 0;
}

__noinline int stack_try(struct scratch *scratch, __u32 site_id)
{
	return scratch ? send(scratch, site_id, STREAM_PREEMPTIBLE) : 0;
}

__noinline int stack_send(struct scratch *scratch, __u32 site_id)
{
	return stack_try(scratch, site_id) ? 1 : count_lost(site_id, STREAM_PREEMPTIBLE);
}

__noinline int stack_try_in_area(struct scratch *scratch, __u32 site_id)
{
	return scratch ? send(scratch, site_id, STREAM_AREA) : 0;
}

/* For sleepable programs that wait for room. */
__noinline int stack_send_held(struct scratch *scratch, __u32 site_id)
{
	for (int i = 0; i < 8; i++) {
		if (stack_try(scratch, site_id))
			return 1;
		if (!hold_hit(scratch))
			break;
	}
	return count_lost(site_id, STREAM_PREEMPTIBLE);
}

/* Before 5.12: no pointers to global functions. */
__noinline int stack_send_old(__u32 site_id)
{
	struct scratch *scratch = stream_scratch(bpf_get_current_pid_tgid(), STREAM_OLD, false);
	if (!scratch)
		return 0;
	return send(scratch, site_id, STREAM_OLD) ? 1 : count_lost(site_id, STREAM_OLD);
}
