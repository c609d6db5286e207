/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/debug_file.h — the separate file that has the symbols and DWARF of a stripped one.
 * Private to symbols/.
 *
 * A file names its debug file in two ways: by build id, which is looked up beneath
 * /usr/lib/debug/.build-id, and by .gnu_debuglink, a file name with a CRC. The name comes from the
 * target: one with a directory in it is refused, only regular files are opened, and a file is taken
 * only when its build id is the same, or, when either has none, its CRC is.
 */
#ifndef UTRAIL_SYMBOLS_DEBUG_FILE_H
#define UTRAIL_SYMBOLS_DEBUG_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "symbols/elf_file.h"

#define DEBUG_DIRECTORY "/usr/lib/debug"

struct image;

/* A name that the file may have. */
struct debug_candidate {
	int root; /* beneath it, or -1 */
	char *path;
};

struct debug_file {
	struct elf_file file;
	char *path;
};

/* The image's, looked for once; NULL: none found. */
const struct debug_file *debug_file_of(struct image *image);

/*
 * The parts, for tests and for dwz files. `directory` stands for DEBUG_DIRECTORY; `root` is that of
 * a process, which is looked into first, or -1. NULL: none.
 */
struct debug_file *debug_file_find(const struct image *image, const char *directory);
struct debug_file *debug_file_by_build_id(int root, const char *directory, const uint8_t *id,
					  size_t size);
/* The file at that path when it has that build id. */
struct debug_file *debug_file_at(int root, const char *path, const uint8_t *id, size_t size);
void debug_file_free(struct debug_file *file);
void debug_file_freep(struct debug_file **file);

#endif
