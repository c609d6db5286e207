/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/fetch_walk.bpf.c — the elements of containers that have a node for each: lists, trees, hash
 * tables; and of queues that have blocks.
 *
 * What the target has there may be anything, a circle too: the number of elements is bounded, and
 * so is that of steps. A step takes several calls, so that each has few variables: all frames stay
 * small, see uprobe/uprobe.bpf.c.
 */
#include "probe/fetch_slots.bpf.h"

enum walk_next {
	WALK_DONE, /* the list has ended */
	WALK_ON,   /* to the next node */
	WALK_READ, /* the element whose address is in the accumulator */
};

/* A tree takes two steps for each node, and those down to the first one. In rounds, as in
 * probe/fetch_each.bpf.c. */
#define WALK_ROUND  24
#define WALK_ROUNDS 24
_Static_assert(WALK_ROUND *WALK_ROUNDS == 2 * FETCH_WALK_MAX + 64, "so many steps");

static __always_inline __u32 walk_part(const struct fetch_op *op, __u32 index)
{
	return (__u32)((__u64)op->imm >> (index * 16)) & 0xffff;
}

static __always_inline int walk_end(struct scratch *scratch, __u32 flags)
{
	return fetch_list_end(scratch, flags, true);
}

/* Something is no address, or no such container. */
static __always_inline int walk_broken(struct scratch *scratch)
{
	return fetch_list_end(scratch, 0, false);
}

static __always_inline __u32 walk_cut(struct scratch *scratch)
{
	return scratch->each_bytes == 2 ? FETCH_BLOB_TRUNCATED : 0;
}

static __always_inline int walk_chain(const struct fetch_op *op, struct scratch *scratch,
				      bool sleepable)
{
	__u64 node = scratch->node;
	if (!node || node == scratch->node_end)
		return walk_end(scratch, 0);
	if (!scratch->each_left)
		return walk_end(scratch, walk_cut(scratch));
	scratch->acc = node + walk_part(op, 1);
	if (fetch_copy(scratch, &scratch->node, sizeof(node), node + walk_part(op, 2), sleepable))
		return walk_broken(scratch);
	return WALK_READ;
}

static __always_inline int walk_tree(const struct fetch_op *op, struct scratch *scratch,
				     bool sleepable)
{
	__u64 node = scratch->node, before = scratch->node_before;
	__u32 links = walk_part(op, 2);
	if (!scratch->each_left || node == scratch->node_end)
		return walk_end(scratch, walk_cut(scratch));
	if (fetch_copy(scratch, scratch->node_links, sizeof(scratch->node_links), node, sleepable))
		return walk_broken(scratch);
	__u64 left = scratch->node_links[(links >> 4) & 3];
	__u64 right = scratch->node_links[(links >> 8) & 3];
	if (!before && left) {
		scratch->node = left;
		return WALK_ON;
	}
	/* From below: all to the left is done, or that on both sides. */
	bool is_done = before && before != left;
	if (is_done && before != right)
		return walk_broken(scratch);
	if (!is_done && right) {
		scratch->node = right;
		scratch->node_before = 0;
	} else {
		scratch->node = scratch->node_links[links & 3];
		scratch->node_before = node;
	}
	scratch->acc = node + walk_part(op, 1);
	return is_done ? WALK_ON : WALK_READ;
}

static __always_inline int walk_blocks(const struct fetch_op *op, struct scratch *scratch,
				       bool sleepable)
{
	__u64 at = scratch->node;
	if (at == scratch->node_end)
		return walk_end(scratch, 0);
	if (!scratch->each_left)
		return walk_end(scratch, walk_cut(scratch));
	if (at != scratch->node_before) {
		scratch->acc = at;
		scratch->node = at + walk_part(op, 0);
		return WALK_READ;
	}
	scratch->node_links[3] += sizeof(at);
	if (fetch_copy(scratch, &scratch->node, sizeof(at), scratch->node_links[3], sleepable))
		return walk_broken(scratch);
	scratch->node_before = scratch->node + walk_part(op, 2);
	return WALK_ON;
}

