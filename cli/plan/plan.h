/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/plan/plan.h — from what the user asked for to what will be attached: finds the files that a
 * process, a command or a name stand for, and lets the probe modules add their probes.
 */
#ifndef UTRAIL_CLI_PLAN_PLAN_H
#define UTRAIL_CLI_PLAN_PLAN_H

#include <sys/resource.h>

#include "cli/debuginfo/server.h"
#include "cli/options/options.h"
#include "common/err.h"
#include "probe/probe.h"
#include "symbols/child/symbolizer.h"
#include "target/target.h"
#include "uprobe/uprobe.h"

/* One file that is, or may be, mapped by the target. */
struct plan_module {
	char *path;		 /* as the target sees it */
	char name[64];		 /* as shown */
	struct module mapped;	 /* start == 0: not mapped (yet) */
	struct process *process; /* whose view the path is; NULL: our own. Borrowed */
	struct image *image;	 /* opened when first needed; NULL: not ELF, or not yet */
	size_t same_as; /* without an image: the number from 1 of the module with the same file; 0:
			   none */
	bool tried;
	/* It was not mapped any more when it was to be opened. When it is mapped again, that is
	 * tried again. */
	bool gone;
	bool longjmp_sought; /* see plan_add_longjmp() */
	bool debug_noted;    /* see debuginfo/notes.h */
	bool failure_noted;  /* see plan_note_failure() */
};

/* A site is the beginning or the end of the spans of a pair. */
struct pair_site {
	uint32_t site_id;
	size_t pair;
	unsigned int side;	   /* enum span_side */
	bool is_shown;		   /* another spec asks for it, too */
	bool is_result;		   /* its key is the result */
	int slot;		   /* of the key; -1: none */
	const struct value *value; /* system calls: the argument that is the key */
};

/* Which of the typed specs has added a probe; known only where there are pairs. */
struct probe_spec {
	const struct probe *probe;
	size_t number;
};

struct plan {
	struct probe_set set;
	struct symbolizer *symbolizer; /* reads the files of all modules */
	struct rlimit descriptors;     /* what we were started with, and the command is */
	bool no_sandbox_noted;
	ARRAY_OF(struct plan_module) modules;
	ARRAY_OF(struct process *) processes;
	struct launch *launch; /* NULL: no command. Owned */
	bool show_fork, show_exec, show_exit;
	uint64_t signals; /* that are shown; bit n: signal n + 1 */
	bool has_syscalls;
	bool has_points;	       /* probes in the kernel */
	bool has_coroutines;	       /* a program whose calls are traced switches stacks */
	struct return_verdict verdict; /* mode AUTO: not needed so far */
	struct spec_list implied;      /* what was not typed: the default, and --inside */
	ARRAY_OF(struct probe_spec) probe_specs;
	ARRAY_OF(struct pair_site) pair_sites; /* by site id: cli/plan/pairs.h */
	struct debug_server server;	       /* --debuginfod */
	struct cache *cache;	 /* what is kept of debug information; NULL: nothing */
	struct image_cache kept; /* the same, for images */
	char program[64];	 /* which build of us */
	struct btf *types;	 /* the kernel's, while specs are read; NULL: not needed yet */
	const char *no_kept_go;	 /* why the kernel keeps no calls in Go; NULL: it may */
	const char *selects;	 /* what processes are chosen by, in words; NULL: they are named */
};

/* Every process of the machine that runs one of the files. */
static inline bool plan_is_for_all(const struct plan *plan)
{
	return !plan->launch && !plan->processes.count && !plan->selects;
}

struct err *plan_make(const struct options *options, struct plan *ret) must_check;
void plan_deinit(struct plan *plan);
/* Is any of the processes that were named left? */
struct err *plan_check_alive(const struct plan *plan) must_check;

/* What seccomp has to say to the trampoline in the processes that are traced. */
enum return_filter plan_return_filter(const struct plan *plan);
/* What files may bring that the target maps later. */
enum plan_growth {
	PLAN_GROWS_BY_ENDS = 1,	   /* more places where known calls end, or are left */
	PLAN_GROWS_BY_MARKERS = 2, /* USDT */
	PLAN_GROWS_BY_INSTANTS = 4,
	PLAN_GROWS_BY_CALLS = 8,
	PLAN_GROWS_BY_ALL = 15,
};

/* The image of a file that is mapped; NULL: it was not opened. */
const struct image *plan_mapped_image(const struct plan *plan, const struct module *mapped);
/*
 * May files that the target maps later change what is probed, or how? Bits of plan_growth; with
 * any of them, mappings are to be watched.
 */
unsigned int plan_growth(const struct options *options, const struct plan *plan);
/* What a file has brought. */
struct plan_addition {
	size_t first; /* of the new sites; the set's count: there are none */
	/* It breaks the proof that the trampoline was safe: the sites include the `ret`
	 * instructions of all spans so far, and the kernel's return probes must go once these are
	 * attached. */
	bool close_returns;
	/* It is meant, and was unmapped before it could be opened: its name, as long as nothing is
	 * added. NULL: it was not. */
	const char *gone;
};

