/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/probe_fetch.bpf.c — fetch plans of probes in the kernel.
 *
 * The operations are those of probe/fetch.h; an address says itself whose memory it is, because
 * that of the kernel is the upper half on x86-64 and arm64. Nothing here may wait for a page: what
 * the target has not in memory is "unavailable". No lists.
 */
#include "kernel/probe.bpf.h"
#include "probe/filter_run.bpf.h"

/* A text or buffer has at most so many bytes. */
#define KERNEL_BYTES_MAX 1024
/* The last position at which one fits, with its head, and a byte that tells that there is more. */
#define KERNEL_START_MAX (FETCH_PAYLOAD_MAX - KERNEL_BYTES_MAX - 2 - sizeof(struct fetch_blob))

static __always_inline void kernel_string(struct scratch *scratch, const struct fetch_op *op)
{
	__u64 position = scratch->position, from = scratch->acc;
	__u32 limit = (__u32)op->imm;
	if (limit > KERNEL_BYTES_MAX)
		limit = KERNEL_BYTES_MAX;
	barrier_var(position);
	if (scratch->poisoned || position > KERNEL_START_MAX)
		return blob_done(scratch, 0, 0, false);
	if (from == 0 && (op->flags & FETCH_NULL_OK))
		return blob_done(scratch, 0, FETCH_BLOB_NULL, true);
	/* One more than the limit and the NUL, to tell a cut string from one that just fits. */
	__u64 size = limit + 2;
	barrier_var(size);
	if (size > KERNEL_BYTES_MAX + 2)
		return blob_done(scratch, 0, 0, false);
	void *to = scratch->payload + position + sizeof(struct fetch_blob);
	long got;
	if (is_of_kernel(from))
		got = read_kernel_str(to, size, (const void *)from);
	else
		got = read_user_str(to, size, (const void *)from);
	if (got < 0)
		return blob_bad(scratch, from);
	/* Before 6.2 an empty string is 0 bytes, not 1. */
	if (got == 0)
		got = 1;
	if (got > limit + 1)
		return blob_done(scratch, limit, FETCH_BLOB_TRUNCATED, true);
	blob_done(scratch, (__u32)got - 1, 0, true);
}

static __always_inline void kernel_bytes(struct scratch *scratch, const struct fetch_op *op)
{
	__u64 position = scratch->position, from = scratch->acc;
	__u64 size = scratch->has_length ? scratch->length : (__u32)op->imm;
	__u32 flags = scratch->has_length == 2 ? FETCH_BLOB_TRUNCATED : 0;
	scratch->has_length = 0;
	barrier_var(position);
	if (scratch->poisoned || position > KERNEL_START_MAX)
		return blob_done(scratch, 0, 0, false);
	if (from == 0 && (op->flags & FETCH_NULL_OK))
		return blob_done(scratch, 0, FETCH_BLOB_NULL, true);
	if (size > KERNEL_BYTES_MAX) {
		size = KERNEL_BYTES_MAX;
		flags = FETCH_BLOB_TRUNCATED;
	}
	barrier_var(size);
	if (size > KERNEL_BYTES_MAX)
		return;
	void *to = scratch->payload + position + sizeof(struct fetch_blob);
	long error = 0;
	if (size && is_of_kernel(from))
		error = read_kernel(to, size, (const void *)from);
	else if (size)
		error = read_user(to, size, (const void *)from);
	if (error)
		return blob_bad(scratch, from);
	blob_done(scratch, (__u32)size, flags, true);
}

static __always_inline void kernel_deref(struct scratch *scratch, const struct fetch_op *op)
{
	__u64 value = 0, size = op->size & 15;
	if (scratch->poisoned || (scratch->acc == 0 && (op->flags & FETCH_NULL_OK)))
		return;
	barrier_var(size);
	if (size > sizeof(value))
		return;
	long error;
	__u64 from = scratch->acc + (__u64)op->imm;
	if (is_of_kernel(from))
		error = read_kernel(&value, size, (const void *)from);
	else
		error = read_user(&value, size, (const void *)from);
	if (error)
		scratch->poisoned = 1;
	scratch->acc = fetch_cut(value, op->size, op->flags & FETCH_SIGNED);
}

