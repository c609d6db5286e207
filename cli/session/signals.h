/* SPDX-License-Identifier: Apache-2.0 */
/* cli/session/signals.h — the signals that end a trace, or tell that its command has ended. */
#ifndef UTRAIL_CLI_SESSION_SIGNALS_H
#define UTRAIL_CLI_SESSION_SIGNALS_H

#include <signal.h>

#include "common/err.h"

/* Signals become readable: nothing is interrupted half-way. SIGPIPE is an error of write().
 * *ret_old is what blocked signals are to be again, but for SIGIO. */
struct err *signals_catch(sigset_t *ret_old, int *ret_fd) must_check;

#endif
