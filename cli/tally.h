/* SPDX-License-Identifier: Apache-2.0 */
/* cli/tally.h — -c and -C: from what the kernel has counted of each site to the rows of a table. */
#ifndef UTRAIL_CLI_TALLY_H
#define UTRAIL_CLI_TALLY_H

#include "cli/kernel/kernel.h"
#include "output/tally.h"
#include "stream/stream.h"

/* Between the stream and where its events go: counts the calls that are still running. */
struct tally_sink {
	struct stream_sink next;
	bool is_only;		    /* -c: nothing but losses is passed on */
	ARRAY_OF(uint64_t) running; /* by site */
};

struct stream_sink tally_sink(struct tally_sink *sink);
void tally_sink_deinit(struct tally_sink *sink);

/* A row for each system call that was made, or is running; in the order of their numbers. */
struct err *tally_read(const struct kernel *kernel, const struct probe_set *set,
		       const struct tally_sink *sink, struct tally_list *ret) must_check;
uint64_t tally_count(const struct tally_list *list); /* calls, of all rows */
void tally_list_deinit(struct tally_list *list);

#endif
