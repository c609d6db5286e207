/* SPDX-License-Identifier: Apache-2.0 */
/* probe/socket.h — what -yy shows of sockets. Private to probe/. */
#ifndef UTRAIL_PROBE_SOCKET_H
#define UTRAIL_PROBE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "probe/file.h"

/* A place in one of the kernel's structures. */
struct offset_wanted {
	const char *type;
	const char *member, *inner; /* inner: a member of that member, NULL: none */
	size_t place;		    /* in the structure that all go to */
	bool is_optional;
};

struct err *offsets_find(const struct offset_wanted *wanted, size_t count, const char *option,
			 void *ret) must_check;

/* As strace -yy spells the socket in `bytes`, see file_path(). False: it is none. */
bool socket_text(const char *bytes, size_t length, char ret[FILE_PATH_MAX]);

#endif
