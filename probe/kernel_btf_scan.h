/* SPDX-License-Identifier: Apache-2.0 */
/* probe/kernel_btf_scan.h — one pass over BTF, for kernel_btf.c. */
#ifndef UTRAIL_PROBE_KERNEL_BTF_SCAN_H
#define UTRAIL_PROBE_KERNEL_BTF_SCAN_H

#include <linux/btf.h>

#include "common/array.h"
#include "common/err.h"

#define BTF_SCAN_BUCKETS 4096

struct btf_file {
	char *memory;
	size_t size;
	bool is_mapped;
	const char *types, *strings;
	uint32_t types_size, strings_size;
	uint32_t *offsets; /* of type id - 1 */
	uint32_t n_types;
};

/* What is looked for; `length` leaves "___flavour" out. */
struct btf_wanted {
	const char *name;
	size_t length;
	uint32_t kinds; /* bits */
	uint32_t id;	/* of the first one */
	uint32_t next;	/* in its bucket */
};

struct btf_scan {
	ARRAY_OF(struct btf_wanted) wanted;
	uint32_t heads[BTF_SCAN_BUCKETS]; /* 1 + index into wanted */
	uint32_t kinds;			  /* of any */
	ARRAY_OF(uint32_t) found;	  /* ids, in order */
};

struct err *btf_file_open(const char *path, struct btf_file *ret) must_check;
void btf_file_deinit(struct btf_file *file);
/* NULL: the id is not one of the file's. */
const struct btf_type *btf_file_type(const struct btf_file *file, uint32_t id);
const char *btf_file_text(const struct btf_file *file, uint32_t offset);
/* Numbers all types, and finds what `scan` wants. */
struct err *btf_file_scan(struct btf_file *file, struct btf_scan *scan) must_check;

/* False: out of memory. `name` is kept. */
bool btf_scan_want(struct btf_scan *scan, const char *name, size_t length, uint32_t kinds);
void btf_scan_deinit(struct btf_scan *scan);

#endif
