/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/running.h"

#include "cli/report.h"
#include "common/now.h"
#include "kernel/syscalls.h"

static struct err *on_running(void *context, uint32_t tgid, const struct thread_call *call,
			      const struct probe_site *site, const struct slots *arguments)
{
	const struct stream_thread thread = {
		.tgid = tgid, .tid = (uint32_t)call->tid, .comm = call->comm};
	return stream_running(context, &thread, now_ns(CLOCK_BOOTTIME), site, arguments);
}

struct err *running_tell(const struct plan *plan, const struct kernel *kernel,
			 const struct process_view *view, struct stream *stream)
{
	const struct running_sink sink = {.context = stream, .running = on_running};
	struct err *e = NULL;
	size_t unseen = 0, denied;
	for (pid_t pid = kernel_next_target(kernel, 0); !e && pid;
	     pid = kernel_next_target(kernel, pid)) {
		denied = 0;
		e = syscalls_running(&plan->set, pid, view, &sink, &denied);
		unseen += denied;
	}
	if (unseen)
		report_unseen_threads(unseen);
	return e;
}
