/* SPDX-License-Identifier: Apache-2.0 */
/* cli/kernel/trim_value.h — what is known of registers, and what instructions make of it. */
#ifndef UTRAIL_CLI_KERNEL_TRIM_VALUE_H
#define UTRAIL_CLI_KERNEL_TRIM_VALUE_H

#include <linux/bpf.h>

#include "cli/kernel/trim.h"

enum trim_kind {
	TRIM_UNKNOWN,
	TRIM_NUMBER,
	TRIM_PLACE, /* in the map of the constants: the address of the byte with that number */
};

/* Of each register; all of them unknown, when zeroed. */
struct trim_state {
	uint64_t value[MAX_BPF_REG];
	uint8_t kind[MAX_BPF_REG];
};

enum trim_way {
	TRIM_BOTH,
	TRIM_JUMPS,
	TRIM_FALLS,
};

/* What is known when either has come; true: less than before. */
bool trim_meet(struct trim_state *known, const struct trim_state *other);
/* Where a conditional jump leads to. */
enum trim_way trim_decide(const struct trim_state *state, const struct bpf_insn *insn);
/* What is known behind the instruction. */
void trim_step(struct trim_state *state, const struct bpf_insn *insn,
	       const struct trim_constants *constants);

#endif
