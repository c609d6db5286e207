/* SPDX-License-Identifier: Apache-2.0 */
/* Answers from the symbol tables, the sections and the unwind tables. */
#include <string.h>

#include "symbols/child/serve.h"
#include "symbols/image.h"
#include "symbols/unwind_row.h"

struct err *serve_functions(struct image *image, struct wire *in, struct wire *out)
{
	const struct function *functions;
	size_t count, bytes = 0;
	struct err *e = image_functions(image, &functions, &count);
	(void)in;
	if (e)
		return e;
	wire_put_u64(out, count);
	for (size_t i = 0; i < count; i++) {
		const struct wire_function function = {.address = functions[i].address,
						       .size = functions[i].size,
						       .binding = functions[i].binding,
						       .ifunc = functions[i].ifunc,
						       .tables = functions[i].tables};
		wire_put_bytes(out, &function, sizeof(function));
		bytes += strlen(functions[i].symbol) + 1;
	}
	wire_put_u64(out, bytes);
	for (size_t i = 0; i < count; i++)
		wire_put_bytes(out, functions[i].symbol, strlen(functions[i].symbol) + 1);
	return NULL;
}

struct err *serve_sources(struct image *image, struct wire *in, struct wire *out)
{
	(void)in;
	wire_put_text(out, image_symbol_source(image));
	wire_put_u8(out, image_is_stripped(image));
	wire_put_text(out, image_symtab_source(image));
	return NULL;
}

struct err *serve_section(struct image *image, struct wire *in, struct wire *out)
{
	struct section_range range = {0};
	const char *name = wire_take_text(in);
	bool found = name && image_section(image, name, &range);
	wire_put_u8(out, found);
	wire_put_u64(out, range.address);
	wire_put_u64(out, range.offset);
	wire_put_u64(out, range.size);
	return NULL;
}

/* Nothing where the name is the symbol itself. */
struct err *serve_demangle(struct image *image, struct wire *in, struct wire *out)
{
	uint32_t count = wire_take_u32(in);
	for (uint32_t i = 0; i < count && !in->bad; i++) {
		const char *symbol = wire_take_text(in);
		const char *name = symbol ? image_demangle(image, symbol) : NULL;
		wire_put_text(out, name == symbol ? NULL : name);
	}
	return NULL;
}

struct err *serve_demangle_whole(struct image *image, struct wire *in, struct wire *out)
{
	const char *symbol = wire_take_text(in);
	char *whole = symbol ? image_demangle_whole(image, symbol) : NULL;
	wire_put_text(out, whole);
	free(whole);
	return NULL;
}

struct err *serve_frame_places(struct image *image, struct wire *in, struct wire *out)
{
	uint32_t count = wire_take_u32(in);
	for (uint32_t i = 0; i < count && !in->bad; i++)
		wire_put_u8(out, (uint8_t)image_frame_place(image, wire_take_u64(in)));
	return NULL;
}

struct err *serve_frame_row(struct image *image, struct wire *in, struct wire *out)
{
	uint64_t start = 0;
	wire_put_u8(out, image_frame_row(image, wire_take_u64(in), &start));
	wire_put_u64(out, start);
	return NULL;
}

struct err *serve_imports(struct image *image, struct wire *in, struct wire *out)
{
	(void)in;
	image_imports(image, "");
	wire_put_u64(out, image->imports.count);
	for (size_t i = 0; i < image->imports.capacity; i++) {
		const struct name_entry *entry = &image->imports.slots[i];
		if (!entry->name)
			continue;
		wire_put_u32(out, (uint32_t)entry->length + 1);
		wire_put_bytes(out, entry->name, entry->length);
		wire_put_u8(out, 0);
	}
	return NULL;
}

struct err *serve_symbol(struct image *image, struct wire *in, struct wire *out)
{
	uint64_t address = 0;
	const char *name = wire_take_text(in);
	wire_put_u8(out, name && image_defines(image, name));
	wire_put_u8(out, name && image_symbol_address(image, name, &address));
	wire_put_u64(out, address);
	return NULL;
}

/* --- unwind tables ---------------------------------------------------------------------------- */

static void put_rule(const struct row_rule *rule, struct wire *out)
{
	wire_put_u8(out, (uint8_t)rule->kind);
	wire_put_u64(out, (uint64_t)rule->offset);
	wire_put_u64(out, rule->kind == ROW_COMPUTED ? rule->n_ops : 0);
	for (size_t i = 0; rule->kind == ROW_COMPUTED && i < rule->n_ops; i++) {
		wire_put_u8(out, rule->ops[i].atom);
		wire_put_u64(out, rule->ops[i].number);
		wire_put_u64(out, rule->ops[i].number2);
		wire_put_u64(out, rule->ops[i].offset);
	}
}

struct err *serve_unwind_row(struct image *image, struct wire *in, struct wire *out)
{
	const struct unwind_row *row = image_unwind_row(image, wire_take_u64(in));
	wire_put_u8(out, row != NULL);
	if (!row)
		return NULL;
	wire_put_u8(out, (uint8_t)row->return_register);
	wire_put_u8(out, row->is_signal);
	wire_put_u64(out, row->cfa_register);
	put_rule(&row->cfa, out);
	for (int i = 0; i < STACK_REGISTERS; i++)
		put_rule(&row->rules[i], out);
	return NULL;
}
