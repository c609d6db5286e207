/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/call_regs.bpf.h — what registers and thread say of a system call. Included by
 * kernel/syscall.bpf.c.
 */
#ifndef UTRAIL_KERNEL_CALL_REGS_BPF_H
#define UTRAIL_KERNEL_CALL_REGS_BPF_H

#include "kernel/tally.bpf.h"
#include "probe/fetch.bpf.h"
#include "stream/stream.bpf.h"

/* struct pt_regs in arch/arm64/include/asm/ptrace.h: behind user_regs and orig_x0. */
#define ARM64_SYSCALLNO 280

/* The registers of a call, as a program has them. */
enum call_regs {
	REGS_TYPED,   /* the verifier knows what the pointer leads to */
	REGS_ADDRESS, /* it does not */
};

static __always_inline __u32 call_number(const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return (__u32)regs->orig_rax;
#else
	return *(const __u32 *)((const char *)regs + ARM64_SYSCALLNO);
#endif
}

static __always_inline __u32 call_number_at(const struct pt_regs *regs)
{
	__u32 number = ~0U;
#if defined(__TARGET_ARCH_x86)
	const void *at = (const char *)regs + __builtin_offsetof(struct pt_regs, orig_rax);
#else
	const void *at = (const char *)regs + ARM64_SYSCALLNO;
#endif
	bpf_probe_read_kernel(&number, sizeof(number), at);
	return number;
}

/* A call through the 32-bit entry. Only where calls without a site of their own are told. */
static __always_inline bool is_narrow(__u32 number)
{
	return other_calls_site && (number & EVENT_CALL_NARROW);
}

/* Its arguments are in ebx, ecx, edx, esi, edi and ebp; to where those of the others are. */
static __always_inline void move_narrow(struct scratch *scratch)
{
#if defined(__TARGET_ARCH_x86)
	scratch->regs[X86_R8] = (__u32)scratch->regs[X86_RDI];
	scratch->regs[X86_R10] = (__u32)scratch->regs[X86_RSI];
	scratch->regs[X86_R9] = (__u32)scratch->regs[X86_RBP];
	scratch->regs[X86_RDX] = (__u32)scratch->regs[X86_RDX];
	scratch->regs[X86_RSI] = (__u32)scratch->regs[X86_RCX];
	scratch->regs[X86_RDI] = (__u32)scratch->regs[X86_RBX];
#endif
}

/* What plans of system calls name, and the stack pointer: loads through a BTF pointer, which cost
 * nothing beside a copy of all registers by bpf_probe_read_kernel(), 90 ns a call. */
static __always_inline void save_arguments(struct scratch *scratch, const struct pt_regs *regs,
					   enum call_regs kind)
{
	if (kind == REGS_ADDRESS) {
		bpf_probe_read_kernel(scratch->regs, REGS_USED * sizeof(__u64), regs);
		if (is_narrow(scratch->syscall_number))
			move_narrow(scratch);
		return;
	}
#if defined(__TARGET_ARCH_x86)
	scratch->regs[X86_RDI] = regs->rdi;
	scratch->regs[X86_RSI] = regs->rsi;
	scratch->regs[X86_RDX] = regs->rdx;
	scratch->regs[X86_R10] = regs->r10;
	scratch->regs[X86_R8] = regs->r8;
	scratch->regs[X86_R9] = regs->r9;
	scratch->regs[X86_RSP] = regs->rsp;
	if (is_narrow(scratch->syscall_number)) {
		scratch->regs[X86_RBX] = regs->rbx;
		scratch->regs[X86_RCX] = regs->rcx;
		scratch->regs[X86_RBP] = regs->rbp;
		move_narrow(scratch);
	}
#else
	const struct user_pt_regs *user = (const void *)regs;
#pragma unroll
	for (int i = 0; i < 6; i++)
		scratch->regs[ARM64_X0 + i] = user->regs[i];
	scratch->regs[ARM64_SP] = user->sp;
#endif
}

/* And what unwinding begins with. The entry code has saved them all (PUSH_REGS in
 * arch/x86/entry/calling.h); those of the arguments are there. */
static __always_inline void save_frame(struct scratch *scratch, const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	scratch->regs[X86_R15] = regs->r15;
	scratch->regs[X86_R14] = regs->r14;
	scratch->regs[X86_R13] = regs->r13;
	scratch->regs[X86_R12] = regs->r12;
	scratch->regs[X86_RBP] = regs->rbp;
	scratch->regs[X86_RBX] = regs->rbx;
	scratch->regs[X86_RIP] = regs->rip;
#else
	const struct user_pt_regs *user = (const void *)regs;
#pragma unroll
	for (int i = 19; i < 31; i++)
		scratch->regs[ARM64_X0 + i] = user->regs[i];
	scratch->regs[ARM64_PC] = user->pc;
#endif
}

static __always_inline bool has_its_arguments(const struct scratch *scratch,
					      const struct pt_regs *regs)
{
	const __u64 *saved = scratch->regs;
#if defined(__TARGET_ARCH_x86)
	return regs->rdi == saved[X86_RDI] && regs->rsi == saved[X86_RSI] &&
	       regs->rdx == saved[X86_RDX] && regs->rsp == saved[X86_RSP];
#else
	/* The result is in x0 already. */
	const struct user_pt_regs *user = (const void *)regs;
	return user->regs[1] == saved[ARM64_X0 + 1] && user->regs[2] == saved[ARM64_X0 + 2] &&
	       user->regs[3] == saved[ARM64_X0 + 3] && user->sp == saved[ARM64_SP];
#endif
}

static __always_inline bool is_compat(enum fetch_form form)
{
#if defined(__TARGET_ARCH_x86)
	if (form != FETCH_OLD)
		return bpf_get_current_task_btf()->thread_info.status & TS_COMPAT;
	/* Before 5.11 there is no such helper. */
	struct task_struct *task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
#else
	return false;
#endif
}

/* Is a filter of system calls in force? */
static __always_inline bool has_seccomp(const struct task_struct *current)
{
#if defined(__TARGET_ARCH_x86)
	return bpf_core_field_exists(current->thread_info.syscall_work) &&
	       (current->thread_info.syscall_work & SYSCALL_WORK_SECCOMP);
#else
	return current->thread_info.flags & TIF_SECCOMP_ARM64;
#endif
}

#endif
