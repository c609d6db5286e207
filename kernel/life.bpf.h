/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * kernel/life.bpf.h — is what happens to a task shown? Asked when all that must be known of it is
 * known already: a condition takes nothing but the line away.
 */
#ifndef UTRAIL_KERNEL_LIFE_BPF_H
#define UTRAIL_KERNEL_LIFE_BPF_H

#include "kernel/hit.bpf.h"
#include "kernel/life.h"

/* The site of each number; 0: it has no condition, and no rate. */
extern const volatile __u32 life_sites[LIFE_NUMBERS];

struct life_words {
	__u64 word[LIFE_WORDS]; /* enum life_word */
};

static __always_inline __u32 life_site(__u64 number)
{
	/* The compiler knows more of the number than the verifier, and leaves the mask out. */
	if (!__builtin_constant_p(number))
		barrier_var(number);
	return life_sites[number & (LIFE_NUMBERS - 1)];
}

static __always_inline __u64 life_comm(struct task_struct *task)
{
	return (__u64)task + bpf_core_field_offset(task->comm);
}

/* Where no area of this CPU is free the answer is not known, and what is unknown passes. */
static __always_inline int life_ask(struct site *site, __u64 id, const struct life_words *words)
{
	__u32 level = claim(FETCH_ATOMIC);
	struct kernel_area *area = bpf_map_lookup_elem(&kernel_areas, &level);
	if (!area)
		return FILTER_PASSES;
	area->scratch.id = id;
	__builtin_memcpy(area->scratch.regs, words, sizeof(*words));
	int answer = kernel_filter_entry(&area->scratch, site, level, FETCH_ATOMIC);
	area->busy = 0;
	return answer;
}

/* False: it was counted. `asks`: the program is one for conditions, which kernels of the old form
 * have none of. */
static __always_inline bool life_is_shown(__u32 site_id, __u64 id, const struct life_words *words,
					  const bool asks, enum stream_form form)
{
	struct site *site = bpf_map_lookup_elem(&sites, &site_id);
	if (!site)
		return true;
	if (asks && has_filters && site->filter && life_ask(site, id, words) == FILTER_FAILS) {
		stream_count_loss(site_id, LOSS_FILTERED);
		return false;
	}
	if (rate_allows(site_id, bpf_ktime_get_boot_ns(), form))
		return true;
	stream_count_loss(site_id, LOSS_SUPPRESSED);
	return false;
}

#endif
