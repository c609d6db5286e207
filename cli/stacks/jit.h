/* SPDX-License-Identifier: Apache-2.0 */
/* cli/stacks/jit.h — names of the code that one process has made while it ran: its perf map. */
#ifndef UTRAIL_CLI_STACKS_JIT_H
#define UTRAIL_CLI_STACKS_JIT_H

#include "common/arena.h"
#include "symbols/stack.h"
#include "target/target.h"

struct jit_code;

/*
 * The name of the code at an address that no file is mapped at; NULL: none is known. *code is made
 * when first needed; what the program has added is read when the address is new. Names live as long
 * as `places`.
 */
const struct code_place *jit_find(struct jit_code **code, const struct process_view *view,
				  pid_t pid, uint64_t address, struct arena *places);
/* Opens the map, so that it can be read when the program has removed it, or has ended. */
void jit_look(struct jit_code **code, const struct process_view *view, pid_t pid);
void jit_free(struct jit_code *code); /* NULL is fine */

#endif
