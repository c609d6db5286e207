/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's counters are made here; a stream writes down what it is told of them. */
#include "tests/unit/stream_log.h"

#include "cli/books.h"
#include "cli/report.h"

#define S 1000000000ULL

/* Nobody but the kernel fills these in, so they are where the code under test looks. */
struct kernel {
	uint64_t missed[KERNEL_GROUPS];
	uint64_t attempts;
	struct loss_row rows[4];
};

static uint64_t reported_attempts, reported_records, reported_failed, reported_malformed;

void kernel_missed(const struct kernel *kernel, uint64_t ret[static KERNEL_GROUPS])
{
	memcpy(ret, kernel->missed, sizeof(kernel->missed));
}

const struct loss_row *kernel_losses(const struct kernel *kernel)
{
	return kernel->rows;
}

uint64_t kernel_attempts(const struct kernel *kernel)
{
	return kernel->attempts;
}

void report_books(uint64_t attempts, uint64_t records, uint64_t failed)
{
	reported_attempts = attempts;
	reported_records = records;
	reported_failed = failed;
}

void report_malformed(uint64_t count)
{
	reported_malformed = count;
}

static struct stream *make_stream(struct stream_log *log)
{
	struct stream *stream = NULL;
	stream_log_init(log);
	const struct stream_options options = {.set = &log->set, .sink = stream_log_sink(log)};
	assert_ok(stream_create(&options, &stream));
	return stream;
}

static void misses_are_told_once_a_second(void **state)
{
	(void)state;
	struct stream_log log = {0};
	struct kernel kernel = {0};
	struct books books = {0};
	struct stream *stream = make_stream(&log);
	assert_ok(books_look(&books, &kernel, stream, 10 * S));
	assert_string_equal(log.log, "");
	kernel.missed[KERNEL_SYSCALLS] = 2;
	assert_ok(books_look(&books, &kernel, stream, 10 * S + S / 2));
	assert_string_equal(log.log, "");
	assert_ok(books_look(&books, &kernel, stream, 11 * S));
	assert_string_equal(log.log, "missed(system calls,2) ");
	kernel.missed[KERNEL_SYSCALLS] = 5;
	kernel.missed[KERNEL_HITS] = 1;
	kernel.missed[KERNEL_LIFE] = 1;
	assert_ok(books_close(&books, &kernel, stream));
	assert_ok(books_close(&books, &kernel, stream));
	assert_string_equal(log.log, "missed(system calls,2) missed(functions and markers,1) "
				     "missed(system calls,3) missed(task life,1) ");
	assert_int_equal(stream_counts(stream)->missed, 7);
	stream_destroy(stream);
	probe_set_deinit(&log.set);
}

static void books_that_do_not_agree_are_reported(void **state)
{
	(void)state;
	struct stream_log log = {0};
	struct kernel kernel = {.attempts = 6};
	struct stream *stream = make_stream(&log);
	const struct test_record record = record_of(1, EVENT_INSTANT, 3, 0, 0, NULL, 0);
	assert_ok(stream_take(stream, &record, record.header.size));
	kernel.rows[0].count[LOSS_BOOKKEEPING] = 1;
	kernel.rows[1].count[LOSS_RING_FULL] = 2;
	kernel.rows[2].count[LOSS_RETURN_RING_FULL] = 2;
	/* Nothing was tried there. */
	kernel.rows[3].count[LOSS_NO_STORAGE] = 9;
	books_check(&kernel, stream, 4);
	assert_int_equal(reported_attempts, 0);
	kernel.attempts = 7;
	books_check(&kernel, stream, 4);
	assert_int_equal(reported_attempts, 7);
	assert_int_equal(reported_records, 1);
	assert_int_equal(reported_failed, 5);
	assert_int_equal(reported_malformed, 0);
	stream_destroy(stream);
	probe_set_deinit(&log.set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(misses_are_told_once_a_second),
		cmocka_unit_test(books_that_do_not_agree_are_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
