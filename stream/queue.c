/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/queue.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)256 * 1024)

struct queue_chunk {
	size_t used;
	size_t live; /* records not popped yet */
	_Alignas(8) unsigned char data[CHUNK_BYTES];
};

static void chunk_drop(struct queue *queue, struct queue_chunk *chunk)
{
	if (queue->spare) {
		free(chunk);
		return;
	}
	chunk->used = 0;
	queue->spare = chunk;
}

void queue_deinit(struct queue *queue)
{
	while (queue->head < queue->tail)
		queue_pop(queue);
	free(queue->filling);
	free(queue->spare);
	free(queue->entries);
	*queue = (struct queue){0};
}

static struct err *copy_record(struct queue *queue, const void *record, size_t size,
			       struct queue_entry *ret)
{
	size_t room = (size + 7) & ~(size_t)7;
	if (room > CHUNK_BYTES)
		return err_new(ERR_BUG, 0, "a record of %zu bytes", size);
	struct queue_chunk *chunk = queue->filling;
	if (!chunk || CHUNK_BYTES - chunk->used < room) {
		/* The full one goes with its last record; an empty one has none to take it along.
		 */
		if (chunk && !chunk->live)
			chunk_drop(queue, chunk);
		chunk = queue->spare ? queue->spare : malloc(sizeof(*chunk));
		queue->filling = chunk;
		if (!chunk)
			return &err_nomem;
		queue->spare = NULL;
		chunk->used = 0;
		chunk->live = 0;
	}
	void *copy = chunk->data + chunk->used;
	memcpy(copy, record, size);
	chunk->used += room;
	chunk->live++;
	ret->record = copy;
	ret->chunk = chunk;
	ret->time_ns = ret->record->time_ns;
	return NULL;
}

/* Room for one more entry at the tail: by moving to the front, else by growing. */
static bool make_room(struct queue *queue)
{
	if (queue->tail < queue->capacity)
		return true;
	if (queue->head > queue->capacity / 2) {
		size_t count = queue->tail - queue->head;
		memmove(queue->entries, queue->entries + queue->head,
			count * sizeof(*queue->entries));
		queue->head = 0;
		queue->tail = count;
		return true;
	}
	size_t wanted = queue->capacity ? queue->capacity * 2 : 1024;
	struct queue_entry *grown = reallocarray(queue->entries, wanted, sizeof(*grown));
	if (!grown)
		return false;
	queue->entries = grown;
	queue->capacity = wanted;
	return true;
}

struct err *queue_push(struct queue *queue, const void *record, size_t size)
{
	struct queue_entry entry;
	if (!make_room(queue))
		return &err_nomem;
	struct err *e = copy_record(queue, record, size, &entry);
	if (e)
		return e;
	size_t at = queue->tail++;
	while (at > queue->head && queue->entries[at - 1].time_ns > entry.time_ns) {
		queue->entries[at] = queue->entries[at - 1];
		at--;
	}
	queue->entries[at] = entry;
	return NULL;
}

const struct event_header *queue_oldest(const struct queue *queue)
{
	return queue->head < queue->tail ? queue->entries[queue->head].record : NULL;
}

void queue_pop(struct queue *queue)
{
	struct queue_chunk *chunk = queue->entries[queue->head].chunk;
	queue->head++;
	if (queue->head == queue->tail)
		queue->head = queue->tail = 0;
	if (--chunk->live == 0 && chunk != queue->filling)
		chunk_drop(queue, chunk);
}
