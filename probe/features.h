/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/features.h — what this kernel can do, found out by trying it, never by its version.
 */
#ifndef UTRAIL_PROBE_FEATURES_H
#define UTRAIL_PROBE_FEATURES_H

#include <stdbool.h>

#include "common/err.h"

struct features {
	bool kernel_btf;       /* types of the kernel, for tracepoints and CO-RE (5.4, a config) */
	bool ring_buffer;      /* 5.8 */
	bool cookie;	       /* a number of ours with each attachment (5.15) */
	bool sleepable_uprobe; /* reads that may fault pages in (6.0) */
	bool uprobe_multi;     /* thousands of places through one link (6.6) */
	bool multi_pid_filter; /* its filter covers all threads (6.6.35, 6.9.5, 6.10) */
	bool read_kernel;      /* memory of the kernel may be read: no lockdown */
	/* Why the older ways to probe user space are not open to us, as errno; 0: they are. Where
	 * there is uprobe_multi, it is not asked. */
	int perf_uprobe_error;
};

/* include/uapi/linux/bpf.h since 6.6; the headers of Debian 12 are of 6.1, so their names are not
 * there. */
#define UPROBE_MULTI_ATTACH 48	      /* BPF_TRACE_UPROBE_MULTI */
#define UPROBE_MULTI_RETURN (1U << 0) /* BPF_F_UPROBE_MULTI_RETURN */

/* How user-space probes run here; the forms of uprobe/uprobe.bpf.c. */
enum uprobe_form {
	UPROBE_FORM_MULTI,
	UPROBE_FORM_SINGLE,
	UPROBE_FORM_OLD,
};

/*
 * May we load BPF programs at all? Tried; ERR_PERMISSION says what is in the way (a capability, a
 * seccomp filter, a user namespace, a security module) and how to get it out.
 */
struct err *features_check_privilege(void) must_check;
/* May we probe user space in the form that this kernel has? */
struct err *features_check_uprobe(const struct features *features) must_check;
/* Says why BPF was denied in spite of features_check_privilege(): lockdown, memory limits. */
struct err *features_load_denied(struct err *e, const struct features *features) must_check;
/* A cookie at raw tracepoints, too (6.10)? Asked only where there is one to attach. */
bool features_raw_cookie(void);
/* Loads the smallest program there is: 0, or errno. */
int features_try_load(void);
/* One that does nothing, for probes of uprobe_multi; the caller's to close. Below 0: -errno. */
int features_load_multi(void);
/* Takes about a millisecond. Needs privilege. */
void features_detect(struct features *ret);
enum uprobe_form features_uprobe_form(const struct features *features);
/* What it is likely to be, without any privilege: what the kernel's types tell. */
enum uprobe_form features_guess_form(void);
const char *uprobe_form_name(enum uprobe_form form);

#endif
