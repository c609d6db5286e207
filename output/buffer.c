/* SPDX-License-Identifier: Apache-2.0 */
#include "output/buffer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

struct err *buffer_init(struct buffer *buffer, int fd, const char *name)
{
	*buffer = (struct buffer){.fd = fd};
	buffer->capacity = BUFFER_FLUSH + 2 * BUFFER_RESERVE;
	buffer->data = malloc(buffer->capacity);
	buffer->name = strdup(name);
	if (buffer->data && buffer->name)
		return NULL;
	buffer_deinit(buffer);
	return &err_nomem;
}

void buffer_deinit(struct buffer *buffer)
{
	free(buffer->data);
	free(buffer->name);
	*buffer = (struct buffer){.fd = -1};
}

/*
 * The buffer is full before its line is: double it. When that fails, the line so far is given up
 * and its place used again, which is always enough for one reservation: whole lines beneath it
 * never fill more than BUFFER_FLUSH.
 */
char *buffer_grow(struct buffer *buffer)
{
	char *grown = realloc(buffer->data, buffer->capacity * 2);
	if (grown) {
		buffer->data = grown;
		buffer->capacity *= 2;
	} else {
		buffer->nomem = true;
		buffer->used = buffer->line;
	}
	return buffer->data + buffer->used;
}

void buffer_put(struct buffer *buffer, const void *data, size_t size)
{
	const char *from = data;
	while (size) {
		size_t part = size < BUFFER_RESERVE ? size : BUFFER_RESERVE;
		memcpy(buffer_reserve(buffer, part), from, part);
		buffer->used += part;
		from += part;
		size -= part;
	}
}

void buffer_drop_line(struct buffer *buffer)
{
	buffer->used = buffer->line;
	buffer->nomem = false;
}

struct err *buffer_end_line(struct buffer *buffer)
{
	if (buffer->nomem) {
		buffer_drop_line(buffer);
		return &err_nomem;
	}
	buffer_put_char(buffer, '\n');
	if (buffer->closed)
		buffer->used = 0;
	buffer->line = buffer->used;
	return buffer->used >= BUFFER_FLUSH ? buffer_flush(buffer) : NULL;
}

static const char *hint_for(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
		return "free some space, or write to another file system with '-o FILE'";
	case EFBIG:
		return "raise the limit on the size of files with 'ulimit -f unlimited'";
	default:
		return NULL;
	}
}

static struct err *write_failed(struct buffer *buffer, int errnum)
{
	struct err *e = err_new(ERR_FAILED, errnum, "writing to '%s'", buffer->name);
	const char *hint = hint_for(errnum);
	return hint ? err_hint(e, "%s", hint) : e;
}

/* A descriptor that is not blocking (a terminal or pipe shared with others): wait for room. */
static int wait_writable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	return poll(&poll_fd, 1, -1) < 0 && errno != EINTR ? errno : 0;
}

/* Returns 0 or an errno; *written counts also when it fails. */
static int write_all(int fd, const char *data, size_t size, size_t *written)
{
	*written = 0;
	while (*written < size) {
		ssize_t n = write(fd, data + *written, size - *written);
		if (n >= 0) {
			*written += (size_t)n;
			continue;
		}
		int errnum = errno;
		if (errnum == EAGAIN || errnum == EWOULDBLOCK)
			errnum = wait_writable(fd);
		if (errnum && errnum != EINTR)
			return errnum;
	}
	return 0;
}

/* A new line first, so that what follows a half line can still be read by itself. */
static int mend_torn_line(struct buffer *buffer)
{
	size_t written;
	int errnum = buffer->torn ? write_all(buffer->fd, "\n", 1, &written) : 0;
	if (!errnum)
		buffer->torn = false;
	return errnum;
}

struct err *buffer_flush(struct buffer *buffer)
{
	size_t size = buffer->line;
	if (!size)
		return NULL;
	size_t written = 0;
	int errnum = 0;
	if (!buffer->closed) {
		errnum = mend_torn_line(buffer);
		errnum = errnum ?: write_all(buffer->fd, buffer->data, size, &written);
	}
	if (errnum && written)
		buffer->torn = buffer->data[written - 1] != '\n';
	/* What could not be written is gone: trying again would only fail again. */
	memmove(buffer->data, buffer->data + size, buffer->used - size);
	buffer->used -= size;
	buffer->line = 0;
	if (errnum == EPIPE || errnum == ECONNRESET) {
		buffer->closed = true;
		return NULL;
	}
	return errnum ? write_failed(buffer, errnum) : NULL;
}
