/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uprobe/go_check.h — the stack check that a function of Go begins with. Private to uprobe/.
 *
 * A goroutine's stack is as large as it has to be. A function compares the stack pointer with the
 * limit first; when there is too little room it calls runtime.morestack, which copies the stack to
 * a larger one, and begins again from its first instruction. So that instruction is run more often
 * than the function is called, and the one behind the check as often.
 */
#ifndef UTRAIL_UPROBE_GO_CHECK_H
#define UTRAIL_UPROBE_GO_CHECK_H

#include "uprobe/code.h"

struct go_check {
	uint64_t behind; /* address of the first instruction behind the check; 0: there is none */
	uint64_t jump_back; /* of the jump to the function's start */
	const char *
		why_not; /* it looks like one, and is not known: constant text; NULL: it does not */
};

/* Nothing that this code does before `behind` changes an argument or the stack pointer. */
struct go_check go_check_find(const struct code_request *request, const struct decoder *decoder);

#endif
