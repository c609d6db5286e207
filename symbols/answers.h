/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/answers.h — what was once learnt from a file's DWARF, to be kept from one run to the
 * next: the prototypes of functions that were asked for, and where they were written. Private to
 * symbols/.
 *
 * The bytes are a pure function of the answers. They are read as what may be damaged or hostile
 * (types_wire.h). Bytes that do not fit are no answer.
 */
#ifndef UTRAIL_SYMBOLS_ANSWERS_H
#define UTRAIL_SYMBOLS_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "symbols/type.h"
#include "symbols/wire.h"

/* Whose answers they are; all of it must be the same. */
struct answers_key {
	const uint8_t *build_id;
	size_t build_id_size;
	uint64_t source_size, source_time_ns; /* of the file that has the DWARF */
	const char *program;		      /* the version that understands the bytes */
};

struct answer {
	uint64_t address;		   /* of the function */
	uint32_t depth;			   /* through so many pointers structures were opened */
	const struct prototype *prototype; /* NULL: nothing is known */
	const char *file;		   /* NULL: nothing is known */
	unsigned int line;
};

struct answers;

/* Takes what `bytes` has; NULL or bytes that do not fit: none. NULL: out of memory. */
struct answers *answers_new(const struct answers_key *key, const void *bytes, size_t size);
void answers_free(struct answers *answers); /* NULL is fine */
size_t answers_count(const struct answers *answers);

/* False: it is not among them. What `ret` leads to is in the arena. */
bool answers_find(const struct answers *answers, uint64_t address, uint32_t depth,
		  struct arena *arena, struct answer *ret);
/* False: it cannot be kept (a circle of types, too much, out of memory), which is no error. */
bool answers_add(struct answers *answers, const struct answer *answer);
/* Was anything added? */
bool answers_changed(const struct answers *answers);
/* All of them as bytes, the caller's to free; NULL: out of memory. */
void *answers_bytes(const struct answers *answers, size_t *ret_size);

/* --- one prototype ---------------------------------------------------------------------------- */

/* False: see answers_add(). */
bool answer_write_prototype(struct wire *to, const struct prototype *prototype);
/* NULL: none was written, or from->bad. */
const struct prototype *answer_read_prototype(struct wire *from, struct arena *arena);

#endif
