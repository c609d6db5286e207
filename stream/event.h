/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * stream/event.h — the wire format: what the BPF programs put into the ring.
 *
 * Every record starts with struct event_header; kind decides what follows. Fixed-width fields, no
 * pointers, sizes asserted: both sides include this file. A reader skips kinds it does not know by
 * `size`. Each record carries the next number of its CPU's sequence, taken before the attempt to
 * write: a gap is a lost record, and the gaps must add up to the counted losses.
 */
#ifndef UTRAIL_STREAM_EVENT_H
#define UTRAIL_STREAM_EVENT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

enum event_kind {
	EVENT_ENTRY = 1, /* a span opens; slots of the entry plan */
	EVENT_RETURN,	 /* it ends: struct event_return, slots of the return plan */
	EVENT_INSTANT,	 /* slots of the entry plan */
	EVENT_SYSCALL, /* struct event_syscall, slots of the entry plan, then of the return plan */
	EVENT_TASK,    /* first sight of a thread: struct event_task */
	EVENT_FORK,    /* struct event_fork; the header names the parent */
	EVENT_EXEC,    /* struct event_exec, then file name and arguments */
	EVENT_EXIT,    /* struct event_exit */
	/* A span that opened and ended with nothing of its thread in between: struct event_call,
	 * slots of the entry plan, then of the return plan */
	EVENT_CALL,
	/* EVENT_ENTRY of a span that was to become an EVENT_CALL, sent when it could not: it comes
	 * later than its time says */
	EVENT_KEPT_ENTRY,
	/* The stack at an entry or an instant: struct event_stack, then what it says. Comes
	 * before its event, with the same thread, site and time (of a system call: its entry's) */
	EVENT_STACK = 11,
	EVENT_SIGNAL = 12, /* a thread gets a signal: struct event_signal */
	/* A function of the kernel begins and ends: struct event_kernel, slots of the entry plan,
	 * of the return plan. `depth` and `span` are those of the user's function around it. */
	EVENT_KERNEL_ENTRY = 13,
	EVENT_KERNEL_RETURN = 14,
	/* A thread has been off its CPU, and was not there to run: struct event_blocked */
	EVENT_BLOCKED = 15,
	EVENT_VIEW = 16,   /* of a view of the kernel: struct event_view, slots of the entry plan */
	EVENT_GO = 17,	   /* calls in a goroutine that are not open any more: struct event_go */
	EVENT_RENAME = 18, /* a thread has another name now: struct event_rename */
	/* A system call that has not returned yet: slots of the entry plan. Its record follows when
	 * it returns, with the same thread and entry time. It may come later than its time says */
	EVENT_SYSCALL_ENTRY = 20,
};

/* With --where, a bit of `kind`: struct event_where follows the header, before all else. Of a
 * system call two of them: of its return, then of its entry. */
#define EVENT_HAS_WHERE 0x8000

struct event_header {
	/* CLOCK_BOOTTIME, when it happened; of a system call, and of EVENT_CALL: its return */
	__u64 time_ns;
	__u32 tgid, tid;   /* as the initial PID namespace numbers them */
	__u32 site_id;	   /* row of the site table, 0 for task life; returns name the entry site */
	__u16 kind;	   /* enum event_kind */
	__u16 size;	   /* header and all that follows, bytes */
	__u32 sequence;	   /* per CPU, counts attempts */
	__u16 cpu;	   /* where it happened; of a kept entry, the sequence is another CPU's */
	__u16 depth;	   /* spans open around it, in this thread */
	__u32 span;	   /* entry and return: number of this span in its thread; else of the span
			    * around it, 0 for none */
	__u32 unavailable; /* bit n: slot n could not be read */
};
_Static_assert(sizeof(struct event_header) == 40, "wire format");

enum event_return_flags {
	EVENT_RETURN_TAIL_CALL = 1, /* left by a tail jump: no result */
	EVENT_RETURN_ALONE = 2,	    /* the call began before tracing did: no span, no entry time */
	/* The whole call is to be forgotten: the condition of its probe does not hold, and it was
	 * counted as filtered. No slots. */
	EVENT_RETURN_FORGOTTEN = 4,
	/* With this, not so: the rate of its probe is exceeded, and it was counted as suppressed */
	EVENT_RETURN_SUPPRESSED = 8,
};

