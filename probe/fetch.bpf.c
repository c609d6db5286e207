/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/fetch.bpf.c — the interpreter of fetch plans.
 *
 * One step function works on the thread's scratch area. As a *global* function it is verified once,
 * on its own, instead of once per path and iteration of the calling loop: a thousand verified
 * instructions instead of fifteen thousand. Kernels before 5.12 have no global functions with
 * pointer arguments: the form for those takes numbers and looks up what they stand for.
 *
 * In a sleepable program a read may fault the page in, so the first touch of a cold string is
 * right; the others mark what is not resident as unavailable.
 */
#include "probe/fetch.bpf.h"
#include "probe/fetch_slots.bpf.h"
#include "probe/file.bpf.h"
#include "probe/filter.bpf.h"
#include "probe/netlink.bpf.h"

/* Does any plan have a FILE operation? */
const volatile bool reads_files = false;
const volatile struct fetch_offsets file_offsets = {};
/* -yy: also what kind of device or socket it is? */
const volatile bool reads_sockets = false;
const volatile struct fetch_socket_offsets socket_offsets = {};
/* See probe/fetch.h. What is not known by name is loaded with all that most plans may have. */
const volatile __u32 fetch_codes = FETCH_ALL_CODES & ~(1U << FETCH_EACH | 1U << FETCH_WALK);

static __always_inline void fetch_int(struct scratch *scratch, const struct fetch_op *op)
{
	__u32 position = scratch->position;
	if (position > FETCH_PAYLOAD_MAX - sizeof(__u64))
		return;
	__u64 value = fetch_cut(scratch->acc, op->size, op->flags & FETCH_SIGNED);
	*(__u64 *)(scratch->payload + (position & ~7U)) = scratch->poisoned ? 0 : value;
	fetch_slot_done(scratch, sizeof(value), !scratch->poisoned);
}

static __always_inline void fetch_deref(struct scratch *scratch, const struct fetch_op *op,
					bool sleepable)
{
	__u64 value = 0, size = op->size & 15;
	if (scratch->poisoned)
		return;
	/* Kept apart from what the compiler knows, so that the verifier sees the bound it checks.
	 */
	barrier_var(size);
	if (size > sizeof(value) || (scratch->acc == 0 && (op->flags & FETCH_NULL_OK)))
		return;
	if (fetch_copy(scratch, &value, size, scratch->acc + (__u64)op->imm, sleepable))
		scratch->poisoned = 1;
	scratch->acc = fetch_cut(value, (__u32)size, op->flags & FETCH_SIGNED);
}

static __always_inline void fetch_length(struct scratch *scratch, const struct fetch_op *op)
{
	__u64 size = op->next[0] | op->next[1] << 8;
	__u64 length = size ? scratch->acc * size : scratch->acc << (op->shift & 63);
	__u64 limit = (__u64)op->imm;
	if ((op->flags & FETCH_WIDE) && scratch->netlink && limit < FETCH_STRING_MAX)
		limit = FETCH_STRING_MAX;
	if (op->flags & FETCH_WHEN) {
		__u64 reg = scratch->regs[op->reg & REGS_MASK];
		if (fetch_cut(reg, op->size, false) == limit >> 32)
			scratch->length = (__u32)limit;
		return;
	}
	if (scratch->poisoned || ((op->flags & FETCH_LENGTH_SIGNED) && (__s64)length < 0))
		length = 0;
	if (op->flags & FETCH_IN_ALL) {
		scratch->in_all = length;
		return;
	}
	if (op->flags & FETCH_TO_END) {
		length = scratch->in_all - length;
		scratch->in_all = FETCH_PAYLOAD_MAX;
		if ((__s64)length < 0)
			length = 0;
	}
	scratch->has_length = length > limit ? 2 : 1;
	scratch->length = length > limit ? (__u32)limit : (__u32)length;
}

/* A slot of a run before, which must stay as it is: the call may have closed the descriptor. */
static __always_inline void fetch_keep(struct scratch *scratch)
{
	__u64 position = scratch->position;
	barrier_var(position);
	if (position > FILE_START_MAX)
		return fetch_blob_done(scratch, 0, 0, false);
	const struct fetch_blob *blob = (void *)(scratch->payload + position);
	fetch_slot_done(scratch, sizeof(*blob) + (blob->length & 2047), true);
}

/* What a step found. */
enum list_next {
	LIST_ENDS,
	LIST_GOES_ON, /* to be taken again */
	LIST_ELEMENT, /* a descriptor, in `node` */
};

