/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/view_records.h — what the programs of the kernel's views fill in: one structure for each
 * view, of which kernel/view_*.c names the fields. Never on the wire: the fetch plan of an event
 * reads from here what is shown, and its condition what it asks for.
 */
#ifndef UTRAIL_KERNEL_VIEW_RECORDS_H
#define UTRAIL_KERNEL_VIEW_RECORDS_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* All events of all views: rows of view_sites in kernel/view.bpf.h. */
enum view_number {
	VIEW_TCP_CONNECT,
	VIEW_TCP_ACCEPT,
	VIEW_TCP_CLOSE,
	VIEW_TCP_STATE,
	VIEW_TCP_RETRANSMIT,
	VIEW_BLOCK_IO,
	VIEW_TCP_RESET_SENT,
	VIEW_TCP_RESET_RECEIVED,
	VIEW_NUMBERS = 16,
};

/* One end of a connection. */
struct view_endpoint {
	__u16 family;
	__u16 port; /* as people write it */
	__u8 address[16];
};
_Static_assert(sizeof(struct view_endpoint) == 20, "shown by output/endpoint.c");

struct tcp_record {
	struct view_endpoint local, remote;
	__u32 port, local_port; /* the same once more, to be asked for */
	__u32 from, to;		/* states: include/net/tcp_states.h */
	__s32 result;		/* 0, or a negative errno */
	__u32 retransmits;	/* segments, of the connection so far */
	__u32 rtt_us;		/* smoothed */
	__u32 reserved;
	__u64 sent, received; /* bytes of the program's, each once */
};

#define BLOCK_NAME_MAX 32 /* DISK_NAME_LEN, include/linux/blkdev.h */

/* Our own bits: the kernel's have other places in other versions. */
enum block_flags {
	BLOCK_FLAG_SYNC = 1,
	BLOCK_FLAG_META = 2,
	BLOCK_FLAG_FUA = 4,
	BLOCK_FLAG_PREFLUSH = 8,
	BLOCK_FLAG_RAHEAD = 16,
	BLOCK_FLAG_BACKGROUND = 32,
	BLOCK_FLAG_WRITEBACK = 64, /* a write that a worker of the kernel has submitted */
};

struct block_record {
	char device[BLOCK_NAME_MAX];
	__u64 sector; /* of 512 bytes, of the whole disk */
	__u64 queued_ns;
	__u32 operation; /* enum req_op */
	__u32 flags;	 /* enum block_flags */
	__u32 bytes;
	__s32 error; /* 0, or a negative errno */
};

#define VIEW_RECORD_BYTES 128
_Static_assert(sizeof(struct block_record) <= VIEW_RECORD_BYTES, "fits");
_Static_assert(sizeof(struct tcp_record) <= VIEW_RECORD_BYTES, "fits");

#endif
