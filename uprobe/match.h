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

/* Was it mangled by Rust (whose legacy form is that of C++, with a hash at the end)? */
bool match_is_rust(const char *symbol);

/*
 * overload.c: of the functions that were found, those with the parameters that the spec lists; all,
 * when none has them and the list can be types given by hand, else an error that names them.
 */
struct err *overload_choose(struct image *image, const struct spec *spec,
			    struct matches *matches) must_check;
/* Has the C++ function with this symbol the parameters of the list? "" are none. */
bool overload_matches(struct image *image, const char *symbol, const char *signature);

/* What a resolver (IFUNC) chooses from, by their names: "__memcpy_avx_unaligned, ..."; "" when
 * none has one. */
void match_candidates(struct image *image, const struct function *function, char *buffer,
		      size_t size);

/* The first other function that has been made one with this one by a compiler or linker, as their
 * code is the same; NULL: none, or the other names are aliases that somebody has written. */
const struct function *match_folded(struct image *image, const struct function *function);

#endif
