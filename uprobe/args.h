/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe/args.h — where a function's parameters and result are: the calling convention.
 *
 * x86-64: System V psABI, 3.2.3; arm64: AAPCS64, 6.8. Both fill registers by class from left to
 * right, so that one parameter whose class is unknown makes all later ones unknown too: those say
 * so, and no value is guessed.
 */
#ifndef UTRAIL_UPROBE_ARGS_H
#define UTRAIL_UPROBE_ARGS_H

#include <stdbool.h>

#include "probe/compile.h"
#include "symbols/type.h"

/*
 * Where the parameters of `prototype` are at the function's first instruction (or at the push after
 * endbr64): `ret` has room for n_parameters. Rust (`is_rust`) hands over structures in ways of its
 * own; for C++, the types tell (a parameter by reference is a pointer, struct type.in_memory).
 */
void args_place(unsigned int machine, const struct prototype *prototype, bool is_rust,
		struct fetch_source *ret);

/*
 * Then, where DWARF tells of places (struct prototype), and where it tells that the convention does
 * not hold: args_places.c. `sources` are those of args_place().
 */
void args_use_places(unsigned int machine, const struct prototype *prototype,
		     struct fetch_source *sources);

/* Where a result of this type is when the function has returned or is about to. */
void args_place_result(unsigned int machine, const struct type *type, bool is_rust,
		       struct fetch_source *ret);

/*
 * The same of a function of Rust, whose own convention depends on what the debug information does
 * not tell: nothing is said that its instructions do not prove (enum result_proof).
 */
void args_place_rust_result(const struct type *type, uint8_t proof, struct fetch_source *ret);

/* Was it compiled by Go? */
bool args_is_go(const struct prototype *prototype);
/* Go tells of the places of a value's parts one behind the other, and nothing of the gaps between
 * them. Gives each part the gap behind it. False: these are not the parts of that type. */
bool args_go_spread(const struct type *type, struct parameter_place *place);
/* As args_place_result(), of a structure that a function of Go returns, or of several results. */
void args_place_go_result(unsigned int machine, const struct type *type, struct fetch_source *ret);

/* --- private to args*.c --------------------------------------------------------------------- */

/* What registers a value wants: the classes of its (at most two) eight-byte parts. */
enum args_class {
	ARGS_NONE, /* nothing at all: an empty structure */
	ARGS_INTEGER,
	ARGS_FLOAT,
	ARGS_MEMORY,
	ARGS_UNKNOWN,
};

struct args_shape {
	enum args_class classes[2];
	unsigned int n_parts; /* 0 for NONE, MEMORY and UNKNOWN, which classes[0] tells */
	uint32_t size;	      /* bytes */
	uint32_t align;	      /* of the value in memory, 8 or 16 */
	uint32_t
		float_members; /* arm64: so many floating-point members of one size and no others */
	bool is_struct;
};

struct args_shape args_shape_of(const struct type *type, bool is_rust);

void args_place_arm64(const struct prototype *prototype, bool is_rust, struct fetch_source *ret);
void args_place_result_arm64(const struct type *type, bool is_rust, struct fetch_source *ret);

/* NULL: the type does not tell where values are. */
struct fetch_source args_unavailable(const char *why);
bool args_is_unknown(const struct fetch_source *source); /* is it that one? */
/* Cut to the type's size: callers leave garbage above. */
struct fetch_source args_in_register(uint8_t reg, const struct type *type);
/* Eight bytes more of a value in several registers; can any of them be had? */
void args_add_register(struct fetch_source *source, uint8_t reg);
bool args_has_part(const struct fetch_source *source);
/* The value lies in memory, at register + offset. */
struct fetch_source args_at(uint8_t reg, uint64_t offset);

#endif
