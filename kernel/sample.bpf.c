/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/sample.bpf.c — `cpu:HZ`: who is on a CPU, looked at so many times a second.
 *
 * A clock of each CPU runs this in an interrupt, in the middle of anything, our own programs among
 * it. So the thread's state is only read, and the record is built in an area of the CPU, which no
 * second interrupt of that clock can need meanwhile.
 */
#include "stream/stream.bpf.h"
#include "stream/sums.bpf.h"

#include <linux/bpf_perf_event.h>

/* The site of all samples. */
const volatile __u32 sample_site = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} sample_areas SEC(".maps");

/* Threads whose name is in the stream already, and when they began: a number comes again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, __u64);
} sampled_threads SEC(".maps");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct___flags {
	unsigned int flags;
};
#pragma clang attribute pop

#define PF_EXITING 0x4 /* include/linux/sched.h */

/* Its end may be in the stream already, and nothing comes after that. */
static __always_inline bool is_exiting(void)
{
	struct task_struct___flags *task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, flags) & PF_EXITING;
}

/* In which functions it is, as far as it has been seen to enter any. */
static __always_inline void look_at_thread(struct scratch *area)
{
	struct scratch *thread = stream_scratch(area->id, STREAM_PREEMPTIBLE, false);
	area->depth = thread ? thread->depth : 0;
	area->top.number = area->depth ? thread->top.number : 0;
	area->top.site_id = area->depth ? thread->top.site_id : 0;
	area->announced = thread ? thread->announced : 0;
}

static __always_inline void announce(struct scratch *area)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 began_ns = BPF_CORE_READ(task, start_boottime);
	__u32 tid = (__u32)area->id;
	__u64 *known = bpf_map_lookup_elem(&sampled_threads, &tid);
	if (area->announced || (known && *known == began_ns))
		return;
	stream_announce_preemptible(area);
	if (area->announced)
		bpf_map_update_elem(&sampled_threads, &tid, &began_ns, BPF_ANY);
}

/* What it had in user space: where it was interrupted, or where it came from into the kernel. */
static __always_inline void read_registers(struct scratch *area)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(bpf_get_current_task_btf());
	bpf_probe_read_kernel(area->regs, REGS_USED * sizeof(__u64), regs);
	area->sp = area->regs[REG_SP];
}

static __always_inline void tell(struct scratch *area)
{
	struct event_header *header = stream_head(area, sizeof(*header));
	announce(area);
	if (stack_how) {
		read_registers(area);
		stack_send(area, sample_site);
	}
	area->position = 0;
	stream_header(header, area->id, EVENT_INSTANT, sizeof(*header), sample_site, area->time_ns,
		      STREAM_PREEMPTIBLE);
	header->depth = area->depth;
	header->span = stream_current_span(area);
	if (!stream_emit(area, sizeof(*header)))
		stream_count_loss(sample_site, LOSS_RING_FULL);
}

SEC("perf_event")
int sample_hit(struct bpf_perf_event_data *ctx)
{
	__u64 id = stream_current_id();
	__u32 zero = 0;
	struct scratch *area = bpf_map_lookup_elem(&sample_areas, &zero);
	if (!area || !stream_wants_process(id >> 32) || stream_awaits_exec(id >> 32) ||
	    is_exiting())
		return 0;
	area->id = id;
	area->time_ns = bpf_ktime_get_boot_ns();
	look_at_thread(area);
	if (summing)
		sum_add_begun(area, sample_site);
	else
		tell(area);
	return 0;
}