static __always_inline void kernel_length(struct scratch *scratch, const struct fetch_op *op)
{
	__u64 length = scratch->acc << (op->shift & 63), limit = (__u64)op->imm;
	if (scratch->poisoned || ((op->flags & FETCH_LENGTH_SIGNED) && (__s64)length < 0))
		length = 0;
	scratch->has_length = length > limit ? 2 : 1;
	scratch->length = length > limit ? (__u32)limit : (__u32)length;
}

static __always_inline void kernel_int(struct scratch *scratch, const struct fetch_op *op)
{
	__u64 position = scratch->position;
	barrier_var(position);
	if (position > FETCH_PAYLOAD_MAX - sizeof(__u64))
		return;
	__u64 value = fetch_cut(scratch->acc, op->size, op->flags & FETCH_SIGNED);
	*(__u64 *)(scratch->payload + (position & ~7ULL)) = scratch->poisoned ? 0 : value;
	slot_done(scratch, sizeof(value), !scratch->poisoned);
}

static __always_inline void load(struct scratch *scratch, __u64 value)
{
	scratch->acc = value;
	scratch->poisoned = 0;
}

static __always_inline void step(struct scratch *scratch, const struct fetch_op *op)
{
	bool sign = op->flags & FETCH_SIGNED;
	__u64 reg = scratch->regs[op->reg & REGS_MASK];
	if (op->flags & FETCH_FROM_REG)
		load(scratch, reg);
	switch (op->code) {
	case FETCH_REG:
		load(scratch, fetch_cut(reg >> (op->shift & 63), op->size, sign));
		break;
	case FETCH_CONST:
		load(scratch, (__u64)op->imm);
		break;
	case FETCH_ADD:
		scratch->acc += (__u64)op->imm;
		break;
	case FETCH_INDEX:
		scratch->acc += fetch_cut(reg, op->size, sign) * (__u64)op->imm;
		break;
	case FETCH_DEREF:
		kernel_deref(scratch, op);
		break;
	case FETCH_LENGTH:
		kernel_length(scratch, op);
		break;
	case FETCH_INT:
		kernel_int(scratch, op);
		break;
	case FETCH_STRING:
		kernel_string(scratch, op);
		break;
	case FETCH_BYTES:
		kernel_bytes(scratch, op);
		break;
	}
}

__noinline int kernel_step(__u32 plan_id, __u32 index, __u32 level)
{
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	struct fetch_plan *plan = bpf_map_lookup_elem(&plans, &plan_id);
	if (!area || !plan || index >= FETCH_OPS_MAX)
		return 0;
	const struct fetch_op *op = &plan->ops[index];
	if (op->code == FETCH_FILE)
		return kernel_path(level, op->size, op->flags);
	step(&area->scratch, op);
	return 0;
}

__noinline int kernel_fetch(__u32 plan_id, __u32 level)
{
	struct fetch_plan *plan = bpf_map_lookup_elem(&plans, &plan_id);
	for (__u32 i = 0; plan && i < FETCH_OPS_MAX && i < plan->n_ops; i++)
		kernel_step(plan_id, i, level);
	return 0;
}

/* --- conditions ------------------------------------------------------------------------------- */

__noinline int kernel_filter_step(__u32 filter_id, __u32 index, __u32 level)
{
	if (!has_filters)
		return 0;
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	struct filter_plan *plan = bpf_map_lookup_elem(&filters, &filter_id);
	if (!area || !plan || index >= FILTER_OPS_MAX)
		return 0;
	const struct fetch_op *op = &plan->ops[index];
	if (op->code == FETCH_FILE)
		return kernel_path(level, op->size, op->flags);
	step(&area->scratch, op);
	return 0;
}

__noinline int kernel_filter(__u32 filter_id, __u32 level)
{
	if (!has_filters)
		return FILTER_PASSES;
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	struct filter_plan *plan = bpf_map_lookup_elem(&filters, &filter_id);
	if (!area || !plan)
		return FILTER_PASSES;
	struct scratch *scratch = &area->scratch;
	filter_begin(plan, scratch);
	for (int i = 0; i < FILTER_OPS_MAX; i++) {
		const struct fetch_op *op = filter_op(plan, scratch);
		if (!op)
			break;
		if (op->code == FILTER_AT_RETURN && !scratch->filter.returned)
			return FILTER_WAITS;
		if (op->code >= FILTER_FIRST) {
			filter_step(plan, scratch);
			continue;
		}
		__u32 index = scratch->filter.at;
		filter_before_load(scratch);
		kernel_filter_step(filter_id, index, level);
	}
	return filter_end(scratch);
}
