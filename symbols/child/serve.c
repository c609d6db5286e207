/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/child/serve.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "symbols/child/broker.h"
#include "symbols/debug_file.h"
#include "symbols/image.h"

/* The collector counts from 1; a run has as many as files with code. */
#define IMAGES_MAX (1u << 20)

struct server {
	struct image_cache cache;
	char *program;
	ARRAY_OF(struct image *) images; /* by number; NULL: closed */
	struct debug_source source;
};

/* What a server has, when nothing here has it: the collector fetches it. */
static struct err *ask_fetch(void *context, const char *path, const uint8_t *id, size_t size,
			     int *ret_fd)
{
	_cleanup_(wire_deinit) struct wire question = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	(void)context;
	(void)path;
	(void)id;
	(void)size; /* the collector knows them, and better */
	if (!broker_ask(VERB_ASK_FETCH, &question, &answer, ret_fd))
		return err_new(ERR_FAILED, 0, "asking for a debug file");
	return wire_take_error(&answer);
}

/* --- what is kept from run to run ---------------------------------------------------------------
 */

/* The collector has the cache, and knows by which build id. */
static void *ask_kept(void *context, const char *name, size_t *ret_size)
{
	_cleanup_(wire_deinit) struct wire question = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	int fd;
	(void)context;
	(void)name;
	if (!broker_ask(VERB_ASK_KEPT, &question, &answer, &fd))
		return NULL;
	closep(&fd);
	size_t size = wire_take_count(&answer, 1);
	const void *bytes = wire_take_bytes(&answer, size);
	void *copy = size && bytes ? malloc(size) : NULL;
	if (!copy)
		return NULL;
	memcpy(copy, bytes, size);
	*ret_size = size;
	return copy;
}

static void ask_keep(void *context, const char *name, const void *bytes, size_t size)
{
	_cleanup_(wire_deinit) struct wire question = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	int fd;
	(void)context;
	(void)name;
	wire_put_u64(&question, size);
	wire_put_bytes(&question, bytes, size);
	if (!question.bad && broker_ask(VERB_ASK_KEEP, &question, &answer, &fd))
		closep(&fd);
}

/* --- debug files ------------------------------------------------------------------------------ */

static uint64_t ask_exist(const struct debug_candidate *candidates, size_t count)
{
	_cleanup_(wire_deinit) struct wire question = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	int fd;
	wire_put_u32(&question, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		wire_put_u8(&question, candidates[i].root >= 0);
		wire_put_text(&question, candidates[i].path);
	}
	if (!count || !broker_ask(VERB_ASK_EXIST, &question, &answer, &fd))
		return 0;
	closep(&fd);
	return wire_take_u64(&answer);
}

/* --- opening ---------------------------------------------------------------------------------- */

static struct err *keep(struct server *server, uint32_t number, struct image *image)
{
	while (server->images.count <= number)
		if (!array_push(&server->images))
			return &err_nomem;
	image_close(server->images.items[number]);
	server->images.items[number] = image;
	return NULL;
}

/* All that are in the file, since some will be asked for; beyond that, by themselves. */
#define SECTIONS_MAX 256

/* The first of a name is the one that it means, if that has no content, too. */
static void put_sections(const struct image *image, struct wire *out)
{
	size_t names, count = 0;
	Elf *elf = image->file.elf;
	bool any = elf_getshdrstrndx(elf, &names) == 0;
	struct wire list = {0};
	for (Elf_Scn *at = NULL; any && count <= SECTIONS_MAX && (at = elf_nextscn(elf, at));) {
		const Elf64_Shdr *header = elf64_getshdr(at);
		const char *name = header ? elf_strptr(elf, names, header->sh_name) : NULL;
		struct section_range range = {0};
		if (!name)
			continue;
		count++;
		wire_put_text(&list, name);
		wire_put_u8(&list, section_range_of(image, header, &range));
		wire_put_u64(&list, range.address);
		wire_put_u64(&list, range.offset);
		wire_put_u64(&list, range.size);
	}
	bool whole = count <= SECTIONS_MAX;
	wire_put_u8(out, whole);
	wire_put_u64(out, whole ? count : 0);
	wire_put_bytes(out, list.bytes, whole ? list.size : 0);
	out->bad |= list.bad;
	wire_deinit(&list);
}

/* The few of a program; a library of that many is looked through when it is asked for. */
#define DYNAMIC_MAX 20000

static void put_imports(struct image *image, struct wire *out)
{
	image_read_dynamic_table(image);
	bool few = image->dynamic_table.count <= DYNAMIC_MAX;
	wire_put_u8(out, few);
	if (few)
		serve_put_imports(image, out);
}

static void put_opened(struct image *image, struct wire *out)
{
	const uint8_t *id;
	size_t size = image_build_id(image, &id), count = 0;
	const char *const *needed = image_needed(image);
	wire_put_u32(out, (uint32_t)size);
	wire_put_bytes(out, id, size);
	wire_put_text(out, image_soname(image));
	wire_put_u8(out, needed != NULL);
	while (needed && needed[count])
		count++;
	wire_put_u64(out, count);
	for (size_t i = 0; i < count; i++)
		wire_put_text(out, needed[i]);
	put_sections(image, out);
	put_imports(image, out);
}

