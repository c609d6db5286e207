/* SPDX-License-Identifier: Apache-2.0 */
/* symbols/stack_step.h — from a frame to its caller's. Private to symbols/. */
#ifndef UTRAIL_SYMBOLS_STACK_STEP_H
#define UTRAIL_SYMBOLS_STACK_STEP_H

#include "symbols/unwind_row.h"

#if defined(__x86_64__)
#define REGISTER_SP	7
#define REGISTER_FP	6
#define REGISTER_RETURN 16
#elif defined(__aarch64__)
#define REGISTER_SP	31
#define REGISTER_FP	29
#define REGISTER_RETURN 30
#endif

/* Who is on the way up a stack. */
struct stack_walk {
	const struct stack_request *request;
	struct frame_memory memory; /* of the copy */
	uint64_t missing;	    /* address that could not be read last */
};

void stack_walk_init(struct stack_walk *walk, const struct stack_request *request);

/*
 * `state` is in the code that `code` describes; `exact`: it is not behind a call there.
 * *ret_signal: the caller was interrupted. Return addresses that were replaced are repaired.
 */
enum step_result stack_step(struct stack_walk *walk, const struct frame_state *state,
			    const struct stack_code *code, bool first, struct frame_state *ret,
			    bool *ret_signal);

/* Is this an address that a call returns to: in code, behind a call as far as that can be seen? */
bool stack_is_return_address(const struct stack_request *request, uint64_t address);
/* What the target itself had put there. */
uint64_t stack_repaired(const struct stack_request *request, uint64_t slot, uint64_t found);

#endif
