/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * common/kernel.bpf.h — what the BPF sources take from the kernel.
 *
 * Only the members in use are declared: preserve_access_index makes libbpf look up their real
 * offsets in the running kernel's BTF (CO-RE), and a minimal set keeps the object small, which is
 * start-up time. Structures must carry the kernel's names.
 */
#ifndef UTRAIL_COMMON_KERNEL_BPF_H
#define UTRAIL_COMMON_KERNEL_BPF_H

#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

struct cred {
	kuid_t uid;
	kgid_t gid;
};

struct tty_driver {
	int major;
	int minor_start;
};

struct tty_struct {
	int index;
	struct tty_driver *driver;
};

struct signal_struct {
	atomic_t live;
	unsigned int flags;
	int group_exit_code;
	struct tty_struct *tty;
	struct task_struct *group_exec_task; /* 5.17 (60700e38fb68) */
};

struct signal_struct___exit {
	struct task_struct *group_exit_task; /* before */
};

struct file;

/* kernel/events/uprobes.c: the page where out-of-line copies run and return probes return to. */
struct xol_area {
	unsigned long vaddr;
};

struct userfaultfd_ctx;

/* Without CONFIG_USERFAULTFD it has no member. */
struct vm_userfaultfd_ctx {
	struct userfaultfd_ctx *ctx;
};

struct vm_area_struct {
	struct vm_userfaultfd_ctx vm_userfaultfd_ctx;
};

struct uprobes_state {
	struct xol_area *xol_area;
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	unsigned long start_stack;
	unsigned long task_size;
	struct file *exe_file;
	struct uprobes_state uprobes_state;
};

struct thread_info {
	unsigned long flags;
	unsigned long syscall_work; /* 5.11, x86 */
	__u32 status;
};

struct files_struct;
struct fs_struct;
struct pid;
struct css_set;

struct sched_entity {
	__u64 sum_exec_runtime;
};

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct sigpending {
	sigset_t signal;
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	int exit_code;
	struct sched_entity se;
	unsigned int ptrace;
	__u64 start_boottime;
	__u64 self_exec_id; /* of each exec of the process another one */
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	const struct cred *real_cred;
	const struct cred *cred;
	struct pid *thread_pid;
	struct css_set *cgroups;
	struct signal_struct *signal;
	struct sigpending pending;
	unsigned long sas_ss_sp; /* the alternate signal stack; no size: there is none */
	__kernel_size_t sas_ss_size;
	struct mm_struct *mm;
	struct files_struct *files;
	struct fs_struct *fs;
	char comm[16];
};

struct linux_binprm {
	const char *filename, *interp;
};

/* Context of the iterator over tasks; `task` is NULL once more at the end. */
struct bpf_iter__task {
	struct task_struct *task;
};

#pragma clang attribute pop

/* include/linux/sched/signal.h */
#define SIGNAL_GROUP_EXIT 0x4
#define SIGKILL		  9 /* include/uapi/asm-generic/signal.h */
/* arch/x86/include/asm/thread_info.h: a 32-bit system call is in progress */
#define TS_COMPAT 0x2
/* A seccomp filter is in force: include/linux/thread_info.h, and arm64's own asm/thread_info.h */
#define SYSCALL_WORK_SECCOMP 0x1
#define TIF_SECCOMP_ARM64    0x800

#ifdef UTRAIL_BPF_DELAYS
#include "common/delays.bpf.h"
#endif

#endif
