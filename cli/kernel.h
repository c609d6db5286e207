/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/kernel.h — the BPF object of a run: opened, sized, loaded, attached, switched on.
 *
 * The only place that includes the skeleton.
 */
#ifndef UTRAIL_CLI_KERNEL_H
#define UTRAIL_CLI_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/plan.h"
#include "common/err.h"
#include "probe/features.h"
#include "stream/event.h"

struct kernel;

struct kernel_options {
	uint32_t ring_size;
	bool follow;
};

/* Loads the programs that the plan needs, in the best form that the kernel has. */
struct err *kernel_load(struct plan *plan, const struct features *features,
			const struct kernel_options *options, struct kernel **ret) must_check;
/* Attaches all probes; nothing is delivered before kernel_start(). */
struct err *kernel_attach(struct kernel *kernel) must_check;
struct err *kernel_trace_process(struct kernel *kernel, pid_t pid) must_check;
void kernel_start(struct kernel *kernel);
/* Stops, and takes all probes out again: after this no record is written. */
void kernel_stop(struct kernel *kernel);
void kernel_close(struct kernel *kernel); /* NULL is fine */
void kernel_closep(struct kernel **kernel);

/* May we still read maps and programs through their descriptors? Before 5.19 the sysctl
 * kernel.unprivileged_bpf_disabled forbids that, too, without CAP_BPF. */
bool kernel_is_readable(const struct kernel *kernel);
int kernel_ring_fd(const struct kernel *kernel);
const struct loss_row *kernel_losses(const struct kernel *kernel); /* one row a site */
/* The first traced process after `previous` (0: at all); 0: there is none. */
pid_t kernel_next_target(const struct kernel *kernel, pid_t previous);
/* Hits that the kernel did not give to our programs, as it counts them. */
uint64_t kernel_missed(const struct kernel *kernel);
/* Records that programs tried to write, over all CPUs. */
uint64_t kernel_attempts(const struct kernel *kernel);
/* What a slot that could not be read means: "bad address" or "not resident". */
const char *kernel_unreadable(const struct kernel *kernel);
/* Name and value pairs for the header, NULL-terminated; live as long as the kernel object. */
const char *const *kernel_backends(const struct kernel *kernel);

#endif
