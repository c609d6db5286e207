/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/return_slot.h — code that looks at return addresses by itself. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_RETURN_SLOT_H
#define UTRAIL_UPROBE_RETURN_SLOT_H

#include <stdbool.h>

#include "common/err.h"
#include "uprobe/walk.h"

/*
 * Does the function use its own return address, other than by `ret`: read it, pop it, change it,
 * take its place in memory? *ret is true when that cannot be told. Fails only for want of memory.
 */
struct err *return_slot_search(const struct decoder *decoder, const struct code_part *text,
			       bool *ret) must_check;

/*
 * Are there functions in this text that follow the chain of frame pointers, and so read the return
 * addresses of others? `text` may begin and end anywhere.
 */
bool frame_walk_search(const struct decoder *decoder, const struct code_part *text);

/* Does decoding from well before arrive at this byte of the text? */
bool is_instruction(const struct decoder *decoder, const struct code_part *text, size_t target);

/* Is there a `pop %rsp`, which only code that switches stacks has? */
bool stack_pop_search(const struct decoder *decoder, const struct code_part *text);

#endif
