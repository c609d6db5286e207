/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/life.c — which programs see task life, and what is left out of it. */
#include "kernel/life.h"

#include <stdio.h>

#include <bpf/libbpf.h>

#include "cli/kernel/parts.h"
#include "tracer.skel.h"

void life_set_autoload(const struct kernel *kernel, struct tracer *skel, const char *name, bool on)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	bool asks = !old && life_has_sites(&kernel->plan->set);
	char full[64];
	snprintf(full, sizeof(full), "%s%s", old ? "old_" : asks ? "asked_" : "", name);
	bpf_program__set_autoload(bpf_object__find_program_by_name(skel->obj, full), on);
}

void life_select_signals(const struct kernel *kernel, struct tracer *skel)
{
	bool asks = kernel->form != UPROBE_FORM_OLD && life_has_sites(&kernel->plan->set);
	bool wanted = kernel->plan->signals;
	life_set_autoload(kernel, skel, "task_signal", wanted);
	bpf_program__set_autoload(skel->progs.asked_task_signal_sent, wanted && asks);
	bpf_program__set_autoload(skel->progs.any_task_signal_sent, wanted && !asks);
}

void life_set_constants(const struct kernel *kernel, struct tracer *skel)
{
	const struct probe_set *set = &kernel->plan->set;
	if (!life_has_sites(set))
		return;
	for (uint32_t number = 1; number < LIFE_NUMBERS; number++)
		((volatile uint32_t *)skel->rodata->life_sites)[number] = life_site(set, number);
}

struct err *life_check(const struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	for (size_t i = 1; kernel->form == UPROBE_FORM_OLD && i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (site->wire.kind && (site->wire.flags & SITE_LIFE) && site->filter)
			return err_hint(err_why(err_new(ERR_UNSUPPORTED, 0,
							"'%s' takes no condition on this kernel",
							probe_kind_name(site->probe->kind)),
						"it lacks sleepable uprobes (Linux 6.0): the "
						"programs for such kernels ask none of task life"),
					"with 'rate N/s' fewer events come, too");
	}
	return NULL;
}
