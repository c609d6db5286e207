/* SPDX-License-Identifier: Apache-2.0 */
/* cli/process/privilege.h — with which rights we start, and with which we go on once the probes are
 * in. */
#ifndef UTRAIL_CLI_PROCESS_PRIVILEGE_H
#define UTRAIL_CLI_PROCESS_PRIVILEGE_H

#include "cli/kernel/kernel.h"
#include <stdbool.h>

#include "common/err.h"

/* Refuses to run set-user-id or set-group-id. */
struct err *privilege_check_start(void) must_check;
/* Drops every capability but those that the kernel still asks for: kernel_is_readable(),
 * kernel_late_capabilities(), and what a command may expect of its parent (`is_parent`). */
struct err *privilege_drop(const struct kernel *kernel, bool is_parent) must_check;

#endif
