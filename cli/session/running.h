/* SPDX-License-Identifier: Apache-2.0 */
/* cli/session/running.h — system calls that have not returned when a trace ends. */
#ifndef UTRAIL_CLI_SESSION_RUNNING_H
#define UTRAIL_CLI_SESSION_RUNNING_H

#include "cli/kernel/kernel.h"
#include "cli/plan/plan.h"
#include "common/err.h"
#include "stream/stream.h"

/* They have no record: nothing is lost in silence. */
struct err *running_tell(const struct plan *plan, const struct kernel *kernel,
			 const struct process_view *view, struct stream *stream) must_check;

#endif
