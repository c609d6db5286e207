/* SPDX-License-Identifier: Apache-2.0 */
/* uprobe/match.h — which functions of an image a spec means. Private to uprobe/. */
#ifndef UTRAIL_UPROBE_MATCH_H
#define UTRAIL_UPROBE_MATCH_H

#include "common/array.h"
#include "common/err.h"
#include "probe/spec.h"
#include "symbols/symbols.h"

/* Aliases of one address are one match, under the name that was asked for or is best known. */
struct matches {
	ARRAY_OF(const struct function *) functions;
};

struct err *matches_find(struct image *image, const struct spec *spec,
			 struct matches *ret) must_check;
void matches_deinit(struct matches *matches);

/*
 * The name that people write: demangled, without the parameter list, and without the return type
 * that demanglers put before templates. Writes at most `size` bytes with NUL; `symbol` itself when
 * it is not mangled.
 */
void match_plain_name(const char *demangled, char *buffer, size_t size);
/* Is it mangled, as C++ and Rust do? */
bool match_is_mangled(const char *symbol);

#endif
