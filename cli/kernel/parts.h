/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/parts.h — the BPF object of a run, for kernel.c, which makes it, and kernel_state.c,
 * which asks it. Nobody else sees the skeleton. */
#ifndef UTRAIL_CLI_KERNEL_PARTS_H
#define UTRAIL_CLI_KERNEL_PARTS_H

#include "cli/kernel/calls.h"
#include "cli/kernel/kernel.h"
#include "cli/kernel/tables.h"
#include "cli/process/holder.h"
#include "kernel/select_offsets.h"
#include "probe/file.h"

struct bpf_program;
struct loader;
struct tracer; /* the skeleton */

#define LINKS_MAX    16
#define BACKENDS_MAX 12

/* The rows of a BPF array, shared with us. */
struct rows {
	void *memory;
	size_t size, capacity;
};

/* Of a probe in the kernel. */
struct copied_program {
	int fd;
	enum kernel_group group;
};

/* guards.c */
struct guarded_file {
	struct image *image; /* the plan's */
	int fd;		     /* of the lease */
	bool is_out;	     /* its probes are */
};

struct point_fd {
	int fd;
	bool at_return; /* of a span: what it misses was delivered, without its end */
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
	ARRAY_OF(struct copied_program) copies; /* programs of one place each */
	struct attachment *attachment;
	struct attacher *attacher; /* not NULL: opens perf events for us; not owned */
	uint32_t codes;		   /* what plans of this run may have: see FETCH_LISTS */
	bool reads_netlink;	   /* of which protocol netlink sockets are */
	bool reads_paths;	   /* of what arguments of the kernel point to */
	bool hit_is_return;	   /* one program sees hits and the kernel's return probes */
	bool follows_go;	   /* calls in Go are put together: stream/go.bpf.h */
	bool keeps;		   /* entries may wait for their returns */
	bool tells_long;	   /* system calls in flight are looked for */
	struct bpf_link *kept_link, *long_link, *exit_link;
	struct bpf_link *links[LINKS_MAX];
	size_t n_links;
	struct tables tables;
	bool raw_cookie;		     /* raw tracepoints tell which one it is */
	ARRAY_OF(struct point_fd) point_fds; /* probes in the kernel: events and links */
	ARRAY_OF(int) sample_fds;	     /* a clock of each CPU */
	struct call_choice calls;	     /* where system calls are told of */
	ARRAY_OF(int) call_fds;		     /* probes there: events and links */
	struct rows sites, plans, filters, rates, losses, costs;
	const char *backends[BACKENDS_MAX + 1];
	ARRAY_OF(struct guarded_file) guarded;
	struct bpf_link *sockets_link; /* looks at all open files; NULL: nobody asks */
	struct bpf_link *scan_link;    /* looks at all processes; NULL: nobody asks */
	struct ring_buffer *news;
	const struct news_sink *news_sink; /* during kernel_read_news() */
	struct err *news_error;
	struct holders holders; /* who takes the probes out */
	bool detaching;		/* they have not ended yet */
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
/* libbpf complains to us. */
void kernel_listen(void);
/* What it complains about from here on is the why of kernel_load_failed(). */
void kernel_forget_complaint(void);
struct err *kernel_load_failed(const struct kernel *kernel, int errnum,
			       const char *doing) must_check;
/* Are there sites to attach to, or (`as_return`) those with the kernel's return probe? */
bool kernel_needs_hit(const struct kernel *kernel, bool as_return);
struct bpf_program *kernel_hit_program(const struct kernel *kernel, bool as_return);
/* 0: there are several, or they are not known. */
pid_t kernel_only_process(const struct kernel *kernel);
/* guards.c: before the sites from `first` on are attached */
struct err *kernel_guard_files(struct kernel *kernel, size_t first) must_check;

/* --- go.c ------------------------------------------------------------------------------------- */

/* Calls in Go: is there anything to put together? What comes later has to do with the answer. */
void go_decide(struct kernel *kernel);
void go_set_constants(const struct kernel *kernel, struct tracer *skel);
void go_size_maps(const struct kernel *kernel, struct tracer *skel);

/* --- early.c ---------------------------------------------------------------------------------- */

/* Opens the object, with what there is of it by now. `early` NULL: nothing. */
struct err *kernel_early_take(struct kernel_early *early, struct kernel *kernel) must_check;

/* --- state.c ---------------------------------------------------------------------------------- */

/* Can this kernel hold writers back, when that is asked for? */
struct err *kernel_check_lossless(const struct kernel *kernel) must_check;

/* --- copy.c ----------------------------------------------------------------------------------- */

/*
 * A copy of a program for one site: everything but the site's number is shared. `function`: of the
 * kernel, for fentry and fexit; else NULL. *ret stays the kernel's; `group` is what its misses
 * count as.
 */
struct err *kernel_copy_program(struct kernel *kernel, uint32_t site_id, const char *name,
				const char *function, enum kernel_group group, int *ret) must_check;
/* A copy for the function of one call, by fentry or fexit. `call`: as the kernel names it. */
struct err *kernel_copy_program_for(struct kernel *kernel, const char *name, const char *call,
				    int *ret) must_check;
void copies_deinit(struct kernel *kernel);

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
/* Does this kernel have what is asked for there? */
struct err *points_check(const struct kernel *kernel) must_check;
/* Is a path asked for of what an argument there points to? */
bool points_read_paths(const struct kernel *kernel);
/* An event or a link, closed when the probes are taken out. `at_return`: its misses are those of
 * ends. */
struct err *points_keep(struct kernel *kernel, int fd, bool at_return) must_check;
/* Hits that the kernel counted, and gave to nobody; `at_return`: the ends of spans. */
uint64_t points_missed(const struct kernel *kernel, bool at_return);
/* The same of one link; 0: it is none of a kprobe. */
uint64_t kernel_link_missed(int fd);
/* Records that programs there tried to write. */
uint64_t points_attempts(const struct kernel *kernel);
/* --- samples.c -------------------------------------------------------------------------------- */

/* Does this kernel tell what is asked for? */
struct err *samples_check(const struct kernel *kernel) must_check;
void samples_set_constants(const struct kernel *kernel, struct tracer *skel);
void samples_select_programs(const struct kernel *kernel, struct tracer *skel);
struct err *samples_attach(struct kernel *kernel) must_check;
void samples_close(struct kernel *kernel);

/* --- views.c ---------------------------------------------------------------------------------- */

/* Does this kernel tell what is asked for? */
struct err *views_check(const struct kernel *kernel) must_check;
void views_set_constants(const struct kernel *kernel, struct tracer *skel);
void views_select_programs(const struct kernel *kernel, struct tracer *skel);
struct err *views_attach(struct kernel *kernel) must_check;
/* Whose what is there already is; the traced processes are known. */
struct err *views_scan(struct kernel *kernel) must_check;
void views_close(struct kernel *kernel);

/* --- sched.c ---------------------------------------------------------------------------------- */

void sched_set_constants(const struct kernel *kernel, struct tracer *skel);
void sched_select_programs(const struct kernel *kernel, struct tracer *skel);

/* --- life.c ----------------------------------------------------------------------------------- */

/* The one of this run's form: `name` is "task_exec". */
void life_set_autoload(const struct kernel *kernel, struct tracer *skel, const char *name, bool on);
void life_select_signals(const struct kernel *kernel, struct tracer *skel);
void life_set_constants(const struct kernel *kernel, struct tracer *skel);
/* Does this kernel tell what is asked for? */
struct err *life_check(const struct kernel *kernel) must_check;

/* --- sums.c ----------------------------------------------------------------------------------- */

/* In what a thread is blocked: the constants of stream/blocked.bpf.h. */
void sum_set_blocked_constants(const struct kernel *kernel, struct tracer *skel);
/* Does this kernel tell what is asked for? */
struct err *sum_check(const struct kernel *kernel) must_check;
void sum_set_constants(const struct kernel *kernel, struct tracer *skel);
void sum_select_programs(const struct kernel *kernel, struct tracer *skel);
void sum_size_maps(const struct kernel *kernel, struct tracer *skel);

/* --- words.c ---------------------------------------------------------------------------------- */

/* Does any entry keep words for its return? */
bool kernel_keeps_words(const struct kernel *kernel);
void words_size_maps(const struct kernel *kernel, struct tracer *skel);

/* --- lists.c ---------------------------------------------------------------------------------- */

/* Looks through all plans, once, before anything of them is asked. */
void kernel_note_codes(struct kernel *kernel);
/* May a plan have this operation? */
bool kernel_reads(const struct kernel *kernel, enum fetch_code code);
/* Of one that came later: is all that its plans ask for in the programs? */
bool kernel_can_run(const struct kernel *kernel, const struct probe_site *site);
bool kernel_reads_netlink(const struct kernel *kernel);

/* --- rows.c ----------------------------------------------------------------------------------- */

struct err *kernel_rows_map(struct kernel *kernel) must_check;
/* The rows of all sites from `first_site` on; plans and filters first, so that no row names one
 * that is not there. */
void kernel_rows_fill(struct kernel *kernel, size_t first_plan, size_t first_filter,
		      size_t first_site);
/* `all`: that of losses, too, which is read to the end. */
void kernel_rows_unmap(struct kernel *kernel, bool all);

#endif
