/* SPDX-License-Identifier: Apache-2.0 */
/* Opening an image whose file is read by the symbolizer, and one question about it. */
#include "symbols/child/remote.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "symbols/child/client.h"
#include "symbols/child/frames.h"

/* Bytes of all notes of one segment; a build id is among the first. */
#define NOTES_MAX 65536
/* As in symbols/debug_file.c. */
#define BUILD_ID_MAX 64
/* Entries of a dynamic section, of which some are names of libraries. */
#define NEEDED_MAX 4096

/* --- asking ----------------------------------------------------------------------------------- */

/* What is looked for in both roots need not be looked for twice. */
static bool has_other_root(struct image *image)
{
	struct remote *remote = image->remote;
	struct stat theirs, ours;
	if (image->root < 0)
		return false;
	if (!remote->root_known)
		remote->is_other_root = fstat(image->root, &theirs) != 0 || stat("/", &ours) != 0 ||
					theirs.st_dev != ours.st_dev ||
					theirs.st_ino != ours.st_ino;
	remote->root_known = true;
	return remote->is_other_root;
}

void remote_begin(struct image *image, struct wire *request)
{
	wire_put_u8(request, (uint8_t)((has_other_root(image) ? REQUEST_HAS_ROOT : 0) |
				       (image->debug_source ? REQUEST_HAS_SOURCE : 0)));
	wire_put_u32(request, image->type_pointers);
	wire_put_text(request, image->cache ? image->cache->program : NULL);
}

static struct err *copy_error(const struct err *e)
{
	struct err *copy = err_new(err_kind(e), err_errno(e), "%s", err_what(e));
	copy = err_why(copy, "%s", err_reason(e));
	return err_hint(copy, "%s", err_advice(e));
}

/* Its file has broken a symbolizer: no other one gets it. */
static struct err *fail(struct remote *remote, struct err *e)
{
	if (e == &err_nomem)
		return e;
	if (!remote->failure)
		remote->failure = e;
	else
		err_free(e);
	return copy_error(remote->failure);
}

struct err *remote_take_head(struct image *image, struct wire *answer)
{
	struct remote *remote = image->remote;
	struct err *e = wire_take_error(answer);
	const char *missing = wire_take_text(answer);
	struct err *refused = wire_take_error(answer);
	remote->has_to_keep = wire_take_bool(answer);
	remote->debug_source_known = false;
	if (missing && !(remote->missing && strcmp(remote->missing, missing) == 0))
		remote->missing = arena_string(&image->arena, missing);
	if (refused && !remote->refused)
		remote->refused = take_ptr(refused);
	err_free(refused);
	if (!answer->bad)
		return e;
	err_free(e);
	return fail(remote, client_nonsense(remote->symbolizer, image));
}

static struct err *ask(struct image *image, enum verb verb, const struct wire *request, int fd,
		       struct wire *answer)
{
	struct remote *remote = image->remote;
	struct err *e = client_ask(remote->symbolizer, image, verb, request, fd, answer);
	return e ? fail(remote, e) : remote_take_head(image, answer);
}

/* As if it had not been asked; but who breaks the symbolizer does so by asking ahead, too. */
void remote_settle(struct symbolizer *symbolizer)
{
	_cleanup_(wire_deinit) struct wire answer = {0};
	struct image *image = symbolizer->ahead;
	if (!image)
		return;
	struct err *e = client_take_ahead(symbolizer, &answer);
	if (e && !symbolizer->was_killed)
		e = fail(image->remote, e);
	else if (!e)
		e = remote_take_ahead(image, &answer);
	err_free(e);
}

struct err *remote_await(struct image *image, struct wire *answer, bool *ret_again)
{
	struct symbolizer *symbolizer = image->remote->symbolizer;
	struct err *e = client_take_ahead(symbolizer, answer);
	/* See remote_ask(). */
	*ret_again = e && symbolizer->was_killed;
	if (*ret_again)
		err_free(take_ptr(e));
	else if (e)
		e = fail(image->remote, e);
	else
		e = remote_take_head(image, answer);
	return e;
}

struct err *remote_end(struct image *image, const struct wire *answer)
{
	struct remote *remote = image->remote;
	if (wire_is_done(answer))
		return NULL;
	return fail(remote, client_nonsense(remote->symbolizer, image));
}

/* --- opening ---------------------------------------------------------------------------------- */

/* True when it is what the headers say, or they say nothing. */
static bool take_build_id(struct image *image, struct wire *answer)
{
	uint32_t size = wire_take_u32(answer);
	const uint8_t *id = size <= BUILD_ID_MAX ? wire_take_bytes(answer, size) : NULL;
	if (size > BUILD_ID_MAX || answer->bad)
		return false;
	if (image->build_id_size)
		return image->build_id_size == size && memcmp(image->build_id, id, size) == 0;
	image->build_id = size ? arena_copy(&image->arena, id, size) : NULL;
	image->build_id_size = image->build_id ? size : 0;
	return true;
}

