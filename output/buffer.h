/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/buffer.h — the one way out: bytes collect here and leave in large writes.
 *
 * Appending cannot fail in sight of the caller: want of memory is remembered and told by
 * buffer_end_line(), which every writer calls once per line and which flushes when enough has
 * collected. A reader that went away (EPIPE) is no error. After that, and after any failure to
 * write, all bytes are dropped, and the lines among them that were to be counted are.
 */
#ifndef UTRAIL_OUTPUT_BUFFER_H
#define UTRAIL_OUTPUT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/array.h"
#include "common/err.h"

#define BUFFER_FLUSH   65536 /* bytes that are worth a write */
#define BUFFER_RESERVE 4096  /* most that one buffer_reserve() may ask for */

struct buffer {
	char *data;
	size_t used, capacity;
	size_t line;   /* where the unfinished line starts */
	int fd;	       /* borrowed */
	char *name;    /* of the fd, for messages */
	bool may_wait; /* of the fd, too: see write_out() */
	bool closed;   /* the reader has gone */
	bool nomem;    /* bytes of this line were dropped */
	bool failed;   /* a write has: nothing more is tried */
	bool counts;   /* the unfinished line is one to be counted */
	size_t torn;   /* bytes of half a line that a failed write has left behind */
	/* Where the lines to be counted end, of those in here. */
	ARRAY_OF(size_t) ends;
	uint64_t unwritten; /* lines to be counted that were dropped */
	struct err *error;  /* of a write that buffer_end_line() made: buffer_flush() tells it */
};

struct err *buffer_init(struct buffer *buffer, int fd, const char *name) must_check;
void buffer_deinit(struct buffer *buffer);

/* Makes room for what does not fit; for buffer_reserve() alone. */
char *buffer_grow(struct buffer *buffer);
void buffer_put_long(struct buffer *buffer, const void *data, size_t size);

/* The line at hand is told by `unwritten` if it cannot be written. */
static inline void buffer_count_line(struct buffer *buffer)
{
	buffer->counts = true;
}

/* The line is whole now. */
struct err *buffer_end_line(struct buffer *buffer) must_check;
/* The line is not to be: takes it back. */
void buffer_drop_line(struct buffer *buffer);
/* Writes all whole lines. An error is told once. */
struct err *buffer_flush(struct buffer *buffer) must_check;
/* Takes half a line that a failed write left behind out of the file again. For a regular file that
 * nobody else writes to. */
void buffer_trim(struct buffer *buffer);

/* At least `size` bytes to write to, never NULL; then advance `used` by what was written. */
static inline char *buffer_reserve(struct buffer *buffer, size_t size)
{
	if (__builtin_expect(buffer->capacity - buffer->used < size, 0))
		return buffer_grow(buffer);
	return buffer->data + buffer->used;
}

static inline void buffer_put_char(struct buffer *buffer, char c)
{
	*buffer_reserve(buffer, 1) = c;
	buffer->used++;
}

/* For string constants, so that the length is known to the compiler. */
#define buffer_put_literal(buffer, literal) \
	buffer_put_short((buffer), (literal), sizeof(literal) - 1)

static inline void buffer_put_short(struct buffer *buffer, const char *data, size_t size)
{
	memcpy(buffer_reserve(buffer, size), data, size);
	buffer->used += size;
}

static inline void buffer_put(struct buffer *buffer, const void *data, size_t size)
{
	if (size <= BUFFER_RESERVE)
		buffer_put_short(buffer, data, size);
	else
		buffer_put_long(buffer, data, size);
}

static inline void buffer_put_string(struct buffer *buffer, const char *text)
{
	buffer_put(buffer, text, strlen(text));
}

#endif
