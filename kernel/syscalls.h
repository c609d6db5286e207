/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/syscalls.h — the system calls: numbers, names, arguments, classes, and how each argument
 * is read and shown.
 *
 * Names, numbers, argument names and C types come from a generated table (kernel/syscalls.tbl and
 * the script beside it); flags, modes and commands by name from generated constants. The kernel
 * reports a call at its entry and at its return (tracepoints raw_syscalls:sys_enter and sys_exit);
 * input strings and buffers are read at entry, output buffers at return, when they are filled.
 */
#ifndef UTRAIL_KERNEL_SYSCALLS_H
#define UTRAIL_KERNEL_SYSCALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "kernel/argument.h"
#include "probe/probe.h"
#include "symbols/type.h"
#include "target/target.h"

#define SYSCALL_ARGUMENTS_MAX 6
/* In place of a number: the site of all calls that the table does not have, shown as syscall_0xN
 * with raw words. */
#define SYSCALL_OTHERS 0xfffffffeU

struct syscall_info {
	const char *name;
	uint32_t number;
	uint32_t n_arguments;
	struct syscall_argument arguments[SYSCALL_ARGUMENTS_MAX];
	struct syscall_argument result;
	bool no_return;	  /* exit, exit_group: there is no return event */
	uint32_t classes; /* bits: enum syscall_class */
};

enum syscall_class {
	SYSCALL_FILE = 1,
	SYSCALL_NETWORK = 2,
	SYSCALL_DESC = 4,
	SYSCALL_MEMORY = 8,
	SYSCALL_PROCESS = 16,
	SYSCALL_SIGNAL = 32,
	SYSCALL_IPC = 64,
};

/* Of the machine this program was built for. NULL: no such call. */
const struct syscall_info *syscall_by_number(uint32_t number);
const struct syscall_info *syscall_by_name(const char *name);
const struct syscall_info *syscall_first(size_t *ret_count); /* the whole table, by number */
uint32_t syscall_class_by_name(const char *name);	     /* "file" -> bit, 0: no such class */
const char *syscall_narrow_name(uint32_t number);	     /* of 32-bit programs; NULL: none */
const char *errno_name(int errnum);			     /* "ENOENT", NULL when unknown */

/*
 * Adds the calls that a spec names (exact, glob, regex, class; kind SYSCALL or a bare name). Adds
 * nothing and returns NULL when none match. A call that the set already has is not added twice.
 */
struct err *syscalls_add_probes(struct probe_set *set, const struct spec *spec) must_check;

/* Who is told of the calls that are still running. The slots are those of the site's entry plan,
 * valid during the call. */
struct running_sink {
	void *context;
	struct err *(*running)(void *context, uint32_t tgid, const struct thread_call *call,
			       const struct probe_site *site, const struct slots *arguments);
};

/* Tells the calls of the set that threads of this process are in right now, as the view sees them.
 * A process that has ended has none. *ret_denied: threads that could not be looked at. */
struct err *syscalls_running(const struct probe_set *set, pid_t tgid,
			     const struct process_view *view, const struct running_sink *sink,
			     size_t *ret_denied) must_check;

#endif
