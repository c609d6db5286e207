/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/attaching.c — from loaded programs to attached ones, also for files that come later.
 */
#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cli/kernel/parts.h"
#include "cli/process/attacher.h"
#include "common/array.h"
#include "common/now.h"
#include "tracer.skel.h"
#include "uprobe/attach.h"

static struct err *copy_program(void *context, uint32_t site_id, bool is_return, int *ret)
{
	struct kernel *kernel = context;
	const struct bpf_program *program = kernel_hit_program(kernel, is_return);
	return kernel_copy_program(kernel, site_id, bpf_program__name(program), NULL, KERNEL_HITS,
				   ret);
}

/* The threads of one process where the kernel can tell them apart (6.1), else all. */
static struct err *attach_iterator(struct kernel *kernel, const struct bpf_program *program,
				   struct bpf_link **ret)
{
	union bpf_iter_link_info info = {.task.pid = (uint32_t)kernel_only_process(kernel)};
	LIBBPF_OPTS(bpf_iter_attach_opts, some, .link_info = &info, .link_info_len = sizeof(info));
	if (!bpf_program__autoload(program))
		return NULL;
	if (info.task.pid)
		*ret = bpf_program__attach_iter(program, &some);
	if (!*ret)
		*ret = bpf_program__attach_iter(program, NULL);
	return *ret ? NULL
		    : kernel_load_failed(kernel, errno, "attaching to the kernel's list of tasks");
}

static struct err *attach_tracepoint(struct kernel *kernel, struct bpf_program *program)
{
	if (!bpf_program__autoload(program))
		return NULL;
	kernel_forget_complaint();
	struct bpf_link *link = bpf_program__type(program) == BPF_PROG_TYPE_TRACING
					? bpf_program__attach_trace(program)
					: bpf_program__attach(program);
	if (!link)
		return kernel_load_failed(kernel, errno, "attaching to a kernel tracepoint");
	if (program == kernel->skel->progs.task_exit ||
	    program == kernel->skel->progs.asked_task_exit)
		kernel->exit_link = link;
	else
		kernel->links[kernel->n_links++] = link;
	return NULL;
}

static struct err *trace_processes(struct kernel *kernel)
{
	const struct plan *plan = kernel->plan;
	struct err *e = NULL;
	for (size_t i = 0; !e && i < plan->processes.count; i++)
		e = kernel_trace_process(kernel, process_pid(plan->processes.items[i]));
	if (!e && plan->launch) {
		kernel->skel->bss->launched_waits = (uint32_t)launch_pid(plan->launch);
		e = kernel_trace_process(kernel, launch_pid(plan->launch));
	}
	return e;
}

/* Only where no cookie says more than the site: that a hit is a return, say. */
static void tell_sole_site(const struct kernel *kernel)
{
	bool is_sole = kernel->plan->set.sites.count == 2 &&
		       (kernel->form == UPROBE_FORM_MULTI || !kernel_needs_hit(kernel, true));
	__atomic_store_n(&kernel->skel->bss->sole_site, is_sole ? 1 : 0, __ATOMIC_SEQ_CST);
}

static struct err *attach_from(struct kernel *kernel, size_t first)
{
	const struct attach_programs programs = {
		.form = kernel->form,
		.hit = kernel_needs_hit(kernel, false) ? kernel_hit_program(kernel, false) : NULL,
		.returned = kernel_hit_program(kernel, true),
		.copy = copy_program,
		.context = kernel,
		.open_perf_probe = kernel->attacher ? attacher_perf_probe : NULL,
		.opener = kernel->attacher,
	};
	if (!programs.hit)
		return NULL;
	tell_sole_site(kernel);
	struct err *e = kernel_guard_files(kernel, first);
	return e ? e
		 : attach_sites(&kernel->plan->set, first, &programs, kernel_only_process(kernel),
				&kernel->attachment);
}

