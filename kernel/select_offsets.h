/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/select_offsets.h — what kernel/select.bpf.c needs to know of the running kernel. */
#ifndef UTRAIL_KERNEL_SELECT_OFFSETS_H
#define UTRAIL_KERNEL_SELECT_OFFSETS_H

#include "common/err.h"
#include "kernel/select.h"

/* Only where processes are chosen, or numbered by an inner PID namespace: takes milliseconds. */
struct err *select_offsets_find(struct select_offsets *ret) must_check;

#endif
