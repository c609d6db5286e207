/* SPDX-License-Identifier: Apache-2.0 */
/* cli/running.h — system calls that have not returned when a trace ends. */
#ifndef UTRAIL_CLI_RUNNING_H
#define UTRAIL_CLI_RUNNING_H

#include "cli/kernel.h"
#include "common/err.h"
#include "probe/probe.h"
#include "stream/stream.h"
#include "target/target.h"

/* They have no record: nothing is lost in silence. Gives those of all traced processes to the
 * stream. */
struct err *running_tell(const struct probe_set *set, const struct kernel *kernel,
			 const struct process_view *view, struct stream *stream) must_check;

#endif
