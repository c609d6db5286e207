/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/fault.bpf.c — brings in memory of the target that is not there, where that is the kernel's
 * business alone.
 *
 * In a range that is registered with userfaultfd(2), a fault is an event for the target: it is told
 * of it and has to answer, perhaps in the very thread that is in our program then, which waits for
 * ever. And a read in the gap below a stack makes the stack grow. So nothing is read in a way that
 * may fault before it is known what is mapped there.
 *
 * That takes a callback, and a run of a plan is as deep in calls already as the verifier allows. So
 * a run goes on without what it has not found, and is made again as soon as that is there.
 */
#include "probe/fetch.bpf.h"

#include <bpf/bpf_core_read.h>

#define EBUSY 16 /* include/uapi/asm-generic/errno-base.h */

/* Nothing is ever mapped there (vm.mmap_min_addr): a read of it finds nothing, but only once nobody
 * changes the mappings any more. */
#define NOWHERE 8
#define TRIES	3
/* That one copy may reach. */
#define PAGES_MAX (1 + (FETCH_STRING_MAX + 2 + FETCH_PAGE - 2) / FETCH_PAGE)

struct mapped {
	__u64 is_ours;
};

static long look(struct task_struct *task, struct vm_area_struct *area, void *context)
{
	struct mapped *mapped = context;
	mapped->is_ours = !bpf_core_field_exists(area->vm_userfaultfd_ctx.ctx) ||
			  !area->vm_userfaultfd_ctx.ctx;
	return 0;
}

/* 0: that page cannot be had. */
__noinline int fault_page(__u64 address)
{
	struct mapped mapped = {0};
	__u8 byte;
	long failed = -EBUSY;
	for (int i = 0; i < TRIES && failed == -EBUSY; i++) {
		failed = bpf_find_vma(bpf_get_current_task_btf(), address, look, &mapped, 0);
		/* Somebody changes the mappings: this waits for him. */
		if (failed == -EBUSY)
			bpf_copy_from_user(&byte, sizeof(byte), (void *)NOWHERE);
	}
	return !failed && mapped.is_ours &&
	       !bpf_copy_from_user(&byte, sizeof(byte), (void *)address);
}

static __always_inline __u64 next_page(__u64 address)
{
	return (address & ~(__u64)(FETCH_PAGE - 1)) + FETCH_PAGE;
}

/* All pages of these bytes, one at least. */
static __always_inline bool touch(__u64 from, __u32 size)
{
	__u64 end = from + size;
	for (int i = 0; i < PAGES_MAX; i++) {
		if (!fault_page(from))
			return false;
		from = next_page(from);
		if (from >= end)
			return true;
	}
	return false;
}

/* Of a text only those pages that it reaches, one by one. */
static __always_inline bool bring_in(struct absent *absent)
{
	bool again = absent->pages && absent->at == absent->before;
	__u32 pages = again ? absent->pages : 0, size = absent->size;
	if (again && absent->size != ABSENT_TEXT)
		return false; /* it was, and is not to be had */
	if (pages >= PAGES_MAX)
		return false;
	if (absent->size == ABSENT_TEXT)
		size = FETCH_PAGE - ((__u32)absent->at & (FETCH_PAGE - 1)) + pages * FETCH_PAGE;
	absent->before = absent->at;
	absent->pages = pages + 1;
	return touch(absent->at, size);
}

__noinline int fault_in(struct scratch *scratch)
{
	if (!scratch)
		return 0;
	struct absent *absent = &scratch->absent;
	if (absent->count <= absent->given_up)
		return 0;
	if (!bring_in(absent)) {
		absent->given_up++;
		absent->pages = 0;
		if (absent->count <= absent->given_up)
			return 0;
	}
	absent->count = 0;
	scratch->position = absent->begun;
	scratch->slot = 0;
	scratch->unavailable = 0;
	scratch->poisoned = 1;
	scratch->has_length = 0;
	scratch->in_all = FETCH_PAYLOAD_MAX;
	return 1;
}
