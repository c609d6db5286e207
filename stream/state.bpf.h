/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/state.bpf.h — what the programs keep: of each thread, and in maps that all of them share.
 * Included by stream/stream.bpf.h, through which it is used.
 */
#ifndef UTRAIL_STREAM_STATE_BPF_H
#define UTRAIL_STREAM_STATE_BPF_H

#include "common/kernel.bpf.h"
#include "probe/fetch.h"
#include "probe/filter.h"
#include "probe/regs.h"
#include "probe/site.h"
#include "stream/event.h"

/* Spans open in one thread. Power of two: the index is masked. */
#define SPANS_MAX 256

/* Two frames further apart than this are on different stacks, and neither is inside the other. */
#define STACK_BYTES_MAX (64ULL << 20)

#if defined(__TARGET_ARCH_x86)
#define REGS_USED  X86_REGS
#define REGS_MASK  31
#define REG_SP	   X86_RSP
#define REG_FP	   X86_RBP
#define REG_RESULT X86_RAX
#define REG_KEPT   X86_KEPT
/* The trampoline runs after the return address was popped. */
#define RETURN_SP_ADJUST 8
#else
#define REGS_USED	 ARM64_REGS
#define REGS_MASK	 63
#define REG_SP		 ARM64_SP
#define REG_FP		 ARM64_FP
#define REG_RESULT	 ARM64_X0
#define REG_KEPT	 ARM64_KEPT
#define RETURN_SP_ADJUST 0
#endif

struct span_frame {
	__u64 time_ns;
	__u64 sp; /* at the function's entry */
	__u32 site_id;
	__u32 number; /* 0: its entry record was lost */
};

/*
 * All open spans of a thread but the innermost one, which is in its scratch area: most calls are
 * the only traced one of their thread, and need no second look-up for what they were.
 */
struct outer_spans {
	struct span_frame frames[SPANS_MAX];
	__u8 filters[SPANS_MAX]; /* as scratch.top_filter */
};

/* scratch.inner_ns of the outer spans, when that is asked for. */
struct inner_times {
	__u64 ns[SPANS_MAX];
};

/* scratch.words of the outer spans; those of deeper ones are not kept. */
#define WORD_SPANS_MAX 128
struct outer_words {
	__u64 words[WORD_SPANS_MAX][REGS_KEPT];
};

#define RECORD_HEAD_MAX                                               \
	(sizeof(struct event_header) + sizeof(struct event_syscall) + \
	 2 * sizeof(struct event_where))

/* On the way from a file up to the root directory: probe/file.bpf.h. Kernel addresses. */
struct file_walk {
	__u64 path; /* struct path that it began at */
	__u64 leaf; /* struct dentry */
	__u64 dentry, mount;
	__u64 root_dentry, root_mount;
	__u32 used; /* bytes of names */
	__u32 flags;
	__u64 top; /* dentry at which it ends without having found a mount; 0: none */
};

/* The goroutine that a hit is in: stream/go.bpf.h. */
struct go_now {
	__u64 g;	 /* address of its structure */
	__u64 bounds[2]; /* of its stack */
	__u64 used;	 /* of that, at the hit */
	__u32 image;	 /* of the process: another one after each exec */
	__u32 parent;	 /* site of the innermost call that is open in it; 0: none is */
	__u32 left;	 /* calls that were told of and have turned out to be left */
	__u32 reserved;
	/* Of the call that ends. */
	__u64 time_ns, inner_ns;
	__u32 counted, filter;
	__u32 in, reserved2; /* `parent` when it began */
	/* On the way up the stack: a frame, and where it goes on when what it called returns. */
	__u64 frame, address;
	__u64 words[2];
};

