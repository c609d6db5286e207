/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/stack.bpf.h — the stacks at a probe in the kernel: that of the kernel, which it unwinds
 * itself, and behind it what the thread has in user space.
 */
#ifndef UTRAIL_KERNEL_STACK_BPF_H
#define UTRAIL_KERNEL_STACK_BPF_H

#include "kernel/hit.bpf.h"

/* As many as the kernel finds: PERF_MAX_STACK_DEPTH. */
#define KERNEL_FRAMES_MAX 127

struct kernel_stack_record {
	struct event_header header;
	struct event_stack stack;
	__u64 frames[KERNEL_FRAMES_MAX];
};

static __always_inline bool send_kernel_stack(void *ctx, struct kernel_area *area, __u32 site_id,
					      __u32 flags)
{
	struct kernel_stack_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		area->attempts++;
		return false;
	}
	long got = bpf_get_stack(ctx, record->frames, sizeof(record->frames), 0);
	__u32 size = got > 0 ? (__u32)got : 0;
	fill_header(area, &record->header, EVENT_STACK,
		    sizeof(*record) - sizeof(record->frames) + size, site_id);
	record->stack.from = 0;
	record->stack.top = 0;
	record->stack.taken_ns = 0;
	record->stack.size = size;
	record->stack.flags = EVENT_STACK_KERNEL | flags;
	bpf_ringbuf_submit(record, stream_wake_flags(record->header.sequence));
	return true;
}

/* Where it came from into the kernel, also when it was interrupted there. Takes the place of the
 * registers that a plan reads. */
static __always_inline bool send_user_stack(struct kernel_area *area, __u32 site_id)
{
	struct scratch *scratch = &area->scratch;
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	read_kernel(scratch->regs, REGS_USED * sizeof(__u64), regs);
	scratch->sp = scratch->regs[REG_SP];
	area->attempts++;
	return stack_try_in_area(scratch, site_id);
}

/* The stacks of the event that comes next, where they are wanted; after its plan has run. */
static __always_inline void send_stacks(void *ctx, struct kernel_area *area, struct site *site,
					__u32 site_id, enum fetch_form form)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	if (!stack_how || !(site->flags & SITE_STACK))
		return;
	/* Threads of the kernel, and those that are ending, have no memory of a user's. */
	bool has_user = BPF_CORE_READ(task, mm);
	__u32 more = form == FETCH_OLD ? EVENT_STACK_ALONE : EVENT_STACK_MORE;
	bool sent = send_kernel_stack(ctx, area, site_id, has_user ? more : 0);
	/* The helper that it takes is from 5.15. */
	if (form != FETCH_OLD && sent && has_user)
		sent = send_user_stack(area, site_id);
	if (!sent)
		stream_count_loss(site_id, LOSS_STACK);
}

#endif
