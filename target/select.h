/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * target/select.h — choosing processes by what they are. The part that BPF reads, too.
 *
 * A name has 15 bytes at most, so a pattern that can match has 15 places at most: all patterns of a
 * run go into one word, 16 bits each, and are matched together. Bit n of a pattern: "n of its
 * places are behind us". A byte moves on what takes it, and what has a `*` there stays, too.
 */
#ifndef UTRAIL_TARGET_SELECT_H
#define UTRAIL_TARGET_SELECT_H

#include <linux/types.h>

/* Of each kind; alternatives. */
#define SELECT_MAX	     8
#define SELECT_PATTERNS_MAX  4
#define SELECT_PATTERN_BITS  16
#define SELECT_PATTERN_BYTES 15 /* TASK_COMM_LEN without its end */

struct comm_patterns {
	__u64 takes[256]; /* bit n: place n takes this byte */
	__u64 stays;	  /* a `*` before place n, or at the end */
	__u64 begin, end;
};

/* Paths of control groups are compared by FNV-1a, 64 bits: whoever makes another one of the same
 * hash is traced, and does harm to nobody. */
#define SELECT_HASH_BEGIN 0xcbf29ce484222325ULL

static inline __u64 select_hash_step(__u64 hash, char c)
{
	return (hash ^ (__u8)c) * 0x100000001b3ULL;
}

#endif
