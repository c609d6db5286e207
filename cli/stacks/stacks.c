/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stacks/stacks.h"

#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "cli/stacks/kernel_names.h"
#include "probe/regs.h"

struct stacks {
	enum stack_option how;
	size_t depth;
	struct spaces *spaces;
	struct kernel_names *names; /* NULL: no place in the kernel has a stack */
};

/* Where one stack is looked up. */
struct lookup {
	struct stacks *stacks;
	const struct stream_stack *stack;
};

static bool find(void *context, uint64_t address, struct stack_code *ret)
{
	const struct lookup *lookup = context;
	return spaces_find(lookup->stacks->spaces, (pid_t)lookup->stack->task->tgid,
			   lookup->stack->time_ns, address, ret);
}

/* From the kernel's order to DWARF's (psABI x86-64, figure 3.36; AADWARF64, 4.1). */
static void set_registers(struct stack_request *request, const struct event_stack *taken)
{
#if defined(__x86_64__)
	static const uint8_t order[] = {X86_RAX, X86_RDX, X86_RCX, X86_RBX, X86_RSI, X86_RDI,
					X86_RBP, X86_RSP, X86_R8,  X86_R9,  X86_R10, X86_R11,
					X86_R12, X86_R13, X86_R14, X86_R15};
	for (size_t i = 0; i < array_size(order); i++)
		request->registers[i] = taken->registers[order[i]];
	request->registers[array_size(order)] = taken->top;
	request->pc = taken->registers[X86_RIP];
	request->sp = taken->registers[X86_RSP];
#else
	memcpy(request->registers, taken->registers, (ARM64_SP + 1) * sizeof(uint64_t));
	request->pc = taken->registers[ARM64_PC];
	request->sp = taken->registers[ARM64_SP];
#endif
}

/* What the kernel has unwound. */
static struct stack *name_kernel(const struct stacks *stacks, const struct stream_stack *stack)
{
	const struct event_stack *taken = stack->taken;
	uint64_t addresses[KERNEL_NAMES_FRAMES_MAX];
	size_t count = taken->size / sizeof(*addresses);
	count = count < array_size(addresses) ? count : array_size(addresses);
	memcpy(addresses, stack->bytes, count * sizeof(*addresses));
	const char *cut = NULL;
	if (taken->flags & EVENT_STACK_MORE)
		cut = "user stack lost";
	else if (taken->flags & EVENT_STACK_ALONE)
		cut = "no user stack of this event before Linux 6.0";
	return kernel_names_stack(stacks->names, addresses, count, stacks->depth, cut);
}

static struct stack *unwind(void *context, const struct stream_stack *stack)
{
	static const enum stack_method methods[] = {[STACKS_AUTO] = STACK_BY_ANY,
						    [STACKS_CFI] = STACK_BY_TABLES,
						    [STACKS_FP] = STACK_BY_FRAMES};
	struct stacks *stacks = context;
	struct lookup lookup = {stacks, stack};
	const struct event_stack *taken = stack->taken;
	if (taken->flags & EVENT_STACK_KERNEL)
		return name_kernel(stacks, stack);
	struct stack_request request = {
		.method = methods[stacks->how],
		.at_entry = (stack->site->wire.kind == SITE_ENTRY &&
			     !(stack->site->wire.flags & SITE_IN_KERNEL)) ||
			    (stack->site->wire.flags & SITE_GO),
		.from = taken->from,
		.bytes = stack->bytes,
		.size = taken->size,
		.ended = taken->flags & EVENT_STACK_UNREADABLE,
		.max_frames = stacks->depth,
		.repairs = stack->repairs,
		.n_repairs = stack->n_repairs,
		.context = &lookup,
		.find = find,
	};
	set_registers(&request, taken);
	return taken->flags & EVENT_STACK_FRAMES ? stack_from_chain(&request)
						 : stack_unwind(&request);
}

uint32_t stacks_how(const struct options *options)
{
	static const enum stack_how how[] = {[STACKS_NONE] = STACK_NONE,
					     [STACKS_AUTO] = STACK_COPY,
					     [STACKS_CFI] = STACK_COPY,
					     [STACKS_FP] = STACK_FRAMES};
	return how[options->stacks];
}

struct err *stacks_open(const struct options *options, const struct plan *plan,
			struct spaces *spaces, struct stacks **ret)
{
	if (options->stacks == STACKS_NONE)
		return NULL;
	struct stacks *stacks = calloc(1, sizeof(*stacks));
	if (!stacks)
		return &err_nomem;
	stacks->how = options->stacks;
	stacks->depth = options->stack_depth;
	stacks->spaces = spaces;
	struct err *unnamed = NULL, *e = NULL;
	if (plan->has_points && !options->stacks_of_samples)
		e = kernel_names_open(KERNEL_NAMES_FILE, &stacks->names, &unnamed);
	if (unnamed)
		report_error(unnamed);
	if (e) {
		stacks_close(stacks);
		return e;
	}
	*ret = stacks;
	return NULL;
}

void stacks_close(struct stacks *stacks)
{
	if (!stacks)
		return;
	kernel_names_close(stacks->names);
	free(stacks);
}

struct stream_unwinder stacks_unwinder(struct stacks *stacks)
{
	return stacks ? (struct stream_unwinder){.context = stacks, .unwind = unwind}
		      : (struct stream_unwinder){0};
}
