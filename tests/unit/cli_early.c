/* SPDX-License-Identifier: Apache-2.0 */
/* What is made before there is a plan: with or without the rights to make it. */
#include <unistd.h>

#include <bpf/libbpf.h>

#include "cli/kernel/loader.h"
#include "cli/kernel/parts.h"
#include "tests/unit/unit.h"
#include "tracer.skel.h"

/* Of cli/kernel/kernel.c. */
void kernel_listen(void)
{
}

struct err *kernel_load_failed(const struct kernel *kernel, int errnum, const char *doing)
{
	(void)kernel;
	return err_new(ERR_FAILED, errnum, "%s", doing);
}

static int count_record(void *context, void *data, size_t size)
{
	unsigned int *count = context;
	(void)data;
	(void)size;
	++*count;
	return 0;
}

static unsigned int records;
static const struct kernel_reader reader = {count_record, &records};

static void take(struct kernel_early *early)
{
	struct kernel kernel = {0};
	assert_ok(kernel_early_take(early, &kernel));
	assert_non_null(kernel.skel);
	assert_non_null(kernel.loader);
	tracer__destroy(kernel.skel);
	loader_close(kernel.loader);
}

static void test_taken(void **state)
{
	(void)state;
	struct kernel_early *early = kernel_early_new(65536, &reader);
	assert_non_null(early);
	/* Nobody has the ring so far. */
	assert_null(kernel_early_ring(early));
	take(early);
	struct ring_buffer *ring = kernel_early_ring(early);
	assert_non_null(ring);
	assert_int_equal(ring_buffer__consume(ring), 0);
	assert_null(kernel_early_ring(early));
	ring_buffer__free(ring);
	kernel_early_close(early);
}

/* A plan that fails: what is being made is waited for, and closed. */
static void test_not_taken(void **state)
{
	(void)state;
	int before = dup(0);
	close(before);
	for (int i = 0; i < 3; i++)
		kernel_early_close(kernel_early_new(65536, &reader));
	int after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

static void test_nothing(void **state)
{
	(void)state;
	take(NULL);
	assert_null(kernel_early_ring(NULL));
	kernel_early_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_not_taken),
		cmocka_unit_test(test_nothing),
	};
	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
