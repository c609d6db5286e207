/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe/kernel_btf.h — the few types of the running kernel that a BPF object needs.
 *
 * libbpf reads all of the kernel's BTF (5 MiB in reads of 4 KiB), indexes it, and walks all of its
 * 150,000 types once more for each structure that it relocates: more than the rest of a start. One
 * pass over the mapped file finds the same, and what it finds fits a few kilobytes.
 */
#ifndef UTRAIL_PROBE_KERNEL_BTF_H
#define UTRAIL_PROBE_KERNEL_BTF_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct btf;

#define KERNEL_BTF_PATH "/sys/kernel/btf/vmlinux"

/* Of which the id is wanted. */
struct kernel_btf_name {
	const char *name;
	uint32_t kind; /* BTF_KIND_* */
	uint32_t id;   /* of the first one; 0: there is none */
	/* A typedef of a pointer to a function, as the kernel has one for each tracepoint: how many
	 * it takes, the kernel's own one among them */
	uint32_t arguments;
};

/*
 * Finds `count` names in the BTF at `path`, and makes `*ret` (free() it): BTF with the structures,
 * unions, enums and typedefs whose names are in `local`, the BTF of a BPF object. Of their members
 * and enumerators, those whose names occur in `local` are kept, at their places and with their
 * types; pointers lead to void. That is what relocating the object (CO-RE) looks at, but for ids
 * and sizes of types behind pointers.
 */
struct err *kernel_btf_extract(const char *path, const struct btf *local,
			       struct kernel_btf_name *names, size_t count, void **ret,
			       size_t *ret_size) must_check;

/* The error of a kernel that has none. */
struct err *kernel_btf_missing(void) must_check;

#endif
