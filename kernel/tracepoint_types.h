/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/tracepoint_types.h — how a field of a tracepoint is to be shown. Private to kernel/. */
#ifndef UTRAIL_KERNEL_TRACEPOINT_TYPES_H
#define UTRAIL_KERNEL_TRACEPOINT_TYPES_H

#include "common/arena.h"
#include "common/err.h"
#include "kernel/tracepoint_format.h"
#include "symbols/type.h"

struct err *tracepoint_field_type(struct arena *arena, const struct tracepoint_field *field,
				  const struct type **ret) must_check;

#endif
