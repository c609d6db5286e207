/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel_parts.h — the BPF object of a run, for kernel.c, which makes it, and kernel_state.c,
 * which asks it. Nobody else sees the skeleton. */
#ifndef UTRAIL_CLI_KERNEL_PARTS_H
#define UTRAIL_CLI_KERNEL_PARTS_H

#include "cli/kernel.h"
#include "cli/tables.h"
#include "probe/file.h"

struct tracer; /* the skeleton */

#define LINKS_MAX    8
#define BACKENDS_MAX 8

/* The rows of a BPF array, shared with us. */
struct rows {
	void *memory;
	size_t size, capacity;
};

struct kernel {
	struct plan *plan;
	struct features features;
	struct kernel_options options;
	enum uprobe_form form;
	bool filter;
	struct fetch_offsets file_offsets; /* when the plan asks for files */
	struct tracer *skel;
	ARRAY_OF(struct tracer *) copies; /* UPROBE_FORM_OLD: one for each site */
	struct attachment *attachment;
	bool keeps; /* entries may wait for their returns */
	struct bpf_link *kept_link, *exit_link;
	struct bpf_link *links[LINKS_MAX];
	size_t n_links;
	struct tables tables;
	struct rows sites, plans, losses, costs;
	const char *backends[BACKENDS_MAX + 1];
};

#endif
