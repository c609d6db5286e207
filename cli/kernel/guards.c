/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/kernel/guards.c — probed files that somebody is about to write to.
 *
 * For each place of a file the kernel keeps the instruction that was there when the place was
 * probed, and puts a trap there in every process that maps the file from then on
 * (kernel/events/uprobes.c). Where the file is another build by then, written over the old one in
 * place, that process would run the old build's instructions in the midst of its own. So a lease
 * (F_SETLEASE in fcntl(2)) is held on each file: who opens it for writing waits until we have taken
 * our probes out, tens of milliseconds, and not at all where it has none.
 */
#include "cli/kernel/parts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/process/holder.h"
#include "common/cleanup.h"
#include "uprobe/attach.h"

static bool is_guarded(const struct kernel *kernel, const struct image *image)
{
	for (size_t i = 0; i < kernel->guarded.count; i++)
		if (kernel->guarded.items[i].image == image)
			return true;
	return false;
}

/* On overlayfs 5.10 lets nobody read through a descriptor that has a lease, and warns of it in its
 * log (FASYNC in ovl_change_flags()): so it gets one of its own. */
static int open_for_lease(const struct image *image)
{
	char path[32];
	if (!image_is_layered(image))
		return fcntl(image_fd(image), F_DUPFD_CLOEXEC, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", image_fd(image));
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* Not every file system has leases, and of files of others it takes CAP_LEASE to have one. */
static struct err *guard(struct kernel *kernel, struct image *image)
{
	_cleanup_close_ int fd = open_for_lease(image);
	if (fd < 0 || fcntl(fd, F_SETLEASE, F_RDLCK) != 0)
		return NULL;
	struct guarded_file *file = array_push(&kernel->guarded);
	if (!file)
		return &err_nomem;
	file->image = image;
	file->fd = take_fd(fd);
	return NULL;
}

struct err *kernel_guard_files(struct kernel *kernel, size_t first)
{
	const struct probe_set *set = &kernel->plan->set;
	struct err *e = NULL;
	/* In a process that runs already there is what was there. */
	if (kernel_only_process(kernel))
		return NULL;
	for (size_t i = first; !e && i < set->sites.count; i++) {
		const struct probe_site *site = set->sites.items[i];
		if (site->image && site->wire.kind && !is_guarded(kernel, site->image))
			e = guard(kernel, site->image);
	}
	return e;
}

/* By children that end: see holder.h. */
static void take_out(struct kernel *kernel, const struct image *image)
{
	size_t count = kernel->attachment ? attachment_links(kernel->attachment) : 0;
	_cleanup_free_ int *fds = count ? calloc(count, sizeof(*fds)) : NULL;
	if (!fds)
		return;
	count = attachment_take_file(kernel->attachment, image, fds);
	struct holders holders = holders_start(fds, count);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	holders_release(&holders);
	holders_end(&holders);
}

struct err *kernel_leave_written(struct kernel *kernel, const struct written_sink *sink)
{
	struct err *e = NULL;
	for (size_t i = 0; i < kernel->guarded.count; i++) {
		struct guarded_file *file = &kernel->guarded.items[i];
		if (file->is_out || fcntl(file->fd, F_GETLEASE) == F_RDLCK)
			continue;
		file->is_out = true;
		take_out(kernel, file->image);
		fcntl(file->fd, F_SETLEASE, F_UNLCK);
		e = e ? e : sink->written(sink->context, file->image);
	}
	return e;
}
