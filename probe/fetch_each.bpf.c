/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/fetch_each.bpf.c — what pointers in the elements of an array lead to: the texts of a vector
 * of strings.
 *
 * An element takes several calls, so that each has few variables: all frames stay small, see
 * uprobe/uprobe.bpf.c.
 */
#include "probe/fetch_slots.bpf.h"

/* What is left to do for an element whose pointer is in the accumulator. */
enum each_next {
	EACH_DONE, /* the list has ended */
	EACH_NONE, /* nothing, the next one */
	EACH_READ,
};

static __always_inline __u32 each_part(const struct fetch_op *op, __u32 index)
{
	return (__u32)((__u64)op->imm >> (index * 16)) & 0xffff;
}

static __always_inline void each_read_memory(struct scratch *scratch, __u64 *to, __u64 from,
					     bool sleepable)
{
	if (!scratch->poisoned && fetch_copy(scratch, to, sizeof(*to), from, sleepable))
		scratch->poisoned = 1;
}

/* A word of the element; of an array that lies in a list, it is in the payload. */
static __always_inline void each_load(const struct fetch_op *op, struct scratch *scratch, __u64 *to,
				      __u64 from, bool sleepable)
{
	if (!op->shift)
		return each_read_memory(scratch, to, from, sleepable);
	barrier_var(from);
	if (from > FETCH_PAYLOAD_MAX - sizeof(*to))
		scratch->poisoned = 1;
	else
		*to = *(const __u64 *)(scratch->payload + (from & ~7ULL));
}

/* To what the next blob of that list has. */
static __always_inline int each_next_blob(struct scratch *scratch)
{
	__u64 at = scratch->each_next;
	barrier_var(at);
	if (at > FETCH_PAYLOAD_MAX - sizeof(struct fetch_blob))
		return fetch_list_end(scratch, 0, false);
	const struct fetch_blob *blob = (const void *)(scratch->payload + (at & ~7ULL));
	if (blob->flags & FETCH_BLOB_END)
		return fetch_list_end(scratch, 0, true);
	scratch->each_at = at + sizeof(*blob);
	scratch->each_left = blob->length;
	scratch->each_next = (__u32)at + sizeof(*blob) + ((blob->length + 7) & ~7U);
	return EACH_NONE;
}

/* Bytes that are to be read, from the number in in_all. */
static __always_inline void each_length(struct scratch *scratch, const struct fetch_op *op,
					__u8 mode)
{
	__u64 length = scratch->in_all, limit = each_part(op, 3);
	__u64 items = op->next[0] | op->next[1] << 8;
	if (mode == EACH_BYTES)
		length = limit;
	else if (mode == EACH_RANGE)
		length -= scratch->acc;
	else if (length > limit)
		length = items ? limit + 1 : 0;
	else
		length *= items;
	if ((__s64)length < 0 || scratch->poisoned)
		length = 0;
	scratch->has_length = length > limit ? 2 : 1;
	scratch->length = length > limit ? limit : length;
}

static __always_inline int each_find_body(const struct fetch_op *op, struct scratch *scratch,
					  bool sleepable)
{
	__u64 at = scratch->each_at, unit = each_part(op, 0);
	__u8 mode = op->size;
	if (!scratch->each_left || scratch->each_left < unit)
		return op->shift ? each_next_blob(scratch) : fetch_list_end(scratch, 0, true);
	if (!fetch_list_room(scratch))
		return fetch_list_end(scratch, FETCH_BLOB_TRUNCATED, true);
	scratch->each_at = at + each_part(op, 0);
	scratch->each_left -= unit;
	scratch->poisoned = 0;
	scratch->in_all = 1;
	if (mode == EACH_SHORT) {
		each_load(op, scratch, &scratch->in_all, at + op->reg, sleepable);
		if (!(scratch->in_all & 1)) {
			fetch_blob_done(scratch, 0, 0, true);
			scratch->slot--;
			return EACH_NONE;
		}
	}
	if (mode == EACH_ITEMS || mode == EACH_RANGE || mode == EACH_SHORT)
		each_load(op, scratch, &scratch->in_all, at + each_part(op, 2), sleepable);
	each_load(op, scratch, &scratch->acc, at + each_part(op, 1), sleepable);
	if (scratch->poisoned) /* the array ends here, or is none */
		return fetch_list_end(scratch, 0, false);
	/* The last one is not shown: more of them is a cut. */
	bool is_last = !scratch->acc || !scratch->each_left;
	if (is_last && op->flags & FETCH_EACH_TO_NULL)
		return fetch_list_end(scratch, scratch->acc ? FETCH_BLOB_TRUNCATED : 0, true);
	if (mode == EACH_BEFORE)
		each_read_memory(scratch, &scratch->in_all, scratch->acc - each_part(op, 2),
				 sleepable);
	each_length(scratch, op, mode);
	return EACH_READ;
}

