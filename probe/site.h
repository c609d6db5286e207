/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/site.h — the site table: one row for each place in code where a probe sits.
 *
 * The row's index is the site id; it is the BPF cookie of the attachment and stands in every
 * record. BPF sees what it needs at a hit (struct site); everything static about the place, such as
 * names and types, stays in user space (probe/probe.h). Row 0 is never used.
 */
#ifndef UTRAIL_PROBE_SITE_H
#define UTRAIL_PROBE_SITE_H

#ifndef __bpf__
#include <linux/types.h>
#endif

enum site_kind {
	SITE_INSTANT = 1, /* a hit is one event: offset probe, USDT marker, entry or return alone */
	SITE_ENTRY,	  /* opens a span */
	SITE_RETURN,	  /* a `ret` instruction of the function whose entry site is `owner` */
	SITE_SYSCALL,	  /* one system call: entry and return in one record */
	SITE_CATCH, /* where exceptions are caught: no event, but calls that are left are over */
};

enum site_flags {
	SITE_TAIL_CALL = 1, /* SITE_RETURN, SITE_GO: on a tail jump: the span ends, the result is
			       not known */
	SITE_TRAMPOLINE =
		2, /* SITE_ENTRY: the return comes from a uretprobe with the same cookie */
	/* SITE_ENTRY: a return is expected at all (else the span ends as soon as it starts) */
	SITE_HAS_RETURN = 4,
	/* SITE_INSTANT, SITE_SYSCALL: of interest only inside a traced call */
	SITE_INSIDE = 8,
	/* SITE_ENTRY: the entry may wait for the return, and be one record with it */
	SITE_KEEP = 16,
	/* SITE_SYSCALL: something is read at the return also when the call failed */
	SITE_OUTPUTS_ANYWAY = 32,
	/* not SITE_RETURN: the user stack is taken, too */
	SITE_STACK = 64,
	/* SITE_INSTANT: a place in the kernel; what it reads there cannot wait for a page */
	SITE_IN_KERNEL = 1024,
	/* and there, the end of a call: a condition may ask for its result */
	SITE_AT_RETURN = 2048,
	/* SITE_INSTANT: entry or end of a call that a goroutine or a coroutine makes:
	 * stream/goroutines.h. Of an end, `owner` is the entry's site */
	SITE_GO = 4096,
	/* SITE_INSTANT: no place, but what a thread is at when a clock ticks */
	SITE_SAMPLE = 8192,
	/* SITE_INSTANT: no place, but the condition and the rate of task life (kernel/life.h) */
	SITE_LIFE = 16384,
	/* SITE_INSTANT: no place, but an event of one of the kernel's views (kernel/views.h) */
	SITE_VIEW = 32768,
	/* SITE_GO: the kernel puts the call together, too (stream/go.bpf.h): it is not known at the
	 * entry alone whether the call counts */
	SITE_GO_KEPT = 65536,
};

/* In the cookie of an attached probe, beside the site id: it is the kernel's return probe. */
#define SITE_COOKIE_RETURN (1ULL << 32)

struct site {
	__u32 kind;	   /* enum site_kind */
	__u32 flags;	   /* enum site_flags */
	__u32 owner;	   /* SITE_RETURN, ends of SITE_GO: the entry site; else the site itself */
	__u32 entry_plan;  /* index into the plan table; plan 0 is empty */
	__u32 return_plan; /* read at the return */
	__u16 filter;	   /* index into the table of filters; 0: every hit counts */
	__u16 extent;	   /* SITE_GO_KEPT: bytes of code from the entry's place on, at most this */
};
/* That many or more. */
#define SITE_EXTENT_MAX 0xffff
_Static_assert(sizeof(struct site) == 24, "wire format");

#endif
