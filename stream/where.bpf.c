/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/where.bpf.c — --where: what a thread does while it is not running.
 *
 * From the moment in which it leaves the CPU by itself until it is woken it is blocked, from then
 * on (and when it was preempted) it waits for a CPU. Loaded only when asked for: the programs run
 * at every switch of the machine.
 */
#include "stream/where.bpf.h"

const volatile bool tell_where = false;
/* Also of threads in which nothing is open. */
const volatile bool tell_all_blocked = false;
const volatile __s32 futex_number = -1;
/* Bits, by number: calls whose first argument is a descriptor. */
#define FD_CALLS_WORDS 16
const volatile __u64 fd_calls[FD_CALLS_WORDS] = {0};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct___state {
	unsigned int __state; /* from 5.14 on */
};
struct task_struct___old_state {
	long state;
};
struct inode___where {
	unsigned short i_mode;
};
struct file___where {
	struct inode___where *f_inode;
};
struct fdtable___where {
	unsigned int max_fds;
	struct file___where **fd;
};
struct files_struct___where {
	struct fdtable___where *fdt;
};
struct task_struct___where {
	unsigned int in_iowait : 1;
	struct files_struct___where *files;
	void *stack;
};
struct pt_regs___arm64 {
	int syscallno;
};
#pragma clang attribute pop

/* __TASK_STOPPED | __TASK_TRACED, include/linux/sched.h */
#define TASK_IS_STOPPED 0xc

/* 0 is TASK_RUNNING, include/linux/sched.h: it has yielded. */
static __always_inline __u64 state_of(struct task_struct *task)
{
	struct task_struct___state *now = (void *)task;
	struct task_struct___old_state *old = (void *)task;
	if (bpf_core_field_exists(now->__state))
		return BPF_CORE_READ(now, __state);
	return (__u64)BPF_CORE_READ(old, state);
}

/* Those that have none were not seen yet, or are not traced. */
static __always_inline struct scratch *scratch_of(struct task_struct *task, enum stream_form form)
{
	__u32 tid = task->pid;
	if (form == STREAM_OLD)
		return bpf_map_lookup_elem(&thread_scratches, &tid);
	return bpf_task_storage_get(&task_scratches, task, NULL, 0);
}

/* --- what it is blocked in ---------------------------------------------------------------------
 */

/* What the thread had in user space. Where there is no helper (before 5.15), at the end of its
 * stack, which has four pages there (arch/x86/include/asm/page_64_types.h). */
#define OLD_STACK_BYTES 16384
static __always_inline struct pt_regs *regs_of(struct task_struct *task, enum stream_form form)
{
	if (form != STREAM_OLD)
		return (void *)bpf_task_pt_regs(task);
	struct task_struct___where *where = (void *)task;
	return BPF_CORE_READ(where, stack) + OLD_STACK_BYTES - bpf_core_type_size(struct pt_regs);
}

/* Number of the system call that the thread is in, and its first argument. Exceptions and
 * interrupts leave a -1 (arch/x86/entry/entry_64.S), as a return to user space does on arm64. */
static __always_inline __s32 call_of(struct task_struct *task, __u64 *first, enum stream_form form)
{
	struct pt_regs *regs = regs_of(task, form);
	__u64 number = 0;
#if defined(__TARGET_ARCH_x86)
	bpf_probe_read_kernel(&number, sizeof(number), &regs->orig_rax);
	bpf_probe_read_kernel(first, sizeof(*first), &regs->rdi);
	return (__s32)number;
#else
	struct pt_regs___arm64 *arm = (void *)regs;
	bpf_probe_read_kernel(first, sizeof(*first), regs);
	return BPF_CORE_READ(arm, syscallno);
#endif
}

static __always_inline bool is_fd_call(__u32 number)
{
	__u32 word = number / 64;
	barrier_var(word);
	return word < FD_CALLS_WORDS && (fd_calls[word] >> (number % 64) & 1);
}

/* File types of a mode, include/uapi/linux/stat.h. */
static __always_inline enum blocked_on blocked_on_mode(__u32 mode)
{
	switch (mode >> 12) {
	case 014:
		return BLOCKED_ON_SOCKET;
	case 01:
		return BLOCKED_ON_PIPE;
	case 010:
	case 04:
		return BLOCKED_ON_FILE;
	case 02:
	case 06:
		return BLOCKED_ON_DEVICE;
	}
	return BLOCKED_ON_UNKNOWN;
}

