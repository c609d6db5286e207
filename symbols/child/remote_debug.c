/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that the debug information answers. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/child/client.h"
#include "symbols/child/protocol.h"
#include "symbols/child/remote.h"
#include "symbols/types_wire.h"

#define PROTOTYPES_MAX 2048

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

static struct err *ask_prototype(struct image *image, const struct function *function,
				 const struct prototype **ret)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	_cleanup_(type_reader_deinit) struct type_reader reader = {0};
	remote_begin(image, &request);
	put_function(&request, function);
	struct err *e = remote_ask(image, VERB_PROTOTYPE, &request, &answer);
	if (e)
		return e;
	types_take_all(&reader, &answer, &image->arena, NULL);
	const struct prototype *found = types_take_prototype(&reader);
	e = remote_end(image, &answer);
	*ret = e ? NULL : found;
	return e;
}

/* Most are in the file of the one before. */
static void take_known_line(struct image *image, struct wire *answer, const char **last,
			    struct known_line *ret)
{
	const char *file = wire_take_text(answer);
	ret->line = wire_take_u32(answer);
	if (file && (!*last || strcmp(*last, file) != 0))
		*last = arena_string(&image->arena, file);
	ret->file = file ? *last : NULL;
	ret->is_known = !answer->bad;
}

static void put_range(struct image *image, size_t first, size_t count, struct wire *request,
		      struct prototype_range *ret)
{
	struct remote *remote = image->remote;
	*ret = (struct prototype_range){.first = first,
					.count = count,
					.lines = remote->wants_lines && remote->lines,
					.frames =
						remote->wants_frames && remote_make_frames(image)};
	remote_begin(image, request);
	remote_put_range(image, first, count, request);
	wire_put_u8(request, ret->lines);
	wire_put_u8(request, ret->frames);
}

static struct err *take_range(struct image *image, const struct prototype_range *range,
			      struct wire *answer)
{
	_cleanup_(type_reader_deinit) struct type_reader reader = {0};
	struct remote *remote = image->remote;
	const char *file = NULL;
	size_t first = range->first;
	uint64_t count = wire_take_u64(answer);
	answer->bad |= !count || count > range->count;
	types_take_all(&reader, answer, &image->arena, NULL);
	for (uint64_t i = 0; i < count && !answer->bad; i++) {
		remote->known[first + i] = types_take_prototype(&reader);
		remote->is_known[first + i] = !answer->bad;
	}
	for (uint64_t i = 0; range->lines && i < count && !answer->bad; i++)
		take_known_line(image, answer, &file, &remote->lines[first + i]);
	for (uint64_t i = 0; range->frames && i < count && !answer->bad; i++) {
		uint8_t frame = wire_take_u8(answer);
		answer->bad |= frame > FRAME_INSIDE;
		remote->frame_places[first + i] = answer->bad ? 0 : (uint8_t)(frame + 1);
	}
	return remote_end(image, answer);
}

static struct err *ask_prototypes(struct image *image, size_t first, size_t wanted)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	struct prototype_range range;
	put_range(image, first, wanted, &request, &range);
	struct err *e = remote_ask(image, VERB_PROTOTYPES_OF, &request, &answer);
	return e ? e : take_range(image, &range, &answer);
}

struct err *remote_take_ahead(struct image *image, struct wire *answer)
{
	struct err *e = remote_take_head(image, answer);
	if (image->remote->walks_ahead) {
		/* Whoever walks asks once more. */
		image->remote->walks_ahead = false;
		return e;
	}
	return e ? e : take_range(image, &image->remote->ahead, answer);
}

bool remote_make_known(struct image *image)
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

/* Who has come to the last ones that were asked for, many at once, will want those behind. */
static void ask_ahead(struct image *image, size_t index)
{
	enum { MANY = 64 };
	_cleanup_(wire_deinit) struct wire request = {0};
	struct remote *remote = image->remote;
	struct remote_run *run = &remote->prototypes;
	size_t first = run->end;
	if (run->length < MANY || first >= image->n_functions || index >= first ||
	    first - index > run->length || remote->symbolizer->ahead ||
	    remote->generation != remote->symbolizer->generation)
		return;
	size_t count = prototypes_ahead(run, first, image->n_functions - first);
	put_range(image, first, count, &request, &remote->ahead);
	client_ask_ahead(remote->symbolizer, image, VERB_PROTOTYPES_OF, &request);
}

static bool find_index(const struct image *image, const struct function *function, size_t *ret)
{
	*ret = (size_t)(function - image->functions);
	return image->functions && function >= image->functions && *ret < image->n_functions;
}

struct err *remote_prototype(struct image *image, const struct function *function,
			     const struct prototype **ret)
{
	struct remote *remote = image->remote;
	size_t index;
	*ret = NULL;
	if (!find_index(image, function, &index) || !remote_make_known(image))
		return ask_prototype(image, function, ret);
	struct err *e = NULL;
	if (!remote->is_known[index])
		remote_settle(remote->symbolizer);
	if (!remote->is_known[index])
		e = ask_prototypes(
			image, index,
			prototypes_ahead(&remote->prototypes, index, image->n_functions - index));
	if (e)
		return e;
	*ret = remote->known[index];
	ask_ahead(image, index);
	return NULL;
}

/* --- lines ------------------------------------------------------------------------------------ */

static const char *keep_source(struct image *image, const char *source)
{
	const char *before = image->remote->debug_source;
	bool same = before && source && strcmp(before, source) == 0;
	return same ? before : source ? arena_string(&image->arena, source) : NULL;
}

/* It may be another one when more was read: a part of split DWARF. */
const char *remote_debug_source(struct image *image)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	struct remote *remote = image->remote;
	if (remote->debug_source_known)
		return remote->debug_source;
	remote_begin(image, &request);
	struct err *e = remote_ask(image, VERB_DEBUG_SOURCE, &request, &answer);
	const char *source = e ? NULL : wire_take_text(&answer);
	e = e ? e : remote_end(image, &answer);
	remote->debug_source = e ? NULL : keep_source(image, source);
	remote->debug_source_known = !e;
	err_free(e);
	return remote->debug_source;
}

static bool ask_line(struct image *image, const struct function *function, struct known_line *ret)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	const char *file = NULL;
	remote_begin(image, &request);
	put_function(&request, function);
	struct err *e = remote_ask(image, VERB_SOURCE_LINE, &request, &answer);
	if (!e) {
		take_known_line(image, &answer, &file, ret);
		e = remote_end(image, &answer);
	}
	bool ok = !e;
	err_free(e);
	return ok;
}

/* Who asks for one after its prototype asks for those of others, too. */
static const struct known_line *ahead(struct image *image, const struct function *function)
{
	struct remote *remote = image->remote;
	size_t index;
	if (!find_index(image, function, &index))
		return NULL;
	if (!remote->lines)
		remote->lines = calloc(image->n_functions, sizeof(*remote->lines));
	remote->wants_lines = true;
	return remote->lines && remote->lines[index].is_known ? &remote->lines[index] : NULL;
}

bool remote_source_line(struct image *image, const struct function *function, const char **ret_file,
			unsigned int *ret_line)
{
	struct known_line one = {0};
	const struct known_line *found = ahead(image, function);
	if (!found && ask_line(image, function, &one))
		found = &one;
	if (!found || !found->file)
		return false;
	*ret_file = found->file;
	*ret_line = found->line;
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
	types_take_all(&reader, &answer, &image->arena, NULL);
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
