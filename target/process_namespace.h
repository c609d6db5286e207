/* SPDX-License-Identifier: Apache-2.0 */
/* target/process_namespace.h — the PID namespace that we are in. */
#ifndef UTRAIL_TARGET_PROCESS_NAMESPACE_H
#define UTRAIL_TARGET_PROCESS_NAMESPACE_H

#include <stdbool.h>

#include "common/err.h"

/* In a PID namespace beneath the first one, as in a container. Then the programs in the kernel
 * translate: all numbers that we see and show are those of our own namespace. */
bool pid_namespace_is_inner(void);
/* Fails when /proc shows another namespace than ours. */
struct err *pid_namespace_check(void) must_check;

#endif
