/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/child/symbolizer.h — images whose files are read by another process.
 *
 * ELF, DWARF, compressed sections, mangled names are what others wrote, and libelf, libdw, liblzma,
 * zlib, libzstd and libiberty were written for friends. So they run in a child: forked from this
 * program, in a sandbox (sandbox.h), with nothing open but a socket and the files it is handed.
 * Everything of symbols/ works on such an image as on any other (remote.h): the child answers, and
 * what it says is checked here for whatever would hurt us: lengths, order, references, circles, and
 * every address against the program headers, which are read here. What it says of its file is
 * believed as much as the file is: it is the file's own word.
 *
 * One child reads all files of a run. When it crashes, answers nonsense or takes too long, the file
 * that it was reading is given up (image_failure()), and the others go on with a new child.
 */
#ifndef UTRAIL_SYMBOLS_CHILD_SYMBOLIZER_H
#define UTRAIL_SYMBOLS_CHILD_SYMBOLIZER_H

#include <sys/types.h>

#include "symbols/symbols.h"

struct symbolizer;

struct symbolizer_options {
	unsigned int timeout_ms; /* of one answer; 0: as usual */
	uint64_t memory;	 /* bytes of address space; 0: as usual */
	void (*serve)(void);	 /* what the child does in its sandbox, for tests; NULL: its work */
};

/* Starts nothing yet. `options` NULL: as usual. */
struct err *symbolizer_create(const struct symbolizer_options *options,
			      struct symbolizer **ret) must_check;
/* The images come first. NULL is fine. */
void symbolizer_destroy(struct symbolizer *symbolizer);
void symbolizer_destroyp(struct symbolizer **symbolizer);
/* The child, so that it is ready when the first file comes. An error shows then. */
void symbolizer_start(struct symbolizer *symbolizer);

/* As image_open(), which it is with NULL, and where there can be no sandbox. */
struct err *image_open_in(struct symbolizer *symbolizer, const char *path, int fd,
			  struct image **ret) must_check;
/* Was the last file that could not be opened one that the child has died of? */
bool symbolizer_gave_up(const struct symbolizer *symbolizer);
/* Why there is no sandbox, so that files are read in this process; NULL: there is one, or none was
 * needed yet. */
const struct err *symbolizer_refused(const struct symbolizer *symbolizer);
/* 0: it is not running. */
pid_t symbolizer_pid(const struct symbolizer *symbolizer);

#endif
