/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/list/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Tens of thousands of lines; a terminal shows them as they come. */
#define BUFFER	 (64u << 10)
#define KEPT_MAX (12u << 20)

static void keep(struct list_out *out, const char *bytes, size_t size)
{
	out->keeps = out->kept.size + size <= KEPT_MAX;
	if (out->keeps)
		wire_put_bytes(&out->kept, bytes, size);
}

/* As cookie_io_functions_t wants it: 0 for an error. */
static ssize_t write_out(void *cookie, const char *bytes, size_t size)
{
	struct list_out *out = cookie;
	for (size_t done = 0; done < size;) {
		ssize_t written = write(out->fd, bytes + done, size - done);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			out->write_errno = out->write_errno ? out->write_errno : errno;
			return 0;
		}
		done += (size_t)written;
	}
	if (out->keeps)
		keep(out, bytes, size);
	return (ssize_t)size;
}

struct err *list_out_init(struct list_out *out, int fd)
{
	int mode = isatty(fd) ? _IOLBF : _IOFBF;
	*out = (struct list_out){.fd = fd, .buffer = malloc(BUFFER)};
	out->file = fopencookie(out, "w", (cookie_io_functions_t){.write = write_out});
	/* glibc takes no size without memory of that size. */
	if (!out->file || !out->buffer || setvbuf(out->file, out->buffer, mode, BUFFER) != 0)
		return &err_nomem;
	return NULL;
}

void list_out_deinit(struct list_out *out)
{
	if (out->file)
		fclose(out->file);
	free(out->buffer);
	out->file = NULL;
	out->buffer = NULL;
	wire_deinit(&out->kept);
}

bool list_out_flush(struct list_out *out)
{
	return fflush(out->file) == 0 && !ferror(out->file);
}

void list_out_keep(struct list_out *out, size_t room)
{
	fflush(out->file);
	wire_reset(&out->kept);
	void *front = room ? wire_reserve(&out->kept, room) : NULL;
	out->keeps = front || !room;
	if (!front)
		return;
	memset(front, 0, room);
	wire_advance(&out->kept, room);
}

bool list_out_end_keeping(struct list_out *out)
{
	bool whole = list_out_flush(out) && out->keeps && !out->kept.bad;
	out->keeps = false;
	return whole;
}
