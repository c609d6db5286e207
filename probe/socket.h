/* SPDX-License-Identifier: Apache-2.0 */
/* probe/socket.h — what -yy shows of sockets. Private to probe/. */
#ifndef UTRAIL_PROBE_SOCKET_H
#define UTRAIL_PROBE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "probe/file.h"

/* As strace -yy spells the socket in `bytes`, see file_path(). False: it is none. */
bool socket_text(const char *bytes, size_t length, char ret[FILE_PATH_MAX]);

#endif
