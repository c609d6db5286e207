/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "stream/queue.h"

static void push(struct queue *queue, uint64_t time_ns, uint32_t site_id)
{
	const struct event_header header = {
		.time_ns = time_ns, .site_id = site_id, .size = sizeof(header)};
	assert_ok(queue_push(queue, &header, sizeof(header)));
}

static void oldest_is(struct queue *queue, uint64_t time_ns, uint32_t site_id)
{
	const struct event_header *header = queue_oldest(queue);
	assert_non_null(header);
	assert_int_equal(header->time_ns, time_ns);
	assert_int_equal(header->site_id, site_id);
	queue_pop(queue);
}

static void leaves_in_order_of_time_then_of_arrival(void **state)
{
	(void)state;
	struct queue queue = {0};
	assert_null(queue_oldest(&queue));
	push(&queue, 5, 1);
	push(&queue, 3, 2);
	push(&queue, 5, 3);
	push(&queue, 4, 4);
	oldest_is(&queue, 3, 2);
	push(&queue, 1, 5); /* older than what has gone already */
	oldest_is(&queue, 1, 5);
	oldest_is(&queue, 4, 4);
	oldest_is(&queue, 5, 1);
	oldest_is(&queue, 5, 3);
	assert_null(queue_oldest(&queue));
	queue_deinit(&queue);
}

/* Large records, so that chunks fill, empty and are used again while the queue is never empty. */
static void records_outlive_their_neighbours(void **state)
{
	(void)state;
	enum { WAITING = 20, SIZE = 30000, COUNT = 2000 };
	static union {
		struct event_header header;
		unsigned char bytes[SIZE];
	} record;
	struct queue queue = {0};
	for (unsigned int i = 0; i < COUNT + WAITING; i++) {
		memset(record.bytes, (int)(i & 0xff), SIZE);
		record.header.time_ns = i;
		if (i < COUNT)
			assert_ok(queue_push(&queue, &record, SIZE));
		if (i < WAITING)
			continue;
		const unsigned char *oldest = (const void *)queue_oldest(&queue);
		assert_int_equal(queue_oldest(&queue)->time_ns, i - WAITING);
		assert_int_equal(oldest[SIZE - 1], (i - WAITING) & 0xff);
		queue_pop(&queue);
	}
	assert_null(queue_oldest(&queue));
	queue_deinit(&queue);
}

static void what_was_not_popped_is_freed(void **state)
{
	(void)state;
	struct queue queue = {0};
	for (uint32_t i = 0; i < 5000; i++)
		push(&queue, i, i);
	queue_deinit(&queue);
	assert_null(queue_oldest(&queue));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_in_order_of_time_then_of_arrival),
		cmocka_unit_test(records_outlive_their_neighbours),
		cmocka_unit_test(what_was_not_popped_is_freed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
