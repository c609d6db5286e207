/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/list/out.h — where a list goes: standard output, and, as long as somebody wants to keep it,
 * memory.
 */
#ifndef UTRAIL_CLI_LIST_OUT_H
#define UTRAIL_CLI_LIST_OUT_H

#include <stdio.h>

#include "common/err.h"
#include "symbols/wire.h"

struct list_out {
	FILE *file; /* what is written there goes to `fd` */
	char *buffer;
	int fd;
	int write_errno; /* of the first write that failed; 0: none */
	bool keeps;
	struct wire kept;
};

/* `fd` stays the caller's. */
struct err *list_out_init(struct list_out *out, int fd) must_check;
/* What was not flushed is lost. */
void list_out_deinit(struct list_out *out);
/* Everything has been written; else why not is in .write_errno. */
bool list_out_flush(struct list_out *out);

/* From here on, all that is written is also in .kept, behind so many bytes for the caller. */
void list_out_keep(struct list_out *out, size_t room);
/* No more of it. False: .kept has not all of it, or it is more than anybody wants to keep. */
bool list_out_end_keeping(struct list_out *out);

#endif
