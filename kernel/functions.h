/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/functions.h — functions of the kernel as probes: `kprobe:NAME`, `kprobe:NAME+OFFSET` and
 * `kretprobe:NAME`, an instant at each hit.
 *
 * Names, parameters and results come from the kernel's BTF. The kernel itself decides what may be
 * probed: some functions it refuses when the probe is attached.
 */
#ifndef UTRAIL_KERNEL_FUNCTIONS_H
#define UTRAIL_KERNEL_FUNCTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "probe/probe.h"

struct btf;

/* perf's number of the kind of event; ERR_UNSUPPORTED: this kernel has no kprobes. */
struct err *functions_event_type(uint32_t *ret) must_check;

/* Adds what a spec of kind KPROBE or KRETPROBE names; more than `limit` is an error, and nothing
 * added. None matches: adds nothing and returns NULL. */
struct err *functions_add_probes(struct probe_set *set, const struct spec *spec,
				 const struct btf *btf, size_t limit) must_check;

#endif
