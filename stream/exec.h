/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream/exec.h — what an exec was given, for the record of the system call that did it.
 *
 * Texts of a system call that were not in memory at its entry are read again at its return. After a
 * successful execve that is too late: the address space is gone. But the kernel has told the same
 * texts in between, with the new program's start.
 */
#ifndef UTRAIL_STREAM_EXEC_H
#define UTRAIL_STREAM_EXEC_H

#include "stream/tasks.h"

/* Keeps the texts of an exec record until the system call returns. `text`: as they follow struct
 * event_exec, checked. */
struct err *exec_keep(struct task *task, const struct event_exec *exec,
		      const char *text) must_check;
/*
 * Puts them into the slots of an execve where those could not be read. The slots then point into
 * the task, until exec_forget().
 */
void exec_complete(const struct task *task, const struct probe_site *site, uint32_t string_limit,
		   struct slots *arguments);
void exec_forget(struct task *task);

#endif
