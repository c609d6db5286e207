/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/debuginfo/server.h — --debuginfod: debug files from servers, by build id.
 *
 * The work is done by libdebuginfod, which brings a whole HTTP client and its threads. So it is
 * loaded when it is asked for the first file, and in a child process, which hands over the open
 * file.
 */
#ifndef UTRAIL_CLI_DEBUGINFO_SERVER_H
#define UTRAIL_CLI_DEBUGINFO_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "symbols/symbols.h"

struct debug_server {
	struct debug_source source; /* for image_set_source() */
	bool is_asked;		    /* as long as nothing is traced: the answer may take minutes */
	bool tells_progress;
};

/* Refuses when no server is named in the environment. */
struct err *debug_server_check(void) must_check;
void debug_server_init(struct debug_server *server, bool tells_progress);

/* Private to server*.c: what the child says, with the file as SCM_RIGHTS in the last message. */
struct server_message {
	bool is_last;
	int32_t error;	     /* of the last: 0, or a number of errno.h */
	int64_t done, total; /* bytes; total <= 0: not known */
	char text[128];	     /* why, when `error` is not all; else "" */
};

/* Does not return. */
_Noreturn void debug_server_child(int socket, const uint8_t *id, size_t size);

#endif