/* What a run of a plan has found not to be in memory: see probe/fault.bpf.c. */
struct absent {
	__u64 at, before; /* the address; the one that was brought in last */
	__u32 size;	  /* bytes; ABSENT_TEXT: up to a NUL */
#define ABSENT_TEXT 0
	__u32 begun; /* where in the payload the run begins */
	/* Of the passes of this run, 0 at its start: */
	__u16 count;	/* reads that failed in this pass */
	__u16 given_up; /* so many of them cannot be had */
	__u32 pages;	/* of the text at `before` that were brought in; 0: there is none */
};

/*
 * What a thread is doing. The payload starts at the same place for every kind of record, so that
 * its bounds are constants; the head is built right in front of it.
 */
struct scratch {
	/* What the hit at hand is, kept here and not on the stack: see uprobe/uprobe.bpf.c. */
	__u64 id;
	__u64 time_ns;
	__u64 sp;
	__u64 acc;
	__u64 in_all;	/* bytes that the buffers of a list may still have */
	__u32 position; /* bytes of payload written */
	__u32 slot;
	__u32 unavailable;
	__u32 poisoned;
	__u32 length;
	__u32 has_length; /* 1: `length` applies to the next BYTES; 2: and it was cut */
	__u32 keep_files; /* FILE slots are there already, from the run before */
	struct absent absent;
	/* What is known of the thread. */
	__u32 announced;    /* the EVENT_TASK record is in the stream */
	__u32 spans;	    /* numbers given out */
	__u32 depth;	    /* spans open */
	__u32 syscall_site; /* in flight; 0: none */
	__u32 execed;	    /* the address space was replaced during the system call */
#define EXECED		  1
#define EXECED_AND_LEAVES 2    /* and the process is traced no more when that has returned */
	struct span_frame top; /* the innermost one; void at depth 0 */
	__u64 syscall_time_ns;
	__u32 syscall_number;
	__u32 syscall_size; /* entry slots, bytes */
	__u32 syscall_unavailable;
	__u32 syscall_flags;
	__u32 syscall_seen;    /* what was seen of system calls that are traced: */
#define CALLS_KNOWN 1	       /* none can have been in flight before */
#define CALL_BEGAN  2	       /* and its end has not come by */
	__u32 netlink;	       /* 1 + the protocol of the socket that the call is about; 0: none */
	__u64 syscall_told_ns; /* stream/calls.bpf.c has sent the entry of the call of that time */
	struct file_walk walk;
	/*
	 * Number of the top span while its entry waits for the return, its slots at the start of
	 * the payload; 0: none waits. Whoever sets it to 0 sends the entry: this thread, or, when
	 * that takes its time, stream/kept.bpf.c on another CPU.
	 */
	__u32 kept;
	__u32 kept_unavailable;
	__u16 kept_size;
	__u16 kept_cpu;
	/* Where the condition of the top span goes on at the return, + 1; 0: nowhere. */
	__u8 top_filter;
	__u8 syscall_filter; /* the same of the system call in flight */
	__u8 entry_filter;   /* of the hit at hand */
	__u8 has_filtered;   /* filtered_sp is valid */
	__u8 has_stacks;     /* open spans may be on several stacks; until none is open */
	__u8 is_tail_call;   /* the call that begins returns to where the top does */
	/* Calls that were left out at their entry, whose returns are not to be taken for those of
	 * calls that began before tracing: the highest stack pointer that one had. */
	__u64 filtered_sp;
	__u32 filtered_depth; /* such calls that are open, and whose return the kernel follows */
	/* The same of calls that were taken to be left, but may only wait on a stack of their own.
	 */
	__u64 dead_sp;			    /* calls at or below it are over */
	__u64 alternate_sp, alternate_size; /* of the thread's signal stack, as it was then */
	__u64 return_address, trampoline;   /* of the call that begins; the kernel's */
	__u64 left_sp, left_next;	    /* the latter: among those that are gone through */
	__u32 long_strings;		    /* so many next strings are not tried as short ones */
	struct filter_run filter;
	/* stream/cost.bpf.h: the program that runs now. */
	__u64 cost_began_ns;
	__u32 cost_site;
	__u32 cost_is_return;
	/* stream/sums.bpf.h: what the calls and system calls inside the top have taken so far; and
	 * the function that the system call in flight began in. */
	__u64 inner_ns;
	__u32 parent_site;
	/* stream/where.bpf.c: when the thread left its CPU, 0: it has one; whether by itself; when
	 * it was woken then, and what it was at. How long all that was so far; at time_ns; and when
	 * the system call began. */
	__u32 off_blocked;
	__u64 off_ns, woken_ns;
	struct event_blocked off; /* .from_ns 0: nobody is to be told */
	__u64 blocked_ns, waited_ns, unseen;
	struct event_where where_now, syscall_where;
	struct go_now go;
	__u64 words[REGS_KEPT];	     /* what the entry of the top span has kept for its return */
	__u64 each_at;		     /* of an array: the next element */
	__u32 each_left, each_bytes; /* how much is left, and was there */
	__u32 each_next;	     /* in a list: its next blob in the payload; 0: in memory */
	__u16 marks[FETCH_MARKS];    /* where lists are in the payload */
	/* probe/fetch_walk.bpf.c: where it stands; where it came from, or the end of the block;
	 * what ends the container; the node as it was read. */
	__u64 node, node_before, node_end, node_links[4];
	__u64 regs[REGS_MASK + 1];
	__u8 head[RECORD_HEAD_MAX];
	__u8 payload[FETCH_PAYLOAD_MAX];
};
/* 7.2 gives no task storage of 8 KiB and more. */
_Static_assert(sizeof(struct scratch) < 7424, "must stay well below 8 KiB");
_Static_assert(sizeof(struct outer_spans) < 7168, "must stay well below 8 KiB");
_Static_assert(sizeof(struct outer_words) < 7168, "must stay well below 8 KiB");

