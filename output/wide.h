/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/wide.h — text of wide characters (wchar_t, char16_t, char32_t): the target's own units of
 * 2 bytes (UTF-16) or 4 (UTF-32), which may be anything.
 */
#ifndef UTRAIL_OUTPUT_WIDE_H
#define UTRAIL_OUTPUT_WIDE_H

#include "output/buffer.h"
#include "output/shown.h"

/* Cuts a SHOWN_WIDE at its first unit that is 0, or after `limit` bytes; false: that is not where
 * it ends. A unit that is cut is left out. */
bool wide_end(struct shown *text, uint32_t limit);

/* The next character of a SHOWN_WIDE, from *at on, which is 0 at first; false at the end. A unit
 * that belongs to no character stands for itself, and *ret_is_valid is false. */
bool wide_next(const struct shown *text, uint32_t *at, uint32_t *ret_code, bool *ret_is_valid);

/* Printable as UTF-8, others as \n, \x1b, \u200b, \U00110000. `quote` is escaped, too. */
void wide_put_code(struct buffer *buffer, uint32_t code, const char *quote);
/* L"..." */
void wide_put(struct buffer *buffer, const struct shown *text);
/* As UTF-8, U+FFFD for what is no character; false when there was such a thing. */
bool wide_put_utf8(struct buffer *buffer, const struct shown *text);

#endif
