/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream/records.c — what each kind of record means: markers and system calls become events where
 * they stand, task life names the threads.
 */
#include <errno.h>
#include <string.h>

#include "stream/exec.h"
#include "stream/nesting.h"

/* It may have hit in the middle of our own program at the entry or the return of a function, which
 * had not counted that yet: the records in the order of their times know better. */
static struct err *deliver_in_kernel(struct nesting *nesting, const struct arrival *arrival,
				     struct stream_event *event)
{
	const struct open_span *top = task_top_span(arrival->task);
	const struct probe_site *around = top ? nesting_site(nesting, top->header.site_id) : NULL;
	struct stack *stack =
		task_take_stack(arrival->task, arrival->header->site_id, arrival->header->time_ns);
	event->stack = stack_shown(event->site, stack);
	event->depth = (uint16_t)task_depth(arrival->task);
	event->inside = around ? around->probe : NULL;
	struct err *e = nesting_open(nesting, arrival->task);
	e = e ? e : nesting_deliver(nesting, event, false);
	stack_free(stack);
	return e;
}

static struct err *on_instant(struct nesting *nesting, const struct arrival *arrival)
{
	const struct probe_site *site = nesting_site(nesting, arrival->header->site_id);
	struct slots arguments;
	if (site && (site->wire.flags & SITE_GO))
		return goroutines_hit(nesting, arrival, site);
	bool in_kernel = site && site->wire.flags & (SITE_IN_KERNEL | SITE_SAMPLE);
	slots_init(&arguments, nesting_unreadable(nesting, site));
	if (!site || slots_decode(site->entry_plan, arrival->header->unavailable, arrival->body,
				  arrival->size, &arguments) < 0)
		return nesting_malformed(nesting);
	struct stream_event event = arrival_event(
		arrival, site->probe->kind == PROBE_USDT ? STREAM_USDT : STREAM_PROBE);
	event.site = site;
	event.arguments = &arguments;
	event.where_begin = event.where_end = arrival->where;
	/* The record is of its end. */
	if (site->probe->kind == PROBE_SCHED && arguments.count) {
		event.duration_ns = arguments.items[0].number;
		event.time_ns -= event.duration_ns;
	}
	return in_kernel ? deliver_in_kernel(nesting, arrival, &event)
			 : nesting_deliver_with_stack(nesting, arrival, &event, false);
}

/* The slots of a record that has both ends, behind its head. */
static bool decode_both(const struct arrival *arrival, const struct probe_site *site, size_t head,
			uint32_t entry_unavailable, size_t entry_size, struct slots *arguments,
			struct slots *results)
{
	const char *slots = (const char *)arrival->body + head;
	size_t size = arrival->size - head;
	if (entry_size > size ||
	    slots_decode(site->entry_plan, entry_unavailable, slots, entry_size, arguments) < 0)
		return false;
	return !results || slots_decode(site->return_plan, arrival->header->unavailable,
					slots + entry_size, size - entry_size, results) >= 0;
}

/* So many of what pointers were to lead to could not be read. A blob without an address was not
 * even looked for: what leads to it could not be read, and that has a slot. */
static size_t count_unreadable(const struct slots *slots)
{
	size_t count = 0;
	for (uint32_t i = 0; i < slots->count; i++) {
		const struct slot *slot = &slots->items[i];
		struct list_element element;
		uint32_t position = 0;
		count += !slot->available && (slot->address || !slot->is_blob);
		while (slot->is_list &&
		       slot_list_next(slot->bytes, slot->length, &position, &element))
			count += (element.blob_flags & FETCH_BLOB_UNREADABLE) != 0;
	}
	return count;
}

/* What was not there at the entry was read again at the return. Where the kernel found nothing
 * either, the one thing that could still not be read is what it did not find. Of several, it has
 * looked at the first bad one, and the others may only not have been in memory. */
static const char *why_unreadable(const struct slots *arguments, int64_t result)
{
	return result == -EFAULT && count_unreadable(arguments) == 1 ? "bad address"
								     : arguments->unreadable;
}

