/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/wire.h"

#include <stdlib.h>
#include <string.h>

/* Names are cut at some kilobytes by who reads them; messages are shorter. */
#define TEXT_MAX (1u << 20)

enum { NO_ERROR = 0, NO_MEMORY = 255 }; /* beside enum err_kind */

void wire_deinit(struct wire *wire)
{
	free(wire->bytes);
	*wire = (struct wire){0};
}

void wire_reset(struct wire *wire)
{
	wire->size = wire->at = 0;
	wire->bad = false;
}

/* --- putting ---------------------------------------------------------------------------------- */

void *wire_reserve(struct wire *wire, size_t size)
{
	if (wire->bad)
		return NULL;
	if (size > wire->capacity - wire->size) {
		size_t wanted = wire->capacity ? wire->capacity * 2 : 4096;
		while (wanted - wire->size < size)
			wanted *= 2;
		uint8_t *grown = realloc(wire->bytes, wanted);
		wire->bad = !grown;
		if (!grown)
			return NULL;
		wire->bytes = grown;
		wire->capacity = wanted;
	}
	return wire->bytes + wire->size;
}

void wire_advance(struct wire *wire, size_t size)
{
	wire->size += size;
}

void wire_put_bytes(struct wire *wire, const void *bytes, size_t size)
{
	void *to = size ? wire_reserve(wire, size) : NULL;
	if (!to)
		return;
	memcpy(to, bytes, size);
	wire_advance(wire, size);
}

void wire_put_u8(struct wire *wire, uint8_t value)
{
	wire_put_bytes(wire, &value, sizeof(value));
}

void wire_put_u32(struct wire *wire, uint32_t value)
{
	wire_put_bytes(wire, &value, sizeof(value));
}

void wire_put_u64(struct wire *wire, uint64_t value)
{
	wire_put_bytes(wire, &value, sizeof(value));
}

/* The length counts the NUL; 0: there is no text. */
void wire_put_cut(struct wire *wire, const char *text, size_t most)
{
	size_t length = text ? strnlen(text, most) : 0;
	wire_put_u32(wire, text ? (uint32_t)length + 1 : 0);
	if (!text)
		return;
	wire_put_bytes(wire, text, length);
	wire_put_u8(wire, 0);
}

/* What is too long ends early. */
void wire_put_text(struct wire *wire, const char *text)
{
	wire_put_cut(wire, text, TEXT_MAX - 1);
}

void wire_put_error(struct wire *wire, const struct err *e)
{
	if (!e || e == &err_nomem) {
		wire_put_u8(wire, e ? NO_MEMORY : NO_ERROR);
		return;
	}
	wire_put_u8(wire, (uint8_t)err_kind(e));
	wire_put_u32(wire, (uint32_t)err_errno(e));
	wire_put_text(wire, err_what(e));
	wire_put_text(wire, err_reason(e));
	wire_put_text(wire, err_advice(e));
}

/* --- taking ----------------------------------------------------------------------------------- */

const void *wire_take_bytes(struct wire *wire, size_t size)
{
	if (wire->bad || size > wire->size - wire->at) {
		wire->bad = true;
		return NULL;
	}
	wire->at += size;
	return wire->bytes + wire->at - size;
}

static void take(struct wire *wire, void *to, size_t size)
{
	const void *from = wire_take_bytes(wire, size);
	if (from)
		memcpy(to, from, size);
}

uint8_t wire_take_u8(struct wire *wire)
{
	uint8_t value = 0;
	take(wire, &value, sizeof(value));
	return value;
}

bool wire_take_bool(struct wire *wire)
{
	uint8_t value = wire_take_u8(wire);
	wire->bad |= value > 1;
	return value == 1;
}

uint32_t wire_take_u32(struct wire *wire)
{
	uint32_t value = 0;
	take(wire, &value, sizeof(value));
	return value;
}

uint64_t wire_take_u64(struct wire *wire)
{
	uint64_t value = 0;
	take(wire, &value, sizeof(value));
	return value;
}

size_t wire_take_count(struct wire *wire, size_t each)
{
	uint64_t count = wire_take_u64(wire);
	if (!wire->bad && count <= (wire->size - wire->at) / each)
		return (size_t)count;
	wire->bad = true;
	return 0;
}

const char *wire_take_text(struct wire *wire)
{
	uint32_t size = wire_take_u32(wire);
	if (!size)
		return NULL;
	const char *text = size <= TEXT_MAX ? wire_take_bytes(wire, size) : NULL;
	/* It ends where its length says, and not before. */
	if (text && memchr(text, 0, size) == text + size - 1)
		return text;
	wire->bad = true;
	return NULL;
}

const char *wire_keep_text(struct wire *wire, struct arena *arena)
{
	const char *text = wire_take_text(wire);
	const char *copy = text ? arena_string(arena, text) : NULL;
	wire->bad |= text && !copy;
	return copy;
}

const char *wire_keep_name(struct wire *wire, struct arena *arena)
{
	const char *name = wire_keep_text(wire, arena);
	wire->bad |= !name;
	return name ? name : "";
}

struct err *wire_take_error(struct wire *wire)
{
	uint8_t kind = wire_take_u8(wire);
	if (wire->bad || kind == NO_ERROR)
		return NULL;
	if (kind == NO_MEMORY)
		return &err_nomem;
	int errnum = (int)wire_take_u32(wire);
	const char *what = wire_take_text(wire);
	const char *why = wire_take_text(wire);
	const char *hint = wire_take_text(wire);
	if (kind > ERR_BUG || errnum < 0 || errnum > 4095 || !what || !why || !hint)
		wire->bad = true;
	if (wire->bad)
		return NULL;
	struct err *e = err_new(kind, errnum, "%s", what);
	e = *why ? err_why(e, "%s", why) : e;
	return *hint ? err_hint(e, "%s", hint) : e;
}

bool wire_is_done(const struct wire *wire)
{
	return !wire->bad && wire->at == wire->size;
}