static __always_inline int walk_find_body(const struct fetch_op *op, struct scratch *scratch,
					  bool sleepable)
{
	if (fetch_list_room(scratch) < walk_part(op, 3) + 64)
		return walk_end(scratch, FETCH_BLOB_TRUNCATED);
	if (op->size == WALK_TREE)
		return walk_tree(op, scratch, sleepable);
	if (op->size == WALK_BLOCKS || op->size == WALK_NUMBERED)
		return walk_blocks(op, scratch, sleepable);
	return walk_chain(op, scratch, sleepable);
}

static __always_inline int walk_read_body(const struct fetch_op *op, struct scratch *scratch,
					  bool sleepable)
{
	scratch->each_left--;
	scratch->poisoned = 0;
	scratch->length = walk_part(op, 3);
	scratch->has_length = 1;
	fetch_bytes(scratch, op, sleepable);
	scratch->slot--;
	return 0;
}

/* False: it cannot be read. */
static __always_inline bool walk_number(const struct fetch_op *op, struct scratch *scratch,
					__u64 from, bool sleepable)
{
	__u32 block = walk_part(op, 2);
	scratch->node = scratch->node_end = 0;
	if (!scratch->each_left) /* it may have no blocks */
		return true;
	if (!block ||
	    fetch_copy(scratch, &scratch->node_links[3], sizeof(from), from + op->reg, sleepable) ||
	    fetch_copy(scratch, &scratch->node_links[0], sizeof(from), from + op->next[0],
		       sleepable))
		return false;
	__u64 at = scratch->node_links[0] * walk_part(op, 0);
	scratch->node_links[3] += at / block * sizeof(from);
	if (fetch_copy(scratch, &scratch->node, sizeof(from), scratch->node_links[3], sleepable))
		return false;
	scratch->node_before = scratch->node + block;
	scratch->node += at % block;
	return true;
}

/* True: there is a list. */
static __always_inline bool walk_begin(const struct fetch_op *op, struct scratch *scratch,
				       bool sleepable)
{
	__u64 from = scratch->acc;
	bool ok = !scratch->poisoned && from >= FIRST_ADDRESS && from < LAST_ADDRESS;
	fetch_mark(scratch, op);
	scratch->each_left = scratch->length < FETCH_WALK_MAX ? scratch->length : FETCH_WALK_MAX;
	scratch->each_bytes = scratch->has_length;
	scratch->node_before = 0;
	scratch->node_end = op->next[0] == FETCH_WALK_NULL ? 0 : from + op->next[0];
	if (ok && op->size == WALK_BLOCKS) {
		ok = !fetch_copy(scratch, scratch->node_links, sizeof(scratch->node_links),
				 from + op->reg, sleepable) &&
		     !fetch_copy(scratch, &scratch->node_end, sizeof(from), from + op->next[0],
				 sleepable);
		scratch->node = scratch->node_links[0];
		scratch->node_before = scratch->node_links[2];
	} else if (ok && op->size == WALK_NUMBERED) {
		ok = walk_number(op, scratch, from, sleepable);
	} else if (ok) {
		ok = !fetch_copy(scratch, &scratch->node, sizeof(from), from + op->reg, sleepable);
	}
	if (!ok)
		walk_broken(scratch);
	return ok;
}

__noinline int walk_find_sleepable(const struct fetch_op *op, struct scratch *scratch)
{
	return fetch_has(FETCH_WALK) && op && scratch ? walk_find_body(op, scratch, true)
						      : WALK_DONE;
}

__noinline int walk_find_atomic(const struct fetch_op *op, struct scratch *scratch)
{
	return fetch_has(FETCH_WALK) && op && scratch ? walk_find_body(op, scratch, false)
						      : WALK_DONE;
}

__noinline int walk_read_sleepable(const struct fetch_op *op, struct scratch *scratch)
{
	return fetch_has(FETCH_WALK) && op && scratch ? walk_read_body(op, scratch, true) : 0;
}

__noinline int walk_read_atomic(const struct fetch_op *op, struct scratch *scratch)
{
	return fetch_has(FETCH_WALK) && op && scratch ? walk_read_body(op, scratch, false) : 0;
}

/* So many steps; 0: the last one was among them. */
__noinline int walk_round_sleepable(const struct fetch_op *op, struct scratch *scratch)
{
	int next = fetch_has(FETCH_WALK) && op && scratch;
	for (int i = 0; i < WALK_ROUND && next; i++) {
		next = walk_find_sleepable(op, scratch);
		if (next == WALK_READ)
			walk_read_sleepable(op, scratch);
	}
	return next;
}

