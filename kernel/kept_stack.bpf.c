/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kernel/kept_stack.bpf.c — stacks that are kept for an event to come: the work, once. */
#include "kernel/kept_stack.bpf.h"

const volatile bool keeps_stacks = false;

/* Blocks are aligned to their size, so none crosses a page: see stream/stack.bpf.c. */
#define BLOCK 1024ULL

/* --- the user's ------------------------------------------------------------------------------- */

static __always_inline void copy_bytes(struct kept_stack *kept, __u64 sp)
{
	__u64 from = sp & ~(BLOCK - 1), bytes = stack_bytes + (sp & (BLOCK - 1));
	__u32 size = 0, flags = 0;
	/* Nine steps, and each has its own constant number. */
#pragma clang loop unroll(disable)
	for (__u64 at = 0; at < KEPT_STACK_BYTES; at += BLOCK) {
		if (at >= bytes)
			break;
		if (bpf_probe_read_user(kept->user.bytes + at, BLOCK, (void *)(from + at))) {
			flags = EVENT_STACK_UNREADABLE;
			break;
		}
		size += BLOCK;
	}
	kept->user.stack.from = from;
	kept->user.stack.top = 0;
	kept->user.stack.size = size;
	kept->user.stack.flags = flags;
}

static __always_inline void follow_frames(struct kept_stack *kept, __u64 sp, __u64 at)
{
	struct event_frame *frames = (void *)kept->user.bytes;
	__u32 count = 0, flags = EVENT_STACK_FRAMES;
	kept->user.stack.top = 0;
	bpf_probe_read_user(&kept->user.stack.top, sizeof(kept->user.stack.top), (void *)sp);
	kept->user.stack.from = at;
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
	kept->user.stack.size = count * sizeof(struct event_frame);
	kept->user.stack.flags = flags;
}
_Static_assert(EVENT_STACK_FRAMES_MAX * sizeof(struct event_frame) <= KEPT_STACK_BYTES, "fits");

__noinline int kept_stack_take_user(__u64 key)
{
	struct kept_stack *kept = bpf_map_lookup_elem(&kept_stacks, &key);
	if (!kept)
		return 0;
	__u64 *registers = kept->user.stack.registers;
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	read_kernel(registers, REGS_USED * sizeof(__u64), regs);
	if (stack_how == STACK_FRAMES)
		follow_frames(kept, registers[REG_SP], registers[REG_FP]);
	else
		copy_bytes(kept, registers[REG_SP]);
	return 0;
}

/* --- out -------------------------------------------------------------------------------------- */

static __always_inline bool write_kernel(struct kernel_area *area, struct kept_stack *kept,
					 __u32 site_id)
{
	const __u32 head = sizeof(struct event_header) + sizeof(struct event_stack);
	__u32 size = kept->kernel.stack.size;
	if (size > sizeof(kept->kernel.frames))
		size = sizeof(kept->kernel.frames);
	fill_header(area, &kept->kernel.header, EVENT_STACK, head + size, site_id);
	return !bpf_ringbuf_output(&ring, &kept->kernel, head + size,
				   stream_wake_flags(kept->kernel.header.sequence));
}

static __always_inline bool write_user(struct kernel_area *area, struct kept_stack *kept,
				       __u32 site_id)
{
	const __u32 head = sizeof(struct event_header) + sizeof(struct event_stack);
	__u32 size = kept->user.stack.size;
	if (size > sizeof(kept->user.bytes))
		size = sizeof(kept->user.bytes);
	fill_header(area, &kept->user.header, EVENT_STACK, head + size, site_id);
	kept->user.stack.taken_ns = kept->kernel.stack.taken_ns;
	return !bpf_ringbuf_output(&ring, &kept->user, head + size,
				   stream_wake_flags(kept->user.header.sequence));
}

__noinline int kept_stack_write(__u32 level, __u32 site_id, __u64 key, __u64 taken_ns)
{
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	struct kept_stack *kept = bpf_map_lookup_elem(&kept_stacks, &key);
	if (!area)
		return 0;
	/* One of another time is that of something else, whose address was the same. */
	bool there = kept && kept->kernel.stack.taken_ns == taken_ns;
	if (!there)
		area->attempts++;
	bool sent = there && write_kernel(area, kept, site_id);
	if (sent && (kept->kernel.stack.flags & EVENT_STACK_MORE))
		sent = write_user(area, kept, site_id);
	if (!sent)
		stream_count_loss(site_id, LOSS_STACK);
	return 0;
}