/* In `in_all`, beyond its value at rest, are the bits that were looked at. */
static __always_inline int fetch_fd_in_set(struct scratch *scratch)
{
	__u64 bit = scratch->in_all - FETCH_PAYLOAD_MAX;
	if (bit >= scratch->length)
		return fetch_list_end(scratch, 0, true);
	if (fetch_copy(scratch, &scratch->node, sizeof(__u64), scratch->acc + bit / 64 * 8, false))
		return fetch_list_end(scratch, 0, false);
	__u64 left = scratch->node >> (bit & 63);
	if (!left) {
		scratch->in_all += 64 - (bit & 63);
		return LIST_GOES_ON;
	}
	bit += __builtin_popcountll((left & -left) - 1);
	scratch->node = bit;
	scratch->in_all = FETCH_PAYLOAD_MAX + bit + 1;
	if (bit >= scratch->length)
		return fetch_list_end(scratch, 0, true);
	return LIST_ELEMENT;
}

/* include/linux/socket.h, of 64-bit programs: a length with that of this head, level, type. */
#define CONTROL_HEAD   16
#define CONTROL_RIGHTS (1 | 1ULL << 32) /* SOL_SOCKET, SCM_RIGHTS */

/* In `in_all`, beyond its value at rest, are the descriptors that the message at hand has had. */
static __always_inline int fetch_fd_in_control(struct scratch *scratch)
{
	__u64 at = CONTROL_HEAD + (scratch->in_all - FETCH_PAYLOAD_MAX) * sizeof(__s32);
	__u64 left = scratch->length;
	if (left < CONTROL_HEAD)
		return fetch_list_end(scratch, 0, true);
	if (fetch_copy(scratch, scratch->node_links, CONTROL_HEAD, scratch->acc, false))
		return fetch_list_end(scratch, 0, false);
	__u64 size = scratch->node_links[0];
	if (size < CONTROL_HEAD || size > left)
		return fetch_list_end(scratch, 0, true);
	if (scratch->node_links[1] != CONTROL_RIGHTS || at + sizeof(__s32) > size) {
		size = (size + 7) & ~7ULL;
		scratch->acc += size;
		scratch->length = size < left ? left - size : 0;
		scratch->in_all = FETCH_PAYLOAD_MAX;
		return LIST_GOES_ON;
	}
	if (fetch_copy(scratch, &scratch->node, sizeof(__s32), scratch->acc + at, false))
		return fetch_list_end(scratch, 0, false);
	scratch->in_all++;
	return LIST_ELEMENT;
}

/* The last bytes are for what comes after the list. */
#define FILES_END (FILE_START_MAX - 1024)

static __always_inline int fetch_next_fd(struct scratch *scratch, const struct fetch_op *op)
{
	if (!reads_files || scratch->poisoned || !scratch->acc)
		return fetch_list_end(scratch, 0, !scratch->poisoned);
	if (scratch->length == 0 || scratch->position > FILES_END)
		return fetch_list_end(scratch, scratch->length ? FETCH_BLOB_TRUNCATED : 0, true);
	if (op->size == FILES_IN_SET)
		return fetch_fd_in_set(scratch);
	if (op->size == FILES_IN_CONTROL)
		return fetch_fd_in_control(scratch);
	if (fetch_copy(scratch, &scratch->node, sizeof(__s32), scratch->acc, false))
		return fetch_list_end(scratch, 0, false);
	scratch->acc += (__u64)op->imm;
	scratch->length--;
	return LIST_ELEMENT;
}

/* False: there is nothing to be looked up. */
static __always_inline bool fetch_one_fd(struct scratch *scratch)
{
	bool is_kept = scratch->keep_files;
	if (!reads_files || scratch->poisoned || scratch->position > FILE_START_MAX)
		fetch_blob_done(scratch, 0, 0, false);
	else if (is_kept)
		fetch_keep(scratch);
	else
		return true;
	return false;
}

/* One place looks up both a descriptor and one of a list: the verifier follows the way up to the
 * root directory each time. */
static __always_inline int fetch_file(struct scratch *scratch, const struct fetch_op *op, bool list)
{
	if (list) {
		int next = fetch_next_fd(scratch, op);
		if (next != LIST_ELEMENT)
			return next;
	} else {
		if (!fetch_one_fd(scratch))
			return 0;
		scratch->node = scratch->acc;
	}
	__s32 fd = (__s32)scratch->node;
	__u32 size = file_read(scratch, fd, op->flags);
	if (!list) {
		fetch_blob_done(scratch, size, 0, true);
		return 0;
	}
	if (size && (__u32)scratch->node < FETCH_BLOB_FD_MAX) {
		fetch_blob_done(scratch, size, (__u32)scratch->node << FETCH_BLOB_FD, true);
		scratch->slot--;
	}
	return LIST_GOES_ON;
}

