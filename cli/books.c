/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/books.h"

#include "cli/report.h"

#define LOOK_NS 1000000000ULL

static const char *group_name(enum kernel_group group)
{
	static const char *const names[] = {
		[KERNEL_HITS] = "functions and markers",
		[KERNEL_SYSCALLS] = "system calls",
		[KERNEL_LIFE] = "task life",
		[KERNEL_ENDS] = "ends of functions of the kernel",
	};
	return names[group];
}

struct err *books_close(struct books *books, const struct kernel *kernel, struct stream *stream)
{
	uint64_t now[KERNEL_GROUPS];
	struct err *e = NULL;
	kernel_missed(kernel, now);
	for (int group = 0; !e && group < KERNEL_GROUPS; group++) {
		uint64_t fresh = now[group] - books->missed[group];
		books->missed[group] = now[group];
		if (fresh)
			e = group == KERNEL_ENDS
				    ? stream_missed_ends(stream, group_name(group), fresh)
				    : stream_missed(stream, group_name(group), fresh);
	}
	return e;
}

struct err *books_look(struct books *books, const struct kernel *kernel, struct stream *stream,
		       uint64_t now_ns)
{
	if (now_ns - books->looked_ns < LOOK_NS)
		return NULL;
	books->looked_ns = now_ns;
	return books_close(books, kernel, stream);
}

void books_check(const struct kernel *kernel, const struct stream *stream, size_t n_sites)
{
	const struct stream_counts *counts = stream_counts(stream);
	const struct loss_row *rows = kernel_losses(kernel);
	uint64_t failed = 0;
	for (size_t i = 0; i < n_sites; i++)
		failed += rows[i].count[LOSS_RING_FULL] + rows[i].count[LOSS_RETURN_RING_FULL] +
			  rows[i].count[LOSS_BOOKKEEPING] + rows[i].count[LOSS_STACK];
	uint64_t attempts = kernel_attempts(kernel);
	if (attempts != counts->records + failed)
		report_books(attempts, counts->records, failed);
	if (counts->malformed)
		report_malformed(counts->malformed);
}