static __always_inline int each_read_body(const struct fetch_op *op, struct scratch *scratch,
					  bool sleepable)
{
	__u32 room = fetch_list_room(scratch), limit = each_part(op, 3);
	if (room < 64)
		return 0;
	if (limit > room - 16)
		limit = room - 16;
	if (scratch->length > limit) {
		scratch->length = limit;
		scratch->has_length = 2;
	}
	if (op->size == EACH_TEXT)
		fetch_string(scratch, op, limit, sleepable);
	else
		fetch_bytes(scratch, op, sleepable);
	scratch->slot--;
	return 0;
}

/* True: there is a list. */
static __always_inline bool each_begin(const struct fetch_op *op, struct scratch *scratch)
{
	bool to_null = op->flags & FETCH_EACH_TO_NULL;
	__u32 most = (FETCH_EACH_MAX + to_null) * each_part(op, 0);
	__u32 length = scratch->length < most ? scratch->length : most;
	fetch_mark(scratch, op);
	if (op->shift) {
		scratch->each_next = scratch->marks[(op->shift - 1) & (FETCH_MARKS - 1)];
		scratch->each_left = 0;
		return true;
	}
	scratch->each_at = scratch->acc;
	scratch->each_left = length;
	scratch->each_bytes = length;
	if (!scratch->poisoned && scratch->acc >= FIRST_ADDRESS && scratch->acc < LAST_ADDRESS)
		return true;
	bool is_null = !scratch->poisoned && !scratch->acc;
	fetch_list_end(scratch, is_null ? FETCH_BLOB_NULL : 0, is_null);
	return false;
}

/* There may be another EACH of the same array. */
static __always_inline void each_end(struct scratch *scratch, __u64 began, int next)
{
	if (next)
		fetch_list_end(scratch, FETCH_BLOB_TRUNCATED, true);
	scratch->acc = began;
	scratch->length = scratch->each_bytes;
	scratch->poisoned = 0;
}

__noinline int each_find_sleepable(const struct fetch_op *op, struct scratch *scratch)
{
	return fetch_has(FETCH_EACH) && op && scratch ? each_find_body(op, scratch, true)
						      : EACH_DONE;
}

__noinline int each_find_atomic(const struct fetch_op *op, struct scratch *scratch)
{
	return fetch_has(FETCH_EACH) && op && scratch ? each_find_body(op, scratch, false)
						      : EACH_DONE;
}

__noinline int each_read_sleepable(const struct fetch_op *op, struct scratch *scratch)
{
	return fetch_has(FETCH_EACH) && op && scratch ? each_read_body(op, scratch, true) : 0;
}

__noinline int each_read_atomic(const struct fetch_op *op, struct scratch *scratch)
{
	return fetch_has(FETCH_EACH) && op && scratch ? each_read_body(op, scratch, false) : 0;
}

/* What ends the list is a step, too. In rounds, as the verifier follows each turn of a loop, but a
 * global function once. */