static struct err *on_syscall(struct nesting *nesting, const struct arrival *arrival)
{
	const struct probe_site *site = nesting_site(nesting, arrival->header->site_id);
	struct slots arguments, results;
	struct event_syscall call;
	slots_init(&arguments, nesting_unreadable(nesting, site));
	slots_init(&results, nesting_unreadable(nesting, site));
	if (!site || arrival->size < sizeof(call))
		return nesting_malformed(nesting);
	memcpy(&call, arrival->body, sizeof(call));
	bool no_outputs = call.flags & EVENT_SYSCALL_NO_OUTPUTS;
	if (!decode_both(arrival, site, sizeof(call), call.entry_unavailable, call.entry_size,
			 &arguments, no_outputs ? NULL : &results))
		return nesting_malformed(nesting);
	arguments.again = call.flags & EVENT_SYSCALL_AGAIN;
	arguments.unreadable = why_unreadable(&arguments, call.result);
	struct stream_event event = arrival_event(arrival, STREAM_SYSCALL);
	event.time_ns = call.entry_time_ns;
	event.duration_ns = arrival->header->time_ns - call.entry_time_ns;
	event.site = site;
	event.arguments = &arguments;
	event.results = &results;
	event.syscall_result = call.result;
	event.syscall_number = call.number;
	exec_complete(arrival->task, site, nesting->options->set->options.string_limit, &arguments);
	if (!(site->wire.flags & SITE_HAS_RETURN) || call.number == EVENT_NARROW_EXIT ||
	    call.number == EVENT_NARROW_EXIT_GROUP)
		event.ending = ENDING_UNKNOWN;
	if (call.flags & EVENT_SYSCALL_KILLED) {
		event.ending = ENDING_KILLED;
		event.results = NULL;
	}
	event.where_begin = arrival->where_entry;
	event.where_end = arrival->where;
	struct stream_where where =
		where_between(event.where_begin, event.where_end, event.duration_ns,
			      task_call_parts(arrival->task, event.time_ns));
	event.where = nesting->options->where ? &where : NULL;
	bool was_opened = nesting_call_end(nesting, arrival->task, site, event.time_ns);
	struct err *e = nesting_deliver_with_stack(nesting, arrival, &event, was_opened);
	exec_forget(arrival->task);
	return e;
}

/* Entry and return in one record: nothing of the thread was in between. */
static struct err *on_call(struct nesting *nesting, const struct arrival *arrival)
{
	const struct probe_site *site = nesting_site(nesting, arrival->header->site_id);
	struct slots arguments, results;
	struct event_call call;
	slots_init(&arguments, nesting->options->unreadable);
	slots_init(&results, nesting->options->unreadable);
	if (!site || arrival->size < sizeof(call))
		return nesting_malformed(nesting);
	memcpy(&call, arrival->body, sizeof(call));
	bool is_tail_call = call.flags & EVENT_RETURN_TAIL_CALL;
	if (!decode_both(arrival, site, sizeof(call), call.entry_unavailable, call.entry_size,
			 &arguments, is_tail_call ? NULL : &results))
		return nesting_malformed(nesting);
	struct stream_event event = arrival_event(arrival, STREAM_CALL);
	event.time_ns = call.entry_time_ns;
	event.cpu = call.entry_cpu;
	event.duration_ns = arrival->header->time_ns - call.entry_time_ns;
	event.site = site;
	event.arguments = &arguments;
	event.results = is_tail_call ? NULL : &results;
	event.ending = is_tail_call ? ENDING_TAIL_CALL : ENDING_RETURNED;
	/* Its entry waited, and was not told what came before it. */
	const struct stream_where where =
		where_between(NULL, arrival->where, event.duration_ns, NULL);
	event.where = nesting->options->where ? &where : NULL;
	struct err *e = nesting_leave(nesting, arrival->task, event.depth, ENDING_UNWOUND);
	e = e ? e : nesting_open(nesting, arrival->task);
	return e ? e : nesting_deliver(nesting, &event, false);
}

static struct err *on_task(struct nesting *nesting, const struct arrival *arrival)
{
	struct event_task event;
	if (arrival->size < sizeof(event))
		return nesting_malformed(nesting);
	memcpy(&event, arrival->body, sizeof(event));
	task_learn(arrival->task, &event);
	return NULL;
}

/* Of a thread that nothing is known of, its first event tells the name: most of a machine's threads
 * have none. */
static struct err *on_rename(struct nesting *nesting, const struct event_header *header)
{
	struct event_rename event;
	struct task *task = tasks_find(&nesting->tasks, header->tid);
	if (header->size < sizeof(*header) + sizeof(event))
		return nesting_malformed(nesting);
	memcpy(&event, header + 1, sizeof(event));
	if (task)
		task_rename(task, event.comm);
	return NULL;
}

/* Its condition does not hold, say. */
static bool is_hidden(const struct arrival *arrival)
{
	return arrival->header->unavailable & EVENT_LIFE_HIDDEN;
}

static bool stays_away(const struct nesting *nesting, const struct arrival *arrival)
{
	return is_hidden(arrival) && !nesting->options->hidden_too;
}

