/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/process/waker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "common/array.h"
#include "common/caps.h"
#include "common/cleanup.h"
#include "common/descriptors.h"
#include "common/now.h"
#include "kernel/stop.h"

/* How often the waker looks when nobody waits, and when somebody does. */
#define IDLE_MS 20
#define BUSY_MS 1
/* After the collector's end its programs may run for a moment. */
#define LAST_NS 300000000ULL
/* On its way to the stop: from the mapping to the return of its system call. */
#define HOLD_NS 100000000ULL
/* For the child to begin. */
#define READY_NS 5000000000ULL

struct waker {
	pid_t pid;
	int pipe; /* its end tells the waker that we have died */
	int known_fd;
	struct stop_table *table;
	bool seen[STOP_SLOTS];
};

/* --- the child -------------------------------------------------------------------------------- */

/* /proc/PID/stat of a process that is stopped, or of one that is not to be seen ('?'). */
static char state_of(uint32_t pid)
{
	char path[32], text[512];
	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	size_t size = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	text[size] = '\0';
	const char *after = strrchr(text, ')');
	return after && after[1] == ' ' ? after[2] : '?';
}

/* The slot may have been claimed since `now` was asked for. */
static uint64_t waited_ns(const struct stop_slot *slot, uint64_t now)
{
	return now > slot->time_ns ? now - slot->time_ns : 0;
}

/*
 * A process that is not stopped yet is waited for: the signal may still be on its way, and would
 * come after ours. From the limit on it is sent without asking, and for some time again.
 */
static void wake(struct stop_slot *slot, uint64_t now)
{
	uint64_t waited = waited_ns(slot, now);
	bool gone = kill((pid_t)slot->tgid, 0) != 0 && errno == ESRCH;
	bool stopped = !gone && state_of(slot->tgid) == 'T';
	if (stopped || waited > WAKER_LIMIT_NS)
		kill((pid_t)slot->tgid, SIGCONT);
	if (gone || stopped || waited > 2 * WAKER_LIMIT_NS)
		__atomic_store_n(&slot->state, STOP_FREE, __ATOMIC_SEQ_CST);
}

/* Is there one that waits? */
static bool wake_all(struct stop_table *table, bool everybody)
{
	uint64_t now = now_ns(CLOCK_BOOTTIME);
	bool busy = false;
	for (size_t i = 0; i < STOP_SLOTS; i++) {
		struct stop_slot *slot = &table->slots[i];
		uint32_t state = __atomic_load_n(&slot->state, __ATOMIC_SEQ_CST);
		busy |= state != STOP_FREE;
		if (state == STOP_RELEASED ||
		    (state == STOP_CLAIMED && (everybody || waited_ns(slot, now) > WAKER_LIMIT_NS)))
			wake(slot, now);
	}
	return busy;
}

static _Noreturn void child(struct stop_table *table, int pipe)
{
	bool busy = false, alive = true;
	sigset_t all;
	descriptors_keep_only(pipe);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "utrail-waker");
	struct err *e = caps_drop_to(caps_effective() & caps_bit(CAP_KILL));
	__atomic_store_n(&table->pulse_ns, now_ns(CLOCK_BOOTTIME), __ATOMIC_SEQ_CST);
	__atomic_store_n(&table->enabled, e ? 0 : 1, __ATOMIC_SEQ_CST);
	while (alive && !e) {
		char bytes[STOP_SLOTS];
		struct pollfd fd = {.fd = 0, .events = POLLIN};
		__atomic_store_n(&table->pulse_ns, now_ns(CLOCK_BOOTTIME), __ATOMIC_SEQ_CST);
		if (poll(&fd, 1, busy ? BUSY_MS : IDLE_MS) > 0)
			alive = read(0, bytes, sizeof(bytes)) > 0;
		busy = wake_all(table, false);
	}
	__atomic_store_n(&table->enabled, 0, __ATOMIC_SEQ_CST);
	uint64_t end = now_ns(CLOCK_BOOTTIME) + LAST_NS;
	while (wake_all(table, true) || now_ns(CLOCK_BOOTTIME) < end)
		usleep(1000);
	_exit(0);
}

