/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/function_form.h — by what a function of the kernel is probed.
 *
 * fentry and fexit cost the least for each hit, and need a program for each function, which costs
 * at the start; kprobes are dearer, and one program serves all of them.
 */
#ifndef UTRAIL_KERNEL_FUNCTION_FORM_H
#define UTRAIL_KERNEL_FUNCTION_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "probe/spec.h"

struct btf;

enum function_form {
	FUNCTION_KPROBE, /* the plan's registers are those of the processor */
	FUNCTION_FENTRY, /* they are the arguments as words, and behind them the result */
};

struct function_forms {
	bool kprobe, fentry;
	const char *no_fentry; /* why not */
};

/* What this kernel has, found out by its types and by trying. */
void function_forms_detect(const struct btf *btf, struct function_forms *ret);
/* The one for a spec that names `count` functions. ERR_UNSUPPORTED: this kernel has none for it. */
struct err *function_form_choose(const struct function_forms *forms, enum probe_kind kind,
				 size_t count, enum function_form *ret) must_check;
const char *function_form_name(enum function_form form);

#endif
