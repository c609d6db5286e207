/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/registers.h — where a system call's arguments and result are in struct pt_regs. Private
 * to kernel/.
 *
 * Entry and exit tracepoints both hand out the caller's registers. On x86-64 the arguments are
 * still there at the exit (the result has rax to itself). On arm64 the result overwrites x0, which
 * was the first argument; the kernel keeps a copy in orig_x0, which a fetch plan cannot name.
 */
#ifndef UTRAIL_KERNEL_REGISTERS_H
#define UTRAIL_KERNEL_REGISTERS_H

#include "kernel/syscalls.h"
#include "probe/regs.h"

#if defined(__x86_64__)
/* The fourth is r10, not rcx as in function calls: the syscall instruction takes rcx. */
static const uint8_t argument_registers[SYSCALL_ARGUMENTS_MAX] = {X86_RDI, X86_RSI, X86_RDX,
								  X86_R10, X86_R8,  X86_R9};
#define RESULT_REGISTER X86_RAX
#elif defined(__aarch64__)
static const uint8_t argument_registers[SYSCALL_ARGUMENTS_MAX] = {
	ARM64_X0, ARM64_X0 + 1, ARM64_X0 + 2, ARM64_X0 + 3, ARM64_X0 + 4, ARM64_X0 + 5};
#define RESULT_REGISTER ARM64_X0
#else
#error "utrail runs on x86-64 and arm64"
#endif

#endif
