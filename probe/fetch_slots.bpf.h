/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* probe/fetch_slots.bpf.h — how memory is read and slots are written. Private to fetch*.bpf.c. */
#ifndef UTRAIL_PROBE_FETCH_SLOTS_BPF_H
#define UTRAIL_PROBE_FETCH_SLOTS_BPF_H

#include "probe/fetch.bpf.h"

extern const volatile __u32 fetch_codes;

/* May a plan of this run have this operation? Also FETCH_LISTS + code. A constant to the verifier.
 */
static __always_inline bool fetch_has(__u32 code)
{
	return fetch_codes & 1U << code;
}

/* Copies exactly `size` bytes. The caller has bounded `size`. */
static __always_inline long fetch_copy(struct scratch *scratch, void *to, __u64 size, __u64 from,
				       bool sleepable)
{
	long error = read_user(to, size, (void *)from);
	if (error && sleepable)
		fetch_absent(scratch, from, (__u32)size);
	return error;
}

/* Copies up to `size` bytes with the NUL; returns the bytes with NUL, or a negative error. */
static __always_inline long fetch_copy_string(struct scratch *scratch, void *to, __u64 size,
					      __u64 from, bool sleepable)
{
	long length = read_user_str(to, size, (void *)from);
	if (length < 0 && sleepable)
		fetch_absent(scratch, from, ABSENT_TEXT);
	return length;
}

/*
 * Room in the payload, in tiers: the verifier bounds the position and the length each on its own,
 * so every tier is a pair of constants whose sum fits.
 */
#define TIER_LARGE_LENGTH  (FETCH_STRING_MAX + 2)
#define TIER_LARGE_START   (FETCH_PAYLOAD_MAX - TIER_LARGE_LENGTH - 8)
#define TIER_MEDIUM_LENGTH 1026
#define TIER_MEDIUM_START  (FETCH_PAYLOAD_MAX - TIER_MEDIUM_LENGTH - 8)
#define TIER_SMALL_LENGTH  130
#define TIER_SMALL_START   (FETCH_PAYLOAD_MAX - TIER_SMALL_LENGTH - 8)

static __always_inline __u32 fetch_room(__u32 position)
{
	if (position <= TIER_LARGE_START)
		return TIER_LARGE_LENGTH;
	if (position <= TIER_MEDIUM_START)
		return TIER_MEDIUM_LENGTH;
	if (position <= TIER_SMALL_START)
		return TIER_SMALL_LENGTH;
	return 0;
}

/* Calls copy(scratch, to, size, from, sleepable) with bounds that every verifier can see: the
 * compiler must not know what is compared (6.1 loses the bound of a copy). fetch_room() has seen to
 * it already.
 */
