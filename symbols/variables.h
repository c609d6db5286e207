/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/variables.h — the parameters and variables that are in scope at an address, and where
 * they are when the program stands there.
 */
#ifndef UTRAIL_SYMBOLS_VARIABLES_H
#define UTRAIL_SYMBOLS_VARIABLES_H

#include "symbols/symbols.h"

#define VARIABLES_MAX	   64
#define VARIABLE_STEPS_MAX 6

/* How to get at it, on one accumulator. */
enum variable_step_kind {
	STEP_REGISTER,	   /* acc = register `reg`, by DWARF's numbers */
	STEP_CONSTANT,	   /* acc = `number` */
	STEP_ADDRESS,	   /* acc = what the image's address `number` is in the process */
	STEP_ADD,	   /* acc += `number` */
	STEP_ADD_REGISTER, /* acc += register `reg` */
	STEP_READ,	   /* acc = the 8 bytes at acc */
};

struct variable_step {
	enum variable_step_kind kind;
	uint16_t reg;
	int64_t number;
};

struct variable_place {
	const char *unavailable; /* constant text; NULL: it can be had */
	bool is_value;		 /* the steps end with the value, else with its address */
	uint16_t size;		 /* of a piece, bytes */
	struct variable_step steps[VARIABLE_STEPS_MAX];
	uint32_t n_steps;
};

struct variable {
	const char *name;
	const struct type *type;
	bool is_parameter;
	struct variable_place place;
	/* In several places: these, one behind the other, and not the one above. 0: in one */
	struct variable_place pieces[PLACE_PIECES_MAX];
	uint32_t n_pieces;
};

struct variable_list {
	struct variable *items; /* parameters first, then the variables, the outermost first */
	size_t count;
};

/*
 * Those of the innermost function, inlined or not, around the address, or, with `outwards`, of one
 * that it was inlined into, so many further out; of several with one name the innermost; none that
 * is declared behind the line `line` (0: any). Live as long as the image. None, without an error,
 * where nobody knows.
 */
struct err *image_variables_at(struct image *image, uint64_t address, size_t outwards,
			       unsigned int line, struct variable_list *ret) must_check;

#endif
