/* SPDX-License-Identifier: Apache-2.0 */
/* common/utf8.h — characters of more than one byte, and which of all are safe to show. */
#ifndef UTRAIL_COMMON_UTF8_H
#define UTRAIL_COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
