/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/blocked.bpf.h — in what a thread is blocked, seen where it leaves its CPU: for --where
 * (stream/where.bpf.c) and for `sched` (kernel/sched.bpf.c).
 */
#ifndef UTRAIL_STREAM_BLOCKED_BPF_H
#define UTRAIL_STREAM_BLOCKED_BPF_H

#include "stream/stream.bpf.h"

extern const volatile __s32 futex_number;
/* Bits, by number: calls whose first argument is a descriptor. */
#define FD_CALLS_WORDS 16
extern const volatile __u64 fd_calls[FD_CALLS_WORDS];

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

#endif
