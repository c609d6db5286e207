/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/symbols_root.h — a root directory of one's own for files that are looked for. */
#ifndef UTRAIL_TESTS_SYMBOLS_ROOT_H
#define UTRAIL_TESTS_SYMBOLS_ROOT_H

#include <stdio.h>

#include "symbols/image.h"
#include "tests/unit/unit.h"

static char root[] = "/tmp/utrail-symbols-XXXXXX";

printf_like(1, 2) static inline void run(const char *format, ...)
{
	char command[4096];
	va_list args;
	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

static inline int make_root(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static inline int remove_root(void **state)
{
	(void)state;
	run("rm -rf '%s'", root);
	return 0;
}

static inline struct image *open_image(const char *path)
{
	struct image *image;
	assert_ok(image_open(path, -1, &image));
	return image;
}

#endif
