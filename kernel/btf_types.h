/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/btf_types.h — values of the kernel's own types, as its BTF tells them. Private to kernel/.
 *
 * A number is shown by its type, an enum by name, a `char *` as text. A pointer to a structure is
 * shown with some of its members: for those that all know the ones that name it (a task's pid, a
 * file's name), else the plain ones among its first bytes.
 */
#ifndef UTRAIL_KERNEL_BTF_TYPES_H
#define UTRAIL_KERNEL_BTF_TYPES_H

#include <linux/types.h>

#include "common/err.h"
#include "probe/compile.h"

struct btf;

/* Appends the value whose bits `source` gives. The name is copied. */
struct err *btf_add_value(struct plan_builder *builder, const struct btf *btf, const char *name,
			  __u32 type_id, const struct fetch_source *source) must_check;
/* How a type is called in C: "struct file *". NULL: no memory. */
const char *btf_type_text(struct arena *arena, const struct btf *btf, __u32 type_id);

#endif
