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

/* NULL in *ret when none are asked for; so it may be in all that follows. `spaces` outlives it. */
struct err *stacks_open(const struct options *options, const struct plan *plan,
			struct spaces *spaces, struct stacks **ret) must_check;
void stacks_close(struct stacks *stacks);
struct stream_unwinder stacks_unwinder(struct stacks *stacks);

#endif
