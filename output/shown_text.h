/* SPDX-License-Identifier: Apache-2.0 */
/* output/shown_text.h — text, by the type of its characters. Private to shown*.c. */
#ifndef UTRAIL_OUTPUT_SHOWN_TEXT_H
#define UTRAIL_OUTPUT_SHOWN_TEXT_H

#include "output/shown.h"

/* Are several of them text? `type` may be NULL. */
bool shown_is_character(const struct type *type);
/* All bytes are text, of characters of this type, NULL: bytes. `flags`: enum fetch_blob_flags */
void shown_text(const struct type *character, const char *bytes, uint32_t length, uint32_t flags,
		struct shown *ret);
/* The same up to the first NUL, as in an array; `truncated`: there are more bytes than these. */
void shown_text_array(const struct type *character, const char *bytes, uint32_t length,
		      bool truncated, struct shown *ret);
/* What a pointer to wide text leads to, of which `bytes` lie in the first page: see
 * value.text_slot. */
void shown_text_pages(const struct value *value, const struct slots *slots, const char *bytes,
		      uint32_t length, struct shown *ret);

/* All that is left of a structure: bytes, or an address of a socket. */
void shown_rest(const struct type *type, const char *bytes, uint32_t available, struct shown *ret);
/* recvfrom() with MSG_TRUNC, getxattr() with size 0: the result is more than was filled. `entry`:
 * where another argument says how much that is. */
void shown_limit(const struct value *value, const struct slots *entry, struct shown *ret);

#endif
