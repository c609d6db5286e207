/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe/outputs.h — arguments that a call fills in, read at its return. Private to uprobe/.
 *
 * At the return the registers hold something else. So the entry keeps the words that are needed
 * there: the address of a buffer, and its length where an argument tells it.
 */
#ifndef UTRAIL_UPROBE_OUTPUTS_H
#define UTRAIL_UPROBE_OUTPUTS_H

#include "probe/compile.h"
#include "symbols/type.h"

struct outputs {
	unsigned int machine;
	const struct prototype *prototype;
	const struct fetch_source *sources; /* at the entry; of lengths that are not listed, too */
	uint32_t n_sources;
	struct fetch_source result; /* at the return */
	struct plan_builder *entry, *leave;
};

/* Is this parameter read at the return? */
bool outputs_is_one(const struct parameter *parameter);

/* Appends parameter `index` to the values of the return. */
struct err *outputs_add(struct outputs *outputs, uint32_t index, const char *name) must_check;

/* Appends what a pointer leads to that is value `before` at the entry; *ret_added: there is
 * something, and room for it. */
struct err *outputs_add_change(struct outputs *outputs, uint32_t index, const struct value *before,
			       bool *ret_added) must_check;

/* Of a result whose length an argument is: where it is found at the return. False: it has none, or
 * it cannot be kept. */
bool outputs_result_length(struct outputs *outputs, const struct type *type,
			   struct fetch_source *ret);

#endif
