/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/go.bpf.h — calls that are open in goroutines, where the kernel itself must know them:
 * conditions on the end, rates, `utrail stat`.
 *
 * A goroutine goes on in any thread, and its stack is copied when it grows. What stays is the
 * address of its structure, and how much of its stack is in use at a call: the top of the stack
 * less the stack pointer. By these two each open call has an entry in a hash, which leads to that
 * of the call around it; one more entry, the head, leads to the innermost. Only who runs in the
 * goroutine changes them, and that is one thread at a time.
 *
 * The frame of a new call lies below those of all open ones: what is open there or deeper was left,
 * by a panic or by runtime.Goexit.
 */
#ifndef UTRAIL_STREAM_GO_BPF_H
#define UTRAIL_STREAM_GO_BPF_H

#include "stream/stream.bpf.h"

struct go_key {
	__u64 g;
	__u64 used; /* GO_HEAD: the head */
	__u32 tgid;
	__u32 image; /* see struct go_now */
};

#define GO_HEAD (~0ULL)
#define GO_NONE (~0ULL)

struct go_frame {
	__u64 outer; /* `used` of the call around it, GO_NONE: none; of the head: the innermost */
	__u64 time_ns;
	__u64 inner_ns; /* of the calls inside that are counted, too */
	__u32 site_id;
	__u32 in;      /* site of the call around it, 0: none */
	__u32 counted; /* it was told of, or added to its row */
	__u32 filter;  /* where its condition goes on at the end, + 1; 0: nowhere */
	__u64 address; /* of its code, from here on */
	__u32 extent;  /* so many bytes, SITE_EXTENT_MAX: more */
	__u32 reserved;
};

/* Preallocated, as sum_rows are. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct go_key);
	__type(value, struct go_frame);
} go_calls __weak SEC(".maps");

/* What a fresh entry is made from: too big for the BPF stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct go_frame);
} blank_go __weak SEC(".maps");

/* Global functions; 0: no. Those of the old form find the thread themselves. */

/* Finds out in which goroutine the thread is, by the registers in its scratch area. */
extern int go_locate(struct scratch *scratch);
extern int go_locate_old(void);
/* Forgets the calls of which more than `used` bytes less one are in use. 0: some are left. */
extern int go_leave(struct scratch *scratch, __u64 used);
extern int go_leave_old(__u64 used);
/*
 * In which call is that? Sets go.parent, 0: in none that is known. Of the innermost ones, those
 * that a panic has left are forgotten: each call between has a frame pointer on the stack, and what
 * it returns to is code of the function whose frame that is. Where the chain of them breaks, nobody
 * knows.
 */
extern int go_settle(struct scratch *scratch);
extern int go_settle_atomic(struct scratch *scratch);
extern int go_settle_old(void);
/* A call begins in go.parent, whose entry has scratch->entry_filter. */
extern int go_push(struct scratch *scratch, __u32 site_id, __u32 counted);
extern int go_push_old(__u32 site_id, __u32 counted);
/* The innermost one, if it is of this site and in this place, is no more. */
extern int go_take(struct scratch *scratch, __u32 site_id);
extern int go_take_old(__u32 site_id);
/* `utrail stat`: adds the call that was taken. `forgotten` as for sum_close(). */
extern int go_sum(struct scratch *scratch, __u32 site_id, __u32 forgotten);
extern int go_sum_old(__u32 site_id, __u32 forgotten);
/* The same of a system call that has taken so long. */
extern int go_add_inner(struct scratch *scratch, __u64 ns);
extern int go_add_inner_old(__u64 ns);

#endif
