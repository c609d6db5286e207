/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kernel/view.bpf.c — what all views have in common, once. */
#include "kernel/view.bpf.h"

const volatile __u32 view_sites[VIEW_NUMBERS] = {};
