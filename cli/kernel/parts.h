/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/parts.h — the BPF object of a run, for kernel.c, which makes it, and kernel_state.c,
 * which asks it. Nobody else sees the skeleton. */
#ifndef UTRAIL_CLI_KERNEL_PARTS_H
#define UTRAIL_CLI_KERNEL_PARTS_H

#include "cli/kernel/calls.h"
#include "cli/kernel/kernel.h"
#include "cli/kernel/tables.h"
#include "kernel/select_offsets.h"
#include "probe/file.h"

struct bpf_program;
struct loader;
struct tracer; /* the skeleton */

#define LINKS_MAX    12
#define BACKENDS_MAX 10

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
	struct fetch_offsets file_offsets;	    /* when the plan asks for files */
	struct fetch_socket_offsets socket_offsets; /* and for sockets */
	struct select_offsets select_offsets;	    /* where who is traced is decided */
	struct loader *loader;
	struct tracer *skel;
	ARRAY_OF(struct tracer *) copies; /* UPROBE_FORM_OLD: one for each site */
	struct attachment *attachment;
	struct attacher *attacher; /* not NULL: opens perf events for us; not owned */
	bool keeps;		   /* entries may wait for their returns */
	struct bpf_link *kept_link, *exit_link;
	struct bpf_link *links[LINKS_MAX];
	size_t n_links;
	struct tables tables;
	bool raw_cookie;	      /* raw tracepoints tell which one it is */
	ARRAY_OF(int) point_fds;      /* probes in the kernel: events and links */
	ARRAY_OF(int) point_programs; /* copies that serve one of them */
	struct call_choice calls;     /* where system calls are told of */
	ARRAY_OF(int) call_fds;	      /* probes there: events and links */
	ARRAY_OF(int) call_programs;  /* copies that serve one of them */
	struct rows sites, plans, filters, rates, losses, costs;
	const char *backends[BACKENDS_MAX + 1];
	struct bpf_link *scan_link; /* looks at all processes; NULL: nobody asks */
	struct ring_buffer *news;
	const struct news_sink *news_sink; /* during kernel_read_news() */
	struct err *news_error;
};

/* --- select.c --------------------------------------------------------------------------------- */

bool kernel_selects(const struct kernel *kernel);
/* The constants of kernel/select.bpf.c, and what of it is loaded. */
void select_set_constants(const struct kernel *kernel, struct tracer *skel);
void select_programs_of_choice(const struct kernel *kernel, struct tracer *skel);
/* What must be known before the first program runs. */
struct err *select_begin(struct kernel *kernel) must_check;
void select_close(struct kernel *kernel);

/* --- kernel.c --------------------------------------------------------------------------------- */

/* The constants of a run, in a skeleton that is open and not loaded. */
void kernel_set_constants(const struct kernel *kernel, struct tracer *skel);
struct err *kernel_load_failed(const struct kernel *kernel, int errnum,
			       const char *doing) must_check;

/* --- copy.c ----------------------------------------------------------------------------------- */

/* A copy of a program for one site: everything but the site's number is shared. */
struct err *kernel_copy_program(struct kernel *kernel, uint32_t site_id, const char *name,
				struct bpf_program **ret) must_check;
/* A copy for the function of one call, by fentry or fexit. `call`: as the kernel names it. */
struct err *kernel_copy_program_for(struct kernel *kernel, const char *name, const char *call,
				    struct bpf_program **ret) must_check;
/* Destroys the last copy. Descriptors of what it loaded may have been duplicated before. */
void kernel_drop_copy(struct kernel *kernel);

/* --- calls_attach.c --------------------------------------------------------------------------- */

/* Can the programs of this kernel's form be used at the place that was chosen? */
struct err *calls_check(const struct kernel *kernel) must_check;
void calls_select_programs(const struct kernel *kernel, struct tracer *skel);
struct err *calls_attach(struct kernel *kernel) must_check;
void calls_close(struct kernel *kernel); /* takes the probes out; who waits for that is not us */
void calls_deinit(struct kernel *kernel);
/* Hits that the kernel counted at its probes, and gave to nobody. */
uint64_t calls_missed(const struct kernel *kernel);

/* --- points.c --------------------------------------------------------------------------------- */

void points_select_programs(const struct kernel *kernel, struct tracer *skel);
const char *points_backend(const struct kernel *kernel); /* in words */
struct err *points_attach(struct kernel *kernel) must_check;
void points_close(struct kernel *kernel); /* takes the probes out */
void points_deinit(struct kernel *kernel);
/* Hits that the kernel counted, and gave to nobody. */
uint64_t points_missed(const struct kernel *kernel);
/* The same of one link; 0: it is none of a kprobe. */
uint64_t kernel_link_missed(int fd);
/* Records that programs there tried to write. */
uint64_t points_attempts(const struct kernel *kernel);
/* --- sums.c ----------------------------------------------------------------------------------- */

/* Does this kernel tell what is asked for? */
struct err *sum_check(const struct kernel *kernel) must_check;
void sum_set_constants(const struct kernel *kernel, struct tracer *skel);
void sum_select_programs(const struct kernel *kernel, struct tracer *skel);
void sum_size_maps(const struct kernel *kernel, struct tracer *skel);

/* --- words.c ---------------------------------------------------------------------------------- */

/* Does any entry keep words for its return? */
bool kernel_keeps_words(const struct kernel *kernel);
void words_size_maps(const struct kernel *kernel, struct tracer *skel);

/* --- rows.c ----------------------------------------------------------------------------------- */

struct err *kernel_rows_map(struct kernel *kernel) must_check;
/* The rows of all sites from `first_site` on; plans and filters first, so that no row names one
 * that is not there. */
void kernel_rows_fill(struct kernel *kernel, size_t first_plan, size_t first_filter,
		      size_t first_site);
/* `all`: that of losses, too, which is read to the end. */
void kernel_rows_unmap(struct kernel *kernel, bool all);

#endif
