/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/made_code.h — programs that make code at run time. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_MADE_CODE_H
#define UTRAIL_UPROBE_MADE_CODE_H

#include <stdbool.h>

#include "symbols/symbols.h"
#include "uprobe/walk.h"

struct relocations;

/*
 * Does the file ask for memory in which code runs, by a constant? `text` is a whole run of text,
 * with file offsets for addresses. What computes the protection is not seen; then the memory is,
 * when it is there.
 */
struct err *made_code_search(struct image *image, const struct relocations *relocations,
			     const struct code_part *text, bool *ret) must_check;

#endif
