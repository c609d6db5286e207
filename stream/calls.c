/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream/calls.c — system calls that have not returned: their entries are shown when something else
 * comes before their return, or when that takes long.
 */
#include <stdlib.h>
#include <string.h>

#include "stream/nesting.h"

static bool keep_entry(struct open_call *call, const struct arrival *arrival)
{
	if (arrival->size > call->capacity) {
		void *grown = realloc(call->payload, arrival->size);
		if (!grown)
			return false;
		call->payload = grown;
		call->capacity = arrival->size;
	}
	if (arrival->size)
		memcpy(call->payload, arrival->body, arrival->size);
	call->size = arrival->size;
	call->header = *arrival->header;
	call->is_there = true;
	call->opened = false;
	return true;
}

static struct err *open_call(struct nesting *nesting, struct task *task)
{
	struct open_call *call = &task->call;
	const struct probe_site *site = nesting_site(nesting, call->header.site_id);
	struct slots arguments;
	slots_init(&arguments, "not resident");
	if (!site || slots_decode(site->entry_plan, call->header.unavailable, call->payload,
				  call->size, &arguments) < 0)
		return nesting_malformed(nesting);
	const struct stream_event event = {
		.kind = STREAM_SYSCALL,
		.time_ns = call->header.time_ns,
		.task = &task->info,
		.cpu = call->header.cpu,
		.depth = call->header.depth,
		.site = site,
		.arguments = &arguments,
		.ending = ENDING_OPEN,
		.stack = task_stack_of(task, site),
	};
	call->opened = true;
	return nesting->options->sink.opened(nesting->options->sink.context, &event);
}

struct err *nesting_call_break(struct nesting *nesting)
{
	struct task *task = nesting->waiting;
	nesting->waiting = NULL;
	return task && !nesting_is_full(nesting) ? open_call(nesting, task) : NULL;
}

struct err *nesting_call_entry(struct nesting *nesting, const struct arrival *arrival)
{
	const struct probe_site *site = nesting_site(nesting, arrival->header->site_id);
	struct task *task = arrival->task;
	if (!site || site->wire.kind != SITE_SYSCALL)
		return nesting_malformed(nesting);
	if (nesting_is_full(nesting))
		return NULL;
	if (!nesting->options->sink.opened || nesting->ends)
		return keep_entry(&task->call, arrival) ? NULL : &err_nomem;
	struct err *e = nesting_leave(nesting, task, arrival->header->depth, ENDING_UNWOUND);
	e = e ? e : nesting_open(nesting, task);
	e = e ? e : nesting_call_break(nesting);
	if (e)
		return e;
	if (!keep_entry(&task->call, arrival))
		return &err_nomem;
	nesting->waiting = task;
	return nesting->options->calls_wait ? NULL : nesting_call_break(nesting);
}

bool nesting_call_end(struct nesting *nesting, struct task *task, const struct probe_site *site,
		      uint64_t began_ns)
{
	const struct open_call *call = &task->call;
	bool is_it = call->is_there && call->header.site_id == site->id &&
		     (!began_ns || call->header.time_ns == began_ns);
	nesting_call_forget(nesting, task);
	return is_it && call->opened;
}

/* Was it given the same? What is told of a call that runs may be of the next one. */
static bool has_words(const struct slots *entry, const struct slots *words)
{
	for (uint32_t i = 0; i < words->count; i++) {
		const struct slot *word = &words->items[i];
		if (word->available && !word->is_blob && i < entry->count &&
		    entry->items[i].number != word->number)
			return false;
	}
	return true;
}

bool nesting_call_arguments(struct nesting *nesting, const struct task *task,
			    const struct probe_site *site, const struct slots *words,
			    struct slots *ret)
{
	const struct open_call *call = &task->call;
	if (!call->is_there || call->header.site_id != site->id)
		return false;
	slots_init(ret, nesting_unreadable(nesting, site));
	return slots_decode(site->entry_plan, call->header.unavailable, call->payload, call->size,
			    ret) >= 0 &&
	       has_words(ret, words);
}

void nesting_call_forget(struct nesting *nesting, struct task *task)
{
	if (nesting->waiting == task)
		nesting->waiting = NULL;
	task->call.is_there = false;
}