static struct err *serve_open(struct server *server, uint32_t number, int fd, struct wire *in,
			      struct wire *out)
{
	struct image *image = NULL;
	const char *path = wire_take_text(in), *place = wire_take_text(in);
	if (!path || fd < 0 || !number || number > IMAGES_MAX)
		return err_new(ERR_BUG, 0, "opening no file");
	struct err *e = image_open_mapped(path, fd, &image);
	if (e)
		return e;
	image->which_exist = ask_exist;
	image->place = arena_string(&image->arena, place ? place : "");
	e = image->place ? keep(server, number, image) : &err_nomem;
	if (e) {
		image_close(image);
		return e;
	}
	put_opened(image, out);
	return NULL;
}

static void serve_close(struct server *server, uint32_t number)
{
	if (number >= server->images.count)
		return;
	image_close(server->images.items[number]);
	server->images.items[number] = NULL;
}

/* --- one request ------------------------------------------------------------------------------ */

static struct err *(*const handlers[VERB_COUNT])(struct image *, struct wire *, struct wire *) = {
	[VERB_FUNCTIONS] = serve_functions,
	[VERB_WALK] = serve_walk,
	[VERB_SOURCES] = serve_sources,
	[VERB_DEBUG_SOURCE] = serve_debug_source,
	[VERB_SECTION] = serve_section,
	[VERB_DEMANGLE] = serve_demangle,
	[VERB_DEMANGLE_WHOLE] = serve_demangle_whole,
	[VERB_FRAME_PLACES] = serve_frame_places,
	[VERB_FRAME_ROW] = serve_frame_row,
	[VERB_IMPORTS] = serve_imports,
	[VERB_SYMBOL] = serve_symbol,
	[VERB_PROTOTYPE] = serve_prototype,
	[VERB_SOURCE_LINE] = serve_source_line,
	[VERB_FIND_LINE] = serve_find_line,
	[VERB_INLINED] = serve_inlined,
	[VERB_VARIABLES] = serve_variables,
	[VERB_PLACE] = serve_place,
	[VERB_UNWIND_ROW] = serve_unwind_row,
	[VERB_CALL] = serve_call,
	[VERB_NAMES] = serve_names,
	[VERB_PROTOTYPES_OF] = serve_prototypes_of,
};

/* The state that the collector keeps: it may be talking to a second symbolizer already. */
static void adopt(struct server *server, struct image *image, struct wire *in)
{
	uint8_t flags = wire_take_u8(in);
	uint32_t pointers = wire_take_u32(in);
	const char *program = wire_take_text(in);
	/* Any descriptor does: the number goes no further than the handler of SIGSYS. */
	if (flags & REQUEST_HAS_ROOT)
		image_set_root(image, BROKER_SOCKET);
	image_set_source(image, flags & REQUEST_HAS_SOURCE ? &server->source : NULL);
	image_open_types(image, pointers);
	if (program && !server->program)
		server->program = strdup(program);
	server->cache.program = server->program;
	image_use_cache(image, program && server->program ? &server->cache : NULL);
}

static struct err *serve_image(struct server *server, const struct message_header *header,
			       struct wire *in, struct wire *out)
{
	struct image *image =
		header->image < server->images.count ? server->images.items[header->image] : NULL;
	if (!image || header->verb >= VERB_COUNT || !handlers[header->verb])
		return err_new(ERR_BUG, 0, "the symbolizer does not know what to do");
	adopt(server, image, in);
	return handlers[header->verb](image, in, out);
}

static bool answer(struct server *server, const struct message_header *header, int fd,
		   struct wire *in, struct wire *out)
{
	_cleanup_(wire_deinit) struct wire head = {0};
	if (header->verb == VERB_CLOSE) {
		serve_close(server, header->image);
		if (!wire_take_bool(in))
			return true;
		wire_put_error(&head, NULL);
		wire_put_text(&head, NULL);
		wire_put_error(&head, NULL);
		wire_put_u8(&head, false);
		return protocol_send(BROKER_SOCKET, VERB_ANSWER, header->image, &head, NULL);
	}
	struct err *e = header->verb == VERB_OPEN ? serve_open(server, header->image, fd, in, out)
						  : serve_image(server, header, in, out);
	if (!e && (out->bad || in->bad))
		e = &err_nomem;
	if (e)
		wire_reset(out);
	const struct image *image =
		header->image < server->images.count ? server->images.items[header->image] : NULL;
	wire_put_error(&head, e);
	wire_put_text(&head, image ? image_debug_missing(image) : NULL);
	wire_put_error(&head, image ? image_symbols_refused(image) : NULL);
	wire_put_u8(&head, image && image_has_to_keep(image));
	err_free(e);
	return protocol_send(BROKER_SOCKET, VERB_ANSWER, header->image, &head, out);
}

void symbolizer_serve(void)
{
	struct server server = {.source = {.fetch = ask_fetch},
				.cache = {.read = ask_kept, .write = ask_keep}};
	struct message_header header;
	struct wire in = {0}, out = {0};
	bool going = true;
	int fd;
	while (going && protocol_receive(BROKER_SOCKET, &header, &in, &fd)) {
		wire_reset(&out);
		going = answer(&server, &header, fd, &in, &out);
		closep(&fd);
	}
	/* What is in memory goes with the process. */
}
