/* SPDX-License-Identifier: Apache-2.0 */
/* cli/session/session.h — one run of tracing: plan, load, attach, deliver, detach, sum up. */
#ifndef UTRAIL_CLI_SESSION_SESSION_H
#define UTRAIL_CLI_SESSION_SESSION_H

#include "cli/options/options.h"
#include "common/err.h"

/*
 * Traces until the target ends, a limit is reached, or a signal says stop. *ret_status is what the
 * program is to end with: an exit status, or a negative signal number that it is to die of, as the
 * command did.
 */
struct err *session_run(const struct options *options, int *ret_status) must_check;

#endif
