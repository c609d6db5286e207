/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/clone.h — what compilers append to the symbol of a function that they have copied, split
 * or renamed.
 *
 * gcc: `f.constprop.0` (constants were propagated into it), `f.isra.0` (its parameters were taken
 * apart or dropped), `f.part.0` (what is left of it where callers have the beginning), `f.cold`
 * (what is seldom run, reached by a jump; before gcc 9 `f.cold.0`), `f.lto_priv.0` (was local to a
 * file). LLVM: `f.llvm.123` and `f.__uniq.123` for the same, `f.1` for another function that was
 * local to its file and has the same name as one of this file (LTO), or for a copy, now
 * `f.specialized.1`; `f.cold`. Functions in functions (GNU C) are `f.0` as well.
 */
#ifndef UTRAIL_SYMBOLS_CLONE_H
#define UTRAIL_SYMBOLS_CLONE_H

#include <stdbool.h>

/* Is it a copy or a part of a function, which takes other parameters than its source says? */
bool clone_is_changed(const char *symbol);
/* May it lack the result that the source has? */
bool clone_may_drop_result(const char *symbol);
/* Is it what is seldom run of a function, moved elsewhere? No call leads there. */
bool clone_is_cold(const char *symbol);
/* Where what was appended to the function's symbol for that begins; NULL: nothing was. */
const char *clone_cold_mark(const char *symbol);
/*
 * Is `name` that of a copy of the whole function `original`, so that who calls it calls the
 * function? Either both as symbols, or both as people read them. Not so for parts.
 */
bool clone_is_copy_of(const char *name, const char *original);

#endif