struct err *kernel_attach(struct kernel *kernel)
{
	struct tracer *skel = kernel->skel;
	struct bpf_program *const tracepoints[] = {
		skel->progs.task_fork,
		skel->progs.task_exec,
		skel->progs.task_exit,
		skel->progs.asked_task_fork,
		skel->progs.asked_task_exec,
		skel->progs.asked_task_exit,
		skel->progs.old_task_fork,
		skel->progs.old_task_exec,
		skel->progs.old_task_exit,
		skel->progs.task_rename,
		skel->progs.old_task_rename,
		skel->progs.select_rename,
		skel->progs.select_attach,
		skel->progs.task_signal,
		skel->progs.old_task_signal,
		skel->progs.any_task_signal_sent,
		skel->progs.asked_task_signal,
		skel->progs.asked_task_signal_sent,
		skel->progs.select_mkdir,
		skel->progs.stop_exec,
		skel->progs.stop_mmap,
		skel->progs.where_switch,
		skel->progs.where_wakeup,
		skel->progs.old_where_switch,
		skel->progs.old_where_wakeup,
		skel->progs.sched_switch_told,
		skel->progs.old_sched_switch_told,
		skel->progs.sched_waking_told,
		skel->progs.sched_wakeup_told,
	};
	struct err *e = select_begin(kernel);
	e = e ? e : trace_processes(kernel);
	e = e ? e : attach_from(kernel, 1);
	e = e ? e : points_attach(kernel);
	e = e ? e : views_attach(kernel);
	e = e ? e : samples_attach(kernel);
	e = e ? e : calls_attach(kernel);
	for (size_t i = 0; !e && i < array_size(tracepoints); i++)
		e = attach_tracepoint(kernel, tracepoints[i]);
	e = e ? e : attach_iterator(kernel, kernel->skel->progs.kept_flush, &kernel->kept_link);
	e = e ? e : attach_iterator(kernel, kernel->skel->progs.calls_flush, &kernel->long_link);
	return e ? e : views_scan(kernel);
}

static struct err *check_codes(const struct kernel *kernel, size_t first)
{
	const struct probe_set *set = &kernel->plan->set;
	for (size_t i = first; i < set->sites.count; i++)
		if (!kernel_can_run(kernel, set->sites.items[i]))
			return err_hint(err_new(ERR_FAILED, 0,
						"the arguments of '%s' are of kinds that nothing "
						"had at the start",
						set->sites.items[i]->probe->name),
					"start again with -f, which is ready for any file");
	return NULL;
}

/* Numbers the plans of the sites from `first` on, and writes the rows of all of them. Sites for
 * which there is no room leave the set again: what is kept by site has no place for them. */
static struct err *load_sites(struct kernel *kernel, size_t first)
{
	struct probe_set *set = &kernel->plan->set;
	size_t first_plan = kernel->tables.plans.count;
	size_t first_filter = kernel->tables.filters.count;
	struct err *e = check_codes(kernel, first);
	if (!e && set->sites.count > kernel->sites.capacity)
		e = err_new(ERR_FAILED, 0, "no more than %zu places can be probed in one run",
			    kernel->sites.capacity - 1);
	if (kernel->options.stack_how)
		tables_want_stacks(set, first, kernel->options.stacks_of_samples);
	e = e ? e : tables_number(&kernel->tables, set, first);
	if (!e && kernel->tables.plans.count > kernel->plans.capacity)
		e = err_new(ERR_FAILED, 0,
			    "no more than %zu kinds of arguments can be read in one run",
			    kernel->plans.capacity - 1);
	if (!e && kernel->tables.filters.count > kernel->filters.capacity)
		e = err_new(ERR_FAILED, 0,
			    "no more than %zu different conditions can be asked in one run",
			    kernel->filters.capacity - 1);
	if (e)
		set->sites.count = first;
	else
		kernel_rows_fill(kernel, first_plan, first_filter, first);
	return e;
}

/* Records from before are not read yet. */
static void note_given_up(struct probe_set *set)
{
	for (size_t i = 1; i < set->sites.count; i++)
		if (set->sites.items[i]->returns_until_ns == UINT64_MAX)
			set->sites.items[i]->returns_until_ns = now_ns(CLOCK_BOOTTIME);
}

struct err *kernel_add_sites(struct kernel *kernel, size_t first, bool close_returns)
{
	struct err *e = load_sites(kernel, first);
	e = e ? e : attach_from(kernel, first);
	if (!close_returns)
		return e;
	/* An entry that is hit before its row is written anew waits for a return that one of the
	 * new sites sees. Also where these could not be: the trampoline is not safe any more. */
	tables_fill_sites(&kernel->plan->set, 1, kernel->sites.memory);
	attachment_close_returns(kernel->attachment);
	note_given_up(&kernel->plan->set);
	return e;
}
