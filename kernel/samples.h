/* SPDX-License-Identifier: Apache-2.0 */
/* kernel/samples.h — `cpu:99`: what runs on the CPUs, looked at so many times a second. */
#ifndef UTRAIL_KERNEL_SAMPLES_H
#define UTRAIL_KERNEL_SAMPLES_H

#include "common/err.h"
#include "probe/probe.h"

/* When `cpu:` has no number: not in step with what happens a hundred times a second. */
#define SAMPLES_HZ 99

/* Adds the one site that a run can have for it. */
struct err *samples_add_probe(struct probe_set *set, const struct spec *spec) must_check;
/* NULL: there is none. */
const struct probe_site *samples_site(const struct probe_set *set);
uint32_t samples_hz(const struct probe_site *site);

#endif
