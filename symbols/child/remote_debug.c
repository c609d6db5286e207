/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that the debug information answers. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/child/protocol.h"
#include "symbols/child/remote.h"
#include "symbols/child/types.h"

#define PROTOTYPES_MAX 256

static void put_function(struct wire *request, const struct function *function)
{
	wire_put_text(request, function->symbol);
	wire_put_u64(request, function->address);
	wire_put_u64(request, function->size);
	wire_put_u8(request, function->binding);
	wire_put_u8(request, function->ifunc);
	wire_put_u8(request, function->tables);
}

/* --- prototypes ------------------------------------------------------------------------------- */

struct prototypes {
	const struct function *functions;
	size_t count; /* in: wanted; out: known */
	const struct prototype **known;
	bool *is_known;
};

static struct err *ask_prototypes(struct image *image, struct prototypes *prototypes)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	_cleanup_(type_reader_deinit) struct type_reader reader = {0};
	remote_begin(image, &request);
	wire_put_u32(&request, (uint32_t)prototypes->count);
	for (size_t i = 0; i < prototypes->count; i++)
		put_function(&request, &prototypes->functions[i]);
	struct err *e = remote_ask(image, VERB_PROTOTYPES, &request, &answer);
	if (e)
		return e;
	uint32_t count = wire_take_u32(&answer);
	answer.bad |= !count || count > prototypes->count;
	types_take_all(&reader, &answer, &image->arena);
	for (uint32_t i = 0; i < count && !answer.bad; i++) {
		prototypes->known[i] = types_take_prototype(&reader);
		prototypes->is_known[i] = !answer.bad;
	}
	return remote_end(image, &answer);
}

static bool make_lists(struct image *image)
{
	struct remote *remote = image->remote;
	if (!remote->known)
		remote->known = calloc(image->n_functions + 1, sizeof(*remote->known));
	if (!remote->is_known)
		remote->is_known = calloc(image->n_functions + 1, sizeof(*remote->is_known));
	return remote->known && remote->is_known;
}

static size_t prototypes_ahead(struct remote_run *run, size_t index, size_t rest)
{
	enum { LEFT_OUT = 4 };
	bool goes_on = run->length && index >= run->end && index - run->end <= LEFT_OUT;
	size_t wanted = goes_on ? run->length * 4 : 1;
	run->length = wanted < PROTOTYPES_MAX ? wanted : PROTOTYPES_MAX;
	run->length = run->length < rest ? run->length : rest;
	run->end = index + run->length;
	return run->length;
}

struct err *remote_prototype(struct image *image, const struct function *function,
			     const struct prototype **ret)
{
	struct remote *remote = image->remote;
	const struct prototype *single = NULL;
	bool is_known = false;
	struct prototypes prototypes = {
		.functions = function, .count = 1, .known = &single, .is_known = &is_known};
	size_t index = (size_t)(function - image->functions);
	bool in_table = image->functions && function >= image->functions &&
			index < image->n_functions && make_lists(image);
	*ret = NULL;
	if (in_table) {
		prototypes.known = remote->known + index;
		prototypes.is_known = remote->is_known + index;
		if (!*prototypes.is_known)
			prototypes.count = prototypes_ahead(&remote->prototypes, index,
							    image->n_functions - index);
	}
	struct err *e = *prototypes.is_known ? NULL : ask_prototypes(image, &prototypes);
	if (!e)
		*ret = *prototypes.known;
	return e;
}

/* --- lines ------------------------------------------------------------------------------------ */

const char *remote_debug_source(struct image *image)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	remote_begin(image, &request);
	struct err *e = remote_ask(image, VERB_DEBUG_SOURCE, &request, &answer);
	const char *source = e ? NULL : wire_keep_text(&answer, &image->arena);
	e = e ? e : remote_end(image, &answer);
	source = e ? NULL : source;
	err_free(e);
	return source;
}

bool remote_source_line(struct image *image, const struct function *function, const char **ret_file,
			unsigned int *ret_line)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	remote_begin(image, &request);
	put_function(&request, function);
	struct err *e = remote_ask(image, VERB_SOURCE_LINE, &request, &answer);
	const char *file = e ? NULL : wire_keep_text(&answer, &image->arena);
	unsigned int line = e ? 0 : wire_take_u32(&answer);
	e = e ? e : remote_end(image, &answer);
	bool found = !e && file;
	err_free(e);
	if (!found)
		return false;
	*ret_file = file;
	*ret_line = line;
	return true;
}

static void take_line_place(struct image *image, struct wire *answer, struct line_place *ret)
{
	ret->address = wire_take_u64(answer);
	ret->instance = wire_take_u64(answer);
	ret->is_empty = wire_take_bool(answer);
	/* Where a probe may be put: the program headers have the last word. */
	answer->bad |= !image_offset_of(image, ret->address, &ret->offset) ||
		       !image_is_text(image, ret->offset, 1);
}

static void take_lines(struct image *image, struct wire *answer, struct line_search *ret)
{
	size_t count = wire_take_count(answer, 17);
	for (size_t i = 0; i < count && !answer->bad; i++) {
		struct line_place *place = array_push(&ret->places);
		answer->bad |= !place;
		if (!place)
			return;
		take_line_place(image, answer, place);
		answer->bad |= i && ret->places.items[i - 1].address > place->address;
	}
	count = wire_take_count(answer, 5);
	for (size_t i = 0; i < count && !answer->bad; i++) {
		const char **file = array_push(&ret->files);
		answer->bad |= !file;
		if (file)
			*file = wire_keep_name(answer, &image->arena);
	}
	ret->before = wire_take_u32(answer);
	ret->after = wire_take_u32(answer);
	ret->has_lines = wire_take_bool(answer);
}

