/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/sums.c — the part of the BPF object that adds hits up: stream/sums.bpf.h. */
#include <bpf/libbpf.h>

#include "cli/kernel/parts.h"
#include "kernel/syscalls.h"
#include "target/process_namespace.h"
#include "tracer.skel.h"

/* Calls that wait for what the descriptor in their first argument stands for. */
static const char *const fd_call_names[] = {
	"read",	  "write",    "readv",	  "writev",   "pread64",   "pwrite64",
	"preadv", "pwritev",  "preadv2",  "pwritev2", "sendfile",  "splice",
	"tee",	  "vmsplice", "ioctl",	  "fsync",    "fdatasync", "getdents64",
	"accept", "accept4",  "connect",  "recvfrom", "recvmsg",   "recvmmsg",
	"sendto", "sendmsg",  "sendmmsg", "fcntl",    "flock",
};

/* What a thread was blocked in is told: stream/where.bpf.c. */
void sum_set_blocked_constants(const struct kernel *kernel, struct tracer *skel)
{
	const struct syscall_info *futex = syscall_by_name("futex");
	skel->rodata->futex_number = futex ? (int)futex->number : -1;
	/* A span between two probes is of threads in which nothing else is open. */
	skel->rodata->tell_all_blocked = kernel->plan->pair_sites.count != 0;
	for (size_t i = 0; i < array_size(fd_call_names); i++) {
		const struct syscall_info *info = syscall_by_name(fd_call_names[i]);
		if (info && info->number / 64 < array_size(skel->rodata->fd_calls))
			skel->rodata->fd_calls[info->number / 64] |= 1ULL << (info->number % 64);
	}
}

void sum_set_constants(const struct kernel *kernel, struct tracer *skel)
{
	skel->rodata->summing = kernel->options.sum_rows != 0;
	skel->rodata->tell_where = kernel->options.where;
	if (kernel->options.where && !kernel->options.sum_rows)
		sum_set_blocked_constants(kernel, skel);
}

void sum_select_programs(const struct kernel *kernel, struct tracer *skel)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	if (!kernel->options.where)
		return;
	bpf_program__set_autoload(old ? skel->progs.old_where_switch : skel->progs.where_switch,
				  true);
	bpf_program__set_autoload(old ? skel->progs.old_where_wakeup : skel->progs.where_wakeup,
				  true);
}

/*
 * Neither made nor referred to, unless it is asked for. Those of old kernels are always made, of
 * the smallest size: their verifiers look at references in code that is never reached, too.
 */
void sum_size_maps(const struct kernel *kernel, struct tracer *skel)
{
	uint32_t rows = kernel->options.sum_rows;
	bool old = kernel->form == UPROBE_FORM_OLD;
	if (rows)
		bpf_map__set_max_entries(skel->maps.sum_rows, rows);
	if (!rows)
		bpf_map__set_max_entries(skel->maps.thread_inner, 1);
	if (!kernel->options.where)
		bpf_map__set_max_entries(skel->maps.thread_where, 1);
	bpf_map__set_autocreate(skel->maps.sum_rows, rows || old);
	bpf_map__set_autocreate(skel->maps.blank_sum, rows || old);
	bpf_map__set_autocreate(skel->maps.task_inner, rows && !old);
	bpf_map__set_autocreate(skel->maps.thread_inner, old);
	bpf_map__set_autocreate(skel->maps.blank_inner, old);
	bpf_map__set_autocreate(skel->maps.task_where, kernel->options.where && !old);
	bpf_map__set_autocreate(skel->maps.thread_where, old);
	bpf_map__set_autocreate(skel->maps.blank_where, old);
}

struct err *sum_check(const struct kernel *kernel)
{
	if (!kernel->options.where || kernel->form != UPROBE_FORM_OLD || !pid_namespace_is_inner())
		return NULL;
	struct err *e = err_new(ERR_UNSUPPORTED, 0, "--where is not possible in here");
	e = err_why(e,
		    "utrail runs in a PID namespace, and this kernel (below 6.0) finds threads by "
		    "the numbers that they have outside");
	return err_hint(e, "run it on the host: its processes are found from there");
}