#define COUNT_STEP 16

static __always_inline int fetch_list_string(struct scratch *scratch, const struct fetch_op *op,
					     bool sleepable)
{
	__u64 cursor = scratch->acc, from = 0;
	__u32 room = fetch_list_room(scratch);
	__u32 limit = (__u32)op->imm;
	if (scratch->poisoned)
		return fetch_list_end(scratch, 0, false);
	if (cursor == 0)
		return fetch_list_end(scratch, FETCH_BLOB_NULL, true);
	if (fetch_copy(scratch, &from, sizeof(from), cursor, sleepable))
		return fetch_list_bad(scratch, op, cursor);
	if (from == 0)
		return fetch_list_end(scratch, 0, true);
	if (scratch->length == 0 || room == 0)
		return fetch_list_end(scratch, FETCH_BLOB_TRUNCATED, true);
	scratch->length--;
	scratch->acc = from;
	fetch_string(scratch, op, limit < room - 16 ? limit : room - 16, sleepable);
	scratch->slot--;
	scratch->acc = cursor + sizeof(from);
	return 1;
}

struct fetch_iovec {
	__u64 base, length;
};

/* The iovec at the list's cursor goes to its blob at `position`; returns that copy. */
static __always_inline struct fetch_iovec *fetch_list_iovec(struct scratch *scratch, __u32 position,
							    bool sleepable)
{
	__u64 start = position;
	barrier_var(start);
	if (start > LIST_END)
		return NULL;
	struct fetch_iovec *iovec = (void *)(scratch->payload + start + sizeof(struct fetch_blob));
	return fetch_copy(scratch, iovec, sizeof(*iovec), scratch->acc, sleepable) ? NULL : iovec;
}

static __always_inline int fetch_list_bytes(struct scratch *scratch, const struct fetch_op *op,
					    bool sleepable)
{
	__u32 position = scratch->position;
	__u32 room = fetch_list_room(scratch);
	if (scratch->poisoned)
		return fetch_list_end(scratch, 0, false);
	if (scratch->acc == 0)
		return fetch_list_end(scratch, FETCH_BLOB_NULL, true);
	if (scratch->length == 0 || room == 0)
		return fetch_list_end(
			scratch,
			scratch->length || scratch->has_length == 2 ? FETCH_BLOB_TRUNCATED : 0,
			true);
	struct fetch_iovec *iovec = fetch_list_iovec(scratch, position, sleepable);
	if (!iovec)
		return fetch_list_bad(scratch, op, scratch->acc);
	__u64 base = iovec->base, wanted = iovec->length;
	if (wanted > scratch->in_all)
		wanted = scratch->in_all;
	scratch->in_all -= op->flags & FETCH_LENGTH_SIGNED ? wanted : 0;
	__u64 limit = (__u64)op->imm;
	if ((op->flags & FETCH_WIDE) && scratch->netlink)
		limit = FETCH_STRING_MAX;
	__u64 bytes = wanted < limit ? wanted : limit;
	if (bytes > room - 32)
		bytes = room - 32;
	/* No more than one copy may have from here on: see FETCH_IN_TIER(). */
	room = fetch_room(position + sizeof(*iovec));
	if (bytes > room)
		bytes = room;
	__u32 size = (__u32)bytes & 8191;
	barrier_var(size);
	bool available =
		size == 0 || base == 0 ||
		!fetch_bytes_into(scratch, position + sizeof(*iovec), size, base, sleepable);
	if (!available || base == 0)
		size = 0;
	scratch->length--;
	fetch_blob_done(scratch, sizeof(*iovec) + size, wanted > bytes ? FETCH_BLOB_TRUNCATED : 0,
			available);
	scratch->slot--;
	scratch->acc += sizeof(*iovec);
	return 1;
}

static __always_inline int fetch_list_count(struct scratch *scratch, const struct fetch_op *op,
					    bool sleepable)
{
	__u64 pointer = 0;
	bool ended = scratch->poisoned || scratch->acc == 0 || scratch->length >= FETCH_COUNT_MAX;
	for (int i = 0; i < COUNT_STEP && !ended; i++) {
		if (fetch_copy(scratch, &pointer, sizeof(pointer), scratch->acc, sleepable))
			scratch->poisoned = 1;
		ended = scratch->poisoned || pointer == 0;
		scratch->acc += sizeof(pointer);
		scratch->length += !ended;
	}
	if (!ended)
		return 1;
	scratch->has_length = 0;
	scratch->acc = scratch->length;
	fetch_int(scratch, op);
	return 0;
}

