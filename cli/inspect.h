/* SPDX-License-Identifier: Apache-2.0 */
/* cli/inspect.h — the commands that attach nothing: list, explain, check. */
#ifndef UTRAIL_CLI_INSPECT_H
#define UTRAIL_CLI_INSPECT_H

#include "cli/options/options.h"
#include "common/err.h"

/* What can be probed in files or in a process: functions and USDT markers. */
struct err *inspect_list(const struct options *options) must_check;
/* What a trace with these options would attach, where, how, and what is degraded and why. */
struct err *inspect_explain(const struct options *options) must_check;
/* What works on this machine, what does not, why, and how to mend it; status 5: nothing can be
 * traced here, 3: not with these rights. */
struct err *inspect_check(int *ret_status) must_check;

#endif
