/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/sched.c — the part of the BPF object that sees threads leave their CPUs. */
#include "kernel/sched.h"

#include <bpf/libbpf.h>

#include "cli/kernel/parts.h"
#include "tracer.skel.h"

static bool is_wanted(const struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	return sched_site(set, false) || sched_site(set, true);
}

void sched_set_constants(const struct kernel *kernel, struct tracer *skel)
{
	const struct probe_site *off = sched_site(&kernel->plan->set, false);
	const struct probe_site *runq = sched_site(&kernel->plan->set, true);
	skel->rodata->sched_off_site = off ? off->id : 0;
	skel->rodata->sched_runq_site = runq ? runq->id : 0;
	if (is_wanted(kernel))
		sum_set_blocked_constants(kernel, skel);
}

void sched_select_programs(const struct kernel *kernel, struct tracer *skel)
{
	bool wanted = is_wanted(kernel), old = kernel->form == UPROBE_FORM_OLD;
	bpf_program__set_autoload(skel->progs.sched_switch_told, wanted && !old);
	bpf_program__set_autoload(skel->progs.old_sched_switch_told, wanted && old);
	bpf_program__set_autoload(skel->progs.sched_waking_told, wanted);
	bpf_program__set_autoload(skel->progs.sched_wakeup_told, wanted);
	bpf_map__set_autocreate(skel->maps.sched_threads, wanted);
}
