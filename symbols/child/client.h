/* SPDX-License-Identifier: Apache-2.0 */
/* symbols/child/client.h — the collector's side of the socket. Private to symbols/child/. */
#ifndef UTRAIL_SYMBOLS_CHILD_CLIENT_H
#define UTRAIL_SYMBOLS_CHILD_CLIENT_H

#include <limits.h>

#include "symbols/child/protocol.h"
#include "symbols/child/symbolizer.h"

/* An answer may take as long as reading the debug information of the largest programs. */
#define TIMEOUT_MS 60000
/* The largest of these have some gigabytes of debug information, which is mapped. */
#define MEMORY_MAX (16ULL << 30)
/* As what is unpacked has at most (sources/inflate.c). */
#define FILE_MAX (257ULL << 20)
/* Of one child, in all. A new one takes its place. */
#define COMPUTING_SECONDS 1800

struct symbolizer {
	struct symbolizer_options options;
	pid_t pid; /* 0: none runs */
	int socket;
	unsigned int generation; /* of the child that runs; from 1 */
	bool greeted;
	bool gave_up;
	bool was_killed;     /* the last one, by somebody else: its file need not be the reason */
	uint32_t images;     /* numbers given */
	struct image *ahead; /* what was asked of it has not been answered yet; NULL: nothing */
	struct err *refused;
};

/* Runs afterwards, or .refused is set. */
struct err *client_start(struct symbolizer *symbolizer) must_check;
void client_stop(struct symbolizer *symbolizer);

/*
 * One request about an image, which carries `fd` unless that is -1, and its answer, what the child
 * asks meanwhile included. An error: the child did not answer, and has been ended.
 */
struct err *client_ask(struct symbolizer *symbolizer, struct image *image, enum verb verb,
		       const struct wire *request, int fd, struct wire *answer) must_check;
/*
 * A request whose answer is taken later, so that both processes have something to do. There is one
 * at a time, and nothing else is asked before it was taken. An error: see client_ask().
 */
void client_ask_ahead(struct symbolizer *symbolizer, struct image *image, enum verb verb,
		      const struct wire *request);
struct err *client_take_ahead(struct symbolizer *symbolizer, struct wire *answer) must_check;
/* A request without an answer. */
void client_tell(struct symbolizer *symbolizer, enum verb verb, uint32_t number,
		 const struct wire *request);
/* What it has answered cannot be. */
struct err *client_nonsense(struct symbolizer *symbolizer, const struct image *image) must_check;

/* files.c: what the child asks for while it reads the image; the answer, and what it carries. */
void files_answer(struct image *image, enum verb verb, struct wire *question, struct wire *answer,
		  int *ret_fd);

/* files.c: where the file lies, as we see it; "" when that has no name. */
const char *files_place_of(const struct image *image, char place[PATH_MAX]);

#endif
