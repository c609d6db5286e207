/* SPDX-License-Identifier: Apache-2.0 */
#include "output/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "output/write_out.h"

struct err *buffer_init(struct buffer *buffer, int fd, const char *name)
{
	*buffer = (struct buffer){.fd = fd, .may_wait = write_out_may_wait(fd)};
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
	free(buffer->ends.items);
	err_free(buffer->error);
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

void buffer_put_long(struct buffer *buffer, const void *data, size_t size)
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
	buffer->unwritten += buffer->counts;
	buffer->counts = false;
}

static bool is_dropping(const struct buffer *buffer)
{
	return buffer->closed || buffer->failed;
}

/* The end of a line that is to be counted. */
static bool note_end(struct buffer *buffer)
{
	size_t *end = buffer->counts ? array_push(&buffer->ends) : NULL;
	if (end)
		*end = buffer->used + 1;
	return end || !buffer->counts;
}

struct err *buffer_end_line(struct buffer *buffer)
{
	if (buffer->nomem || is_dropping(buffer) || !note_end(buffer)) {
		bool gone = is_dropping(buffer);
		buffer_drop_line(buffer);
		return gone ? NULL : &err_nomem;
	}
	buffer->counts = false;
	buffer_put_char(buffer, '\n');
	buffer->line = buffer->used;
	/* An error here would end what is half done with an event: it waits for the next flush. */
	if (buffer->used >= BUFFER_FLUSH)
		buffer->error = buffer_flush(buffer);
	return NULL;
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
	if (errnum == ETIMEDOUT)
		return err_why(e, "a signal has ended the trace, and nobody has read for %d s",
			       WRITE_OUT_GRACE_S);
	const char *hint = hint_for(errnum);
	return hint ? err_hint(e, "%s", hint) : e;
}

/* Of what was to be written, so much was. */
static void count_unwritten(struct buffer *buffer, size_t written)
{
	for (size_t i = buffer->ends.count; i > 0 && buffer->ends.items[i - 1] > written; i--)
		buffer->unwritten++;
	while (written && buffer->data[written - 1] != '\n') {
		buffer->torn++;
		written--;
	}
}

struct err *buffer_flush(struct buffer *buffer)
{
	size_t size = buffer->line, written = 0;
	if (buffer->error || !size)
		return take_ptr(buffer->error);
	int errnum = write_out(buffer->fd, buffer->may_wait, buffer->data, size, &written);
	if (errnum)
		count_unwritten(buffer, written);
	/* What could not be written is gone: trying again would only fail again. */
	memmove(buffer->data, buffer->data + size, buffer->used - size);
	buffer->used -= size;
	buffer->line = 0;
	buffer->ends.count = 0;
	buffer->closed = errnum == EPIPE || errnum == ECONNRESET;
	buffer->failed = errnum && !buffer->closed;
	return buffer->failed ? write_failed(buffer, errnum) : NULL;
}

void buffer_trim(struct buffer *buffer)
{
	off_t at = lseek(buffer->fd, 0, SEEK_CUR);
	if (at >= (off_t)buffer->torn && buffer->torn &&
	    ftruncate(buffer->fd, at - (off_t)buffer->torn) == 0)
		buffer->torn = 0;
}
