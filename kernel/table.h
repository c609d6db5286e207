/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/table.h — what compile_tables.py makes of the tables. Private to kernel/. */
#ifndef UTRAIL_KERNEL_TABLE_H
#define UTRAIL_KERNEL_TABLE_H

#include "kernel/syscalls.h"

/* By number, of this machine. */
extern const struct syscall_info syscall_table[];
extern const size_t syscall_table_count;

/* The type of kill's `sig`: its enumerators are the signals. */
extern const struct type syscall_type_enum_signals_4_int;

#endif
