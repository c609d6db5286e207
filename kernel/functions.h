/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/functions.h — functions of the kernel as probes: `kernel:NAME`, a span; `kprobe:NAME`,
 * `kprobe:NAME+OFFSET`, `kretprobe:NAME`, `fentry:NAME` and `fexit:NAME`, an instant at each hit.
 *
 * `kernel:%ext4`: those of a group, kernel/function_groups.c.
 *
 * Names, parameters and results come from the BTF of the kernel, or of one of its modules. The
 * kernel itself decides what may be probed: some functions it refuses when the probe is attached.
 */
#ifndef UTRAIL_KERNEL_FUNCTIONS_H
#define UTRAIL_KERNEL_FUNCTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "kernel/function_form.h"
#include "probe/probe.h"

struct btf;

/* perf's number of the kind of event; ERR_UNSUPPORTED: this kernel has no kprobes. */
struct err *functions_event_type(uint32_t *ret) must_check;
struct err *functions_no_kprobes(void) must_check; /* that error */

/* Adds what a spec of such a kind names; more than `limit` is an error, and nothing added. None
 * matches: adds nothing and returns NULL. */
struct err *functions_add_probes(struct probe_set *set, const struct spec *spec,
				 const struct btf *btf, const struct function_forms *forms,
				 size_t limit) must_check;

#endif
