/* SPDX-License-Identifier: Apache-2.0 */
/* symbols/prototypes.h — prototypes of well-known libraries, for files without DWARF. Private. */
#ifndef UTRAIL_SYMBOLS_PROTOTYPES_H
#define UTRAIL_SYMBOLS_PROTOTYPES_H

#include "symbols/symbols.h"

struct builtin; /* prototypes.txt, as far as it is about one image */

/*
 * By name, when the image is one of the libraries that the text lists (*ret_is_library), or a
 * program that contains one. *ret NULL: not known.
 */
struct err *builtin_prototype(struct image *image, const char *symbol, bool *ret_is_library,
			      const struct prototype **ret) must_check;
/* Is any of them for the image? */
bool builtin_has_any(struct image *image);
void builtin_free(struct builtin *builtin);

/*
 * The same from any text of that form, for tests. *ret_bad_line: the number of the first line that
 * makes no sense, 0 for none.
 */
struct err *builtin_create(struct image *image, const char *text, struct builtin **ret,
			   unsigned int *ret_bad_line) must_check;
struct err *builtin_lookup(struct builtin *builtin, const char *symbol,
			   const struct prototype **ret) must_check;
extern const char builtin_text[]; /* prototypes.txt */

#endif