static __always_inline enum blocked_on blocked_on_fd(struct task_struct *task, __u32 fd)
{
	struct task_struct___where *where = (void *)task;
	struct fdtable___where *table = BPF_CORE_READ(where, files, fdt);
	struct file___where **files, *file = NULL;
	if (!table || fd >= BPF_CORE_READ(table, max_fds))
		return BLOCKED_ON_UNKNOWN;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file ? blocked_on_mode(BPF_CORE_READ(file, f_inode, i_mode)) : BLOCKED_ON_UNKNOWN;
}

static __always_inline void find_reason(struct event_blocked *off, struct task_struct *task,
					__u64 state, enum stream_form form)
{
	struct task_struct___where *where = (void *)task;
	__u64 first = 0;
	off->syscall = call_of(task, &first, form);
	off->lock = off->syscall == futex_number ? first : 0;
	if (state & TASK_IS_STOPPED)
		off->on = BLOCKED_ON_STOP;
	else if (BPF_CORE_READ_BITFIELD_PROBED(where, in_iowait))
		off->on = BLOCKED_ON_DISK;
	else if (off->syscall >= 0 && is_fd_call(off->syscall))
		off->on = blocked_on_fd(task, (__u32)first);
	else
		off->on = BLOCKED_ON_UNKNOWN;
}

/* --- off the CPU, and back -------------------------------------------------------------------- */

static __always_inline void leave(struct scratch *scratch, struct task_struct *task, bool preempt,
				  enum stream_form form)
{
	__u64 state = preempt ? 0 : state_of(task);
	scratch->woken_ns = 0;
	scratch->off_blocked = state != 0;
	scratch->off.from_ns = 0;
	scratch->off_ns = bpf_ktime_get_boot_ns();
	if (!where_is_told() || !state)
		return;
	if (!tell_all_blocked && !scratch->depth && !scratch->syscall_site)
		return;
	scratch->off.from_ns = scratch->off_ns;
	scratch->off.syscall_ns = scratch->syscall_site ? scratch->syscall_time_ns : 0;
	find_reason(&scratch->off, task, state, form);
}

static __always_inline void tell_blocked(struct scratch *scratch, __u64 now_ns, __u64 woken_ns,
					 enum stream_form form)
{
	struct {
		struct event_header header;
		struct event_blocked blocked;
	} record;
	if (!tracing)
		return;
	/* Any program may be interrupted by this one. */
	stream_header(&record.header, scratch->id, EVENT_BLOCKED, sizeof(record), 0, now_ns,
		      stream_interruptible(form));
	record.blocked = scratch->off;
	record.blocked.woken_ns = woken_ns;
	if (bpf_ringbuf_output(&ring, &record, sizeof(record),
			       stream_wake_flags(record.header.sequence)))
		stream_count_loss(0, LOSS_BOOKKEEPING);
}

static __always_inline void come_back(struct scratch *scratch, enum stream_form form)
{
	__u64 off = scratch->off_ns, now = bpf_ktime_get_boot_ns();
	__u64 woken = scratch->woken_ns;
	if (!off)
		return;
	/* Not seen to be woken: it was blocked all the time. */
	if (!woken)
		woken = scratch->off_blocked ? now : off;
	scratch->blocked_ns += woken - off;
	scratch->waited_ns += now - woken;
	scratch->off_ns = 0;
	if (where_is_told() && scratch->off.from_ns)
		tell_blocked(scratch, now, woken, form);
}

static __always_inline int on_switch(bool preempt, struct task_struct *prev,
				     struct task_struct *next, enum stream_form form)
{
	struct scratch *scratch = scratch_of(prev, form);
	if (scratch)
		leave(scratch, prev, preempt, form);
	scratch = scratch_of(next, form);
	if (scratch)
		come_back(scratch, form);
	return 0;
}

/* It is not switched to before this. */
static __always_inline int on_wakeup(struct task_struct *task, enum stream_form form)
{
	struct scratch *scratch = scratch_of(task, form);
	if (scratch && scratch->off_ns && scratch->off_blocked && !scratch->woken_ns)
		scratch->woken_ns = bpf_ktime_get_boot_ns();
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(where_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return on_switch(preempt, prev, next, STREAM_ATOMIC);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(where_wakeup, struct task_struct *task)
{
	return on_wakeup(task, STREAM_ATOMIC);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(old_where_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return on_switch(preempt, prev, next, STREAM_OLD);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(old_where_wakeup, struct task_struct *task)
{
	return on_wakeup(task, STREAM_OLD);
}
