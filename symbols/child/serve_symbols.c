/* SPDX-License-Identifier: Apache-2.0 */
/* Answers from the symbol tables, the sections and the unwind tables. */
#include <string.h>

#include "common/cleanup.h"
#include "symbols/child/serve.h"
#include "symbols/image.h"
#include "symbols/types_wire.h"
#include "symbols/unwind_row.h"

/* --- what is asked of some right afterwards ----------------------------------------------------
 */

struct names {
	const char *items[EXPECTED_MAX];
	uint32_t count;
};

static void take_names(struct wire *in, struct names *ret)
{
	ret->count = wire_take_u32(in);
	in->bad |= ret->count > EXPECTED_MAX;
	for (uint32_t i = 0; i < ret->count && !in->bad; i++) {
		ret->items[i] = wire_take_text(in);
		in->bad |= !ret->items[i];
	}
	ret->count = in->bad ? 0 : ret->count;
}

static bool is_among(const struct names *names, const char *symbol)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (symbol[0] == names->items[i][0] && !strcmp(symbol, names->items[i]))
			return true;
	return false;
}

/* Those whose types cannot be read are left out: whoever asks for one by itself is told why. */
static void put_expected(struct image *image, const struct names *names, struct wire *out)
{
	_cleanup_(type_writer_deinit) struct type_writer writer = {0};
	struct wire list = {0};
	uint32_t count = 0;
	for (size_t i = 0; names->count && i < image->n_functions && count < EXPECTED_MAX; i++) {
		const struct function *function = &image->functions[i];
		const struct prototype *prototype;
		if (!is_among(names, function->symbol))
			continue;
		struct err *e = image_prototype(image, function, &prototype);
		err_free(e);
		if (e)
			continue;
		wire_put_u64(&list, i);
		wire_put_u8(&list, (uint8_t)image_frame_place(image, function->address));
		types_put_prototype(&writer, prototype);
		count++;
	}
	wire_put_u64(out, count);
	wire_put_bytes(out, list.bytes, list.size);
	out->bad |= list.bad;
	wire_deinit(&list);
	types_put_all(&writer, out);
}

void serve_put_function(const struct function *function, struct wire *out)
{
	const struct wire_function place = {.address = function->address,
					    .size = function->size,
					    .binding = function->binding,
					    .ifunc = function->ifunc,
					    .tables = function->tables};
	wire_put_bytes(out, &place, sizeof(place));
}

struct err *serve_functions(struct image *image, struct wire *in, struct wire *out)
{
	const struct function *functions;
	size_t count, bytes = 0;
	struct names names;
	struct err *e = image_functions(image, &functions, &count);
	take_names(in, &names);
	if (e)
		return e;
	wire_put_u64(out, count);
	for (size_t i = 0; i < count; i++) {
		serve_put_function(&functions[i], out);
		bytes += strlen(functions[i].symbol) + 1;
	}
	wire_put_u64(out, bytes);
	for (size_t i = 0; i < count; i++)
		wire_put_bytes(out, functions[i].symbol, strlen(functions[i].symbol) + 1);
	err_free(serve_sources(image, in, out));
	put_expected(image, &names, out);
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

/* A range of the list that was sent. NULL: it is another list by now. */
const struct function *serve_take_range(struct image *image, struct wire *in, size_t *ret_count)
{
	const struct function *functions;
	size_t count;
	uint64_t all = wire_take_u64(in), first = wire_take_u64(in), wanted = wire_take_u64(in);
	struct err *e = image_functions(image, &functions, &count);
	bool ok = !e && !in->bad && all == count && first < count && wanted <= count - first;
	err_free(e);
	*ret_count = ok ? (size_t)wanted : 0;
	return ok ? functions + first : NULL;
}

/* Nothing where the name is the symbol itself. */
static void put_name(struct image *image, const char *symbol, struct wire *out)
{
	char buffer[DEMANGLE_ONCE_MAX];
	const char *name = symbol ? demangle_once(image, symbol, buffer) : NULL;
	wire_put_text(out, name == symbol ? NULL : name);
}

struct err *serve_names(struct image *image, struct wire *in, struct wire *out)
{
	size_t count;
	const struct function *functions = serve_take_range(image, in, &count);
	if (!functions)
		return err_new(ERR_FAILED, 0, "the functions are others than before");
	for (size_t i = 0; i < count; i++)
		put_name(image, functions[i].symbol, out);
	return NULL;
}

struct err *serve_demangle(struct image *image, struct wire *in, struct wire *out)
{
	put_name(image, wire_take_text(in), out);
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

void serve_put_imports(struct image *image, struct wire *out)
{
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
}

struct err *serve_imports(struct image *image, struct wire *in, struct wire *out)
{
	(void)in;
	serve_put_imports(image, out);
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