struct err *remote_find_line(struct image *image, const char *file, unsigned int line,
			     struct line_search *ret)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	*ret = (struct line_search){0};
	remote_begin(image, &request);
	wire_put_text(&request, file);
	wire_put_u32(&request, line);
	struct err *e = remote_ask(image, VERB_FIND_LINE, &request, &answer);
	if (e)
		return e;
	take_lines(image, &answer, ret);
	e = remote_end(image, &answer);
	if (e)
		line_search_deinit(ret);
	return e;
}

/* --- copies and variables --------------------------------------------------------------------- */

static void take_copy(struct image *image, struct wire *answer, struct inlined_copy *ret)
{
	ret->name = wire_keep_name(answer, &image->arena);
	ret->file = wire_keep_text(answer, &image->arena);
	ret->line = wire_take_u32(answer);
	ret->address = wire_take_u64(answer);
	ret->caller = wire_keep_text(answer, &image->arena);
	ret->call_file = wire_keep_text(answer, &image->arena);
	ret->call_line = wire_take_u32(answer);
	answer->bad |= !image_offset_of(image, ret->address, &ret->offset) ||
		       !image_is_text(image, ret->offset, 1);
}

static void take_copies(struct image *image, struct wire *answer, struct inlined_list *list)
{
	list->cut = wire_take_bool(answer);
	size_t count = wire_take_count(answer, 32);
	for (size_t i = 0; i < count && !answer->bad; i++) {
		struct inlined_copy *copy = array_push(&list->copies);
		answer->bad |= !copy;
		if (!copy)
			return;
		take_copy(image, answer, copy);
		answer->bad |= i && strcmp(list->copies.items[i - 1].name, copy->name) > 0;
	}
}

struct err *remote_find_inlined(struct image *image,
				bool (*wanted)(void *context, const char *name), void *context,
				struct inlined_list *ret)
{
	struct remote *remote = image->remote;
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	*ret = (struct inlined_list){0};
	remote_begin(image, &request);
	remote->wanted = wanted;
	remote->wanted_context = context;
	struct err *e = remote_ask(image, VERB_INLINED, &request, &answer);
	remote->wanted = NULL;
	if (e)
		return e;
	take_copies(image, &answer, ret);
	e = remote_end(image, &answer);
	if (e)
		inlined_list_deinit(ret);
	return e;
}

struct err *remote_variables_at(struct image *image, uint64_t address, size_t outwards,
				unsigned int line, struct variable_list *ret)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	_cleanup_(type_reader_deinit) struct type_reader reader = {0};
	*ret = (struct variable_list){0};
	remote_begin(image, &request);
	wire_put_u64(&request, address);
	wire_put_u64(&request, outwards);
	wire_put_u32(&request, line);
	struct err *e = remote_ask(image, VERB_VARIABLES, &request, &answer);
	if (e)
		return e;
	types_take_all(&reader, &answer, &image->arena);
	uint32_t count = wire_take_u32(&answer);
	answer.bad |= count > VARIABLES_MAX;
	struct variable *items =
		answer.bad ? NULL : arena_array(&image->arena, count + 1, sizeof(*items));
	for (uint32_t i = 0; items && i < count; i++)
		types_take_variable(&reader, &items[i]);
	answer.bad |= !items;
	e = remote_end(image, &answer);
	if (!e)
		*ret = (struct variable_list){.items = items, .count = count};
	return e;
}

/* --- places ----------------------------------------------------------------------------------- */

static void take_code_line(struct image *image, struct wire *answer, struct code_line *ret)
{
	ret->symbol = wire_keep_text(answer, &image->arena);
	ret->file = wire_keep_text(answer, &image->arena);
	uint32_t begin = wire_take_u32(answer);
	answer->bad |= begin && (!ret->file || begin >= strlen(ret->file));
	ret->short_file = ret->file && !answer->bad ? ret->file + begin : NULL;
	ret->line = wire_take_u32(answer);
}

const struct code_place *remote_place(struct image *image, uint64_t address)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	struct code_place *place = NULL;
	remote_begin(image, &request);
	wire_put_u64(&request, address);
	struct err *e = remote_ask(image, VERB_PLACE, &request, &answer);
	if (!e && wire_take_bool(&answer)) {
		place = arena_alloc(&image->arena, sizeof(*place));
		answer.bad |= !place;
	}
	if (place) {
		place->start = wire_take_u64(&answer);
		take_code_line(image, &answer, &place->own);
		size_t count = wire_take_count(&answer, 16);
		struct code_line *lines = arena_array(&image->arena, count + 1, sizeof(*lines));
		answer.bad |= !lines;
		for (size_t i = 0; lines && i < count && !answer.bad; i++)
			take_code_line(image, &answer, &lines[i]);
		place->inlined = count ? lines : NULL;
		place->n_inlined = count;
	}
	e = e ? e : remote_end(image, &answer);
	place = e ? NULL : place;
	err_free(e);
	return place;
}
