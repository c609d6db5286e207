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
#include "common/kfunc.bpf.h"
#include "probe/file.bpf.h"
#include "probe/filter.bpf.h"

/* Does any plan have a FILE operation? */
const volatile bool reads_files = false;
const volatile struct fetch_offsets file_offsets = {};
/* -yy: also what kind of device or socket it is? */
const volatile bool reads_sockets = false;
const volatile struct fetch_socket_offsets socket_offsets = {};

/* Has the kernel this function (6.12, 65ab5ac4df01)? It returns an int, and the upper half of the
 * register is not that of a negative number then. */
const volatile bool has_copy_string = false;
static int (*const copy_string)(void *to, __u32 size, const void *from,
				__u64 flags) = (void *)KFUNC_COPY_FROM_USER_STR;

/* Where user-space memory can be: vm.mmap_min_addr at most, and 47 bits (48 on arm64). A failed
 * read costs a microsecond, a comparison nothing. */
#define FIRST_ADDRESS 0x10000ULL
#define LAST_ADDRESS  (1ULL << 48)

/*
 * The helpers with a 64-bit length. As declared in bpf_helpers.h it has 32 bits, and the compiler
 * cuts it on its way there; verifiers up to 6.1 forget the bound of a register that was cut.
 */
static long (*const read_user)(void *to, __u64 size,
			       const void *from) = (void *)BPF_FUNC_probe_read_user;
static long (*const read_user_str)(void *to, __u64 size,
				   const void *from) = (void *)BPF_FUNC_probe_read_user_str;
static long (*const copy_from_user)(void *to, __u64 size,
				    const void *from) = (void *)BPF_FUNC_copy_from_user;

static __always_inline __u64 fetch_cut(__u64 value, __u32 size, bool sign)
{
	switch (size) {
	case 1:
		return sign ? (__u64)(__s64)(__s8)value : (__u8)value;
	case 2:
		return sign ? (__u64)(__s64)(__s16)value : (__u16)value;
	case 4:
		return sign ? (__u64)(__s64)(__s32)value : (__u32)value;
	default:
		return value;
	}
}

/* Copies exactly `size` bytes. The caller has bounded `size`. */
static __always_inline long fetch_copy(void *to, __u64 size, __u64 from, bool sleepable)
{
	long error = read_user(to, size, (void *)from);
	/* Not resident, or not there at all: only a read that may sleep can tell. */
	if (error && sleepable)
		error = copy_from_user(to, size, (void *)from);
	return error;
}

