/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/words.c — what entries keep for their returns. */
#include "cli/kernel/parts.h"
#include "tracer.skel.h"

bool kernel_keeps_words(const struct kernel *kernel)
{
	return !kernel->options.sum_rows && kernel_reads(kernel, FETCH_KEEP);
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
