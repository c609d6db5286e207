/* SPDX-License-Identifier: Apache-2.0 */
/* cli/stacks/stacks.h — -k: makes calls with names out of the stacks that were taken. */
#ifndef UTRAIL_CLI_STACKS_STACKS_H
#define UTRAIL_CLI_STACKS_STACKS_H

#include "cli/options/options.h"
#include "cli/stacks/spaces.h"
#include "stream/stream.h"

struct stacks;

/* enum stack_how: what BPF takes. */
uint32_t stacks_how(const struct options *options);

/* NULL in *ret when none are asked for; so it may be in all that follows. Where mappings cannot be
 * watched, that is said, and what is mapped is read when it is first needed. */
struct err *stacks_open(const struct options *options, const struct spaces_parts *parts,
			struct stacks **ret) must_check;
void stacks_close(struct stacks *stacks);
/* The processes that are traced now; before anything is dropped that reading them takes. */
struct err *stacks_look(struct stacks *stacks) must_check;
/* Readable when files were mapped; or -1. */
int stacks_fd(const struct stacks *stacks);
/* Before the events that happened up to now are delivered. */
struct err *stacks_take(struct stacks *stacks) must_check;
struct stream_unwinder stacks_unwinder(struct stacks *stacks);

#endif
