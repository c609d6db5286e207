/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/go.c — the part of the BPF object that puts calls in goroutines together. */
#include <bpf/libbpf.h>

#include "cli/kernel/parts.h"
#include "tracer.skel.h"

/* Calls that are open, and goroutines that have some: about 8 MiB. More are counted. */
#define GO_CALLS_MAX (1U << 16)

void go_decide(struct kernel *kernel)
{
	kernel->follows_go = probe_set_has_flags(&kernel->plan->set, SITE_GO_KEPT);
	if (!kernel->follows_go)
		kernel->plan->no_kept_go = "when tracing began, no file with code of Go was known "
					   "whose calls the kernel has to put together";
}

void go_set_constants(const struct kernel *kernel, struct tracer *skel)
{
	skel->rodata->follows_go = kernel->follows_go;
}

/* As sum_size_maps() does it, for the same reasons. */
void go_size_maps(const struct kernel *kernel, struct tracer *skel)
{
	bool old = kernel->form == UPROBE_FORM_OLD;
	bpf_map__set_max_entries(skel->maps.go_calls, kernel->follows_go ? GO_CALLS_MAX : 1);
	bpf_map__set_autocreate(skel->maps.go_calls, kernel->follows_go || old);
	bpf_map__set_autocreate(skel->maps.blank_go, kernel->follows_go || old);
}
