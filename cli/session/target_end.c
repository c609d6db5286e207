/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/target_end.h"

#include <poll.h>

#include "cli/report.h"

static bool has_ended(const struct process *process)
{
	struct pollfd fd = {.fd = process_pidfd(process), .events = POLLIN};
	return fd.fd < 0 ? !process_is_alive(process) : poll(&fd, 1, 0) != 0;
}

size_t target_left(struct plan *plan, size_t *n_ended, int quiet)
{
	size_t left = plan->processes.count - *n_ended;
	for (size_t i = 0; i < left; i++) {
		struct process *process = plan->processes.items[i];
		if (!has_ended(process))
			continue;
		if (left > 1 && !quiet)
			report_ended(process);
		/* Those that are left are first. */
		plan->processes.items[i--] = plan->processes.items[--left];
		plan->processes.items[left] = process;
		++*n_ended;
	}
	return left;
}
