/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream/goroutines.h — calls of Go's functions and of coroutines, from the hits at their entries
 * and ends. Private to stream/.
 *
 * A goroutine goes on in another thread whenever it has waited, and its stack is copied to another
 * place when it grows or shrinks. What stays is its structure (struct g), and how far below the
 * top of its stack a frame is. By these two the end of a call finds its beginning.
 *
 * A coroutine's stack stays where it is, so there the address of the frame alone is enough, in the
 * whole process. Where its stack begins and ends nobody knows: each frame is a goroutine of its own
 * here, with one call at most, which is over when another one begins in its place.
 */
#ifndef UTRAIL_STREAM_GOROUTINES_H
#define UTRAIL_STREAM_GOROUTINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* More that are open at a time are not followed, and told as such. */
#define GOROUTINES_CALLS_MAX (1U << 20)

struct nesting;
struct arrival;
struct goroutine;
struct probe_site;
struct stream_counts;

struct goroutines {
	struct goroutine *by_key;
	size_t n_calls; /* open */
};

void goroutines_deinit(struct goroutines *goroutines);
/* A hit at a site with SITE_GO. */
struct err *goroutines_hit(struct nesting *nesting, const struct arrival *arrival,
			   const struct probe_site *site) must_check;
/* EVENT_GO: calls are open no more. */
struct err *goroutines_left(struct nesting *nesting, const struct arrival *arrival) must_check;
/* The process is no more, or is another program. */
struct err *goroutines_leave(struct nesting *nesting, uint32_t tgid) must_check;
/* Tracing has ended: what is open still runs. */
struct err *goroutines_finish(struct nesting *nesting) must_check;

#endif