#define FETCH_IN_TIER(copy, tier)                                                              \
	do {                                                                                   \
		__u64 tier_size = size, tier_start = position;                                 \
		barrier_var(tier_size);                                                        \
		barrier_var(tier_start);                                                       \
		if (tier_start <= TIER_##tier##_START) {                                       \
			if (tier_size > TIER_##tier##_LENGTH)                                  \
				return -1;                                                     \
			return copy(scratch,                                                   \
				    scratch->payload + tier_start + sizeof(struct fetch_blob), \
				    tier_size, from, sleepable);                               \
		}                                                                              \
	} while (0)

static __always_inline long fetch_string_into(struct scratch *scratch, __u32 position, __u32 size,
					      __u64 from, bool sleepable)
{
	FETCH_IN_TIER(fetch_copy_string, LARGE);
	FETCH_IN_TIER(fetch_copy_string, MEDIUM);
	FETCH_IN_TIER(fetch_copy_string, SMALL);
	return -1;
}

static __always_inline long fetch_bytes_into(struct scratch *scratch, __u32 position, __u32 size,
					     __u64 from, bool sleepable)
{
	FETCH_IN_TIER(fetch_copy, LARGE);
	FETCH_IN_TIER(fetch_copy, MEDIUM);
	FETCH_IN_TIER(fetch_copy, SMALL);
	return -1;
}

static __always_inline void fetch_slot_done(struct scratch *scratch, __u32 bytes, bool available)
{
	if (!available)
		scratch->unavailable |= 1U << (scratch->slot & 31);
	scratch->slot++;
	scratch->position += (bytes + 7) & ~7U;
}

/* Writes the blob's head; false when not even that fits: the slot is skipped, the record ends. */
static __always_inline void fetch_blob_done(struct scratch *scratch, __u32 length, __u32 flags,
					    bool available)
{
	__u32 position = scratch->position;
	if (position > FETCH_PAYLOAD_MAX - sizeof(struct fetch_blob))
		return;
	struct fetch_blob *blob = (void *)(scratch->payload + position);
	blob->length = length;
	blob->flags = available ? flags : flags | FETCH_BLOB_UNREADABLE;
	fetch_slot_done(scratch, sizeof(*blob) + length, available);
}

/*
 * The blob of what could not be read at this address, which is all that it has. What lists lead on
 * to are elements, whatever a blob of them has: EACH and WALK have the address in another slot.
 */
static __always_inline void fetch_blob_bad(struct scratch *scratch, const struct fetch_op *op,
					   __u32 flags, __u64 address)
{
	__u64 position = scratch->position;
	barrier_var(position);
	if (op->code >= FETCH_EACH ||
	    position > FETCH_PAYLOAD_MAX - sizeof(struct fetch_blob) - sizeof(address))
		return fetch_blob_done(scratch, 0, flags, false);
	*(__u64 *)(scratch->payload + (position & ~7ULL) + sizeof(struct fetch_blob)) = address;
	fetch_blob_done(scratch, sizeof(address), flags, false);
}

static __always_inline void fetch_string(struct scratch *scratch, const struct fetch_op *op,
					 __u32 limit, bool sleepable)
{
	__u32 position = scratch->position;
	__u32 room = fetch_room(position);
	__u64 from = scratch->acc;
	if (scratch->poisoned || room == 0)
		return fetch_blob_done(scratch, 0, 0, false);
	if (from == 0 && (op->flags & FETCH_NULL_OK))
		return fetch_blob_done(scratch, 0, FETCH_BLOB_NULL, true);
	if ((op->flags & FETCH_MAYBE) && (from < FIRST_ADDRESS || from >= LAST_ADDRESS))
		return fetch_blob_done(scratch, 0, 0, false);
	/* One more than the limit and the NUL, to tell a cut string from one that just fits. */
	if (limit > room - 2)
		limit = room - 2;
	__u32 size = (limit + 2) & 8191;
	barrier_var(size);
	long got = fetch_string_into(scratch, position, size, from, sleepable);
	if (got < 0)
		return fetch_blob_bad(scratch, op, 0, from);
	/* Before 6.2 an empty string is 0 bytes, not 1. */
	if (got == 0)
		got = 1;
	if (got > limit + 1)
		return fetch_blob_done(scratch, limit, FETCH_BLOB_TRUNCATED, true);
	fetch_blob_done(scratch, (__u32)got - 1, 0, true);
}

/* As many of these bytes at the accumulator as lie in its page. */
static __always_inline __u32 fetch_to_page(struct scratch *scratch, __u32 size)
{
	__u32 page = FETCH_PAGE - ((__u32)scratch->acc & (FETCH_PAGE - 1));
	__u32 here = size < page ? size : page;
	scratch->acc += here;
	scratch->has_length = 1;
	scratch->length = size - here;
	return here;
}

static __always_inline void fetch_bytes(struct scratch *scratch, const struct fetch_op *op,
					bool sleepable)
{
	__u32 position = scratch->position;
	__u32 room = fetch_room(position);
	__u64 from = scratch->acc;
	__u32 size = scratch->has_length ? scratch->length : (__u32)op->imm;
	__u32 flags = scratch->has_length == 2 ? FETCH_BLOB_TRUNCATED : 0;
	scratch->has_length = 0;
	if (op->flags & FETCH_TO_PAGE)
		size = fetch_to_page(scratch, size);
	if (scratch->poisoned || room == 0)
		return fetch_blob_done(scratch, 0, 0, false);
	if (from == 0 && (op->flags & FETCH_NULL_OK))
		return fetch_blob_done(scratch, 0, FETCH_BLOB_NULL, true);
	if ((op->flags & FETCH_MAYBE) && (from < FIRST_ADDRESS || from >= LAST_ADDRESS))
		size = 0;
	if (size > room) {
		size = room;
		flags = FETCH_BLOB_TRUNCATED;
	}
	if (size == 0)
		return fetch_blob_done(scratch, 0, flags, true);
	size &= 8191;
	barrier_var(size);
	if (fetch_bytes_into(scratch, position, size, from, sleepable))
		return fetch_blob_bad(scratch, op, 0, from);
	fetch_blob_done(scratch, size, flags, true);
}

/*
 * Lists. Each step handles one element, and is taken again while it returns 1. The last half
 * kilobyte of the payload is for the list's end and for the slots after it.
 */
#define LIST_END (FETCH_PAYLOAD_MAX - 512)

static __always_inline int fetch_list_end(struct scratch *scratch, __u32 flags, bool available)
{
	scratch->has_length = 0;
	scratch->in_all = FETCH_PAYLOAD_MAX;
	fetch_blob_done(scratch, 0, flags | FETCH_BLOB_END, available);
	return 0;
}

/* The list cannot be read on from this address. */
static __always_inline int fetch_list_bad(struct scratch *scratch, const struct fetch_op *op,
					  __u64 address)
{
	scratch->has_length = 0;
	scratch->in_all = FETCH_PAYLOAD_MAX;
	fetch_blob_bad(scratch, op, FETCH_BLOB_END, address);
	return 0;
}

/* The list begins here: for those that go on from it. */
static __always_inline void fetch_mark(struct scratch *scratch, const struct fetch_op *op)
{
	if (op->next[2])
		scratch->marks[(op->next[2] - 1) & (FETCH_MARKS - 1)] = (__u16)scratch->position;
}

/* Bytes that an element may have, its blob included; 0: no room for another one. */
static __always_inline __u32 fetch_list_room(struct scratch *scratch)
{
	__u32 position = scratch->position;
	return position < LIST_END - 64 ? LIST_END - position : 0;
}

#endif
