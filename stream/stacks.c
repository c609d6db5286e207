/* SPDX-License-Identifier: Apache-2.0 */
/* stream/stacks.c — user stacks: records of their own, which wait in the thread for their event. */
#include <string.h>

#include "probe/regs.h"
#include "stream/nesting.h"

#if defined(__x86_64__)
#define REGISTER_SP X86_RSP
#else
#define REGISTER_SP ARM64_SP
#endif

#define WAITING_MAX 64

static void remove_first(struct task *task, size_t count)
{
	task->stacks.count -= count;
	memmove(task->stacks.items, task->stacks.items + count,
		task->stacks.count * sizeof(*task->stacks.items));
}

bool task_keep_stack(struct task *task, uint32_t site_id, uint64_t time_ns, struct stack *stack)
{
	if (task->stacks.count == WAITING_MAX) {
		stack_free(task->stacks.items[0].stack);
		remove_first(task, 1);
	}
	struct task_stack *kept = array_push(&task->stacks);
	if (kept)
		*kept = (struct task_stack){stack, site_id, time_ns};
	return kept;
}

struct stack *task_take_stack(struct task *task, uint32_t site_id, uint64_t time_ns)
{
	for (size_t i = task->stacks.count; i-- > 0;) {
		struct task_stack *kept = &task->stacks.items[i];
		struct stack *stack = kept->stack;
		if (kept->site_id != site_id || kept->time_ns != time_ns)
			continue;
		task->stacks.count--;
		memmove(kept, kept + 1, (task->stacks.count - i) * sizeof(*kept));
		return stack;
	}
	return NULL;
}

const struct stack *task_stack_of(const struct task *task, const struct probe_site *site)
{
	const struct stack *stack = NULL;
	for (size_t i = 0; i < task->stacks.count; i++)
		if (task->stacks.items[i].site_id == site->id)
			stack = task->stacks.items[i].stack;
	return stack_shown(site, stack);
}

const struct stack *stack_shown(const struct probe_site *site, const struct stack *stack)
{
	static const struct stack lost = {.cut = "stack lost"};
	if (stack)
		return stack;
	return site && site->wire.flags & SITE_STACK ? &lost : NULL;
}

/*
 * What the kernel's return probes have replaced in the calls that BPF says are open, `depth` of
 * them. One that has just been left by a tail jump is not among them any more, but its return
 * address is where the next one's is: at the stack pointer. Of a stack that was kept, those that
 * had begun when it was taken.
 */
static size_t find_repairs(const struct nesting *nesting, const struct task *task, uint32_t depth,
			   const struct event_stack *taken, struct stack_repair *ret)
{
	size_t n = 0;
	for (size_t i = 0; i < task->spans.count; i++) {
		const struct open_span *span = &task->spans.items[i];
		const struct probe_site *site = nesting_site(nesting, span->header.site_id);
		if (!span->stack || !site || !(site->wire.flags & SITE_TRAMPOLINE))
			continue;
		bool is_open = taken->taken_ns
				       ? span->header.time_ns <= taken->taken_ns
				       : span->header.depth < depth ||
						 span->stack->sp == taken->registers[REGISTER_SP];
		if (is_open && span->stack->return_address)
			ret[n++] =
				(struct stack_repair){span->stack->sp, span->stack->return_address};
	}
	return n;
}

/* First the kernel's frames, then the user's, which say how it all ends. Takes both. */
static struct stack *join(struct stack *kernel, struct stack *user)
{
	size_t count = kernel->n_frames + user->n_frames;
	struct stack *both = calloc(1, sizeof(*both) + count * sizeof(*both->frames));
	if (both) {
		*both = *user;
		user->cut = NULL;
		both->n_frames = count;
		memcpy(both->frames, kernel->frames, kernel->n_frames * sizeof(*both->frames));
		memcpy(both->frames + kernel->n_frames, user->frames,
		       user->n_frames * sizeof(*both->frames));
	}
	stack_free(kernel);
	stack_free(user);
	return both;
}

struct err *nesting_stack(struct nesting *nesting, const struct arrival *arrival)
{
	const struct event_header *header = arrival->header;
	const struct stream_unwinder *unwinder = &nesting->options->unwinder;
	struct task *task = arrival->task;
	struct event_stack taken;
	if (arrival->size < sizeof(taken))
		return nesting_malformed(nesting);
	memcpy(&taken, arrival->body, sizeof(taken));
	const struct probe_site *site = nesting_site(nesting, header->site_id);
	if (!site || !unwinder->unwind || taken.size > arrival->size - sizeof(taken))
		return nesting_malformed(nesting);
	uint64_t taken_ns = taken.taken_ns ? taken.taken_ns : header->time_ns;
	struct stack_repair *repairs = calloc(task->spans.count + 1, sizeof(*repairs));
	if (!repairs)
		return &err_nomem;
	const struct stream_stack raw = {
		.task = &task->info,
		.site = site,
		.time_ns = taken_ns,
		.taken = &taken,
		.bytes = (const char *)arrival->body + sizeof(taken),
		.repairs = repairs,
		.n_repairs = find_repairs(nesting, task, header->depth, &taken, repairs),
	};
	struct stack *stack = unwinder->unwind(unwinder->context, &raw);
	free(repairs);
	struct stack *above = NULL;
	if (stack && (site->wire.flags & (SITE_IN_KERNEL | SITE_VIEW)))
		above = task_take_stack(task, header->site_id, header->time_ns);
	if (above)
		stack = join(above, stack);
	if (!stack)
		return &err_nomem;
	if (task_keep_stack(task, header->site_id, header->time_ns, stack))
		return NULL;
	stack_free(stack);
	return &err_nomem;
}
