/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of -c: what the kernel has counted, and what was still running. */
#include "cli/tally.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

/* What the kernel says of each site. */
static struct tally_row kernel_rows[4];
static bool unreadable;

struct err *kernel_tally(const struct kernel *kernel, uint32_t site_id, struct tally_row *ret)
{
	(void)kernel;
	if (unreadable)
		return err_new(ERR_FAILED, 0, "not readable");
	*ret = kernel_rows[site_id];
	return NULL;
}

/* And of one number that has no name. */
bool kernel_next_other(const struct kernel *kernel, uint32_t *number)
{
	(void)kernel;
	bool is_first = *number == UINT32_MAX;
	*number = 9999;
	return is_first;
}

struct err *kernel_tally_other(const struct kernel *kernel, uint32_t number, struct tally_row *ret)
{
	(void)kernel;
	*ret = (struct tally_row){.calls = number - 9990};
	return NULL;
}

static struct probe probes[4] = {
	[1] = {.name = "read"}, [2] = {.name = "write"}, [3] = {.name = "call"}};
static struct probe_site sites[4] = {
	[1] = {.id = 1, .probe = &probes[1], .wire.kind = SITE_SYSCALL},
	[2] = {.id = 2, .probe = &probes[2], .wire.kind = SITE_SYSCALL},
	[3] = {.id = 3, .probe = &probes[3], .wire.kind = SITE_ENTRY},
};

struct passed {
	unsigned int events, opened;
};

static struct err *on_event(void *context, const struct stream_event *event, bool was_opened)
{
	struct passed *passed = context;
	(void)event, (void)was_opened;
	passed->events++;
	return NULL;
}

static struct err *on_opened(void *context, const struct stream_event *event)
{
	struct passed *passed = context;
	(void)event;
	passed->opened++;
	return NULL;
}

static void send(const struct stream_sink *sink, enum stream_event_kind kind,
		 enum stream_ending ending, const struct probe_site *site)
{
	const struct stream_event event = {.kind = kind, .ending = ending, .site = site};
	assert_ok(sink->event(sink->context, &event, false));
}

/* -c takes all but what the account is made of; -C takes nothing. */
static void events_are_passed_on(void **state)
{
	(void)state;
	for (int is_only = 0; is_only < 2; is_only++) {
		struct passed passed = {0};
		struct tally_sink own = {
			.next = {.context = &passed, .opened = on_opened, .event = on_event},
			.is_only = is_only};
		const struct stream_sink sink = tally_sink(&own);
		const struct stream_event entry = {.kind = STREAM_CALL, .site = &sites[3]};
		send(&sink, STREAM_SYSCALL, ENDING_RETURNED, &sites[1]);
		send(&sink, STREAM_SYSCALL, ENDING_OPEN, &sites[2]);
		send(&sink, STREAM_SYSCALL, ENDING_OPEN, &sites[2]);
		send(&sink, STREAM_CALL, ENDING_OPEN, &sites[3]);
		assert_int_equal(passed.events, is_only ? 0 : 4);
		send(&sink, STREAM_LOST, 0, NULL);
		send(&sink, STREAM_MISSED, 0, NULL);
		send(&sink, STREAM_SUPPRESSED, 0, NULL);
		send(&sink, STREAM_GAP, 0, NULL);
		assert_int_equal(passed.events, is_only ? 4 : 8);
		assert_int_equal(sink.opened == NULL, is_only);
		if (sink.opened)
			assert_ok(sink.opened(sink.context, &entry));
		assert_int_equal(passed.opened, is_only ? 0 : 1);
		assert_int_equal(own.running.count, 3);
		assert_int_equal(own.running.items[1], 0);
		assert_int_equal(own.running.items[2], 2);
		tally_sink_deinit(&own);
		assert_int_equal(own.running.count, 0);
	}
}

static struct probe_set set_of_sites(struct probe_site **pointers)
{
	for (size_t i = 0; i < array_size(sites); i++)
		pointers[i] = &sites[i];
	return (struct probe_set){.sites = {.items = pointers, .count = array_size(sites)}};
}

static void rows_are_those_of_calls(void **state)
{
	(void)state;
	struct probe_site *pointers[array_size(sites)];
	const struct probe_set set = set_of_sites(pointers);
	struct passed passed = {0};
	struct tally_sink own = {.next = {.context = &passed, .event = on_event}};
	const struct stream_sink sink = tally_sink(&own);
	struct tally_list list = {0};
	memset(kernel_rows, 0, sizeof(kernel_rows));
	assert_ok(tally_read(NULL, &set, &own, &list));
	assert_int_equal(list.rows.count, 0);
	assert_int_equal(tally_count(&list), 0);
	kernel_rows[1] = (struct tally_row){.calls = 3,
					    .errors = 1,
					    .total_ns = 60,
					    .max_ns = 30,
					    .min_inverse_ns = ~10ULL,
					    .buckets = {[3] = 1, [4] = 2}};
	/* No system call: its row is nobody's. */
	kernel_rows[3].calls = 9;
	send(&sink, STREAM_SYSCALL, ENDING_OPEN, &sites[2]);
	assert_ok(tally_read(NULL, &set, &own, &list));
	assert_int_equal(list.rows.count, 2);
	const struct tally *read = &list.rows.items[0], *write = &list.rows.items[1];
	assert_string_equal(read->name, "read");
	assert_int_equal(read->calls, 3);
	assert_int_equal(read->errors, 1);
	assert_int_equal(read->running, 0);
	assert_int_equal(read->total_ns, 60);
	assert_int_equal(read->min_ns, 10);
	assert_int_equal(read->max_ns, 30);
	assert_int_equal(read->buckets[4], 2);
	assert_string_equal(write->name, "write");
	assert_int_equal(write->calls, 0);
	assert_int_equal(write->running, 1);
	assert_int_equal(write->min_ns, 0);
	assert_int_equal(tally_count(&list), 3);
	tally_list_deinit(&list);
	assert_int_equal(list.rows.count, 0);
	/* Of several numbers: each has a row of its own. */
	sites[2].is_others = true;
	assert_ok(tally_read(NULL, &set, &own, &list));
	assert_int_equal(list.rows.count, 3);
	assert_string_equal(list.rows.items[2].name, "syscall_0x270f");
	assert_int_equal(list.rows.items[2].calls, 9);
	sites[2].is_others = false;
	tally_list_deinit(&list);
	unreadable = true;
	assert_err(tally_read(NULL, &set, &own, &list), ERR_FAILED, "not readable");
	tally_list_deinit(&list);
	tally_sink_deinit(&own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_passed_on),
		cmocka_unit_test(rows_are_those_of_calls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
