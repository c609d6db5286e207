/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/handlers.h — which functions of a file may handle signals. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_HANDLERS_H
#define UTRAIL_UPROBE_HANDLERS_H

#include "common/array.h"
#include "symbols/symbols.h"
#include "uprobe/walk.h"

struct relocations;

/* Does the file set handlers at all? */
bool sets_handlers(struct image *image);

/* A function whose address is taken, by its offset in the file; or what only looks like one. */
struct handler {
	uint64_t offset;
	bool is_set;	/* taken close to where a handler is set; else it may be for anything */
	bool is_stored; /* and put into memory at once, as into a struct sigaction */
};

struct handlers {
	ARRAY_OF(struct handler) list;
};

/* Those in `text`, a run of it with file offsets for addresses; one of them may occur again. The
 * caller deinitialises in any case. x86-64 alone. */
struct err *handlers_find(struct image *image, const struct relocations *relocations,
			  const struct code_part *text, struct handlers *ret) must_check;
void handlers_deinit(struct handlers *handlers);

#endif
