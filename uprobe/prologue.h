/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/prologue.h — what a function stores before it does anything else. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_PROLOGUE_H
#define UTRAIL_UPROBE_PROLOGUE_H

#include "common/arena.h"
#include "symbols/symbols.h"
#include "symbols/type.h"

/*
 * Finds out where parameters of PLACE_LATER are at the entry, and changes their places to that;
 * what cannot be told becomes PLACE_UNKNOWN. `bytes` are the function's text. `places` are of the
 * prototype's parameters.
 */
void prologue_find(unsigned int machine, const uint8_t *bytes, size_t size,
		   const struct prototype *prototype, struct parameter_place *places);

/* The same of a function of an image: the prototype gets places of its own, in the arena. */
struct err *prologue_use(struct image *image, const struct function *function, struct arena *arena,
			 struct prototype *prototype) must_check;

#endif
