/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct err *output_file_open(const char *path, int *ret)
{
	/*
	 * Never through a symbolic link, readable by nobody else: it may hold secrets. Never
	 * waiting for the reader of a FIFO, where signals could not end us: they are blocked by
	 * now.
	 */
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = open(path, flags, 0600);
	if (fd >= 0) {
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
		*ret = fd;
		return NULL;
	}
	struct err *e = err_new(errno == EACCES ? ERR_PERMISSION : ERR_FAILED, errno,
				"opening the output file '%s'", path);
	if (errno == ELOOP)
		return err_hint(err_why(e, "it is a symbolic link, which is not followed"),
				"name the file itself, or use a shell redirection: > '%s'", path);
	if (errno == ENXIO)
		return err_hint(err_why(e, "it is a named pipe that nobody reads"),
				"start its reader before");
	return e;
}

bool output_file_wants_color(const struct options *options, int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	if (strcmp(options->color, "auto") != 0)
		return strcmp(options->color, "always") == 0;
	return isatty(fd) && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

struct err *output_file_redact(const struct options *options, struct redact **ret)
{
	if (!options->redact)
		return NULL;
	return redact_create((const char *const *)options->redact_patterns.items,
			     options->redact_patterns.count, ret);
}
