/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/tasks.h"

#include <stdlib.h>
#include <string.h>

static void task_free(struct task *task)
{
	for (size_t i = 0; i < task->spans_made; i++) {
		free(task->spans.items[i].payload);
		stack_free(task->spans.items[i].stack);
		free(task->spans.items[i].parts);
	}
	for (size_t i = 0; i < task->stacks.count; i++)
		stack_free(task->stacks.items[i].stack);
	while (task->kernel_spans.count)
		task_pop_kernel_span(task);
	free(task->kernel_spans.items);
	free(task->stacks.items);
	free(task->spans.items);
	free(task->call_parts);
	free(task->call.payload);
	free(task->exec);
	free(task);
}

void tasks_deinit(struct tasks *tasks)
{
	struct task *task, *next;
	HASH_ITER (hh, tasks->by_tid, task, next) {
		HASH_DEL(tasks->by_tid, task);
		task_free(task);
	}
}

struct task *tasks_find(struct tasks *tasks, uint32_t tid)
{
	struct task *task = tasks->latest;
	if (task && task->info.tid == tid)
		return task;
	HASH_FIND(hh, tasks->by_tid, &tid, sizeof(tid), task);
	tasks->latest = task;
	return task;
}

struct task *tasks_get(struct tasks *tasks, uint32_t tgid, uint32_t tid)
{
	struct task *task = tasks_find(tasks, tid);
	if (task)
		return task;
	task = calloc(1, sizeof(*task));
	if (!task)
		return NULL;
	task->info.tgid = tgid;
	task->info.tid = tid;
	HASH_ADD(hh, tasks->by_tid, info.tid, sizeof(task->info.tid), task);
	return task;
}

void tasks_remove(struct tasks *tasks, struct task *task)
{
	HASH_DEL(tasks->by_tid, task);
	if (tasks->latest == task)
		tasks->latest = NULL;
	task_free(task);
}

void task_learn(struct task *task, const struct event_task *event)
{
	task->info.parent_tgid = event->parent_tgid;
	task->info.uid = event->uid;
	task->info.gid = event->gid;
	task->info.tty = event->tty;
	task->info.start_time_ns = event->start_time_ns;
	task_rename(task, event->comm);
}

void task_rename(struct task *task, const char comm[EVENT_COMM])
{
	memcpy(task->info.comm, comm, sizeof(task->info.comm));
	task->info.comm[EVENT_COMM - 1] = '\0';
}

struct open_span *task_push_span(struct task *task, const struct event_header *entry,
				 const void *slots, size_t size, bool late)
{
	if (task->spans.count == task->spans_made) {
		if (!array_push(&task->spans))
			return NULL;
		task->spans.count--;
		task->spans_made++;
	}
	struct open_span *span = &task->spans.items[task->spans.count];
	if (size > span->payload_capacity) {
		void *grown = realloc(span->payload, size);
		if (!grown)
			return NULL;
		span->payload = grown;
		span->payload_capacity = size;
	}
	span->header = *entry;
	span->opened = false;
	span->late = late;
	span->stack = task_take_stack(task, entry->site_id, entry->time_ns);
	span->payload_size = size;
	if (size)
		memcpy(span->payload, slots, size);
	span->has_where = false;
	if (span->parts)
		span->parts->count = 0;
	task->spans.count++;
	return span;
}

void task_pop_span(struct task *task)
{
	struct open_span *span = task_top_span(task);
	stack_free(span->stack);
	span->stack = NULL;
	task->spans.count--;
	if (task->n_opened > task->spans.count)
		task->n_opened = task->spans.count;
}

struct kernel_span *task_push_kernel_span(struct task *task, const struct event_header *entry,
					  const struct event_kernel *kernel, bool late)
{
	size_t size = entry->size - sizeof(*entry) - sizeof(*kernel);
	void *payload = size ? malloc(size) : NULL;
	if (size && !payload)
		return NULL;
	struct kernel_span *pushed = array_push(&task->kernel_spans);
	if (!pushed) {
		free(payload);
		return NULL;
	}
	*pushed = (struct kernel_span){
		.span = {.header = *entry,
			 .late = late,
			 .payload = payload,
			 .payload_size = size,
			 .stack = task_take_stack(task, entry->site_id, entry->time_ns)},
		.frame = kernel->frame,
	};
	if (size)
		memcpy(payload, (const char *)(entry + 1) + sizeof(*kernel), size);
	return pushed;
}

void task_pop_kernel_span(struct task *task)
{
	struct kernel_span *top = task_top_kernel_span(task);
	free(top->span.payload);
	stack_free(top->span.stack);
	task->kernel_spans.count--;
	if (task->n_kernel_opened > task->kernel_spans.count)
		task->n_kernel_opened = task->kernel_spans.count;
}
