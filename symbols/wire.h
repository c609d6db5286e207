/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/wire.h — the bytes of a message between the collector and the symbolizer, and of what
 * is kept from run to run. Private to symbols/, and to who calls functions there (call.h).
 *
 * Flat: numbers, and text with its length. Who takes looks at every length first, and after the
 * first one that makes no sense (.bad) takes zeros and nothing else, so that it is enough to ask
 * once, at the end.
 */
#ifndef UTRAIL_SYMBOLS_WIRE_H
#define UTRAIL_SYMBOLS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"

struct wire {
	uint8_t *bytes; /* on the heap */
	size_t size, capacity;
	size_t at; /* taken so far */
	bool bad;  /* out of memory when putting; nonsense when taking */
};

void wire_deinit(struct wire *wire);
/* Empties it; the memory is kept. */
void wire_reset(struct wire *wire);

/* Room for so many bytes behind what was put, of which so many are then taken; NULL: bad. */
void *wire_reserve(struct wire *wire, size_t size);
void wire_advance(struct wire *wire, size_t size);
void wire_put_bytes(struct wire *wire, const void *bytes, size_t size);
void wire_put_u8(struct wire *wire, uint8_t value);
void wire_put_u32(struct wire *wire, uint32_t value);
void wire_put_u64(struct wire *wire, uint64_t value);
void wire_put_text(struct wire *wire, const char *text); /* NULL is fine */
/* No more than so many bytes of it. */
void wire_put_cut(struct wire *wire, const char *text, size_t most);
void wire_put_error(struct wire *wire, const struct err *e); /* likewise */

/* Borrowed from the message; NULL: they are not in it. */
const void *wire_take_bytes(struct wire *wire, size_t size);
uint8_t wire_take_u8(struct wire *wire);
/* Anything but 0 and 1 makes no sense. */
bool wire_take_bool(struct wire *wire);
uint32_t wire_take_u32(struct wire *wire);
uint64_t wire_take_u64(struct wire *wire);
/* How many things of so many bytes each at least follow: no more than there is room for. */
size_t wire_take_count(struct wire *wire, size_t each);
/* Borrowed; NULL was put, or it is bad. */
const char *wire_take_text(struct wire *wire);
/* A copy. */
const char *wire_keep_text(struct wire *wire, struct arena *arena);
/* The same where there must be one: never NULL, "" when it is bad. */
const char *wire_keep_name(struct wire *wire, struct arena *arena);
/* NULL: none was put, or it is bad. The caller's to end. */
struct err *wire_take_error(struct wire *wire) must_check;
/* All of it was taken, and made sense. */
bool wire_is_done(const struct wire *wire);

#endif
