/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/tracepoints.h — tracepoints of the kernel as probes: one site each, an instant at each
 * hit.
 *
 * `tracepoint:CATEGORY:NAME` is the event of tracefs: its format file says what the record holds.
 * `rawtracepoint:NAME` is the same place without the record: what the kernel's code hands to it, as
 * BTF types it, cheaper, and there without tracefs.
 */
#ifndef UTRAIL_KERNEL_TRACEPOINTS_H
#define UTRAIL_KERNEL_TRACEPOINTS_H

#include <stddef.h>

#include "common/err.h"
#include "probe/probe.h"

/* Where tracefs has its events. ERR_UNSUPPORTED or ERR_PERMISSION when it is not to be had; *ret is
 * constant text, or lives in the set. */
struct err *tracepoints_directory(struct probe_set *set, const char **ret) must_check;

/*
 * Adds what a spec of kind TRACEPOINT names below that directory; more than `limit` is an error,
 * and nothing added. None matches: adds nothing and returns NULL.
 */
struct err *tracepoints_add_probes(struct probe_set *set, const struct spec *spec,
				   const char *directory, size_t limit) must_check;

struct btf;

/* The same for RAWTRACEPOINT, from the kernel's BTF. */
struct err *raw_tracepoints_add_probes(struct probe_set *set, const struct spec *spec,
				       const struct btf *btf, size_t limit) must_check;

#endif