/* --- the collector ---------------------------------------------------------------------------- */

static bool is_ready(const struct waker *waker)
{
	uint64_t end = now_ns(CLOCK_BOOTTIME) + READY_NS;
	while (!__atomic_load_n(&waker->table->enabled, __ATOMIC_SEQ_CST)) {
		if (now_ns(CLOCK_BOOTTIME) > end)
			return false;
		usleep(100);
	}
	return true;
}

struct err *waker_start(int stops_fd, int known_fd, struct waker **ret)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_new(ERR_FAILED, errno, "making a pipe");
	_cleanup_close_ int theirs = fds[0];
	_cleanup_close_ int ours = fds[1];
	_cleanup_free_ struct waker *waker = calloc(1, sizeof(*waker));
	if (!waker)
		return &err_nomem;
	void *memory = mmap(NULL, sizeof(struct stop_table), PROT_READ | PROT_WRITE, MAP_SHARED,
			    stops_fd, 0);
	if (memory == MAP_FAILED)
		return err_new(ERR_FAILED, errno, "mapping the table of stopped processes");
	waker->table = memory;
	waker->known_fd = known_fd;
	waker->pid = fork();
	if (waker->pid == 0)
		child(memory, theirs);
	if (waker->pid < 0) {
		munmap(memory, sizeof(struct stop_table));
		return err_new(ERR_FAILED, errno, "starting the waker");
	}
	waker->pipe = take_fd(ours);
	*ret = take_ptr(waker);
	if (!is_ready(*ret))
		return err_new(ERR_FAILED, 0, "starting the waker: it does not answer");
	return NULL;
}

void waker_close(struct waker *waker)
{
	if (!waker)
		return;
	close(waker->pipe);
	while (waitpid(waker->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	munmap(waker->table, sizeof(struct stop_table));
	free(waker);
}

bool waker_look(struct waker *waker)
{
	bool any = false;
	for (size_t i = 0; waker && i < STOP_SLOTS; i++) {
		waker->seen[i] = __atomic_load_n(&waker->table->slots[i].state, __ATOMIC_SEQ_CST) ==
				 STOP_CLAIMED;
		any |= waker->seen[i];
	}
	return any;
}

void waker_release(struct waker *waker)
{
	for (size_t i = 0; waker && i < STOP_SLOTS; i++) {
		struct stop_slot *slot = &waker->table->slots[i];
		struct stop_file file = slot->file;
		uint32_t claimed = STOP_CLAIMED, known = 1;
		if (!waker->seen[i])
			continue;
		waker->seen[i] = false;
		file.in_exec = 0;
		/* Without room it stops again at the next one: slow, and right. */
		(void)bpf_map_update_elem(waker->known_fd, &file, &known, BPF_ANY);
		if (__atomic_compare_exchange_n(&slot->state, &claimed, STOP_RELEASED, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
		    write(waker->pipe, "", 1) < 0)
			continue; /* it looks by itself, too */
	}
}

static bool is_held_for(const struct stop_slot *slot, const struct mapping *mapping)
{
	if (__atomic_load_n(&slot->state, __ATOMIC_SEQ_CST) != STOP_CLAIMED ||
	    slot->tgid != (uint32_t)mapping->pid || slot->time_ns < mapping->time_ns)
		return false;
	dev_t device = makedev(slot->file.device >> 20, slot->file.device & 0xfffff);
	return slot->file.in_exec ||
	       (slot->file.inode == mapping->module.inode && device == mapping->module.device);
}

bool waker_holds(struct waker *waker, const struct mapping *mapping)
{
	uint64_t end = now_ns(CLOCK_BOOTTIME) + HOLD_NS;
	while (waker && now_ns(CLOCK_BOOTTIME) < end) {
		for (size_t i = 0; i < STOP_SLOTS; i++)
			if (is_held_for(&waker->table->slots[i], mapping))
				return true;
		if (kill(mapping->pid, 0) != 0 && errno == ESRCH)
			return false;
		usleep(100);
	}
	return false;
}
