/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/life.h — conditions and rates on task life: what `exec if comm == "ls"` is for.
 *
 * Task life has records of its own, which follow processes also where nobody wants to see them. So
 * there is a site for each kind of it, and for each signal, only where some of it is left out. The
 * programs put what a condition can name into the registers of its plan.
 */
#ifndef UTRAIL_KERNEL_LIFE_H
#define UTRAIL_KERNEL_LIFE_H

#ifndef __bpf__
#include "common/err.h"
#include "probe/probe.h"
#endif

/* Rows of life_sites in kernel/life.bpf.h: signals by their number, and what follows. */
enum life_number {
	LIFE_SIGNAL_LAST = 64,
	LIFE_FORKS,
	LIFE_EXECS,
	LIFE_EXITS,
	LIFE_NUMBERS = 128, /* a power of two: the index is masked */
};

/* Registers of a condition's plan. Texts by their address. */
enum life_word {
	LIFE_COMM, /* of the thread that it happens to */
	LIFE_FORK_PID,
	LIFE_FORK_TID,
	LIFE_FORK_THREAD,
	LIFE_EXEC_FILENAME = LIFE_COMM + 1,
	LIFE_EXEC_PPID,
	LIFE_EXIT_STATUS = LIFE_COMM + 1, /* as a shell tells it: 128 + the signal */
	LIFE_EXIT_SIGNAL,		  /* 0: none */
	LIFE_EXIT_DUMPED,
	LIFE_EXIT_THREAD,
	LIFE_SIGNAL_NUMBER = LIFE_COMM + 1,
	LIFE_SIGNAL_IGNORED,
	LIFE_SIGNAL_CODE,
	LIFE_SIGNAL_PID, /* 0: nobody's */
	LIFE_SIGNAL_UID,
	LIFE_SIGNAL_STATUS, /* SIGCHLD alone, else 0 */
	LIFE_WORDS,
};

#ifndef __bpf__
/* Of the site of this number; 0: all of it is shown, or nothing. */
uint32_t life_site(const struct probe_set *set, uint32_t number);
/* Is there any? */
bool life_has_sites(const struct probe_set *set);
/*
 * A spec of this kind shows more of it: `signal` is its number (0 for others), `name` its name.
 * `is_shown`: all of it was shown before, or what its site says.
 */
struct err *life_add(struct probe_set *set, const struct spec *spec, uint32_t signal,
		     const char *name, bool is_shown) must_check;
/* Nothing of it is shown any more, or all of it. */
void life_remove(struct probe_set *set, uint32_t number);
/* LIFE_FORKS, LIFE_EXECS or LIFE_EXITS; PROBE_SIGNAL has a number for each signal. */
uint32_t life_number(enum probe_kind kind);
#endif

#endif
