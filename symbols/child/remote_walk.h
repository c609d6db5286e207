/* SPDX-License-Identifier: Apache-2.0 */
/* symbols/child/remote_walk.h — a walk (symbols/walk.h) through a file that the symbolizer reads.
 * Private to symbols/. */
#ifndef UTRAIL_SYMBOLS_CHILD_REMOTE_WALK_H
#define UTRAIL_SYMBOLS_CHILD_REMOTE_WALK_H

#include "symbols/walk.h"

struct remote_walk;

struct err *remote_walk_begin(struct image *image, const struct walk_wish *wish,
			      struct remote_walk **ret) must_check;
size_t remote_walk_total(const struct remote_walk *walk);
bool remote_walk_has_types(const struct remote_walk *walk);
struct err *remote_walk_next(struct remote_walk *walk, const struct function **ret,
			     const char **ret_name) must_check;
void remote_walk_end(struct remote_walk *walk); /* NULL is fine */

#endif
