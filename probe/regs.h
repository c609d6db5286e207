/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/regs.h — numbers of the registers a fetch plan can name: the 64-bit words of the kernel's
 * struct pt_regs, in its order (arch/x86/include/asm/ptrace.h, arch/arm64/include/asm/ptrace.h).
 */
#ifndef UTRAIL_PROBE_REGS_H
#define UTRAIL_PROBE_REGS_H

enum regs_x86_64 {
	X86_R15,
	X86_R14,
	X86_R13,
	X86_R12,
	X86_RBP,
	X86_RBX,
	X86_R11,
	X86_R10,
	X86_R9,
	X86_R8,
	X86_RAX,
	X86_RCX,
	X86_RDX,
	X86_RSI,
	X86_RDI,
	X86_ORIG_RAX,
	X86_RIP,
	X86_CS,
	X86_EFLAGS,
	X86_RSP,
	X86_SS,
	X86_REGS
};

enum regs_aarch64 {
	ARM64_X0 = 0, /* x0 to x30 follow each other */
	ARM64_FP = 29,
	ARM64_LR = 30,
	ARM64_SP = 31,
	ARM64_PC = 32,
	ARM64_PSTATE = 33,
	ARM64_REGS
};

#define REGS_MAX 64 /* a power of two above both, so that BPF can mask the index */

/*
 * Behind the registers: words that a call's entry keeps for its return (FETCH_KEEP), where its
 * arguments are gone.
 */
#define X86_KEPT   24
#define ARM64_KEPT 56
#define REGS_KEPT  6

#endif