/* Copies up to `size` bytes with the NUL; returns the bytes with NUL, or a negative error. */
static __always_inline long fetch_copy_string(void *to, __u64 size, __u64 from, bool sleepable)
{
	if (sleepable && has_copy_string)
		return copy_string(to, size, (void *)from, 0);
	long length = read_user_str(to, size, (void *)from);
	if (length < 0 && sleepable) {
		/* Before 6.12 (65ab5ac4df01): fault the page in with one byte, then read again. */
		__u8 byte;
		if (!copy_from_user(&byte, sizeof(byte), (void *)from))
			length = read_user_str(to, size, (void *)from);
	}
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

/* Calls copy(to, size, from, sleepable) with bounds that every verifier can see: the compiler must
 * not know what is compared (6.1 loses the bound of a copy). fetch_room() has seen to it already.
 */
#define FETCH_IN_TIER(copy, tier)                                                              \
	do {                                                                                   \
		__u64 tier_size = size, tier_start = position;                                 \
		barrier_var(tier_size);                                                        \
		barrier_var(tier_start);                                                       \
		if (tier_start <= TIER_##tier##_START) {                                       \
			if (tier_size > TIER_##tier##_LENGTH)                                  \
				return -1;                                                     \
			return copy(scratch->payload + tier_start + sizeof(struct fetch_blob), \
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
		return fetch_blob_done(scratch, 0, 0, false);
	/* Before 6.2 an empty string is 0 bytes, not 1. */
	if (got == 0)
		got = 1;
	if (got > limit + 1)
		return fetch_blob_done(scratch, limit, FETCH_BLOB_TRUNCATED, true);
	fetch_blob_done(scratch, (__u32)got - 1, 0, true);
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
		return fetch_blob_done(scratch, 0, 0, false);
	fetch_blob_done(scratch, size, flags, true);
}

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
	__u64 value = 0;
	__u32 size = op->size & 15;
	if (scratch->poisoned)
		return;
	/* Kept apart from what the compiler knows, so that the verifier sees the bound it checks.
	 */
	barrier_var(size);
	if (size > sizeof(value) || (scratch->acc == 0 && (op->flags & FETCH_NULL_OK)))
		return;
	if (fetch_copy(&value, size, scratch->acc, sleepable))
		scratch->poisoned = 1;
	scratch->acc = fetch_cut(value, size, op->flags & FETCH_SIGNED);
}

static __always_inline void fetch_length(struct scratch *scratch, const struct fetch_op *op)
{
	__u64 length = scratch->acc << (op->shift & 63);
	__u64 limit = (__u64)op->imm;
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

static __always_inline void fetch_file(struct scratch *scratch, const struct fetch_op *op)
{
	if (!reads_files || scratch->poisoned || scratch->position > FILE_START_MAX)
		return fetch_blob_done(scratch, 0, 0, false);
	if (scratch->keep_files)
		return fetch_keep(scratch);
	__u32 size = file_read(scratch, (__s32)scratch->acc, op->flags);
	fetch_blob_done(scratch, size, 0, true);
}

static __always_inline void fetch_load(struct scratch *scratch, __u64 value)
{
	scratch->acc = value;
	scratch->poisoned = 0;
}

/*
 * Lists. Each step handles one element, and is taken again while it returns 1. The last half
 * kilobyte of the payload is for the list's end and for the slots after it.
 */
#define LIST_END   (FETCH_PAYLOAD_MAX - 512)
#define COUNT_STEP 16

static __always_inline int fetch_list_end(struct scratch *scratch, __u32 flags, bool available)
{
	scratch->has_length = 0;
	scratch->in_all = FETCH_PAYLOAD_MAX;
	fetch_blob_done(scratch, 0, flags | FETCH_BLOB_END, available);
	return 0;
}

/* Bytes that an element may have, its blob included; 0: no room for another one. */
static __always_inline __u32 fetch_list_room(struct scratch *scratch)
{
	__u32 position = scratch->position;
	return position < LIST_END - 64 ? LIST_END - position : 0;
}

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
	if (fetch_copy(&from, sizeof(from), cursor, sleepable))
		return fetch_list_end(scratch, 0, false);
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
	return fetch_copy(iovec, sizeof(*iovec), scratch->acc, sleepable) ? NULL : iovec;
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
		return fetch_list_end(scratch, 0, false);
	__u64 base = iovec->base, wanted = iovec->length;
	if (wanted > scratch->in_all)
		wanted = scratch->in_all;
	scratch->in_all -= op->flags & FETCH_LENGTH_SIGNED ? wanted : 0;
	__u64 bytes = wanted < (__u64)op->imm ? wanted : (__u64)op->imm;
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
		if (fetch_copy(&pointer, sizeof(pointer), scratch->acc, sleepable))
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
		    fetch_copy(&size, sizeof(size), scratch->acc + (__u64)op->imm, sleepable) ||
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

/* Returns 1 when the step is to be taken again. Only system calls are given lists, and their
 * programs do not sleep: all others are verified sooner without. */
static __always_inline int fetch_step_body(const struct fetch_op *op, struct scratch *scratch,
					   bool sleepable)
{
	bool sign = op->flags & FETCH_SIGNED, list = !sleepable && (op->flags & FETCH_LIST);
	__u64 reg = scratch->regs[op->reg & REGS_MASK];
	if (op->flags & FETCH_FROM_REG)
		fetch_load(scratch, reg);
	switch (op->code) {
	case FETCH_REG:
		fetch_load(scratch, fetch_cut(reg >> (op->shift & 63), op->size, sign));
		break;
	case FETCH_CONST:
		fetch_load(scratch, (__u64)op->imm);
		break;
	case FETCH_ADD:
		scratch->acc += (__u64)op->imm;
		break;
	case FETCH_INDEX:
		scratch->acc += fetch_cut(reg, op->size, sign) * (__u64)op->imm;
		break;
	case FETCH_DEREF:
		fetch_deref(scratch, op, sleepable);
		break;
	case FETCH_LENGTH:
		fetch_length(scratch, op);
		break;
	case FETCH_KEEP:
		/* What could not be had leads nowhere. */
		scratch->regs[REG_KEPT + (op->reg & 7)] = scratch->poisoned ? ~0ULL : scratch->acc;
		break;
	case FETCH_INT:
		if (list && op->imm)
			return fetch_list_records(scratch, op, sleepable);
		if (list)
			return fetch_list_count(scratch, op, sleepable);
		fetch_int(scratch, op);
		break;
	case FETCH_STRING:
		if (list)
			return fetch_list_string(scratch, op, sleepable);
		fetch_string(scratch, op, (__u32)op->imm, sleepable);
		break;
	case FETCH_BYTES:
		if (list)
			return fetch_list_bytes(scratch, op, sleepable);
		fetch_bytes(scratch, op, sleepable);
		break;
	case FETCH_FILE:
		fetch_file(scratch, op);
		break;
	}
	return 0;
}

__noinline int fetch_step_sleepable(const struct fetch_op *op, struct scratch *scratch)
{
	return op && scratch ? fetch_step_body(op, scratch, true) : 0;
}

__noinline int fetch_step_atomic(const struct fetch_op *op, struct scratch *scratch)
{
	return op && scratch ? fetch_step_body(op, scratch, false) : 0;
}

__noinline int fetch_step_old(__u32 plan_id, __u32 index)
{
	__u32 tid = (__u32)stream_current_id();
	struct scratch *scratch = bpf_map_lookup_elem(&thread_scratches, &tid);
	struct fetch_plan *plan = bpf_map_lookup_elem(&plans, &plan_id);
	if (!scratch || !plan || index >= FETCH_OPS_MAX)
		return 0;
	return fetch_step_body(&plan->ops[index], scratch, false);
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

/* Each loop is bounded by the size of a plan. */
__noinline int fetch_run_sleepable(const struct fetch_plan *plan, struct scratch *scratch)
{
	for (__u32 i = 0; plan && scratch && i < FETCH_OPS_MAX && i < plan->n_ops; i++)
		fetch_step_sleepable(&plan->ops[i], scratch);
	return 0;
}

__noinline int fetch_run_atomic(const struct fetch_plan *plan, struct scratch *scratch)
{
	for (__u32 i = 0; plan && scratch && i < FETCH_OPS_MAX && i < plan->n_ops; i++)
		if (fetch_step_atomic(&plan->ops[i], scratch))
			fetch_again_atomic(&plan->ops[i], scratch);
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
