/* SPDX-License-Identifier: Apache-2.0 */
/* cli/debuginfo/notes.h — debug information that a file names, but that cannot be had, is told. */
#ifndef UTRAIL_CLI_DEBUGINFO_NOTES_H
#define UTRAIL_CLI_DEBUGINFO_NOTES_H

#include "common/err.h"

struct image;
struct plan;
struct plan_module;

/* Notes what was met so far in the image's search for symbols and types, once for each module. */
struct err *debug_note(struct plan *plan, struct plan_module *module,
		       const struct image *image) must_check;

/* The same in words, for a message; NULL: nothing is amiss. Free it. */
char *debug_complaint(const struct image *image);

/* Where symbols and types of the traced files are from, to standard error. */
void debug_report(const struct plan *plan);

/* Tells what is amiss at once, to standard error. */
void debug_tell(const char *path, const struct image *image);

#endif