struct event_return {
	__u64 entry_time_ns;
	__u32 flags; /* enum event_return_flags */
	__u32 reserved;
};
_Static_assert(sizeof(struct event_return) == 16, "wire format");

/* Of one thread, no two calls are open with the same site and frame. */
struct event_kernel {
	__u64 entry_time_ns; /* of the entry, both times */
	__u64 frame;	     /* an address on the kernel's stack: inner calls have lower ones */
	__u32 flags;	     /* enum event_return_flags: FORGOTTEN, SUPPRESSED */
	__u32 reserved;
};
_Static_assert(sizeof(struct event_kernel) == 24, "wire format");

/*
 * Of the goroutine, the calls whose frames lie deeper than `used` are open no more, and with
 * EVENT_RETURN_FORGOTTEN the one there, of the header's site, is to be forgotten.
 */
struct event_go {
	__u64 g;     /* address of the goroutine's structure */
	__u64 used;  /* bytes of its stack */
	__u32 flags; /* enum event_return_flags: FORGOTTEN, SUPPRESSED */
	__u32 reserved;
};
_Static_assert(sizeof(struct event_go) == 24, "wire format");

struct event_call {
	__u64 entry_time_ns;
	__u32 entry_unavailable; /* as in struct event_syscall */
	__u16 entry_size;	 /* bytes of the entry slots */
	__u16 entry_cpu;
	__u32 flags; /* enum event_return_flags */
	__u32 reserved;
};
_Static_assert(sizeof(struct event_call) == 24, "wire format");

/* Entries with more bytes of slots are never kept. */
#define EVENT_KEPT_MAX 512

struct event_syscall {
	__u64 entry_time_ns;
	__s64 result;
	__u32 number;
	__u32 entry_unavailable; /* bit n: slot n of the entry plan could not be read; the header's
				  * mask is the return plan's */
	__u32 entry_size;	 /* bytes of the entry slots */
	__u32 flags;		 /* enum event_syscall_flags */
};
_Static_assert(sizeof(struct event_syscall) == 32, "wire format");

/* Added to the number of a call through the 32-bit entry, which is of another table. */
#define EVENT_CALL_NARROW 0x20000000
/* Those that do not return: arch/x86/entry/syscalls/syscall_32.tbl */
#define EVENT_NARROW_EXIT	(EVENT_CALL_NARROW | 1)
#define EVENT_NARROW_EXIT_GROUP (EVENT_CALL_NARROW | 252)

enum event_syscall_flags {
	EVENT_SYSCALL_NO_OUTPUTS = 2, /* it failed: there are no slots of the return plan */
	EVENT_SYSCALL_AGAIN = 4,      /* the inputs were read at the return, some of them again */
	/* The thread is to die before it could see the result */
	EVENT_SYSCALL_KILLED = 8,
	EVENT_SYSCALL_RETURNING = 16, /* of the programs alone: see stream/calls.bpf.c */
};

#define EVENT_COMM 16

struct event_task {
	__u64 start_time_ns; /* CLOCK_BOOTTIME; with tgid, an identity that is never reused */
	__u32 parent_tgid;
	__u32 uid; /* in the initial user namespace */
	__u32 gid;
	__u32 tty; /* device number as in /proc/PID/stat field 7, 0: none */
	char comm[EVENT_COMM];
};
_Static_assert(sizeof(struct event_task) == 40, "wire format");

/* The header names the thread, which need not be the one that has renamed it. */
struct event_rename {
	char comm[EVENT_COMM];
};
_Static_assert(sizeof(struct event_rename) == 16, "wire format");

/* In `unavailable` of EVENT_FORK, EVENT_EXEC and EVENT_EXIT: it was counted as filtered or as
 * suppressed, and is there for bookkeeping alone. */
#define EVENT_LIFE_HIDDEN 1

