/* SPDX-License-Identifier: Apache-2.0 */
/* Names of functions, and nothing else of them: tens of thousands, in milliseconds. */
#include <stdio.h>
#include <string.h>

#include "cli/list/list.h"
#include "common/cleanup.h"
#include "output/buffer.h"
#include "output/escape.h"
#include "symbols/walk.h"

/* So much is worth a write. */
#define LINES_WRITE (48u << 10)

/* Is there a pattern that all functions of all files match? */
static bool wants_all(const struct listing *listing)
{
	for (size_t i = 0; i < listing->patterns.count; i++) {
		const struct spec *spec = &listing->patterns.items[i];
		if (list_wants_kind(spec, false) && !spec->module &&
		    spec->name_kind == SPEC_NAME_GLOB && strcmp(spec->name, "*") == 0)
			return true;
	}
	return !listing->patterns.count;
}

static void write_lines(const struct listing *listing, struct buffer *lines)
{
	fwrite(lines->data, 1, lines->used, listing->out->file);
	lines->used = 0;
}

static struct err *put_all(struct listing *listing, const char *path, struct function_walk *walk,
			   struct buffer *lines, const char *module)
{
	bool all = wants_all(listing);
	_cleanup_(arena_deinit) struct arena arena = {0};
	escape_name(lines, module);
	buffer_put_char(lines, ':');
	size_t prefix = lines->used;
	const char *head = arena_copy(&arena, lines->data, prefix);
	lines->used = 0;
	if (!head || lines->nomem)
		return &err_nomem;
	for (bool unread = false; !unread;) {
		const struct function *function;
		const char *name;
		struct err *e = walk_next(walk, &function, &name);
		if (e || !function)
			return e;
		if (!all && !list_wants_function(listing, path, name, function->symbol))
			continue;
		listing->shown++;
		buffer_put(lines, head, prefix);
		escape_name(lines, name);
		buffer_put_char(lines, '\n');
		if (lines->nomem)
			return &err_nomem;
		if (lines->used < LINES_WRITE)
			continue;
		write_lines(listing, lines);
		unread = list_is_unread(listing);
	}
	return NULL;
}

struct err *list_names(struct listing *listing, struct image *image,
		       const struct plan_module *module, size_t few, bool *ret_done)
{
	const struct walk_wish wish = {.least = few + 1,
				       .symbols = !wants_all(listing),
				       .untyped = listing->patterns.count};
	_cleanup_(walk_endp) struct function_walk *walk = NULL;
	_cleanup_(buffer_deinit) struct buffer lines = {0};
	struct err *e = walk_begin(image, &wish, &walk);
	*ret_done = !e && walk_total(walk) > few && !walk_has_types(walk);
	if (!*ret_done)
		return e;
	e = buffer_init(&lines, -1, "");
	e = e ? e : put_all(listing, module->path, walk, &lines, module->name);
	write_lines(listing, &lines);
	return e;
}
