/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/process/closer.h — closing what takes the kernel long, without waiting for it.
 *
 * To close an event of perf or its link, the kernel waits until no CPU can be in the program any
 * more: some 30 ms each, one after the other under one lock. Nothing depends on that having
 * happened when utrail ends: the programs are switched off, and the target's memory is not changed.
 * (Of probes on user space it is: see holder.h.)
 */
#ifndef UTRAIL_CLI_PROCESS_CLOSER_H
#define UTRAIL_CLI_PROCESS_CLOSER_H

#include <stddef.h>

/* Closes them here, and in a child that has nothing else, lives as long as that takes, and is
 * nobody's to wait for. They are closed at once where there can be no child. */
void close_later(const int *fds, size_t count);

#endif
