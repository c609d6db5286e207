/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/escape.h — bytes of the target made fit for a terminal.
 *
 * Whoever controls the target controls its strings, its names and its path names, and a terminal
 * obeys what it is shown: ESC sequences, C1 controls (also as UTF-8), controls that reverse the
 * direction of text, characters that cannot be seen. All these, and whatever is not valid UTF-8,
 * are written as \xNN per byte, always with two digits; printable UTF-8 passes.
 */
#ifndef UTRAIL_OUTPUT_ESCAPE_H
#define UTRAIL_OUTPUT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/buffer.h"

/*
 * Decodes one character: its length in bytes, 0 when the bytes are not valid UTF-8 (overlong forms,
 * surrogates, beyond U+10FFFF, cut short). `size` must not be 0.
 */
size_t utf8_decode(const char *bytes, size_t size, uint32_t *ret_code);
/* The other way; 0 when there is no such character. */
size_t utf8_encode(uint64_t code, char to[static 4]);
bool utf8_valid(const char *bytes, size_t size);
/* `size` without the first bytes of a character that was cut at the end. */
size_t utf8_whole(const char *bytes, size_t size);

/* Safe to show: neither a control nor invisible, reordering or no character at all. */
bool code_is_printable(uint32_t code);

/*
 * Appends bytes, escaped: \n \t \r \\ as in C, the rest as \xNN. The characters in `also` are
 * escaped besides, by a backslash when '"' or '\'', else as \xNN; "" for none.
 */
void escape_put(struct buffer *buffer, const char *bytes, size_t size, const char *also);
/* Names: not quoted. NULL is "". */
void escape_name(struct buffer *buffer, const char *name);
/* "…" around it. */
void escape_quoted(struct buffer *buffer, const char *bytes, size_t size);

#endif
