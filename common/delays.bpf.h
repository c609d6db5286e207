/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * common/delays.bpf.h — moments of waiting, for ./dev stress alone (UTRAIL_BPF_DELAYS).
 *
 * Programs of ours run on all processors at once, and what one does between two accesses to a map
 * takes nanoseconds: a mistake there shows once in thousands of runs, on somebody else's machine.
 * Here one in sixteen of these accesses comes some microseconds late.
 */
#ifndef UTRAIL_COMMON_DELAYS_BPF_H
#define UTRAIL_COMMON_DELAYS_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define DELAY_ODDS 16 /* a power of two */
#define DELAY_NS   8000
/* A reading of the clock takes 20 ns and more: the loop ends by its time. */
#define DELAY_TURNS 400

__weak __attribute__((noinline)) int delay(int ret)
{
	if (bpf_get_prandom_u32() & (DELAY_ODDS - 1))
		return ret;
	__u64 start = bpf_ktime_get_ns();
	for (int i = 0; i < DELAY_TURNS; i++)
		if (bpf_ktime_get_ns() - start > DELAY_NS)
			break;
	return ret;
}

#define bpf_map_update_elem(...) (delay(0), (bpf_map_update_elem)(__VA_ARGS__))
#define bpf_map_delete_elem(...) (delay(0), (bpf_map_delete_elem)(__VA_ARGS__))
#define bpf_ringbuf_reserve(...) (delay(0), (bpf_ringbuf_reserve)(__VA_ARGS__))
#define bpf_ringbuf_output(...)	 (delay(0), (bpf_ringbuf_output)(__VA_ARGS__))
#define bpf_ringbuf_submit(...)	 (delay(0), (bpf_ringbuf_submit)(__VA_ARGS__))
#define bpf_ktime_get_boot_ns()	 (delay(0), (bpf_ktime_get_boot_ns)())

#endif
