/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/span.bpf.h — calls of functions of the kernel that have begun and not ended.
 *
 * They are kept by where they are on the kernel's stack, and not in the thread's state: an
 * interrupt's calls come in the middle of a thread's own, and in the middle of our programs. Of one
 * thread, calls that are open at the same time have different frames; but at a kprobe, where a
 * function that was left by a jump has the frame of the one it jumped to: hence the site.
 */
#ifndef UTRAIL_KERNEL_SPAN_BPF_H
#define UTRAIL_KERNEL_SPAN_BPF_H

#include "kernel/hit.bpf.h"
#include "kernel/span.h"
#include "stream/sums.bpf.h"

struct kernel_call_key {
	__u64 task, frame;
	__u32 site_id, reserved;
};

struct kernel_call {
	__u64 time_ns, id;
	__u32 filter; /* where its condition goes on, + 1; 0: nowhere */
	__u32 parent; /* `utrail stat`: the function that it is counted in */
};

/* Preallocated, as all that tracing programs write to must be on old kernels. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KERNEL_CALLS_MAX);
	__type(key, struct kernel_call_key);
	__type(value, struct kernel_call);
} kernel_calls __weak SEC(".maps");

/* As a number: the verifier of old kernels lets no address of a context be part of a key. */
static __always_inline __u64 address_of(void *ctx)
{
	void *volatile held = ctx;
	__u64 address = 0;
	read_kernel(&address, sizeof(address), (const void *)&held);
	return address;
}

static __always_inline struct kernel_call_key call_key(__u64 frame, __u32 site_id)
{
	return (struct kernel_call_key){
		.task = bpf_get_current_task(), .frame = frame, .site_id = site_id};
}

#endif
