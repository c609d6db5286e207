/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/steady.h — doing what must not be left half done, whoever kills us.
 *
 * A system call that is at work when its process is killed gives up where it is, and what it undoes
 * then it may not undo: see attach_sites(). A child that has our memory and our descriptors, but is
 * a process of its own, is not killed with us; it goes on to the end, and what it has opened is
 * closed when it ends, too.
 */
#ifndef UTRAIL_COMMON_STEADY_H
#define UTRAIL_COMMON_STEADY_H

#include "common/err.h"

/*
 * Runs `work` in such a child, and waits for it. What it does with memory and descriptors is done
 * here, too; it must not take longer than a user waits. It gets no signal but SIGKILL that is sent
 * to it alone. Where there can be no child, it is run here.
 */
struct err *steady_run(struct err *(*work)(void *context), void *context) must_check;

#endif
