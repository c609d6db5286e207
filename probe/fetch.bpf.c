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
#include "probe/file.bpf.h"

/* Does any plan have a FILE operation? */
const volatile bool reads_files = false;
const volatile struct fetch_offsets file_offsets = {};

extern int bpf_copy_from_user_str(void *dst, __u32 dst__sz, const void *unsafe_ptr__ign,
				  __u64 flags) __ksym __weak;

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
	if (sleepable && bpf_ksym_exists(bpf_copy_from_user_str))
		return bpf_copy_from_user_str(to, size, (void *)from, 0);
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
	blob->flags = flags;
	fetch_slot_done(scratch, sizeof(*blob) + length, available);
}

static __always_inline void fetch_string(struct scratch *scratch, const struct fetch_op *op,
					 bool sleepable)
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
	__u32 limit = (__u32)op->imm;
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
	if (size > sizeof(value))
		return;
	if (fetch_copy(&value, size, scratch->acc, sleepable))
		scratch->poisoned = 1;
	scratch->acc = fetch_cut(value, size, op->flags & FETCH_SIGNED);
}

static __always_inline void fetch_length(struct scratch *scratch, const struct fetch_op *op)
{
	__u64 length = scratch->acc;
	__u64 limit = (__u64)op->imm;
	if (scratch->poisoned || ((op->flags & FETCH_LENGTH_SIGNED) && (__s64)length < 0))
		length = 0;
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

static __always_inline int fetch_step_body(const struct fetch_op *op, struct scratch *scratch,
					   bool sleepable)
{
	bool sign = op->flags & FETCH_SIGNED;
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
	case FETCH_INT:
		fetch_int(scratch, op);
		break;
	case FETCH_STRING:
		fetch_string(scratch, op, sleepable);
		break;
	case FETCH_BYTES:
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
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct scratch *scratch = bpf_map_lookup_elem(&thread_scratches, &tid);
	struct fetch_plan *plan = bpf_map_lookup_elem(&plans, &plan_id);
	if (!scratch || !plan || index >= FETCH_OPS_MAX)
		return 0;
	return fetch_step_body(&plan->ops[index], scratch, false);
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
		fetch_step_atomic(&plan->ops[i], scratch);
	return 0;
}

__noinline int fetch_run_old(__u32 plan_id)
{
	struct fetch_plan *plan = bpf_map_lookup_elem(&plans, &plan_id);
	for (__u32 i = 0; plan && i < FETCH_OPS_MAX && i < plan->n_ops; i++)
		fetch_step_old(plan_id, i);
	return 0;
}