static struct err *on_task_fork(struct nesting *nesting, const struct arrival *arrival)
{
	struct event_fork fork;
	if (arrival->size < sizeof(fork))
		return nesting_malformed(nesting);
	memcpy(&fork, arrival->body, sizeof(fork));
	struct task *parent = arrival->task;
	memcpy(parent->info.comm, fork.comm, sizeof(parent->info.comm));
	struct stream_event event = arrival_event(arrival, STREAM_FORK);
	event.depth = (uint16_t)parent->spans.count;
	event.child_tgid = fork.child_tgid;
	event.child_tid = fork.child_tid;
	if (!nesting->options->show_fork || is_hidden(arrival))
		return NULL;
	struct err *e = nesting_open(nesting, parent);
	return e ? e : nesting_deliver(nesting, &event, false);
}

/* Its thread was another one, which has the first one's number now. */
static struct err *leave_former(struct nesting *nesting, const struct arrival *arrival,
				uint32_t old_tid)
{
	const struct event_header *header = arrival->header;
	struct task *task = old_tid != header->tid ? tasks_find(&nesting->tasks, old_tid) : NULL;
	if (!task || task->info.tgid != header->tgid)
		return NULL;
	struct err *e = kernel_spans_leave(nesting, task, 0, ENDING_UNWOUND);
	e = e ? e : nesting_leave(nesting, task, 0, ENDING_UNWOUND);
	nesting_call_forget(nesting, task);
	tasks_remove(&nesting->tasks, task);
	return e;
}

static struct err *on_task_exec(struct nesting *nesting, const struct arrival *arrival)
{
	struct event_exec exec;
	if (arrival->size < sizeof(exec))
		return nesting_malformed(nesting);
	memcpy(&exec, arrival->body, sizeof(exec));
	size_t text = arrival->size - sizeof(exec);
	if (exec.filename_size > text || exec.argv_size > text - exec.filename_size)
		return nesting_malformed(nesting);
	struct err *e = nesting_leave(nesting, arrival->task, 0, ENDING_UNWOUND);
	e = e ? e : leave_former(nesting, arrival, exec.old_tid);
	e = e ? e : goroutines_leave(nesting, arrival->header->tgid);
	task_learn(arrival->task, &exec.task);
	nesting->counts->compat_programs += (exec.flags & EVENT_EXEC_COMPAT) != 0;
	struct stream_event event = arrival_event(arrival, STREAM_EXEC);
	event.filename = (const char *)arrival->body + sizeof(exec);
	event.argv = event.filename + exec.filename_size;
	event.argv_size = exec.argv_size;
	event.exec_flags = exec.flags;
	e = e ? e : exec_keep(arrival->task, &exec, event.filename);
	if (exec.filename_size == 0 || event.filename[exec.filename_size - 1] != '\0')
		event.filename = "";
	if (e || !nesting->options->show_exec || stays_away(nesting, arrival))
		return e;
	event.is_hidden = is_hidden(arrival);
	return nesting_deliver(nesting, &event, false);
}

static struct err *on_signal(struct nesting *nesting, const struct arrival *arrival)
{
	struct event_signal signal;
	if (arrival->size < sizeof(signal))
		return nesting_malformed(nesting);
	memcpy(&signal, arrival->body, sizeof(signal));
	struct task *task = arrival->task;
	task_rename(task, signal.comm);
	struct stream_event event = arrival_event(arrival, STREAM_SIGNAL);
	event.depth = (uint16_t)task->spans.count;
	event.signal_number = (int)signal.number;
	event.signal_is_ignored = signal.flags & EVENT_SIGNAL_IGNORED;
	event.signal_info = signal.info;
	struct err *e = nesting_open(nesting, task);
	return e ? e : nesting_deliver(nesting, &event, false);
}

static struct err *on_task_exit(struct nesting *nesting, const struct arrival *arrival)
{
	struct event_exit exit;
	if (arrival->size < sizeof(exit))
		return nesting_malformed(nesting);
	memcpy(&exit, arrival->body, sizeof(exit));
	struct err *e = kernel_spans_leave(nesting, arrival->task, 0, ENDING_UNWOUND);
	e = e ? e : nesting_leave(nesting, arrival->task, 0, ENDING_UNWOUND);
	if (!e && exit.is_last)
		e = goroutines_leave(nesting, arrival->header->tgid);
	memcpy(arrival->task->info.comm, exit.comm, sizeof(arrival->task->info.comm));
	struct stream_event event = arrival_event(arrival, STREAM_EXIT);
	event.exit_code = exit.code;
	event.exit_is_last = exit.is_last;
	event.exit_superseded_by = exit.is_last ? 0 : exit.superseded_by;
	event.is_hidden = is_hidden(arrival);
	if (!e && nesting->options->show_exit && !stays_away(nesting, arrival))
		e = nesting_deliver(nesting, &event, false);
	nesting_call_forget(nesting, arrival->task);
	tasks_remove(&nesting->tasks, arrival->task);
	return e;
}

