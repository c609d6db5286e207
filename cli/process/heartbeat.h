/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/process/heartbeat.h — a sign of life that needs nothing of us but that we run: it goes on
 * while we wait for a slow disk or pipe, and not when we are stopped or dead.
 */
#ifndef UTRAIL_CLI_PROCESS_HEARTBEAT_H
#define UTRAIL_CLI_PROCESS_HEARTBEAT_H

#include <stdint.h>

#include "common/err.h"

struct heartbeat;

/* Writes CLOCK_MONOTONIC to *where, now and ten times a second. Takes SIGALRM for that; what it
 * interrupts goes on, but poll(). */
struct err *heartbeat_start(uint64_t *where, struct heartbeat **ret) must_check;
void heartbeat_stop(struct heartbeat *heartbeat); /* NULL is fine */

#endif