/* The count is what in_all has beyond its value at rest; length says how many bytes are left. */
static __always_inline int fetch_list_records(struct scratch *scratch, const struct fetch_op *op,
					      bool sleepable)
{
	bool ended = scratch->poisoned || scratch->length == 0;
	for (int i = 0; i < COUNT_STEP && !ended; i++) {
		__u16 size = 0;
		if (scratch->in_all >= FETCH_PAYLOAD_MAX + FETCH_COUNT_MAX ||
		    fetch_copy(scratch, &size, sizeof(size), scratch->acc + (__u64)op->imm,
			       sleepable) ||
		    size == 0 || size > scratch->length)
			scratch->poisoned = 1;
		scratch->acc += size;
		scratch->length -= size;
		scratch->in_all++;
		ended = scratch->poisoned || scratch->length == 0;
	}
	if (!ended)
		return 1;
	scratch->has_length = 0;
	scratch->acc = scratch->in_all - FETCH_PAYLOAD_MAX;
	scratch->in_all = FETCH_PAYLOAD_MAX;
	fetch_int(scratch, op);
	return 0;
}

#define STEP_EACH 2
#define STEP_WALK 3

/* Returns 1 when the step is to be taken again, the others where probe/fetch_each.bpf.c or
 * probe/fetch_walk.bpf.c goes on.
 * Only system calls are given lists, and these are not waited for: all others are verified sooner
 * without. */
static __always_inline int fetch_step_body(const struct fetch_op *op, struct scratch *scratch,
					   bool sleepable)
{
	bool sign = op->flags & FETCH_SIGNED, list = !sleepable && (op->flags & FETCH_LIST);
	__u64 reg = scratch->regs[op->reg & REGS_MASK];
	if (op->flags & FETCH_FROM_REG)
		fetch_load(scratch, reg);
	switch (op->code) {
	case FETCH_REG:
		if (fetch_has(FETCH_REG))
			fetch_load(scratch, fetch_cut(reg >> (op->shift & 63), op->size, sign));
		break;
	case FETCH_CONST:
		fetch_load(scratch, (__u64)op->imm);
		break;
	case FETCH_ADD:
		scratch->acc += (__u64)op->imm;
		break;
	case FETCH_INDEX:
		if (fetch_has(FETCH_INDEX))
			scratch->acc += fetch_cut(reg, op->size, sign) * (__u64)op->imm;
		break;
	case FETCH_DEREF:
		if (fetch_has(FETCH_DEREF))
			fetch_deref(scratch, op, sleepable);
		break;
	case FETCH_LENGTH:
		if (fetch_has(FETCH_LENGTH))
			fetch_length(scratch, op);
		break;
	case FETCH_KEEP:
		/* What could not be had leads nowhere. */
		scratch->regs[REG_KEPT + (op->reg & 7)] = scratch->poisoned ? ~0ULL : scratch->acc;
		break;
	case FETCH_NETLINK:
		if (fetch_has(FETCH_NETLINK))
			fetch_netlink(scratch);
		break;
	case FETCH_INT:
		if (list && fetch_has(FETCH_LISTS + FETCH_INT))
			return op->imm ? fetch_list_records(scratch, op, sleepable)
				       : fetch_list_count(scratch, op, sleepable);
		if (fetch_has(FETCH_INT))
			fetch_int(scratch, op);
		break;
	case FETCH_STRING:
		if (list && fetch_has(FETCH_LISTS + FETCH_STRING))
			return fetch_list_string(scratch, op, sleepable);
		if (fetch_has(FETCH_STRING))
			fetch_string(scratch, op, (__u32)op->imm, sleepable);
		break;
	case FETCH_BYTES:
		if (list && fetch_has(FETCH_LISTS + FETCH_BYTES))
			return fetch_list_bytes(scratch, op, sleepable);
		if (fetch_has(FETCH_BYTES))
			fetch_bytes(scratch, op, sleepable);
		break;
	case FETCH_FILE:
		if (fetch_has(FETCH_FILE))
			return fetch_file(scratch, op, list && fetch_has(FETCH_LISTS + FETCH_FILE));
		break;
	case FETCH_EACH:
		return fetch_has(FETCH_EACH) ? STEP_EACH : 0;
	case FETCH_WALK:
		return fetch_has(FETCH_WALK) ? STEP_WALK : 0;
	}
	return 0;
}

