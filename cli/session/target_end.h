/* SPDX-License-Identifier: Apache-2.0 */
/* cli/session/target_end.h — which of the named processes are still there. */
#ifndef UTRAIL_CLI_SESSION_TARGET_END_H
#define UTRAIL_CLI_SESSION_TARGET_END_H

#include <stddef.h>

#include "cli/plan/plan.h"

/* How many have not ended. Of several, each end is told (unless `quiet`): the rest may take long.
 * *n_ended of the plan's processes are known to have ended, and are its last ones. */
size_t target_left(struct plan *plan, size_t *n_ended, int quiet);

#endif