/* --- maps; weak, so that each object that includes this shares one --------------------------- */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring __weak SEC(".maps");

/*
 * What is rare and cannot be done without: who a thread is, fork, exec, exit. A burst of hits fills
 * the other ring, never this one. Its records take numbers of the same sequences.
 */
#define LIFE_RING_BYTES (256 << 10)
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LIFE_RING_BYTES);
} life_ring __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct site);
} sites __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fetch_plan);
} plans __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct loss_row);
} losses __weak SEC(".maps");

/* Thread groups that are traced, as the initial PID namespace numbers them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u32);
} targets __weak SEC(".maps");

/* Thread groups that were traced until they ended: what they had mapped may be told by others only
 * afterwards. The oldest make room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct ended_target);
} ended_targets __weak SEC(".maps");

/* Traced processes whose last threads end: who makes the entry is the first of these. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct process_key);
	__type(value, __u8);
} process_ends __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} sequences __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct scratch);
} task_scratches __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct outer_spans);
} task_spans __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct inner_times);
} task_inner __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct outer_words);
} task_words __weak SEC(".maps");

/* The same by thread id, where tracing programs have no task storage (before 5.11). Preallocated:
 * those kernels warn about allocation at run time in tracing programs. */
#define OLD_KERNEL_THREADS 512
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OLD_KERNEL_THREADS);
	__type(key, __u32);
	__type(value, struct scratch);
} thread_scratches __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OLD_KERNEL_THREADS);
	__type(key, __u32);
	__type(value, struct outer_spans);
} thread_spans __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OLD_KERNEL_THREADS);
	__type(key, __u32);
	__type(value, struct inner_times);
} thread_inner __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OLD_KERNEL_THREADS);
	__type(key, __u32);
	__type(value, struct outer_words);
} thread_words __weak SEC(".maps");

/* What a fresh entry of the four above is made from: too big for the BPF stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} blank_scratch __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct outer_spans);
} blank_spans __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct inner_times);
} blank_inner __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct outer_words);
} blank_words __weak SEC(".maps");

#endif