#define EACH_ROUND  27
#define EACH_ROUNDS 19
_Static_assert(EACH_ROUND *EACH_ROUNDS == FETCH_EACH_STEPS + 1, "so many steps");

/* So many elements; 0: the last one was among them. */
__noinline int each_round_sleepable(const struct fetch_op *op, struct scratch *scratch)
{
	int next = fetch_has(FETCH_EACH) && op && scratch;
	for (int i = 0; i < EACH_ROUND && next; i++) {
		next = each_find_sleepable(op, scratch);
		if (next == EACH_READ)
			each_read_sleepable(op, scratch);
	}
	return next;
}

__noinline int each_round_atomic(const struct fetch_op *op, struct scratch *scratch)
{
	int next = fetch_has(FETCH_EACH) && op && scratch;
	for (int i = 0; i < EACH_ROUND && next; i++) {
		next = each_find_atomic(op, scratch);
		if (next == EACH_READ)
			each_read_atomic(op, scratch);
	}
	return next;
}

__noinline int fetch_each_sleepable(const struct fetch_op *op, struct scratch *scratch)
{
	if (!fetch_has(FETCH_EACH) || !op || !scratch || !each_begin(op, scratch))
		return 0;
	__u64 began = scratch->acc;
	int next = 1;
	for (int i = 0; i < EACH_ROUNDS && next; i++)
		next = each_round_sleepable(op, scratch);
	each_end(scratch, began, next);
	return 0;
}

__noinline int fetch_each_atomic(const struct fetch_op *op, struct scratch *scratch)
{
	if (!fetch_has(FETCH_EACH) || !op || !scratch || !each_begin(op, scratch))
		return 0;
	__u64 began = scratch->acc;
	int next = 1;
	for (int i = 0; i < EACH_ROUNDS && next; i++)
		next = each_round_atomic(op, scratch);
	each_end(scratch, began, next);
	return 0;
}

/* --- before 5.12 ------------------------------------------------------------------------------ */

static __always_inline const struct fetch_op *each_op(__u32 plan_id, __u32 index)
{
	struct fetch_plan *plan = bpf_map_lookup_elem(&plans, &plan_id);
	return plan && index < FETCH_OPS_MAX ? &plan->ops[index] : NULL;
}

static __always_inline struct scratch *each_scratch(void)
{
	__u32 tid = (__u32)stream_current_id();
	return bpf_map_lookup_elem(&thread_scratches, &tid);
}

__noinline int each_find_old(__u32 plan_id, __u32 index)
{
	if (!fetch_has(FETCH_EACH))
		return EACH_DONE;
	const struct fetch_op *op = each_op(plan_id, index);
	struct scratch *scratch = each_scratch();
	return op && scratch ? each_find_body(op, scratch, false) : EACH_DONE;
}

__noinline int each_read_old(__u32 plan_id, __u32 index)
{
	if (!fetch_has(FETCH_EACH))
		return 0;
	const struct fetch_op *op = each_op(plan_id, index);
	struct scratch *scratch = each_scratch();
	return op && scratch ? each_read_body(op, scratch, false) : 0;
}

__noinline int each_round_old(__u32 plan_id, __u32 index)
{
	int next = fetch_has(FETCH_EACH);
	for (int i = 0; i < EACH_ROUND && next; i++) {
		next = each_find_old(plan_id, index);
		if (next == EACH_READ)
			each_read_old(plan_id, index);
	}
	return next;
}

__noinline int fetch_each_old(__u32 plan_id, __u32 index)
{
	if (!fetch_has(FETCH_EACH))
		return 0;
	const struct fetch_op *op = each_op(plan_id, index);
	struct scratch *scratch = each_scratch();
	if (!op || !scratch || !each_begin(op, scratch))
		return 0;
	__u64 began = scratch->acc;
	int next = 1;
	for (int i = 0; i < EACH_ROUNDS && next; i++)
		next = each_round_old(plan_id, index);
	each_end(scratch, began, next);
	return 0;
}
