/* SPDX-License-Identifier: Apache-2.0 */
/* Answers from the debug information. */
#include <stdlib.h>

#include "common/cleanup.h"
#include "symbols/child/broker.h"
#include "symbols/child/serve.h"
#include "symbols/inlined.h"
#include "symbols/lines.h"
#include "symbols/stack.h"
#include "symbols/types_wire.h"

/* A function as the collector knows it: the symbol is borrowed. */
static struct function take_function(struct wire *in)
{
	struct function function = {.symbol = wire_take_text(in)};
	function.address = wire_take_u64(in);
	function.size = wire_take_u64(in);
	function.binding = wire_take_u8(in);
	function.ifunc = wire_take_bool(in);
	function.tables = wire_take_u8(in);
	in->bad |= !function.symbol;
	return function;
}

struct err *serve_prototype(struct image *image, struct wire *in, struct wire *out)
{
	_cleanup_(type_writer_deinit) struct type_writer writer = {0};
	const struct function function = take_function(in);
	const struct prototype *prototype;
	struct err *e = in->bad ? &err_nomem : image_prototype(image, &function, &prototype);
	if (e)
		return e;
	types_put_prototype(&writer, prototype);
	types_put_all(&writer, out);
	return NULL;
}

static void put_known_line(struct image *image, const struct function *function, struct wire *out)
{
	const char *file = NULL;
	unsigned int line = 0;
	bool found = image_source_line(image, function, &file, &line);
	wire_put_text(out, found ? file : NULL);
	wire_put_u32(out, found ? line : 0);
}

/* The first one's failure is the answer; a later one's is told when it is asked for by itself. */
struct err *serve_prototypes_of(struct image *image, struct wire *in, struct wire *out)
{
	_cleanup_(type_writer_deinit) struct type_writer writer = {0};
	_cleanup_(wire_deinit) struct wire body = {0};
	size_t count, done = 0;
	const struct function *functions = serve_take_range(image, in, &count);
	bool lines = wire_take_bool(in), frames = wire_take_bool(in);
	if (!functions)
		return err_new(ERR_FAILED, 0, "the functions are others than before");
	for (; done < count; done++) {
		const struct prototype *prototype;
		struct err *e = image_prototype(image, &functions[done], &prototype);
		if (e && !done)
			return e;
		err_free(e);
		if (e)
			break;
		types_put_prototype(&writer, prototype);
	}
	types_put_all(&writer, &body);
	wire_put_u64(out, done);
	wire_put_bytes(out, body.bytes, body.size);
	out->bad |= body.bad;
	for (size_t i = 0; lines && i < done; i++)
		put_known_line(image, &functions[i], out);
	for (size_t i = 0; frames && i < done; i++)
		wire_put_u8(out, (uint8_t)image_frame_place(image, functions[i].address));
	return NULL;
}

struct err *serve_debug_source(struct image *image, struct wire *in, struct wire *out)
{
	(void)in;
	wire_put_text(out, image_debug_source(image));
	return NULL;
}

struct err *serve_source_line(struct image *image, struct wire *in, struct wire *out)
{
	const struct function function = take_function(in);
	if (!in->bad)
		put_known_line(image, &function, out);
	return NULL;
}

struct err *serve_find_line(struct image *image, struct wire *in, struct wire *out)
{
	_cleanup_(line_search_deinit) struct line_search found = {0};
	const char *file = wire_take_text(in);
	unsigned int line = wire_take_u32(in);
	struct err *e = file ? image_find_line(image, file, line, &found) : NULL;
	if (e)
		return e;
	wire_put_u64(out, found.places.count);
	for (size_t i = 0; i < found.places.count; i++) {
		wire_put_u64(out, found.places.items[i].address);
		wire_put_u64(out, found.places.items[i].instance);
		wire_put_u8(out, found.places.items[i].is_empty);
	}
	wire_put_u64(out, found.files.count);
	for (size_t i = 0; i < found.files.count; i++)
		wire_put_text(out, found.files.items[i]);
	wire_put_u32(out, found.before);
	wire_put_u32(out, found.after);
	wire_put_u8(out, found.has_lines);
	return NULL;
}

/* Which names are meant is a question of patterns, which the collector knows. */
static bool ask_wanted(void *context, const char *name)
{
	_cleanup_(wire_deinit) struct wire question = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	int fd;
	(void)context;
	wire_put_text(&question, name);
	if (!broker_ask(VERB_ASK_WANTED, &question, &answer, &fd))
		return false;
	closep(&fd);
	return wire_take_bool(&answer);
}

struct err *serve_inlined(struct image *image, struct wire *in, struct wire *out)
{
	_cleanup_(inlined_list_deinit) struct inlined_list list = {0};
	(void)in;
	struct err *e = image_find_inlined(image, ask_wanted, NULL, &list);
	if (e)
		return e;
	wire_put_u8(out, list.cut);
	wire_put_u64(out, list.copies.count);
	for (size_t i = 0; i < list.copies.count; i++) {
		const struct inlined_copy *copy = &list.copies.items[i];
		wire_put_text(out, copy->name);
		wire_put_text(out, copy->file);
		wire_put_u32(out, copy->line);
		wire_put_u64(out, copy->address);
		wire_put_text(out, copy->caller);
		wire_put_text(out, copy->call_file);
		wire_put_u32(out, copy->call_line);
	}
	return NULL;
}

struct err *serve_variables(struct image *image, struct wire *in, struct wire *out)
{
	_cleanup_(type_writer_deinit) struct type_writer writer = {0};
	struct variable_list list = {0};
	uint64_t address = wire_take_u64(in), outwards = wire_take_u64(in);
	unsigned int line = wire_take_u32(in);
	struct err *e = image_variables_at(image, address, outwards, line, &list);
	if (e)
		return e;
	wire_put_u32(&writer.rest, (uint32_t)list.count);
	for (size_t i = 0; i < list.count; i++)
		types_put_variable(&writer, &list.items[i]);
	types_put_all(&writer, out);
	return NULL;
}

static void put_line(const struct code_line *line, struct wire *out)
{
	wire_put_text(out, line->symbol);
	wire_put_text(out, line->file);
	wire_put_u32(out, line->file ? (uint32_t)(line->short_file - line->file) : 0);
	wire_put_u32(out, line->line);
}

struct err *serve_place(struct image *image, struct wire *in, struct wire *out)
{
	const struct code_place *place = image_place(image, wire_take_u64(in));
	wire_put_u8(out, place != NULL);
	if (!place)
		return NULL;
	wire_put_u64(out, place->start);
	put_line(&place->own, out);
	wire_put_u64(out, place->n_inlined);
	for (size_t i = 0; i < place->n_inlined; i++)
		put_line(&place->inlined[i], out);
	return NULL;
}
