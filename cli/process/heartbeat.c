/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/process/heartbeat.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "common/now.h"

#define BEAT_NS 100000000L

struct heartbeat {
	timer_t timer;
	struct sigaction before;
};

static void beat(int signum, siginfo_t *info, void *context)
{
	(void)signum, (void)context;
	/* Somebody else's SIGALRM brings no address. */
	if (info->si_code == SI_TIMER && info->si_ptr)
		__atomic_store_n((uint64_t *)info->si_ptr, now_ns(CLOCK_MONOTONIC),
				 __ATOMIC_RELAXED);
}

static void listen(struct heartbeat *heartbeat)
{
	struct sigaction action = {.sa_sigaction = beat, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigset_t alarm;
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigaction(SIGALRM, &action, &heartbeat->before);
	sigprocmask(SIG_UNBLOCK, &alarm, NULL);
}

struct err *heartbeat_start(uint64_t *where, struct heartbeat **ret)
{
	struct heartbeat *heartbeat = calloc(1, sizeof(*heartbeat));
	if (!heartbeat)
		return &err_nomem;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
				 .sigev_signo = SIGALRM,
				 .sigev_value.sival_ptr = where};
	const struct itimerspec often = {{.tv_nsec = BEAT_NS}, {.tv_nsec = BEAT_NS}};
	__atomic_store_n(where, now_ns(CLOCK_MONOTONIC), __ATOMIC_RELAXED);
	listen(heartbeat);
	if (timer_create(CLOCK_MONOTONIC, &event, &heartbeat->timer) != 0) {
		int errnum = errno;
		sigaction(SIGALRM, &heartbeat->before, NULL);
		free(heartbeat);
		return err_new(ERR_FAILED, errnum, "making a timer");
	}
	timer_settime(heartbeat->timer, 0, &often, NULL);
	*ret = heartbeat;
	return NULL;
}

void heartbeat_stop(struct heartbeat *heartbeat)
{
	if (!heartbeat)
		return;
	timer_delete(heartbeat->timer);
	sigaction(SIGALRM, &heartbeat->before, NULL);
	free(heartbeat);
}
