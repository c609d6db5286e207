/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/compile.h — from "this value, of this type, lies there" to fetch operations and a value.
 *
 * The probe modules know where a value's bits are (a register by the calling convention, a USDT
 * operand, a system-call argument) and say so as a fetch_source; the compiler appends the
 * operations that fetch what is worth showing: a string's text, the members of the structure that a
 * pointer leads to, the bytes of a buffer.
 */
#ifndef UTRAIL_PROBE_COMPILE_H
#define UTRAIL_PROBE_COMPILE_H

#include "common/arena.h"
#include "common/array.h"
#include "common/err.h"
#include "probe/fetch.h"
#include "probe/value.h"

#define FETCH_SOURCE_OPS 8
#define FETCH_PART_OPS	 3
#define FETCH_PARTS_MAX	 4

/* Up to eight bytes of a value that is in several places. */
struct fetch_part {
	uint32_t offset, size;		     /* of the value */
	struct fetch_op ops[FETCH_PART_OPS]; /* end with them in the accumulator */
	uint32_t n_ops;
	const char *unavailable; /* why they cannot be had; see fetch_source */
};

/* How to get a value: operations that end with it in the accumulator. */
struct fetch_source {
	struct fetch_op ops[FETCH_SOURCE_OPS];
	uint32_t n_ops;
	/* The accumulator is not the value but its address in memory. */
	bool is_address;
	/* The value cannot be had, and why: "in xmm0"; the operations do not matter then. Lives as
	 * long as the plan. */
	const char *unavailable;
	/* The value is in several places, and in no one of them whole: the parts, one
	 * behind the other, are what counts, and `ops` do not. 0: it is in one. */
	uint32_t n_parts;
	struct fetch_part parts[FETCH_PARTS_MAX];
};

#define COMPILE_DEPTH_MAX   8
#define COMPILE_MEMBERS_MAX 512

/* What the user chose for all values. */
struct compile_options {
	uint32_t string_limit; /* -s: bytes of a string or buffer, up to FETCH_STRING_MAX */
	uint32_t depth;	       /* levels of structures, by pointer or by value; 0: bare pointers */
	uint32_t max_members;  /* shown of one structure; 0: the default */
	uint32_t max_items;    /* read of one array or container; 0: the default */
	bool files;	       /* -y: what descriptors stand for */
	bool sockets;	       /* -yy: and of devices and sockets which ones */
	bool changes;	       /* what pointers lead to is read at the return, too */
};

struct follow;

/* What was made last. Functions are often alike: the next one may need the same. */
struct plan_made {
	const struct fetch_plan *plan;
	struct value_list values;
};

struct plan_builder {
	struct arena *arena; /* of the values made; borrowed */
	struct compile_options options;
	struct fetch_plan plan;
	ARRAY_OF(struct value) values;
	/* Pointers inside of what is copied, still to be followed: compile_parts.c */
	ARRAY_OF(struct follow) follows;
	uint32_t n_members;	 /* values below those above */
	int place_slot;		 /* see struct value_list */
	bool shows_code;	 /* the same */
	uint32_t followed_bytes; /* of structures inside */
	uint32_t n_words;	 /* kept for the return */
	uint32_t n_marks;	 /* lists that others go on from */
	struct plan_made *made;	 /* taken again when it is the same; borrowed, NULL: never */
};

/* Can so many bytes be read as a number? */
bool compile_is_scalar_size(uint32_t size);

/* Bytes of a plan that are in use. */
static inline size_t fetch_plan_size(const struct fetch_plan *plan)
{
	return offsetof(struct fetch_plan, ops) + plan->n_ops * sizeof(plan->ops[0]);
}

void plan_builder_init(struct plan_builder *builder, struct arena *arena,
		       const struct compile_options *options);
void plan_builder_deinit(struct plan_builder *builder);

/*
 * Appends one value. `length` says where the length of a TYPE_BYTES or TYPE_STRING with length_arg
 * is (NULL: none). A plan that is full makes the value unavailable ("too many values"), it is not
 * an error; the only error is want of memory.
 */
struct err *plan_add_value(struct plan_builder *builder, const char *name, const struct type *type,
			   const struct fetch_source *source,
			   const struct fetch_source *length) must_check;

/* Has the hit's own address in a slot, when values of this type may show pointers, and notes
 * whether these lead to code. `pc`: the register that it is in, at the site. */
void plan_add_place(struct plan_builder *builder, uint8_t pc, const struct type *type);

/* Appends the file of the descriptor that a source gives, when the options ask for it; *ret_slot is
 * for value.file_slot. For results: AT_FDCWD is no directory there. */
void plan_add_file(struct plan_builder *builder, const struct fetch_source *source, int *ret_slot);
/* The same for each element of `value`, an array of descriptors at the address that the source
 * gives; nothing for other values. Sets value.file_slot. */
void plan_add_array_files(struct plan_builder *builder, const struct fetch_source *source,
			  struct value *value);

/*
 * Of an entry: the call keeps this number for its return, `size` bytes of it. Returns its place
 * behind the registers (X86_KEPT), or -1 when there is no room.
 */
int plan_keep_word(struct plan_builder *builder, const struct fetch_source *source, uint8_t size,
		   bool is_signed);

/*
 * Appends operations as they are, of which the last one makes a slot. Returns its number, or
 * VALUE_NO_SLOT when the plan is full. For whoever makes values of its own.
 */
int plan_add_slot(struct plan_builder *builder, const struct fetch_op *ops, size_t n_ops);

/*
 * The values so far, copied into the arena. The plan is NULL when nothing is read, and has only its
 * n_ops operations behind it: never copy a whole struct fetch_plan from there.
 */
struct err *plan_finish(struct plan_builder *builder, const struct fetch_plan **ret_plan,
			struct value_list *ret_values) must_check;

/* Appends `size` bytes, eight at most, to a source in several places; no operations: they cannot be
 * had, for the reason given. */
void fetch_add_part(struct fetch_source *source, uint32_t size, const struct fetch_op *ops,
		    uint32_t n_ops, const char *unavailable);
/* Source in a register: `size` bytes of it. */
struct fetch_source fetch_from_register(uint8_t reg, uint8_t size, bool is_signed);

#endif
