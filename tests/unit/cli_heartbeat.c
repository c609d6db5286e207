/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/process/heartbeat.h"
#include "common/now.h"

#define S 1000000000ULL

static uint64_t age(const volatile uint64_t *clock)
{
	return now_ns(CLOCK_MONOTONIC) - *clock;
}

/* As in a write() to a pipe that nobody reads: nothing of ours runs meanwhile. */
static void block_for(int milliseconds)
{
	uint64_t until = now_ns(CLOCK_MONOTONIC) + (uint64_t)milliseconds * 1000000;
	while (now_ns(CLOCK_MONOTONIC) < until)
		poll(NULL, 0, milliseconds);
}

static void it_beats_while_we_wait(void **state)
{
	(void)state;
	uint64_t clock = 0;
	struct heartbeat *heartbeat;
	assert_ok(heartbeat_start(&clock, &heartbeat));
	assert_true(age(&clock) < S / 2);
	uint64_t first = clock;
	block_for(400);
	assert_true(clock > first);
	assert_true(age(&clock) < 3 * S / 10);
	heartbeat_stop(heartbeat);
	first = clock;
	block_for(250);
	assert_int_equal(clock, first);
	heartbeat_stop(NULL);
}

static void others_may_send_the_signal(void **state)
{
	(void)state;
	uint64_t clock = 0;
	struct heartbeat *heartbeat;
	assert_ok(heartbeat_start(&clock, &heartbeat));
	/* Neither a value that is no address of ours, nor the end of the program. */
	sigqueue(getpid(), SIGALRM, (union sigval){.sival_ptr = (void *)1});
	kill(getpid(), SIGALRM);
	heartbeat_stop(heartbeat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_beats_while_we_wait),
		cmocka_unit_test(others_may_send_the_signal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