__noinline int fetch_step_sleepable(const struct fetch_op *op, struct scratch *scratch)
{
	int next = op && scratch ? fetch_step_body(op, scratch, true) : 0;
	if (fetch_has(FETCH_WALK) && next == STEP_WALK)
		return fetch_walk_sleepable(op, scratch);
	return fetch_has(FETCH_EACH) && next == STEP_EACH ? fetch_each_sleepable(op, scratch)
							  : next;
}

__noinline int fetch_step_atomic(const struct fetch_op *op, struct scratch *scratch)
{
	int next = op && scratch ? fetch_step_body(op, scratch, false) : 0;
	if (fetch_has(FETCH_WALK) && next == STEP_WALK)
		return fetch_walk_atomic(op, scratch);
	return fetch_has(FETCH_EACH) && next == STEP_EACH ? fetch_each_atomic(op, scratch) : next;
}

__noinline int fetch_step_old(__u32 plan_id, __u32 index)
{
	__u32 tid = (__u32)stream_current_id();
	struct scratch *scratch = bpf_map_lookup_elem(&thread_scratches, &tid);
	struct fetch_plan *plan = bpf_map_lookup_elem(&plans, &plan_id);
	if (!scratch || !plan || index >= FETCH_OPS_MAX)
		return 0;
	int next = fetch_step_body(&plan->ops[index], scratch, false);
	if (fetch_has(FETCH_WALK) && next == STEP_WALK)
		return fetch_walk_old(plan_id, index);
	return fetch_has(FETCH_EACH) && next == STEP_EACH ? fetch_each_old(plan_id, index) : next;
}

/* The same of a filter's operation. */
__noinline int fetch_filter_step_old(__u32 filter_id, __u32 index)
{
	__u32 tid = (__u32)stream_current_id();
	if (!has_filters)
		return 0;
	struct scratch *scratch = bpf_map_lookup_elem(&thread_scratches, &tid);
	struct filter_plan *plan = bpf_map_lookup_elem(&filters, &filter_id);
	if (!scratch || !plan || index >= FILTER_OPS_MAX)
		return 0;
	return fetch_step_body(&plan->ops[index], scratch, false);
}

/* The further elements of a list; as many steps as the longest one takes, and its end. */
#define AGAIN_MAX (FETCH_LIST_MAX + FETCH_COUNT_MAX / COUNT_STEP + 1)

__noinline int fetch_again_atomic(const struct fetch_op *op, struct scratch *scratch)
{
	for (int i = 0; op && scratch && i < AGAIN_MAX; i++)
		if (!fetch_step_atomic(op, scratch))
			break;
	return 0;
}

__noinline int fetch_again_old(__u32 plan_id, __u32 index)
{
	for (int i = 0; i < AGAIN_MAX; i++)
		if (!fetch_step_old(plan_id, index))
			break;
	return 0;
}

/* Each loop is bounded by the size of a plan. fetch_run_sleepable() is in probe/fetch_run.bpf.c. */
__noinline int fetch_run_atomic(const struct fetch_plan *plan, struct scratch *scratch)
{
	for (__u32 i = 0; plan && scratch && i < FETCH_OPS_MAX && i < plan->n_ops; i++)
		if (fetch_step_atomic(&plan->ops[i], scratch))
			fetch_again_atomic(&plan->ops[i], scratch);
	return 0;
}

/* Lists are read without waiting, as at all other places that see system calls. */
__noinline int fetch_run_calls(const struct fetch_plan *plan, struct scratch *scratch)
{
	for (__u32 i = 0; plan && scratch && i < FETCH_OPS_MAX && i < plan->n_ops; i++)
		if (!(plan->ops[i].flags & FETCH_LIST))
			fetch_step_sleepable(&plan->ops[i], scratch);
		else if (fetch_step_atomic(&plan->ops[i], scratch))
			fetch_again_atomic(&plan->ops[i], scratch);
	return 0;
}

__noinline int fetch_rest_of_call(const struct fetch_plan *plan, struct scratch *scratch)
{
	for (int i = 1; plan && scratch && i < FETCH_PASSES && fault_in(scratch); i++)
		fetch_run_calls(plan, scratch);
	return 0;
}

__noinline int fetch_run_old(__u32 plan_id)
{
	struct fetch_plan *plan = bpf_map_lookup_elem(&plans, &plan_id);
	for (__u32 i = 0; plan && i < FETCH_OPS_MAX && i < plan->n_ops; i++)
		if (fetch_step_old(plan_id, i))
			fetch_again_old(plan_id, i);
	return 0;
}