__noinline int walk_round_atomic(const struct fetch_op *op, struct scratch *scratch)
{
	int next = fetch_has(FETCH_WALK) && op && scratch;
	for (int i = 0; i < WALK_ROUND && next; i++) {
		next = walk_find_atomic(op, scratch);
		if (next == WALK_READ)
			walk_read_atomic(op, scratch);
	}
	return next;
}

__noinline int walk_begin_sleepable(const struct fetch_op *op, struct scratch *scratch)
{
	return fetch_has(FETCH_WALK) && op && scratch ? walk_begin(op, scratch, true) : 0;
}

__noinline int walk_begin_atomic(const struct fetch_op *op, struct scratch *scratch)
{
	return fetch_has(FETCH_WALK) && op && scratch ? walk_begin(op, scratch, false) : 0;
}

__noinline int fetch_walk_sleepable(const struct fetch_op *op, struct scratch *scratch)
{
	int next = 1;
	if (!fetch_has(FETCH_WALK) || !op || !scratch || !walk_begin_sleepable(op, scratch))
		return 0;
	for (int i = 0; i < WALK_ROUNDS && next; i++)
		next = walk_round_sleepable(op, scratch);
	if (next)
		fetch_list_end(scratch, FETCH_BLOB_TRUNCATED, true);
	return 0;
}

__noinline int fetch_walk_atomic(const struct fetch_op *op, struct scratch *scratch)
{
	int next = 1;
	if (!fetch_has(FETCH_WALK) || !op || !scratch || !walk_begin_atomic(op, scratch))
		return 0;
	for (int i = 0; i < WALK_ROUNDS && next; i++)
		next = walk_round_atomic(op, scratch);
	if (next)
		fetch_list_end(scratch, FETCH_BLOB_TRUNCATED, true);
	return 0;
}

/* --- before 5.12 ------------------------------------------------------------------------------ */

static __always_inline const struct fetch_op *walk_op(__u32 plan_id, __u32 index)
{
	struct fetch_plan *plan = bpf_map_lookup_elem(&plans, &plan_id);
	return plan && index < FETCH_OPS_MAX ? &plan->ops[index] : NULL;
}

static __always_inline struct scratch *walk_scratch(void)
{
	__u32 tid = (__u32)stream_current_id();
	return bpf_map_lookup_elem(&thread_scratches, &tid);
}

__noinline int walk_find_old(__u32 plan_id, __u32 index)
{
	if (!fetch_has(FETCH_WALK))
		return WALK_DONE;
	const struct fetch_op *op = walk_op(plan_id, index);
	struct scratch *scratch = walk_scratch();
	return op && scratch ? walk_find_body(op, scratch, false) : WALK_DONE;
}

__noinline int walk_read_old(__u32 plan_id, __u32 index)
{
	if (!fetch_has(FETCH_WALK))
		return 0;
	const struct fetch_op *op = walk_op(plan_id, index);
	struct scratch *scratch = walk_scratch();
	return op && scratch ? walk_read_body(op, scratch, false) : 0;
}

__noinline int walk_round_old(__u32 plan_id, __u32 index)
{
	int next = fetch_has(FETCH_WALK);
	for (int i = 0; i < WALK_ROUND && next; i++) {
		next = walk_find_old(plan_id, index);
		if (next == WALK_READ)
			walk_read_old(plan_id, index);
	}
	return next;
}

__noinline int walk_begin_old(__u32 plan_id, __u32 index)
{
	if (!fetch_has(FETCH_WALK))
		return 0;
	const struct fetch_op *op = walk_op(plan_id, index);
	struct scratch *scratch = walk_scratch();
	return op && scratch ? walk_begin(op, scratch, false) : 0;
}

__noinline int fetch_walk_old(__u32 plan_id, __u32 index)
{
	int next = 1;
	if (!fetch_has(FETCH_WALK) || !walk_begin_old(plan_id, index))
		return 0;
	for (int i = 0; i < WALK_ROUNDS && next; i++)
		next = walk_round_old(plan_id, index);
	struct scratch *scratch = walk_scratch();
	if (next && scratch)
		fetch_list_end(scratch, FETCH_BLOB_TRUNCATED, true);
	return 0;
}
