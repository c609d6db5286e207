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

#include <stddef.h>
#include <stdio.h>

#include "common/utf8.h"
#include "output/buffer.h"

/*
 * Appends bytes, escaped: \n \t \r \\ as in C, the rest as \xNN. The characters in `also` are
 * escaped besides, by a backslash when '"' or '\'', else as \xNN; "" for none.
 */
void escape_put(struct buffer *buffer, const char *bytes, size_t size, const char *also);
/* Names: not quoted. NULL is "". */
void escape_name(struct buffer *buffer, const char *name);
/* "…" around it. */
void escape_quoted(struct buffer *buffer, const char *bytes, size_t size);

/*
 * Prints text in which bytes of the target stand, escaped but for the ASCII characters in `keep`:
 * "" for a name, "\n\\" for a message of our own, which has lines, and which nobody reads back.
 */
void escape_print(FILE *out, const char *text, const char *keep);

#endif
