/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/process/attacher.h — the small process that keeps rights when the collector has dropped its
 * own.
 *
 * The collector reads what hostile programs wrote for as long as the trace lasts, so it has no
 * capabilities then. A few things that still need them are done for it by a child that was forked
 * before anything of a target was read, has CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH and
 * CAP_CHECKPOINT_RESTORE alone, and parses nothing but requests of fixed width. It answers facts
 * about processes, and opens files that they run; it writes nothing, anywhere. On kernels before
 * uprobe_multi (6.6), when files that come later are to be probed, it keeps CAP_SYS_ADMIN, too, and
 * makes the perf events for programs that the collector has loaded. It ends with the collector,
 * however that ends.
 */
#ifndef UTRAIL_CLI_PROCESS_ATTACHER_H
#define UTRAIL_CLI_PROCESS_ATTACHER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "target/target.h"
#include "uprobe/perf_probe.h"

struct attacher;

/* NULL in *ret, and no process, when we have no capability at all: then the collector sees as much
 * as the child would. Call it early: what it forks is what we are now. */
struct err *attacher_start(struct attacher **ret) must_check;
void attacher_close(struct attacher *attacher); /* NULL is fine */
/* It ends, in its own time, which is a millisecond; attacher_close() takes its last word. NULL is
 * fine. */
void attacher_dismiss(struct attacher *attacher);

/* Looks at processes with the attacher's eyes; our own for NULL. Lives as long as the attacher.
 * What it opens it has found among the process's mappings itself: no other file can be had from it.
 */
struct process_view attacher_view(struct attacher *attacher);
/* Probes will be added, through attacher_perf_probe(), or they will not: then what only that takes
 * is dropped. Once, when the first are in. NULL is fine. */
struct err *attacher_settle(struct attacher *attacher, bool probing) must_check;
/* As perf_probe_open(); `opener` is a struct attacher. */
int attacher_perf_probe(void *opener, const struct perf_probe *probe, int *ret_event,
			int *ret_link);

#endif