static void take_names(struct image *image, struct wire *answer)
{
	image->soname = wire_keep_text(answer, &image->arena);
	bool any = wire_take_bool(answer);
	size_t count = wire_take_count(answer, 5);
	if (!any || count > NEEDED_MAX) {
		answer->bad |= any || count;
		return;
	}
	const char **needed = arena_array(&image->arena, count + 1, sizeof(*needed));
	for (size_t i = 0; needed && i < count && !answer->bad; i++)
		needed[i] = wire_keep_name(answer, &image->arena);
	answer->bad |= !needed;
	image->needed = needed;
}

static void take_sections(struct image *image, struct wire *answer)
{
	struct remote *remote = image->remote;
	remote->has_all_sections = wire_take_bool(answer);
	size_t count = wire_take_count(answer, 29);
	for (size_t i = 0; i < count && !answer->bad; i++) {
		const struct section_range *range;
		const char *name = wire_keep_name(answer, &image->arena);
		if (!remote_take_range(image, answer, &range) ||
		    !name_map_add(&remote->sections, name, strlen(name),
				  (uint64_t)(uintptr_t)range))
			answer->bad = true;
	}
}

void remote_take_imports(struct image *image, struct wire *answer)
{
	size_t count = wire_take_count(answer, 5);
	for (size_t i = 0; i < count && !answer->bad; i++) {
		const char *name = wire_keep_name(answer, &image->arena);
		if (!name_map_add(&image->imports, name, strlen(name), 0))
			break;
	}
}

/* By the child that runs now; again when it is another one. */
static struct err *open_there(struct image *image)
{
	struct remote *remote = image->remote;
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	bool again = remote->generation != 0;
	char place[PATH_MAX];
	remote_settle(remote->symbolizer);
	if (remote->symbolizer->pid && remote->generation == remote->symbolizer->generation)
		return NULL;
	wire_put_text(&request, image->path);
	wire_put_text(&request, files_place_of(image, place));
	struct err *e = ask(image, VERB_OPEN, &request, image->file.fd, &answer);
	if (e)
		return e;
	remote->generation = remote->symbolizer->generation;
	if (again)
		return NULL;
	bool same = take_build_id(image, &answer);
	take_names(image, &answer);
	take_sections(image, &answer);
	image->imports_indexed = wire_take_bool(&answer);
	if (image->imports_indexed)
		remote_take_imports(image, &answer);
	answer.bad |= !same;
	return remote_end(image, &answer);
}

static struct err *open_and_ask(struct image *image, enum verb verb, const struct wire *request,
				struct wire *answer)
{
	struct err *e = open_there(image);
	return e ? e : ask(image, verb, request, -1, answer);
}

struct err *remote_ask(struct image *image, unsigned int verb, const struct wire *request,
		       struct wire *answer)
{
	if (image->remote->failure)
		return copy_error(image->remote->failure);
	struct err *e = open_and_ask(image, verb, request, answer);
	/* Killed, as the kernel does when memory is short: whose fault it was shows in a second. */
	if (!e || !image->remote->failure || !image->remote->symbolizer->was_killed ||
	    image->remote->retried)
		return e;
	image->remote->retried = true;
	err_free(take_ptr(image->remote->failure));
	err_free(e);
	return open_and_ask(image, verb, request, answer);
}

struct err *remote_open(struct symbolizer *symbolizer, struct image *image)
{
	struct remote *remote = calloc(1, sizeof(*remote));
	if (!remote)
		return &err_nomem;
	*remote = (struct remote){.symbolizer = symbolizer, .number = ++symbolizer->images};
	image->remote = remote;
	return open_there(image);
}

/* What is to be kept comes with the end, so that is waited for. */
static void close_there(struct image *image)
{
	_cleanup_(wire_deinit) struct wire request = {0};
	_cleanup_(wire_deinit) struct wire answer = {0};
	bool waits = image->cache && image->remote->has_to_keep;
	wire_put_u8(&request, waits);
	if (waits)
		err_free(ask(image, VERB_CLOSE, &request, -1, &answer));
	else
		client_tell(image->remote->symbolizer, VERB_CLOSE, image->remote->number, &request);
}

void remote_close(struct image *image)
{
	struct remote *remote = image->remote;
	if (!remote)
		return;
	remote_settle(remote->symbolizer);
	if (remote->symbolizer->pid && remote->generation == remote->symbolizer->generation)
		close_there(image);
	err_free(remote->failure);
	err_free(remote->refused);
	name_map_deinit(&remote->sections);
	name_map_deinit(&remote->symbols);
	free(remote->handed.items);
	free(remote->asked.items);
	free(remote->frame_places);
	frames_free(remote->own_frames);
	free(remote->names);
	free(remote->lines);
	free(remote->known);
	free(remote->is_known);
	free(remote);
}
