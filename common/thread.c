/* SPDX-License-Identifier: Apache-2.0 */
#include "common/thread.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "common/cleanup.h"

/* As many as fit into a page of the kernel's. */
#define DESCRIPTORS 512

struct thread {
	pthread_t id;
	void (*work)(void *context);
	void *context;
};

static void *run(void *argument)
{
	const struct thread *thread = argument;
	thread->work(thread->context);
	return NULL;
}

/* While threads share a table of descriptors that must grow, the kernel waits for a grace period of
 * RCU each time (expand_fdtable() in fs/file.c). */
static void make_room_for_descriptors(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, DESCRIPTORS - 1);
	closep(&fd);
}

struct thread *thread_start(void (*work)(void *context), void *context)
{
	_cleanup_free_ struct thread *thread = malloc(sizeof(*thread));
	sigset_t all, before;
	if (!thread)
		return NULL;
	*thread = (struct thread){.work = work, .context = context};
	make_room_for_descriptors();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&thread->id, NULL, run, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed ? NULL : take_ptr(thread);
}

void thread_join(struct thread *thread)
{
	if (!thread)
		return;
	pthread_join(thread->id, NULL);
	free(thread);
}
