/* SPDX-License-Identifier: Apache-2.0 */
/* output/write_out.h — write(2) to whoever reads, for as long as they do. Private to output/. */
#ifndef UTRAIL_OUTPUT_WRITE_OUT_H
#define UTRAIL_OUTPUT_WRITE_OUT_H

#include <stdbool.h>
#include <stddef.h>

/* A pipe, a socket, a terminal: somebody at the other end may not read. */
bool write_out_may_wait(int fd);

/*
 * Writes all of it; returns 0 or an errno, and *written counts also when it fails. `may_wait`: as
 * above. Who does not read is waited for, but not when we are to end: with SIGINT, SIGTERM or
 * SIGHUP pending (they must be blocked), and nothing read for WRITE_OUT_GRACE_S, it is ETIMEDOUT.
 */
#define WRITE_OUT_GRACE_S 2
int write_out(int fd, bool may_wait, const char *data, size_t size, size_t *written);

#endif
