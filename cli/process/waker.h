/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/process/waker.h — --stop-on-load: lets those go on that kernel/stop.bpf.c has stopped.
 *
 * A process that maps a file which is not known yet stops, the collector puts the probes into the
 * file, and the waker, a child with CAP_KILL and no descriptor but a pipe, continues the process:
 * when it is told, after WAKER_LIMIT_NS in any case, and at once when the collector has died,
 * however that happened. Nobody is stopped while the waker shows no sign of life.
 */
#ifndef UTRAIL_CLI_PROCESS_WAKER_H
#define UTRAIL_CLI_PROCESS_WAKER_H

#include <stdbool.h>

#include "common/err.h"
#include "target/target.h"

#define WAKER_LIMIT_NS 1000000000ULL

struct waker;

/* The descriptors of the maps `stops` and `known_files`, borrowed. */
struct err *waker_start(int stops_fd, int known_fd, struct waker **ret) must_check;
/* Whoever is still stopped goes on. Not before the programs that stop are out. NULL is fine. */
void waker_close(struct waker *waker);

/* Does somebody wait? Remembers who, for waker_release(). */
bool waker_look(struct waker *waker);
/* What these have mapped has been dealt with: it is known from now on, and they go on. */
void waker_release(struct waker *waker);
/*
 * Is this process stopped since it has mapped that file, so that nothing of the file has run yet?
 * It may be on its way there: waits for a moment.
 */
bool waker_holds(struct waker *waker, const struct mapping *mapping);

#endif
