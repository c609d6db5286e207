/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/walk.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbols/child/remote_walk.h"
#include "symbols/dwarf_info.h"
#include "symbols/image.h"
#include "symbols/prototypes.h"

struct function_walk {
	struct image *image;
	struct walk_wish wish;
	struct remote_walk *remote; /* NULL: the functions are here */
	const struct function *functions;
	size_t total, next;
	bool has_types;
	char name[DEMANGLE_ONCE_MAX];
};

bool image_may_have_types(struct image *image)
{
	return builtin_has_any(image) || dwarf_info_part(image);
}

static struct err *begin_here(struct function_walk *walk)
{
	struct err *e = image_functions(walk->image, &walk->functions, &walk->total);
	if (!e && walk->wish.untyped)
		walk->has_types = image_may_have_types(walk->image);
	return e;
}

struct err *walk_begin(struct image *image, const struct walk_wish *wish,
		       struct function_walk **ret)
{
	_cleanup_(walk_endp) struct function_walk *walk = malloc(sizeof(*walk));
	if (!walk)
		return &err_nomem;
	/* Not the name, which is most of it. */
	memset(walk, 0, offsetof(struct function_walk, name));
	walk->image = image;
	walk->wish = *wish;
	struct err *e =
		image->remote ? remote_walk_begin(image, wish, &walk->remote) : begin_here(walk);
	if (e)
		return err_wrap(e, "reading the symbols of '%s'", image->path);
	*ret = take_ptr(walk);
	return NULL;
}

size_t walk_total(const struct function_walk *walk)
{
	return walk->remote ? remote_walk_total(walk->remote) : walk->total;
}

bool walk_has_types(const struct function_walk *walk)
{
	return walk->remote ? remote_walk_has_types(walk->remote) : walk->has_types;
}

struct err *walk_next(struct function_walk *walk, const struct function **ret,
		      const char **ret_name)
{
	*ret = NULL;
	if (walk->remote)
		return remote_walk_next(walk->remote, ret, ret_name);
	if (walk->next == walk->total || walk->total < walk->wish.least || walk->has_types)
		return NULL;
	*ret = &walk->functions[walk->next++];
	*ret_name = demangle_once(walk->image, (*ret)->symbol, walk->name);
	return NULL;
}

void walk_end(struct function_walk *walk)
{
	if (!walk)
		return;
	remote_walk_end(walk->remote);
	free(walk);
}

void walk_endp(struct function_walk **walk)
{
	walk_end(*walk);
}
