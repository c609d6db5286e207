/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/trap.h — what the kernel puts in the place of a probed instruction. */
#ifndef UTRAIL_UPROBE_TRAP_H
#define UTRAIL_UPROBE_TRAP_H

/* Bytes of it that differ from any instruction which may be probed: int3, or brk. */
#if defined(__aarch64__)
#define TRAP_BYTES 4
#else
#define TRAP_BYTES 1
#endif

#endif
