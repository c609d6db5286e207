/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/words.c — what entries keep for their returns. */
#include "cli/kernel/parts.h"
#include "tracer.skel.h"

static bool keeps(const struct fetch_plan *plan)
{
	for (uint16_t i = 0; plan && i < plan->n_ops; i++)
		if (plan->ops[i].code == FETCH_KEEP)
			return true;
	return false;
}

bool kernel_keeps_words(const struct kernel *kernel)
{
	const struct probe_set *set = &kernel->plan->set;
	/* What comes later is not known yet. */
	if (kernel->options.growing)
		return !kernel->options.sum_rows;
	for (size_t i = 1; i < set->sites.count; i++)
		if (keeps(set->sites.items[i]->entry_plan))
			return !kernel->options.sum_rows;
	return false;
}

/* As sum_size_maps() does it, for the same reasons. */
void words_size_maps(const struct kernel *kernel, struct tracer *skel)
{
	bool wanted = kernel_keeps_words(kernel);
	bool old = kernel->form == UPROBE_FORM_OLD;
	if (!wanted)
		bpf_map__set_max_entries(skel->maps.thread_words, 1);
	bpf_map__set_autocreate(skel->maps.task_words, wanted && !old);
	bpf_map__set_autocreate(skel->maps.thread_words, old);
	bpf_map__set_autocreate(skel->maps.blank_words, old);
}
