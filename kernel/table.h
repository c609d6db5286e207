/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/table.h — what compile_tables.py makes of the tables, and what is made of that. Private to
 * kernel/. */
#ifndef UTRAIL_KERNEL_TABLE_H
#define UTRAIL_KERNEL_TABLE_H

#include "kernel/syscalls.h"

/* By number, of this machine. */
extern const struct syscall_info syscall_table[];
extern const size_t syscall_table_count;

/* Of structs.tbl: an iovec whose bytes are not looked at. */
extern const struct type syscall_struct_remote_iovec;

/*
 * Makes what reads the arguments: the site's entry plan for the inputs, its return plan for the
 * outputs, when they are filled; and the lists of values. What `call` points at lives as long as
 * the set.
 */
struct err *syscall_arguments(struct probe_set *set, const struct syscall_info *call,
			      struct probe_site *site) must_check;

/* Compiles a condition (NULL: none) over the arguments, the result and the duration. */
struct err *syscall_condition(struct probe_set *set, const struct syscall_info *call,
			      const struct condition *condition,
			      const struct filter **ret) must_check;

#endif
