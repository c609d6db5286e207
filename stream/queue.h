/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream/queue.h — records waiting for their turn, in order of time.
 *
 * Records come nearly sorted, so inserting from the newest end is cheap. Their bytes are kept in
 * chunks that are released when the last record in them has gone.
 */
#ifndef UTRAIL_STREAM_QUEUE_H
#define UTRAIL_STREAM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "stream/event.h"

struct queue_chunk;

struct queue_entry {
	uint64_t time_ns;
	const struct event_header *record;
	struct queue_chunk *chunk;
};

struct queue {
	struct queue_entry
		*entries; /* [head, tail), sorted by time; equal times in arrival order */
	size_t head, tail, capacity;
	struct queue_chunk *filling; /* where new records go */
	struct queue_chunk *spare;   /* one emptied chunk, kept for the next */
};

void queue_deinit(struct queue *queue);
/* Copies `size` bytes, at least a header. */
struct err *queue_push(struct queue *queue, const void *record, size_t size) must_check;
/* The oldest record, NULL when empty; valid until queue_pop(). */
const struct event_header *queue_oldest(const struct queue *queue);
void queue_pop(struct queue *queue);

#endif
