/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/child/types.h — types and what is made of them, flat: each type is sent once, behind all
 * that it refers to, and is referred to by its number. So a reference that leads forward, as one in
 * a circle must, is nonsense. Private to symbols/child/.
 */
#ifndef UTRAIL_SYMBOLS_CHILD_TYPES_H
#define UTRAIL_SYMBOLS_CHILD_TYPES_H

#include "symbols/child/wire.h"
#include "symbols/name_map.h"
#include "symbols/symbols.h"
#include "symbols/variables.h"

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

struct type_reader {
	struct wire *from;
	struct arena *arena; /* everything lives there */
	struct type *types;
	uint32_t *weights; /* how many types a walk meets that starts there */
	uint8_t *depths;
	uint32_t count, made;
};

void type_reader_deinit(struct type_reader *reader);
/* First; from->bad tells whether it made sense, here and below. */
void types_take_all(struct type_reader *reader, struct wire *from, struct arena *arena);
const struct prototype *types_take_prototype(struct type_reader *reader);
void types_take_variable(struct type_reader *reader, struct variable *ret);

#endif
