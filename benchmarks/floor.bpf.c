/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * floor.bpf.c — the least that a tracer must do in the kernel: time, thread, two numbers and a
 * string of 16 bytes, in one record of 64 bytes. No table, no state, no plan: what it reads is
 * compiled in. What a general tracer costs above this is the price of being general.
 */
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "benchmarks/floor.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 target = 0;	/* process whose system calls are traced */
const volatile bool with_texts = false; /* of system calls: a path, and what was read */
__u64 lost = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, FLOOR_RING_BYTES);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct floor_event);
} in_flight SEC(".maps");

static __always_inline struct floor_event *reserve(void)
{
	struct floor_event *event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
	if (!event)
		__sync_fetch_and_add(&lost, 1);
	return event;
}

static __always_inline void submit(struct floor_event *event)
{
	__u64 waiting = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	bool crossed =
		waiting >= FLOOR_WAKE_BYTES && waiting - sizeof(*event) - 8 < FLOOR_WAKE_BYTES;
	bpf_ringbuf_submit(event, crossed ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

static __always_inline int hit(__u64 first, __u64 second, const void *text)
{
	struct floor_event *event = reserve();
	if (!event)
		return 0;
	event->time_ns = bpf_ktime_get_ns();
	event->tid = (__u32)bpf_get_current_pid_tgid();
	event->number = 0;
	event->first = first;
	event->second = second;
	bpf_probe_read_user_str(event->text, sizeof(event->text), text);
	event->result = 0;
	event->end_ns = 0;
	submit(event);
	return 0;
}

/* f(int, const char *) */
SEC("uprobe.multi")
int floor_entry(struct pt_regs *ctx)
{
	return hit((__u32)PT_REGS_PARM1(ctx), 0, (const void *)PT_REGS_PARM2(ctx));
}

SEC("uretprobe.multi")
int floor_return(struct pt_regs *ctx)
{
	struct floor_event *event = reserve();
	if (!event)
		return 0;
	event->time_ns = 0;
	event->tid = (__u32)bpf_get_current_pid_tgid();
	event->number = 0;
	event->result = PT_REGS_RC(ctx);
	event->end_ns = bpf_ktime_get_ns();
	submit(event);
	return 0;
}

/* utrail_bench:hit(int, long, string), its operands in the argument registers */
SEC("uprobe.multi")
int floor_mark(struct pt_regs *ctx)
{
	return hit((__u32)PT_REGS_PARM1(ctx), PT_REGS_PARM2(ctx), (const void *)PT_REGS_PARM3(ctx));
}

static __always_inline bool is_target(void)
{
	return bpf_get_current_pid_tgid() >> 32 == target;
}

#define NR_READ	  0 /* arch/x86/entry/syscalls/syscall_64.tbl */
#define NR_OPENAT 257

SEC("tp_btf/sys_enter")
int BPF_PROG(floor_sys_enter, struct pt_regs *regs, long number)
{
	if (!is_target())
		return 0;
	struct floor_event *event = bpf_task_storage_get(&in_flight, bpf_get_current_task_btf(),
							 NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!event)
		return 0;
	event->number = (__u32)number;
	event->arguments[0] = PT_REGS_PARM1_SYSCALL(regs);
	event->arguments[1] = PT_REGS_PARM2_SYSCALL(regs);
	event->arguments[2] = PT_REGS_PARM3_SYSCALL(regs);
	if (with_texts && number == NR_OPENAT)
		bpf_probe_read_user_str(event->text, sizeof(event->text),
					(const void *)event->second);
	event->time_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(floor_sys_exit, struct pt_regs *regs, long result)
{
	if (!is_target())
		return 0;
	struct floor_event *entry =
		bpf_task_storage_get(&in_flight, bpf_get_current_task_btf(), NULL, 0);
	if (!entry)
		return 0;
	struct floor_event *event = reserve();
	if (!event)
		return 0;
	*event = *entry;
	if (with_texts && entry->number == NR_READ)
		bpf_probe_read_user_str(event->text, sizeof(event->text),
					(const void *)event->second);
	event->tid = (__u32)bpf_get_current_pid_tgid();
	event->result = (__u64)result;
	event->end_ns = bpf_ktime_get_ns();
	submit(event);
	return 0;
}
