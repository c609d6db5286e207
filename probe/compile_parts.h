/* SPDX-License-Identifier: Apache-2.0 */
/* probe/compile_parts.h — what compile_parts.c and compile_forms.c share. Private to them. */
#ifndef UTRAIL_PROBE_COMPILE_PARTS_H
#define UTRAIL_PROBE_COMPILE_PARTS_H

#include "probe/compile_draft.h"

/* Members of all structures of one plan. Types that contain each other may make millions. */
#define VALUES_MAX 1024
/* Structures without names in each other; those with names count as levels. */
#define NESTING_MAX 16
/* To the address of a structure: two for each pointer on the way, and the source's own. */
#define ORIGIN_OPS_MAX (FETCH_SOURCE_OPS + 2 * COMPILE_DEPTH_MAX)

/* Where the first byte of a structure is. */
struct origin {
	struct fetch_op ops[ORIGIN_OPS_MAX]; /* to its address; not in registers */
	uint32_t n_ops;
	const struct fetch_source *registers; /* it is in these; NULL: in memory */
	int slot;
	uint8_t words;	 /* slots, when it is in registers */
	uint32_t copied; /* bytes */
};

/* A pointer at `offset` of a structure, that is to be followed. */
struct follow {
	struct value *value; /* in the arena */
	const struct origin *origin;
	uint32_t offset;
	uint32_t level; /* of the structure that it is in */
	bool maybe;	/* what is there may be something else than a pointer */
	/* What was found in a list goes on: then this and the list's mark, plus one, count, and
	 * `level`. In the arena. */
	struct value_each *each;
	uint8_t mark;
};

/* One structure's members. */
struct parts {
	struct plan_builder *builder;
	const struct origin *origin;
	uint32_t base;	/* bytes from the origin's first */
	uint32_t level; /* 1: of an argument */
	int nesting;
	bool maybe; /* they may not be what is there: variants */
};

/* To be followed when all that is nearer to the arguments has been. */
struct err *parts_follow_later(const struct parts *parts, struct value *value, uint32_t offset);
/* After this the accumulator holds what is at `offset` of the structure; false: registers hold it,
 * and not like this. */
bool parts_draft_at(struct draft *draft, const struct origin *origin, uint32_t offset, uint8_t size,
		    uint8_t flags);
/* `member` is of the structure at parts->base. */
struct err *parts_add_member(const struct parts *parts, const struct type_member *member,
			     struct value *ret);
/* Why bytes of a structure that registers hold cannot be had; NULL: they can. */
const char *parts_missing(const struct origin *origin, uint32_t offset, uint32_t size);

/* compile_forms.c: a member whose type has a form, at value->offset. */
struct err *forms_add(const struct parts *parts, struct value *value);
/* The same of a value that is a structure by itself, or a pointer to one. */
struct err *forms_add_whole(const struct parts *parts, const struct type *type,
			    struct value *value);
/* Is its own structure read, or only what it leads to? */
bool forms_need_copy(const struct type_form *form);
/* A text, or elements. */
struct err *forms_follow(struct plan_builder *builder, const struct follow *follow);

/* compile_each.c: do elements of this type lead to what is worth reading? */
bool each_leads_on(const struct type *item);
/* What they lead to; the operations so far end with the BYTES of the array. `mark`: of the list
 * that has them, plus one; 0: they are an array. */
struct err *each_follow(struct plan_builder *builder, const struct follow *follow,
			const struct type *item, uint8_t mark);
/* And what lies in what they lead to. */
struct err *each_follow_list(struct plan_builder *builder, const struct follow *follow);
/* A mark for a list, plus one; 0: there is none left. */
uint8_t each_new_mark(struct plan_builder *builder);
/* The same of an array that lies in a structure in memory, at follow->offset. */
struct err *each_follow_array(struct plan_builder *builder, const struct follow *follow);

/* Is what a pointer of this type leads to worth reading? */
bool parts_leads_to_struct(const struct type *type);
bool parts_leads_to_scalar(const struct type *type);
bool parts_leads_to_array(const struct type *type);
/* So many bytes are read of such a structure. */
uint32_t parts_copied_bytes(const struct plan_builder *builder, const struct type *type);

#endif
