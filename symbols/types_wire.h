/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/types_wire.h — types and what is made of them, flat: each type is there once, behind all
 * that it refers to, and is referred to by its number. So a reference that leads forward, as one in
 * a circle must, is nonsense. So they travel between the symbolizer and the collector, and from one
 * run to the next (answers.h). All that users of a type take for granted is checked by who takes.
 * Private to symbols/.
 */
#ifndef UTRAIL_SYMBOLS_TYPES_WIRE_H
#define UTRAIL_SYMBOLS_TYPES_WIRE_H

#include "symbols/name_map.h"
#include "symbols/symbols.h"
#include "symbols/variables.h"
#include "symbols/wire.h"

/* Longer ones are cut by who puts, and refused by who takes. */
#define TYPES_TEXT_MAX 4096

/* --- putting ---------------------------------------------------------------------------------- */

/* A zeroed one is ready for use. */
struct type_writer {
	struct wire records;
	struct wire rest;	 /* what refers to the types */
	struct name_map numbers; /* by address, from 1 */
	struct arena arena;
	uint32_t count;
	unsigned int nesting;
};

void type_writer_deinit(struct type_writer *writer);
/* Into .rest; NULL prototypes are fine. */
void types_put_prototype(struct type_writer *writer, const struct prototype *prototype);
void types_put_variable(struct type_writer *writer, const struct variable *variable);
/* The types, then .rest. */
void types_put_all(struct type_writer *writer, struct wire *to);

/* --- taking ----------------------------------------------------------------------------------- */

/* Beyond what no walk of types could stand. */
struct type_limits {
	uint32_t count;
	unsigned int depth;
};

struct type_reader {
	struct wire *from;
	struct arena *arena; /* everything lives there */
	struct type *types;
	uint32_t *weights; /* how many types a walk meets that starts there */
	uint8_t *depths;
	uint32_t count, made;
};

void type_reader_deinit(struct type_reader *reader);
/* First; from->bad tells whether it made sense, here and below. `limits`: NULL: no more of them. */
void types_take_all(struct type_reader *reader, struct wire *from, struct arena *arena,
		    const struct type_limits *limits);
const struct prototype *types_take_prototype(struct type_reader *reader);
void types_take_variable(struct type_reader *reader, struct variable *ret);

#endif
