/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/caps.h — capabilities(7) of this process: which it has, how to be granted one, and how to
 * be rid of them.
 *
 * A set is a mask of caps_bit(CAP_...). Capabilities belong to threads; we have but one when any is
 * dropped.
 */
#ifndef UTRAIL_COMMON_CAPS_H
#define UTRAIL_COMMON_CAPS_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* Newer than the headers of some systems that we build on. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

static inline uint64_t caps_bit(unsigned int capability)
{
	return UINT64_C(1) << capability;
}

/* The effective set; everything when the kernel does not tell: what is missing then shows later. */
uint64_t caps_effective(void);
/* As the kernel asks: CAP_SYS_ADMIN stands for CAP_BPF, CAP_PERFMON and CAP_CHECKPOINT_RESTORE. */
bool caps_has(uint64_t set, unsigned int capability);
/* Those of `wanted` that we do not have. */
uint64_t caps_missing(uint64_t wanted);
/* Are they worth something to the kernel as a whole, or to a user namespace alone (containers)? */
bool caps_in_initial_namespace(void);

/* "CAP_BPF and CAP_PERFMON"; of those that tracing has to do with. */
void caps_names(uint64_t set, char *buffer, size_t size);
/* How to get these besides those that we have: sudo, or the setcap command for this very file. */
struct err *caps_hint(struct err *e, uint64_t wanted) must_check;
/* "sudo setcap cap_bpf,cap_perfmon+ep /usr/bin/utrail" */
void caps_command(uint64_t set, char *buffer, size_t size);

/*
 * For good: keeps those of `keep` that we have, drops all others from every set, and makes sure
 * that no program that we execute gets any (no_new_privs). Other processes of the same user can no
 * longer look into this one, nor is there a core file: it holds what was traced.
 */
struct err *caps_drop_to(uint64_t keep) must_check;
/* Until caps_drop_to(): nothing is allowed, to try what would still work. */
struct err *caps_suspend(void) must_check;

#endif
