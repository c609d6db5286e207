/* SPDX-License-Identifier: Apache-2.0 */
/* probe/compile_draft.h — what compile.c and compile_parts.c share. Private to them. */
#ifndef UTRAIL_PROBE_COMPILE_DRAFT_H
#define UTRAIL_PROBE_COMPILE_DRAFT_H

#include "probe/compile.h"

extern const char compile_full[]; /* "too many values" */

/* Operations are written beyond n_ops and become part of the plan only when all of them fit. */
struct draft {
	struct fetch_plan *plan;
	uint32_t start, n_ops, n_slots;
	bool full;
};

struct draft draft_begin(struct plan_builder *builder);
void draft_op(struct draft *draft, const struct fetch_op *op);
void draft_ops(struct draft *draft, const struct fetch_op *ops, uint32_t n_ops);
/* Appends an operation that makes a slot; returns the slot's number. */
int draft_slot(struct draft *draft, const struct fetch_op *op);
/* What the descriptor in the accumulator stands for; for value.file_slot. */
int draft_file(struct draft *draft, uint8_t flags);
/* False: it does not fit, and nothing of it is there. */
bool draft_commit(struct draft *draft);

/* compile_parts.c: a structure that the source gives, or whose address it gives. */
struct err *parts_add_struct(struct plan_builder *builder, const struct fetch_source *source,
			     struct value *value);
/* The same of an array, or of a number of more than 8 bytes, in registers. */
struct err *parts_add_bare(struct plan_builder *builder, const struct fetch_source *source,
			   struct value *value);
/* `value` is a pointer, whose number is fetched: what it leads to. */
struct err *parts_add_target(struct plan_builder *builder, const struct fetch_source *source,
			     struct value *value);
/* compile_each.c: is this pointer to strings one to an array of them, up to a NULL? */
bool each_is_list(const char *name, const struct type *type);
/* Then what is shown are these. */
void each_add_strings(struct plan_builder *builder, const struct fetch_source *source,
		      struct value *value);
/* What was left for later: pointers in structures, those nearest to the arguments first. */
struct err *parts_follow(struct plan_builder *builder);

#endif
