/* SPDX-License-Identifier: Apache-2.0 */
/* The symbolizer's end of a walk through all functions. */
#include <string.h>

#include "symbols/child/serve.h"
#include "symbols/image.h"

/* Functions of one answer: with their names, what a socket holds and a cache, too. */
#define WALK_PART   1024
#define NAMES_AHEAD 8

/* A name is made where it is sent from. */
static size_t put_name(const char *symbol, struct wire *out)
{
	char *to = wire_reserve(out, DEMANGLE_ONCE_MAX);
	size_t length = to ? demangle_to(symbol, to) : 0;
	if (length)
		wire_advance(out, length + 1);
	return length;
}

/* Most are longer than the 64 bytes that come at a time. */
static void prefetch(const char *symbol)
{
	__builtin_prefetch(symbol);
	__builtin_prefetch(symbol + 64);
}

static void put_names(const struct function *functions, size_t count, bool symbols,
		      struct wire *out)
{
	for (size_t i = 0; i < count; i++) {
		const char *symbol = functions[i].symbol;
		if (i + NAMES_AHEAD < count)
			prefetch(functions[i + NAMES_AHEAD].symbol);
		bool is_mangled = put_name(symbol, out);
		/* Nothing where the name is the symbol. */
		if (!is_mangled)
			wire_put_bytes(out, symbol, strlen(symbol) + 1);
		if (symbols)
			wire_put_bytes(out, symbol, is_mangled ? strlen(symbol) + 1 : 0);
		if (symbols && !is_mangled)
			wire_put_u8(out, 0);
	}
}

static void put_part(const struct function *functions, size_t count, bool symbols, struct wire *out)
{
	wire_put_u64(out, count);
	for (size_t i = 0; i < count; i++)
		serve_put_function(&functions[i], out);
	size_t at = out->size;
	wire_put_u64(out, 0);
	put_names(functions, count, symbols, out);
	if (out->bad)
		return;
	uint64_t bytes = out->size - at - sizeof(bytes);
	memcpy(out->bytes + at, &bytes, sizeof(bytes));
}

struct err *serve_walk(struct image *image, struct wire *in, struct wire *out)
{
	const struct function *functions;
	size_t total;
	uint64_t first = wire_take_u64(in), least = wire_take_u64(in);
	bool symbols = wire_take_bool(in), untyped = wire_take_bool(in);
	struct err *e = image_functions(image, &functions, &total);
	if (e)
		return e;
	bool has_types = untyped && image_may_have_types(image);
	bool tells = total >= least && first < total && !has_types;
	size_t rest = tells ? total - (size_t)first : 0;
	wire_put_u64(out, total);
	wire_put_u8(out, has_types);
	put_part(functions + (rest ? first : 0), rest < WALK_PART ? rest : WALK_PART, symbols, out);
	return NULL;
}