/* What the thread had done so far, taken off the front. False: it is cut off. */
static bool take_where(struct arrival *arrival, enum event_kind kind)
{
	size_t count = kind == EVENT_SYSCALL ? 2 : 1;
	const struct event_where *where = arrival->body;
	if (!(arrival->header->kind & EVENT_HAS_WHERE))
		return true;
	if (arrival->size < count * sizeof(*where))
		return false;
	arrival->where = &where[0];
	arrival->where_entry = count > 1 ? &where[1] : NULL;
	arrival->body = where + count;
	arrival->size -= count * sizeof(*where);
	return true;
}

/* Was the thread outside of the kernel, or at its door, when that happened? What ends with its
 * thread is told deep inside. */
static bool is_outside(const struct nesting *nesting, const struct arrival *arrival,
		       enum event_kind kind)
{
	const struct probe_site *site = nesting_site(nesting, arrival->header->site_id);
	struct event_syscall call = {0};
	switch (kind) {
	case EVENT_ENTRY:
	case EVENT_KEPT_ENTRY:
	case EVENT_RETURN:
	case EVENT_CALL:
	case EVENT_SYSCALL_ENTRY:
		return true;
	case EVENT_SYSCALL:
		if (arrival->size >= sizeof(call))
			memcpy(&call, arrival->body, sizeof(call));
		return !(call.flags & EVENT_SYSCALL_KILLED);
	case EVENT_INSTANT:
		return site &&
		       (site->probe->kind == PROBE_USDT || site->probe->kind == PROBE_UPROBE ||
			site->probe->kind == PROBE_URETPROBE);
	default:
		return false;
	}
}

static struct err *take(struct nesting *nesting, const struct arrival *arrival,
			enum event_kind kind)
{
	switch (kind) {
	case EVENT_ENTRY:
	case EVENT_KEPT_ENTRY:
		return nesting_entry(nesting, arrival);
	case EVENT_RETURN:
		return nesting_return(nesting, arrival);
	case EVENT_INSTANT:
		return on_instant(nesting, arrival);
	case EVENT_SYSCALL:
		return on_syscall(nesting, arrival);
	case EVENT_SYSCALL_ENTRY:
		return nesting_call_entry(nesting, arrival);
	case EVENT_CALL:
		return on_call(nesting, arrival);
	case EVENT_KERNEL_ENTRY:
		return kernel_spans_entry(nesting, arrival);
	case EVENT_KERNEL_RETURN:
		return kernel_spans_return(nesting, arrival);
	case EVENT_STACK:
		return nesting_stack(nesting, arrival);
	case EVENT_GO:
		return goroutines_left(nesting, arrival);
	case EVENT_TASK:
		return on_task(nesting, arrival);
	case EVENT_FORK:
		return on_task_fork(nesting, arrival);
	case EVENT_EXEC:
		return on_task_exec(nesting, arrival);
	case EVENT_BLOCKED:
		return nesting_blocked(nesting, arrival);
	case EVENT_VIEW:
		return nesting_view(nesting, arrival);
	case EVENT_SIGNAL:
		return on_signal(nesting, arrival);
	case EVENT_EXIT:
		return on_task_exit(nesting, arrival);
	default:
		return nesting_malformed(nesting);
	}
}

struct err *nesting_take(struct nesting *nesting, const struct event_header *header, bool late)
{
	enum event_kind kind = header->kind & ~EVENT_HAS_WHERE;
	if (kind == EVENT_RENAME)
		return on_rename(nesting, header);
	struct arrival arrival = {
		.header = header,
		.body = header + 1,
		.size = header->size - sizeof(*header),
		.task = tasks_get(&nesting->tasks, header->tgid, header->tid),
		.late = late,
	};
	if (!arrival.task)
		return &err_nomem;
	if (!take_where(&arrival, kind))
		return nesting_malformed(nesting);
	struct err *e = NULL;
	if (arrival.task->kernel_spans.count && is_outside(nesting, &arrival, kind))
		e = kernel_spans_outside(nesting, arrival.task, header->time_ns);
	return e ? e : take(nesting, &arrival, kind);
}
