/* SPDX-License-Identifier: Apache-2.0 */
/* cli/books.h — the account of a run: what the kernel missed, told as it happens, and whether all
 * numbers agree at the end. */
#ifndef UTRAIL_CLI_BOOKS_H
#define UTRAIL_CLI_BOOKS_H

#include "cli/kernel/kernel.h"
#include "stream/stream.h"

struct books {
	uint64_t missed[KERNEL_GROUPS]; /* as told */
	uint64_t looked_ns;
};

/* What was missed since the last look becomes events of the stream. Once a second, whenever
 * called. */
struct err *books_look(struct books *books, const struct kernel *kernel, struct stream *stream,
		       uint64_t now_ns) must_check;
/* The same at once. */
struct err *books_close(struct books *books, const struct kernel *kernel,
			struct stream *stream) must_check;
/* Numbers taken = records read + records that did not fit, or somebody miscounts, which is
 * reported. After the stream has taken in all of them. */
void books_check(const struct kernel *kernel, const struct stream *stream, size_t n_sites);

#endif
