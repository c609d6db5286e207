/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/kept_stack.bpf.h — stacks of events that are told later, or elsewhere, than where they are
 * caused (docs/decisions/0038).
 *
 * A thread that leaves its CPU, connects or submits a bio is the current one then, and its stacks
 * are to be had. Whether there will be an event is known when it is over, somewhere else. So they
 * are kept by a key, and written with the event, if that passes its condition and rate.
 */
#ifndef UTRAIL_KERNEL_KEPT_STACK_BPF_H
#define UTRAIL_KERNEL_KEPT_STACK_BPF_H

#include "kernel/stack.bpf.h"

/* What --stack-bytes takes by default, and the block that it begins in. */
#define KEPT_STACK_BYTES (9 * 1024)
#define KEPT_STACKS_MAX	 2048

struct kept_stack {
	struct kernel_stack_record kernel;
	struct {
		struct event_header header;
		struct event_stack stack;
		__u8 bytes[KEPT_STACK_BYTES];
	} user;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KEPT_STACKS_MAX);
	__type(key, __u64);
	__type(value, struct kept_stack);
} kept_stacks __weak SEC(".maps");

/* What a new one is made from: too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kept_stack);
} kept_stack_blank __weak SEC(".maps");

/* Does any site want such stacks? */
extern const volatile bool keeps_stacks;

/* Adds what the current thread has in user space. Not on kernels of the old form. */
extern int kept_stack_take_user(__u64 key);
/* Writes both for the event that comes next from this area; numbers only, as before 5.12 there is
 * nothing else. */
extern int kept_stack_write(__u32 level, __u32 site_id, __u64 key, __u64 taken_ns);

static __always_inline void kept_stack_drop(__u64 key)
{
	if (keeps_stacks)
		bpf_map_delete_elem(&kept_stacks, &key);
}

static __always_inline struct kept_stack *kept_stack_place(__u64 key)
{
	__u32 zero = 0;
	struct kept_stack *kept = bpf_map_lookup_elem(&kept_stacks, &key);
	if (kept)
		return kept;
	struct kept_stack *blank = bpf_map_lookup_elem(&kept_stack_blank, &zero);
	if (!blank || bpf_map_update_elem(&kept_stacks, &key, blank, BPF_ANY))
		return NULL;
	return bpf_map_lookup_elem(&kept_stacks, &key);
}

/* The stacks of the current thread. Where there is no room, that is counted when its event comes
 * and finds none. */
static __always_inline void kept_stack_take(void *ctx, __u64 key, __u64 now_ns,
					    enum fetch_form form)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct kept_stack *kept = keeps_stacks ? kept_stack_place(key) : NULL;
	if (!kept)
		return;
	long got = bpf_get_stack(ctx, kept->kernel.frames, sizeof(kept->kernel.frames), 0);
	__u32 more = form == FETCH_OLD ? EVENT_STACK_ALONE : EVENT_STACK_MORE;
	/* Threads of the kernel, and those that are ending, have no memory of a user's. */
	if (!BPF_CORE_READ(task, mm))
		more = 0;
	kept->kernel.stack.from = 0;
	kept->kernel.stack.top = 0;
	kept->kernel.stack.taken_ns = now_ns;
	kept->kernel.stack.size = got > 0 ? (__u32)got : 0;
	kept->kernel.stack.flags = EVENT_STACK_KERNEL | more;
	if (more == EVENT_STACK_MORE)
		kept_stack_take_user(key);
}

/* `taken_ns` 0: the event has none. */
static __always_inline void kept_stack_send(struct site *site, __u32 site_id, __u32 level,
					    __u64 key, __u64 taken_ns)
{
	if (keeps_stacks && taken_ns && (site->flags & SITE_STACK))
		kept_stack_write(level, site_id, key, taken_ns);
}

#endif
