/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/interrupted.h — signal handlers that look at the stack they interrupt. Private to uprobe/.
 */
#ifndef UTRAIL_UPROBE_INTERRUPTED_H
#define UTRAIL_UPROBE_INTERRUPTED_H

#include <stdbool.h>

#include "symbols/symbols.h"
#include "uprobe/walk.h"

struct relocations;

/*
 * Is there a function in this text, the address of which is taken, that takes the stack pointer or
 * the frame pointer out of a ucontext_t, its third argument? `text` is a whole run of text, with
 * file offsets for addresses. Fails only for want of memory, or when the file cannot be read.
 */
struct err *interrupted_search(struct image *image, const struct relocations *relocations,
			       const struct decoder *decoder, const struct code_part *text,
			       bool *ret) must_check;

#endif