struct event_fork {
	__u32 child_tgid, child_tid; /* a thread when child_tgid is the header's tgid */
	char comm[EVENT_COMM];
};
_Static_assert(sizeof(struct event_fork) == 24, "wire format");

#define EVENT_EXEC_MAX 4096

struct event_exec {
	struct event_task task; /* as it is after the exec */
	__u32 old_tid;		/* of the thread that called; the header has the new one */
	__u32 flags;		/* enum event_exec_flags */
	__u32 filename_size;	/* bytes with NUL, first in what follows */
	__u32 argv_size;	/* bytes; each argument ends with NUL */
};
_Static_assert(sizeof(struct event_exec) == 56, "wire format");

enum event_exec_flags {
	EVENT_EXEC_ARGV_TRUNCATED = 1,
	EVENT_EXEC_ARGV_UNREADABLE = 2,
	EVENT_EXEC_INTERPRETED = 4, /* a script: the arguments are its interpreter's */
	EVENT_EXEC_COMPAT = 8,	    /* a 32-bit program, on a 64-bit kernel */
};

struct event_exit {
	__u32 code;    /* as wait(2) tells it */
	__u32 is_last; /* the whole process ends with this thread */
	char comm[EVENT_COMM];
	__u32 superseded_by; /* the thread that execs, and has this one's number then; 0: none */
	__u32 reserved;
};
_Static_assert(sizeof(struct event_exit) == 32, "wire format");

#define EVENT_SIGINFO 48 /* bytes; what struct siginfo has more is padding */

struct event_signal {
	__u32 number;
	__u32 flags; /* enum event_signal_flags */
	char comm[EVENT_COMM];
	char info[EVENT_SIGINFO]; /* the beginning of its struct siginfo */
};
_Static_assert(sizeof(struct event_signal) == 72, "wire format");

enum event_signal_flags {
	EVENT_SIGNAL_IGNORED = 1, /* the thread sees nothing of it */
};

/* What a thread has done so far, at the record's time. Counted from when it was first seen. */
struct event_where {
	__u64 blocked_ns, waited_ns;
	__u64 minor_faults, major_faults; /* since it was made, as getrusage(2) counts them */
	__u64 unseen;			  /* times that it came back to a CPU unseen */
};
_Static_assert(sizeof(struct event_where) == 40, "wire format");

/* What a blocked thread was at, besides the system call. */
enum blocked_on {
	BLOCKED_ON_UNKNOWN,
	BLOCKED_ON_DISK, /* waited for an input or output of blocks (in_iowait of the task) */
	BLOCKED_ON_SOCKET,
	BLOCKED_ON_PIPE,
	BLOCKED_ON_FILE,
	BLOCKED_ON_DEVICE, /* terminals among them */
	BLOCKED_ON_STOP,   /* it was stopped, by a signal or a debugger */
};

#define BLOCKED_OUTSIDE (-1) /* of event_blocked.syscall: in none */

/* The record's time is when the thread ran again. */
struct event_blocked {
	__u64 from_ns;	  /* when it left its CPU */
	__u64 woken_ns;	  /* when it could have run again */
	__u64 syscall_ns; /* when the system call in flight began that is traced; 0: none is */
	__u64 lock;	  /* futex: its address */
	__s32 syscall;	  /* number, or BLOCKED_OUTSIDE */
	__u32 on;	  /* enum blocked_on */
};
_Static_assert(sizeof(struct event_blocked) == 40, "wire format");

/* The thread is whom it belongs to, and need not be the one in which it was seen. */
struct event_view {
	__u64 duration_ns; /* until the record's time */
	__u32 flags;	   /* enum event_view_flags */
	__u32 inside;	   /* site of the function in which it was begun; 0: in none */
};
_Static_assert(sizeof(struct event_view) == 16, "wire format");

enum event_view_flags {
	EVENT_VIEW_DURATION = 1,  /* it is known */
	EVENT_VIEW_ELSEWHERE = 2, /* in no context of the thread: no depth */
	EVENT_VIEW_BEFORE = 4,	  /* it began before tracing did: hence no duration */
	EVENT_VIEW_NOBODY = 8,	  /* whose it is is not known */
	EVENT_VIEW_WAITED = 16,	  /* seen elsewhere, but its thread waits for it in `inside` */
	EVENT_VIEW_STACK = 32,	  /* a stack came before it, or was lost */
};

