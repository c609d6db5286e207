/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/probe.h — the contract that all probes share.
 *
 * A *probe* is what the user asked for and sees: a function, a USDT marker, a system call. A *site*
 * is one place in code where a part of it sits: the entry of the function, one of its `ret`
 * instructions, one of the places where the marker was compiled in. The probe modules (uprobe/,
 * usdt/, kernel/) turn specs into probes with sites and fetch plans and append them to a probe_set;
 * cli/session/session.c loads the set into BPF maps and attaches it; stream/ looks sites up to
 * decode.
 *
 * All of it lives in the set's arena and is constant once the set is loaded.
 */
#ifndef UTRAIL_PROBE_PROBE_H
#define UTRAIL_PROBE_PROBE_H

#include "common/arena.h"
#include "common/array.h"
#include "probe/compile.h"
#include "probe/condition.h"
#include "probe/site.h"
#include "probe/spec.h"
#include "probe/value.h"
#include "symbols/symbols.h"

struct probe {
	enum probe_kind kind;
	const char *module;   /* as shown: file name without directory and version, "srv", "libc" */
	const char *provider; /* USDT */
	const char *name;     /* demangled function, marker, system call */
	const char *symbol;   /* functions: as in the symbol table */
	const char *return_form; /* spans: "trampoline", "site", "none", and why, for `explain` */
	const char *return_why;
};

struct point_names;
struct view_event;

struct probe_site {
	struct site wire; /* what BPF sees; plan indexes are filled in by probe_set_load() */
	uint32_t id;	  /* index in the set, the cookie */
	bool emulated;	  /* the kernel emulates the instruction instead of stepping */
	bool is_unseen;	  /* system calls: where they are told of, this one is not */
	bool is_others;	  /* system calls of many numbers: each is shown by its own */
	bool by_fentry;	  /* a function of the kernel, by fentry and fexit, not by kprobes */
	bool has_goid;	  /* SITE_GO: the goroutine's number is read, too */
	bool by_stack;	  /* SITE_GO: no call of Go, but one that is known by its frame */
	bool no_stack;	  /* SITE_VIEW: it happens in no context of a thread's, ever */
	bool of_pattern;  /* one of several: what the kernel refuses to have probed is left out */
	const struct probe *probe;
	struct image *image;	 /* where it is attached; NULL for system calls. Borrowed */
	uint64_t offset;	 /* in the file */
	uint64_t ref_ctr_offset; /* USDT semaphore in the file, 0: none */
	const char *instruction; /* under the probe, "push %rbp" */
	const char *operands;	 /* USDT: the note's argument string */
	/* As plan_finish() made them; NULL: nothing to read. Only n_ops operations are there. */
	const struct fetch_plan *entry_plan, *return_plan;
	/* Which hits count; NULL: all. Of a span, its returns have the same */
	const struct filter *filter;
	struct rate_limit rate;		   /* count 0: none of its own */
	const struct condition *condition; /* what it was made from; NULL: all count */
	struct value_list arguments;	   /* slots of entry_plan */
	struct value_list results;	   /* slots of return_plan: [0] is the return value */
	uint32_t syscall_number;
	uint32_t tracepoint_id;		 /* of tracefs, for perf */
	uint32_t life;			 /* SITE_LIFE: number in kernel/life.h */
	const struct point_names *names; /* in the kernel: for another condition, kernel/point.h */
	const struct value_change *changes;
	size_t n_changes;
	const struct view_event *view; /* SITE_VIEW: kernel/views.h */
	/* A start whose returns are not seen any more: of calls that began by then they still are.
	 * UINT64_MAX: it is not given up yet. 0: there is nothing to give up */
	uint64_t returns_until_ns;
};

/* What the plan of a site with SITE_GO begins with: numbers of its slots. */
enum probe_go_slot {
	PROBE_GO_G, /* address of the goroutine's structure; by_stack: the stack pointer, alone */
	PROBE_GO_STACK,	  /* its first 16 bytes: where the stack ends and begins */
	PROBE_GO_POINTER, /* into the stack */
	PROBE_GO_NUMBER,  /* has_goid */
};

/* Has it a trap in a file's code, or will it get one? */
static inline bool probe_site_is_in_code(const struct probe_site *site)
{
	return site->image && site->wire.kind && site->wire.kind != SITE_SYSCALL;
}

/* Does a call end there? Then it belongs to its entry's site, and is never told of by itself. */
static inline bool probe_site_is_end(const struct probe_site *site)
{
	return site->wire.kind == SITE_RETURN ||
	       ((site->wire.flags & SITE_GO) && site->wire.owner != site->id);
}

/* Told by the kernel's own course, on top of whatever thread runs there, or under the scheduler's
 * locks: connections, block I/O, task life, time off the CPU. Nobody spends time in it. */
static inline bool probe_site_is_of_nobody(const struct probe_site *site)
{
	return (site->wire.flags & (SITE_VIEW | SITE_LIFE)) || site->probe->kind == PROBE_SCHED;
}

/* Is there nobody who has caused it, and whose stacks could be told? */
static inline bool probe_site_has_no_stack(const struct probe_site *site)
{
	return site->no_stack || (site->wire.flags & SITE_LIFE);
}

/* Something that could not be done as asked and is said once: "srv:f: refused: …". */
struct probe_note {
	const char *text;
	bool is_refusal; /* it matches, but must not be probed */
};

struct probe_set {
	struct arena arena;
	struct compile_options options;
	ARRAY_OF(struct probe *) probes;
	ARRAY_OF(struct probe_site *) sites; /* [0] is NULL: ids start at 1 */
	ARRAY_OF(struct probe_note) notes;
	size_t repeated; /* matches that were probed already, for an earlier spec */
	bool has_views;	 /* some of the sites are or were events of a view */
	/* For the entry and the return of the function before, while those of one file are added:
	 * their names are the file's. NULL at other times */
	struct plan_made *made;
};

struct err *probe_set_init(struct probe_set *set, const struct compile_options *options) must_check;
void probe_set_deinit(struct probe_set *set);

/* Both append a zeroed item that lives as long as the set. */
struct err *probe_set_add_probe(struct probe_set *set, struct probe **ret) must_check;
struct err *probe_set_add_site(struct probe_set *set, const struct probe *probe,
			       struct probe_site **ret) must_check;

/* Is there a site of this kind; one with all of these flags? One that is not probed after all has
 * no kind, but still its flags. */
bool probe_set_has_kind(const struct probe_set *set, enum site_kind kind);
bool probe_set_has_flags(const struct probe_set *set, uint32_t flags);
/* Does any site show pointers to functions, or to tables of them? */
bool probe_set_shows_code(const struct probe_set *set);
bool probe_set_shows_pointers(const struct probe_set *set);

struct err *probe_set_note(struct probe_set *set, const char *text, ...) must_check
	printf_like(2, 3);
struct err *probe_set_refuse(struct probe_set *set, const char *text, ...) must_check
	printf_like(2, 3);

#endif
