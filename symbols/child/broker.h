/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols/child/broker.h — system calls that name a path, from within the symbolizer.
 * Private to symbols/child/.
 *
 * The filter turns them into SIGSYS. The handler asks the collector, which opens what it finds
 * right (files.c), and the call returns as if the kernel had done it: libdw, libelf and the code
 * that looks for debug files work as they do anywhere. "/proc/self/fd/N" is answered here, with a
 * duplicate. Nobody has to believe the handler: whoever does not go through it has no way at all.
 */
#ifndef UTRAIL_SYMBOLS_CHILD_BROKER_H
#define UTRAIL_SYMBOLS_CHILD_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "symbols/wire.h"

/* The symbolizer's socket is its standard input: a signal handler is handed nothing. */
#define BROKER_SOCKET 0

struct err *broker_install(void) must_check;

/* A file by its name, beneath the root of the process whose image is being read, or ours.
 * A descriptor, or a negative number of errno.h. */
int broker_open(bool in_root, const char *path);
/* Asks, and waits: `verb` is one of VERB_ASK_. False: the collector is gone. */
bool broker_ask(uint32_t verb, const struct wire *question, struct wire *answer, int *ret_fd);

#endif