/* How stacks are taken; a constant of the run. */
enum stack_how {
	STACK_NONE,
	STACK_COPY,   /* the top of it, to be unwound with the tables of the files */
	STACK_FRAMES, /* the chain of frame pointers */
};

enum event_stack_flags {
	EVENT_STACK_UNREADABLE =
		1,		/* what comes next could not be read: the end, or not in memory */
	EVENT_STACK_FRAMES = 2, /* struct event_frame follow, else a copy */
	EVENT_STACK_KERNEL = 4, /* addresses of the kernel follow, and nothing else is set */
	EVENT_STACK_MORE = 8,	/* with that: a record of the user's comes next, or was lost */
	EVENT_STACK_ALONE = 16, /* with that: the user's is not to be had on this kernel */
};

#define EVENT_STACK_REGISTERS  34
#define EVENT_STACK_BYTES_MAX  (61 * 1024)
#define EVENT_STACK_FRAMES_MAX 256

struct event_stack {
	__u64 registers[EVENT_STACK_REGISTERS]; /* as probe/regs.h numbers them */
	__u64 from;	/* address of the first byte that was copied; of the first frame */
	__u64 top;	/* frames: the word at the stack pointer */
	__u64 taken_ns; /* 0: at the time of its event */
	__u32 size;	/* bytes that follow */
	__u32 flags;	/* enum event_stack_flags */
};
_Static_assert(sizeof(struct event_stack) == 304, "wire format");

/* What a frame pointer leads to. */
struct event_frame {
	__u64 next, return_address;
};
_Static_assert(sizeof(struct event_frame) == 16, "wire format");

/* Why a record is not in the stream: columns of the loss table, rows are site ids. */
enum loss_cause {
	LOSS_RING_FULL,	       /* instant, entry or system call: the event is lost as a whole */
	LOSS_RETURN_RING_FULL, /* the call was delivered, its return was not */
	LOSS_NO_STORAGE,       /* no memory for the thread's state */
	LOSS_MISSED_RETURN,    /* more spans open than a thread's state holds */
	LOSS_BOOKKEEPING,     /* a record that is no event: who a thread is (tried again at its next
			       * hit), task life that was not asked for */
	LOSS_FILTERED,	      /* no loss: the condition of the probe does not hold */
	LOSS_SUPPRESSED,      /* no loss: beyond the rate that was asked for */
	LOSS_STACK = 8,	      /* the event was delivered, its stack was not */
	LOSS_PROBE_BUSY = 9,  /* a probe in the kernel was hit inside of too many others */
	LOSS_TABLE_FULL = 10, /* `utrail stat`: no room for another row */
	/* The call was delivered; its return hit inside of too many other hits */
	LOSS_RETURN_BUSY = 11,
	/* `sched`: the kernel ran no program of ours when it happened, which is known from what
	 * came later. Counted as missed */
	LOSS_UNSEEN = 12,
	LOSS_CAUSES,
	LOSS_COLUMNS = 16
};
_Static_assert(LOSS_CAUSES <= LOSS_COLUMNS, "loss table");

/* What a site has cost, when that is measured. */
struct cost_row {
	__u64 hits;
	__u64 returns; /* of the kernel's return probe at the same site */
	__u64 run_ns;  /* of our programs, for both */
	__u64 reserved;
};
_Static_assert(sizeof(struct cost_row) == 32, "shared table");

struct loss_row {
	__u64 count[LOSS_COLUMNS];
};

/* One process, also when its number is given again. */
struct process_key {
	__u64 start_time_ns; /* CLOCK_BOOTTIME */
	__u32 tgid;
	__u32 reserved;
};

/* A process that is not traced any more. */
struct ended_target {
	__u64 time_ns; /* CLOCK_BOOTTIME; of one that has ended: when the first of its last threads
			  did */
	__u64 goes_on; /* it is none of the targets any more, but lives */
};

#endif
