/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/fetch_run.bpf.c — runs the plans of functions and markers: what most arguments are is
 * read without a step of the interpreter.
 */
#include "probe/fetch.bpf.h"

/*
 * A short string goes by way of the stack: to make sure that user space may be copied into an
 * object of its heap takes the kernel longer than the copy (check_heap_object(), mm/usercopy.c).
 * 0: it is to be read as all others are. After a long one the next few are not tried.
 */
#define SHORT_WORDS  6 /* the whole frame: see uprobe/uprobe.bpf.c */
#define SHORT_PAUSE  16
#define SHORT_LENGTH (SHORT_WORDS * sizeof(__u64))

__noinline int fetch_short_string(const struct fetch_op *op, struct scratch *scratch)
{
	__u64 text[SHORT_WORDS];
	if (!op || !scratch)
		return 0;
	__u64 position = scratch->position;
	long got = read_user_str(text, sizeof(text), (void *)scratch->acc);
	barrier_var(position);
	if (got >= (long)sizeof(text))
		scratch->long_strings = SHORT_PAUSE;
	if (got <= 0 || got >= (long)sizeof(text) || got - 1 > op->imm ||
	    position > FETCH_PAYLOAD_MAX - sizeof(struct fetch_blob) - SHORT_LENGTH)
		return 0;
	__u64 *to = (void *)(scratch->payload + (position & ~7ULL));
	to[0] = (__u32)got - 1; /* struct fetch_blob: the length, no flags */
#pragma unroll
	for (int i = 0; i < SHORT_WORDS; i++)
		to[1 + i] = text[i];
	scratch->slot++;
	scratch->position = position + sizeof(struct fetch_blob) + ((got + 6) & ~7ULL);
	return 1;
}

static __always_inline bool fetch_register_string(struct scratch *scratch,
						  const struct fetch_op *op)
{
	__u64 from = scratch->regs[op->reg & REGS_MASK];
	if (from < FIRST_ADDRESS || from >= LAST_ADDRESS)
		return false;
	if (scratch->long_strings) {
		scratch->long_strings--;
		return false;
	}
	fetch_load(scratch, from);
	return fetch_short_string(op, scratch);
}

/* FETCH_INT of a register, in as few branches as can be: the verifier follows all of them. */
static __always_inline bool fetch_register(struct scratch *scratch, const struct fetch_op *op)
{
	__u64 position = scratch->position;
	__u64 unused = (64 - op->size * 8) & 63;
	__u64 reg = scratch->regs[op->reg & REGS_MASK];
	__u64 value = reg << unused;
	barrier_var(position);
	if (position > FETCH_PAYLOAD_MAX - sizeof(__u64))
		return false;
	/* The next operation may read where it leads to. */
	fetch_load(scratch, reg);
	__u64 is_negative = (value >> 63) & (op->flags & FETCH_SIGNED);
	__u64 above = ~(~0ULL >> unused);
	*(__u64 *)(scratch->payload + (position & ~7ULL)) =
		(value >> unused) | (above & -is_negative);
	scratch->slot++;
	scratch->position = position + sizeof(value);
	return true;
}

/* What most arguments of functions are: a number or a string in a register. It saves two calls of
 * an argument's three. False: nothing was done. */
static __always_inline bool fetch_argument(struct scratch *scratch, const struct fetch_op *op)
{
	if (!(op->flags & FETCH_FROM_REG))
		return false;
	if (op->code == FETCH_INT)
		return fetch_register(scratch, op);
	return op->code == FETCH_STRING && fetch_register_string(scratch, op);
}

/* Only so many operations are done in place: each of them has the verifier follow the loop. */
#define IN_PLACE_MAX 4

__noinline int fetch_rest(const struct fetch_plan *plan, struct scratch *scratch)
{
	for (int i = 1; plan && scratch && i < FETCH_PASSES && fault_in(scratch); i++)
		fetch_run_sleepable(plan, scratch);
	return 0;
}

/* Both loops are bounded by the size of a plan. */
__noinline int fetch_run_sleepable(const struct fetch_plan *plan, struct scratch *scratch)
{
	if (!plan || !scratch)
		return 0;
	__u32 i = 0;
#pragma clang loop unroll(disable)
	for (; i < IN_PLACE_MAX && i < plan->n_ops; i++)
		if (!fetch_argument(scratch, &plan->ops[i]))
			fetch_step_sleepable(&plan->ops[i], scratch);
#pragma clang loop unroll(disable)
	for (; i < FETCH_OPS_MAX && i < plan->n_ops; i++)
		fetch_step_sleepable(&plan->ops[i], scratch);
	return 0;
}
