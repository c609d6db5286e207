/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/filter.h — a condition as data: which hits are worth a record.
 *
 * User space compiles the words behind `if` (probe/condition.h) into a decision graph. It is a list
 * of operations: those of fetch plans load a value into the accumulator or a text into the payload,
 * a test says where to go on: at another operation, or at the end with FILTER_PASS or FILTER_FAIL.
 * The graph has no cycle, so each operation runs at most once.
 *
 * A test has three ends, for a value may be unreadable: true, false, unknown. What is unknown then
 * depends on the rest, as Kleene's logic has it (unknown && false is false), and what stays unknown
 * passes: an event is never lost because something could not be read.
 *
 * All that is known at the entry is asked before what only the return tells (FILTER_AT_RETURN); the
 * number of the operation at which the entry stopped is all that must be kept until then.
 */
#ifndef UTRAIL_PROBE_FILTER_H
#define UTRAIL_PROBE_FILTER_H

#include "probe/fetch.h"

/* Codes of operations beside those of enum fetch_code, in a struct fetch_op. */
enum filter_code {
	FILTER_FIRST = 32,
	/* What follows is asked at the return. With flag FILTER_RESULT it is the result: when there
	 * is none (a tail call), go on at next[FILTER_UNKNOWN] */
	FILTER_AT_RETURN = FILTER_FIRST,
	FILTER_TASK,	/* acc = what `reg` says (enum filter_task) */
	FILTER_COMM,	/* text = the thread's name */
	FILTER_MASK,	/* acc &= imm */
	FILTER_EQUAL,	/* a test: acc == imm, acc cut to `size` bytes */
	FILTER_LESS,	/* signed with FETCH_SIGNED */
	FILTER_GREATER, /* the same */
	FILTER_MATCH,	/* a test: the text matches the elements from number imm on */
	FILTER_HOLD,	/* held = acc */
	FILTER_COUNT,	/* acc = (acc - held) / imm; unknown when held is, or lies behind acc */
};

enum filter_flags {
	FILTER_RESULT = 4,
	FILTER_WHOLE = 8,  /* MATCH: a text that was cut is whole: an array without a NUL */
	FILTER_MAYBE = 16, /* MATCH: a number that is no address leads to no text: false */
};

enum filter_task {
	FILTER_TASK_PID,
	FILTER_TASK_TID,
	FILTER_TASK_UID,
	FILTER_TASK_GID,
	FILTER_TASK_CPU,
	FILTER_TASK_DURATION, /* nanoseconds; unknown when the entry was not seen */
};

/* Indexes of fetch_op.next. */
enum filter_way {
	FILTER_TRUE,
	FILTER_FALSE,
	FILTER_UNKNOWN,
};

/* Ends, in place of the number of an operation. */
#define FILTER_PASS 255
#define FILTER_FAIL 254
/* In place of where to begin: at filter_plan.alone. */
#define FILTER_ALONE 253

/* A pattern: one element for each character, up to FILTER_END. */
#define FILTER_ANY	    0x100 /* ? */
#define FILTER_CLASS	    0x200 /* [..]: | number of the class */
#define FILTER_STAR	    0x300 /* * */
#define FILTER_END	    0x400
#define FILTER_KIND	    0xff00

#define FILTER_OPS_MAX	    128 /* a power of two: the index is masked */
#define FILTER_ELEMENTS_MAX 512 /* of all patterns; a power of two: the index is masked */
#define FILTER_CLASSES_MAX  8	/* the same */
/* A text that needs more steps than this to match is unknown: 16 in each of so many rounds. */
#define FILTER_MATCH_ROUNDS 1024

struct filter_plan {
	__u8 n_ops;
	__u8 start; /* an operation, or an end */
	__u8 alone; /* where a return begins whose entry was not seen */
	__u8 reserved[5];
	struct fetch_op ops[FILTER_OPS_MAX];
	__u16 elements[FILTER_ELEMENTS_MAX];
	__u8 classes[FILTER_CLASSES_MAX][32]; /* bit c: the character c is in it */
};
_Static_assert(sizeof(struct filter_plan) == 8 + 128 * 16 + 1024 + 256, "wire format");

/* A run of the plan, of one thread: probe/filter.bpf.c. */
struct filter_run {
	__u64 began_ns; /* of the call; 0: not known */
	__u32 at;	/* operation, or an end */
	__u32 text;	/* position of the text in the payload */
	__u32 returned; /* what is known at the return only is known */
	__u32 no_result;
	__u32 unknown; /* a value could not be read */
	/* The text and the pattern that are compared, and where to go on behind the last star. */
	__u32 length, is_cut, in_text, in_pattern, star_text, star_pattern;
	__u32 held_unknown;
	__u64 held; /* the first of two values of which the difference is wanted */
};

/* What it says. */
enum filter_answer {
	FILTER_FAILS,
	FILTER_PASSES,
	FILTER_WAITS, /* for the return */
};

#endif
