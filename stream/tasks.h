/* SPDX-License-Identifier: Apache-2.0 */
/* stream/tasks.h — the threads that the stream knows, and the spans open in each. */
#ifndef UTRAIL_STREAM_TASKS_H
#define UTRAIL_STREAM_TASKS_H

#include <uthash.h>

#include "common/array.h"
#include "stream/stream.h"

/* An entry whose return has not come yet. */
struct open_span {
	struct event_header header; /* of the entry */
	bool opened;		    /* the sink has its entry already */
	bool late;
	void *payload; /* copy of the entry's slots; reused by the next span at this depth */
	size_t payload_size, payload_capacity;
	struct stack *stack; /* at its entry, or NULL */
	bool has_where;
	struct event_where where;  /* at its entry */
	struct where_parts *parts; /* what it was blocked in since; NULL: nothing; kept as the
				    * payload is */
};

/* A system call that has not returned, as far as is known. */
struct open_call {
	struct event_header header; /* of its entry */
	bool is_there;
	bool opened;   /* the sink has it already */
	void *payload; /* copy of the entry's slots; reused */
	size_t size, capacity;
};

/* A call of the kernel's that has not ended. */
struct kernel_span {
	struct open_span span;
	uint64_t frame; /* where on the kernel's stack */
};

/* A stack that waits for its event. */
struct task_stack {
	struct stack *stack; /* NULL: none waits */
	uint32_t site_id;
	uint64_t time_ns;
};

struct task {
	struct stream_task info;
	ARRAY_OF(struct open_span) spans;
	size_t spans_made; /* of spans.items, initialised: their buffers are kept */
	size_t n_opened;   /* the outermost ones that the sink has */
	ARRAY_OF(struct kernel_span) kernel_spans; /* inside of all of these: kernel_spans.c */
	size_t n_kernel_opened;
	ARRAY_OF(struct task_stack) stacks; /* the oldest first */
	struct where_parts *call_parts;	    /* of the system call that began at: */
	uint64_t call_began_ns;
	struct open_call call;
	struct exec_texts *exec; /* between the exec and the return of its system call, or NULL */
	UT_hash_handle hh;
};

struct tasks {
	struct task *by_tid;
	struct task
		*latest; /* found last: most records come from the same thread as the one before */
};

void tasks_deinit(struct tasks *tasks);
/* Finds or makes the thread; NULL: out of memory. */
struct task *tasks_get(struct tasks *tasks, uint32_t tgid, uint32_t tid);
struct task *tasks_find(struct tasks *tasks, uint32_t tid);
void tasks_remove(struct tasks *tasks, struct task *task);

/* Who the thread is, as its announcement says. */
void task_learn(struct task *task, const struct event_task *event);
void task_rename(struct task *task, const char comm[EVENT_COMM]);

/* Keeps a copy of the entry and of its slots; NULL: out of memory. */
struct open_span *task_push_span(struct task *task, const struct event_header *entry,
				 const void *slots, size_t size, bool late);
/* What the system call that began then was blocked in; NULL: nothing. where.c */
const struct where_parts *task_call_parts(const struct task *task, uint64_t began_ns);
static inline struct open_span *task_top_span(struct task *task)
{
	return task->spans.count ? &task->spans.items[task->spans.count - 1] : NULL;
}
void task_pop_span(struct task *task);

/* The same in the kernel, whose own head comes before the slots. */
struct kernel_span *task_push_kernel_span(struct task *task, const struct event_header *entry,
					  const struct event_kernel *kernel, bool late);
static inline struct kernel_span *task_top_kernel_span(struct task *task)
{
	return task->kernel_spans.count ? &task->kernel_spans.items[task->kernel_spans.count - 1]
					: NULL;
}
void task_pop_kernel_span(struct task *task);
/* All that is open. */
static inline size_t task_depth(const struct task *task)
{
	return task->spans.count + task->kernel_spans.count;
}

/* --- user stacks: stacks.c -------------------------------------------------------------------- */

/* The stack waits for its event: of a call with a condition on its result, until that returns. Of
 * too many, whose events were lost or not wanted, the oldest go. False: out of memory. */
bool task_keep_stack(struct task *task, uint32_t site_id, uint64_t time_ns, struct stack *stack);
/* That of the event of this site that began at this time, the caller's now; NULL: it has none. */
struct stack *task_take_stack(struct task *task, uint32_t site_id, uint64_t time_ns);
/* That which waits for an event of this site whose time is not known. */
const struct stack *task_stack_of(const struct task *task, const struct probe_site *site);
/* What is shown for an event: `stack`, or that it was lost, or NULL when none was wanted. */
const struct stack *stack_shown(const struct probe_site *site, const struct stack *stack);

#endif