/*
 * A process of the target has mapped a file: adds what the specs mean there, unless the file is
 * known. Nothing is removed, and what cannot be probed becomes a note.
 */
struct err *plan_add_mapping(const struct options *options, struct plan *plan,
			     const struct process_view *view, const struct mapping *mapping,
			     struct plan_addition *ret) must_check;
/*
 * Moves all spans that a proof had given the kernel's return probes to `ret` instructions: as
 * plan_add_mapping() does when the proof breaks. `why` lives as long as the plan. No new site when
 * there was no such span.
 */
struct err *plan_leave_trampolines(const struct options *options, struct plan *plan,
				   const char *why, size_t *ret_first) must_check;

/* Why, where a process has memory for code that it makes itself. */
extern const char plan_makes_code[];

/* Processes are chosen, and more may come: notes what nobody has so far. */
struct err *plan_note_waiting(const struct options *options, struct plan *plan) must_check;
/* Does any process run one of the files whose code is probed? True when there is other work. */
bool plan_any_process_runs(const struct plan *plan);

/* --- between the files of plan_*.c ------------------------------------------------------------ */

/* Does any spec have one? Of what comes later, too. */
bool plan_has_conditions(const struct options *options);
bool plan_has_rates(const struct options *options);
/* plan_points.c: what a spec means in the kernel. */
/* Megabytes that nothing after the specs needs. */
void points_forget_types(struct plan *plan);
struct err *points_add_spec(const struct options *options, struct plan *plan,
			    const struct spec *spec) must_check;
/* What one spec means in one file. */
struct err *plan_add_from_image(const struct options *options, struct plan *plan,
				struct image *image, const char *name,
				const struct spec *spec) must_check;
/* The signals that a spec names; bit n: signal n + 1. */
struct err *plan_find_signals(const struct spec *spec, uint64_t *ret) must_check;
/* Shows more of the task life that a spec means, or less. */
struct err *plan_add_life(struct plan *plan, const struct spec *spec) must_check;
/* '!': takes away what `spec` matches of the sites from `first` on. */
void plan_remove_matches(struct plan *plan, size_t first, const struct spec *spec);
/* Does the spec mean this site, whatever kind of function probe both are? */
bool plan_spec_matches(const struct probe_site *site, const struct spec *spec);
/* Of all sites from `first` on. */
void plan_set_kind(struct plan *plan, size_t first, enum site_kind kind);
/* Where exceptions are caught in the files of the target, when calls are traced: SITE_CATCH. */
struct err *plan_add_catches(const struct options *options, struct plan *plan) must_check;
/* Notes where a program whose calls are traced switches stacks, and says so. */
struct err *plan_note_switches(const struct options *options, struct plan *plan) must_check;
/* Was the trampoline proven safe for the files that are mapped now? */
bool plan_has_proof(const struct options *options, const struct plan *plan);
/* The same where longjmp() is called: when files are known that do so, and again when more are. */
struct err *plan_add_longjmp(struct plan *plan) must_check;
/* Is it a C library, which has to be opened for that? */
bool plan_wants_longjmp(const struct plan *plan, const struct plan_module *module);
/* The sites from `first` on were added by the spec with this number. */
struct err *plan_note_spec(const struct options *options, struct plan *plan, size_t first,
			   size_t number) must_check;
bool plan_is_function_kind(enum probe_kind kind);
struct err *plan_add_module(struct plan *plan, const char *path, const struct module *mapped,
			    struct process *process, size_t *ret_index) must_check;
/* Does it look for code in files that are not known yet? */
bool plan_is_open_ended(const struct spec *spec);
/* Is any of them so? Known from the command line alone. */
bool plan_is_in_files(const struct options *options);
/* Is this what the user wrote for a module? */
bool plan_is_module(const struct plan_module *module, const char *wanted);
/* All processes of the target mentioned in options are opened, and their modules known. */
struct err *plan_find_target(const struct options *options, struct plan *ret) must_check;
/* command.c: the file of the command that was given, and those that its loader will map. */
struct err *plan_add_command(const struct options *options, struct plan *plan) must_check;
/* Asks early what the specs will ask of a file. */
void plan_foresee(const struct options *options, struct plan *plan, struct image *image,
		  const char *path);
/* Opens the file of a module; NULL, without an error, when it is not an ELF file of ours and
 * nobody named it. */
/* What was learnt of the image is kept for the next run, and used in this one. NULL is fine. */
void plan_use_cache(const struct plan *plan, struct image *image);
struct err *plan_module_image(struct plan *plan, struct plan_module *module, bool named,
			      struct image **ret) must_check;
/* The process that reads files has died of this one: noted once. Other errors stay what they are.
 */
struct err *plan_note_failure(struct plan *plan, struct plan_module *module,
			      struct err *e) must_check;
/* The modules that a name stands for, looked for outside the target when it has none. */
struct plan_modules {
	ARRAY_OF(size_t) indexes; /* into plan->modules */
};
struct err *plan_find_modules(struct plan *plan, const char *wanted,
			      struct plan_modules *ret) must_check;

#endif
