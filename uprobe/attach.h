/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe/attach.h — putting the sites of a set into the kernel, and taking them out again.
 *
 * Attachments belong to descriptors: when we die, however we die, the kernel removes the probes and
 * lowers the semaphores. Files are attached through /proc/self/fd/N, so what was checked is what is
 * probed.
 */
#ifndef UTRAIL_UPROBE_ATTACH_H
#define UTRAIL_UPROBE_ATTACH_H

#include <sys/types.h>

#include "common/err.h"
#include "probe/features.h"
#include "probe/probe.h"
#include "uprobe/perf_probe.h"

struct bpf_program;

struct attach_programs {
	enum uprobe_form form;
	struct bpf_program *hit; /* for every hit; UPROBE_FORM_OLD: not used */
	struct bpf_program
		*returned; /* UPROBE_FORM_MULTI: instead, for the kernel's return probes */
	/* UPROBE_FORM_OLD: the descriptor of a program for one site, which stays the callee's. */
	struct err *(*copy)(void *context, uint32_t site_id, bool is_return, int *ret);
	void *context;
	/* All but UPROBE_FORM_MULTI: as perf_probe_open(), which NULL means; by somebody who may.
	 */
	int (*open_perf_probe)(void *opener, const struct perf_probe *probe, int *ret_event,
			       int *ret_link);
	void *opener;
};

struct attachment;

/*
 * Attaches the sites from number `first` on (1: all), in a child that is not killed with us: where
 * the kernel is interrupted by SIGKILL, it leaves traps of markers that have semaphores in the
 * target (it cannot write to the semaphore then, and tries no more: update_ref_ctr() in
 * kernel/events/uprobes.c). `pid`: only this process; 0: every process that maps the files.
 * *attachment is NULL at first, and then grows with each call; after an error it holds what was
 * attached until then.
 */
struct err *attach_sites(const struct probe_set *set, size_t first,
			 const struct attach_programs *programs, pid_t pid,
			 struct attachment **attachment) must_check;
/* Takes out the kernel's return probes alone: when the trampoline is no longer safe. */
void attachment_close_returns(struct attachment *attachment);
/* Detaches everything; waits for the kernel (tens of milliseconds). NULL is fine. */
void attachment_close(struct attachment *attachment);
size_t attachment_links(const struct attachment *attachment);
/* Gives those of one file to the caller, who closes them: the first ones of `fds`, which has room
 * for attachment_links(). Returns how many. */
size_t attachment_take_file(struct attachment *attachment, const struct image *image, int *fds);
/* Their descriptors, attachment_links() of them; what belongs together is side by side. */
void attachment_copy(const struct attachment *attachment, int *fds);

#endif
