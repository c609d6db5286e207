/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/probe.bpf.h — what the programs of kernel/probe.bpf.c share.
 *
 * A probe in the kernel is hit anywhere: under the scheduler's locks, in an interrupt, in the
 * middle of one of our own programs. So a hit never touches the thread's scratch area but to read
 * how deep it is in user functions, and creates no state of the thread. Its record is built in one
 * of a few areas of this CPU, which it claims, and gives back. What finds none free is counted.
 */
#ifndef UTRAIL_KERNEL_PROBE_BPF_H
#define UTRAIL_KERNEL_PROBE_BPF_H

#include "probe/fetch.bpf.h"
#include "probe/kernel_read.bpf.h"
#include "stream/stream.bpf.h"

/* Task, soft interrupt, interrupt, NMI; where programs may be preempted, as many tasks. */
#define KERNEL_AREAS 4

/* Arguments of a raw tracepoint: MAX_BPF_FUNC_ARGS in include/linux/bpf.h. */
#define KERNEL_WORDS_MAX 12

struct kernel_area {
	volatile __u32 busy;
	__u32 attempts; /* records that were to be written from here, of this CPU */
	struct scratch scratch;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KERNEL_AREAS);
	__type(key, __u32);
	__type(value, struct kernel_area);
} kernel_areas __weak SEC(".maps");

/* Threads whose name is in the stream already, and when they began: a number comes again. */
#define KERNEL_THREADS 8192
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KERNEL_THREADS);
	__type(key, __u32);
	__type(value, __u64);
} kernel_threads __weak SEC(".maps");

/* The site of all hits of a copy of a program. */
extern const volatile __u32 old_site_id;

/* Runs a plan in an area. Global functions take numbers only: before 5.12 nothing else. */
extern int kernel_fetch(__u32 plan_id, __u32 level);
/* Runs a filter there (enum filter_answer), from scratch->filter.at on. Not on kernels of the old
 * form. */
extern int kernel_filter(__u32 filter_id, __u32 level);
/* FETCH_FILE there: kernel/path.bpf.c. */
extern int kernel_path(__u32 level, __u32 file_of, __u32 flags);

static __always_inline bool is_of_kernel(__u64 address)
{
	return address >> 63;
}

static __always_inline void slot_done(struct scratch *scratch, __u32 bytes, bool available)
{
	if (!available)
		scratch->unavailable |= 1U << (scratch->slot & 31);
	scratch->slot++;
	scratch->position += (bytes + 7) & ~7U;
}

static __always_inline void blob_done(struct scratch *scratch, __u32 length, __u32 flags,
				      bool available)
{
	__u64 position = scratch->position;
	barrier_var(position);
	if (position > FETCH_PAYLOAD_MAX - sizeof(struct fetch_blob))
		return;
	struct fetch_blob *blob = (void *)(scratch->payload + position);
	blob->length = length;
	blob->flags = available ? flags : flags | FETCH_BLOB_UNREADABLE;
	slot_done(scratch, sizeof(*blob) + length, available);
}

/* What could not be read at this address, which is all that the blob has. */
static __always_inline void blob_bad(struct scratch *scratch, __u64 address)
{
	__u64 position = scratch->position;
	barrier_var(position);
	if (position > FETCH_PAYLOAD_MAX - sizeof(struct fetch_blob) - sizeof(address))
		return;
	*(__u64 *)(scratch->payload + (position & ~7ULL) + sizeof(struct fetch_blob)) = address;
	blob_done(scratch, sizeof(address), 0, false);
}

#endif
