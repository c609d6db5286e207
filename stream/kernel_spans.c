/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream/kernel_spans.c — calls of the kernel's own functions, inside of all that is open of the
 * user's.
 *
 * An interrupt's calls come in the middle of the thread's own, on a stack of their own, and end
 * before these go on. So calls are nested in order of time; where on the stack they are tells that
 * one has ended without a return being seen. Between two system calls it does not: where the
 * thread's stack begins is another place each time (CONFIG_RANDOMIZE_KSTACK_OFFSET). But when the
 * thread is seen in its own code, or as it enters or leaves the kernel, nothing of the kernel's is
 * open in it any more.
 */
#include <string.h>

#include "common/array.h"
#include "stream/nesting.h"

/* The kernel's stacks are as large, and aligned to it: THREAD_SIZE. */
#define STACK_SHIFT 14

/* What a probe in the kernel, system calls among them, cannot wait for. */
static const char not_resident[] = "not resident";

const char *nesting_unreadable(const struct nesting *nesting, const struct probe_site *site)
{
	bool in_kernel =
		site && (site->wire.kind == SITE_SYSCALL || (site->wire.flags & SITE_IN_KERNEL));
	return in_kernel ? not_resident : nesting->options->unreadable;
}

/* False: foreign bytes. */
static bool take_head(const struct arrival *arrival, struct event_kernel *ret)
{
	if (arrival->size < sizeof(*ret))
		return false;
	memcpy(ret, arrival->body, sizeof(*ret));
	return true;
}

static bool make_event(const struct nesting *nesting, const struct task *task, size_t index,
		       struct slots *arguments, struct stream_event *ret)
{
	const struct kernel_span *span = &task->kernel_spans.items[index];
	if (!nesting_span_event(nesting, task, &span->span, arguments, ret))
		return false;
	ret->depth = (uint16_t)(task->spans.count + index);
	return true;
}

struct err *kernel_spans_open(struct nesting *nesting, struct task *task)
{
	struct err *e = NULL;
	while (!e && task->n_kernel_opened < task->kernel_spans.count) {
		size_t index = task->n_kernel_opened++;
		struct slots arguments;
		struct stream_event event;
		/* It may still turn out that its condition does not hold: shown when it ends. */
		bool shown = nesting->options->sink.opened && !nesting_is_full(nesting) &&
			     make_event(nesting, task, index, &arguments, &event) &&
			     !(event.site->filter && event.site->filter->at_return);
		if (!shown)
			continue;
		task->kernel_spans.items[index].span.opened = true;
		e = nesting_call_break(nesting);
		e = e ? e : nesting->options->sink.opened(nesting->options->sink.context, &event);
	}
	return e;
}

static struct err *end_top(struct nesting *nesting, struct task *task, enum stream_ending ending)
{
	struct slots arguments;
	struct stream_event event;
	struct err *e = NULL;
	bool opened = task_top_kernel_span(task)->span.opened;
	if (make_event(nesting, task, task->kernel_spans.count - 1, &arguments, &event)) {
		event.ending = nesting_explain_ending(nesting, event.site->id, ending);
		e = nesting_deliver(nesting, &event, opened);
	} else {
		nesting->counts->malformed++;
	}
	task_pop_kernel_span(task);
	return e;
}

struct err *kernel_spans_leave(struct nesting *nesting, struct task *task, size_t left,
			       enum stream_ending ending)
{
	struct err *e = NULL;
	while (!e && task->kernel_spans.count > left)
		e = end_top(nesting, task, ending);
	return e;
}

/* The stack grows down. At a kprobe, a function that was jumped to has the frame of the one that
 * jumped; what fentry is told is above the frames of all that is called from there. */
static bool is_gone(const struct nesting *nesting, const struct kernel_span *span,
		    const struct probe_site *site, uint64_t frame)
{
	if (span->frame >> STACK_SHIFT != frame >> STACK_SHIFT)
		return false;
	if (span->frame != frame)
		return span->frame < frame;
	const struct probe_site *before = nesting_site(nesting, span->span.header.site_id);
	return before == site || (before && before->by_fentry && site->by_fentry);
}

/*
 * Is it on the way from the thread's code to our program at a function or a system call? Such ones
 * are open there and go on: the kernel's uprobes run as it is about to leave for the thread's code
 * (or in a system call of their own), and system calls may be seen inside of their functions.
 */
static bool is_way_to_hits(const struct probe *probe)
{
	static const char *const parts[] = {
		"uprobe",	"uretprobe",	  "64_sys_",	   "32_sys_",	   "syscall",
		"exit_to_user", "from_user_mode", "notify_resume", "handle_swbp",  "handler_chain",
		"int3",		"notify_die",	  "notifier_call", "do_debug",	   "exc_debug",
		"seccomp",	"ptrace",	  "__bpf_prog_",   "bpf_trace_run"};
	const char *name = probe->name ? probe->name : "";
	for (size_t i = 0; i < array_size(parts); i++)
		if (strstr(name, parts[i]))
			return true;
	return false;
}

struct err *kernel_spans_outside(struct nesting *nesting, struct task *task, uint64_t time_ns)
{
	struct err *e = NULL;
	const struct kernel_span *top;
	while (!e && (top = task_top_kernel_span(task))) {
		const struct probe_site *site = nesting_site(nesting, top->span.header.site_id);
		if (top->span.header.time_ns >= time_ns || !site || is_way_to_hits(site->probe))
			break;
		e = end_top(nesting, task, ENDING_UNWOUND);
	}
	return e;
}

struct err *kernel_spans_entry(struct nesting *nesting, const struct arrival *arrival)
{
	const struct probe_site *site = nesting_site(nesting, arrival->header->site_id);
	struct task *task = arrival->task;
	struct event_kernel kernel;
	struct err *e = NULL;
	if (!site || !take_head(arrival, &kernel))
		return nesting_malformed(nesting);
	const struct kernel_span *top;
	while (!e && (top = task_top_kernel_span(task)) &&
	       is_gone(nesting, top, site, kernel.frame))
		e = end_top(nesting, task, ENDING_UNWOUND);
	e = e ? e : nesting_open(nesting, task);
	if (e)
		return e;
	if (!task_push_kernel_span(task, arrival->header, &kernel, arrival->late))
		return &err_nomem;
	/* Nobody will see this one end: it is all there is. */
	return site->wire.flags & SITE_HAS_RETURN ? NULL : end_top(nesting, task, ENDING_UNKNOWN);
}

/* How many are around the call that ends; SIZE_MAX: it is not known. */
static size_t find_call(const struct task *task, uint32_t site_id,
			const struct event_kernel *kernel)
{
	for (size_t i = task->kernel_spans.count; i-- > 0;) {
		const struct kernel_span *span = &task->kernel_spans.items[i];
		if (span->frame == kernel->frame && span->span.header.site_id == site_id &&
		    span->span.header.time_ns == kernel->entry_time_ns)
			return i;
	}
	return SIZE_MAX;
}

struct err *kernel_spans_return(struct nesting *nesting, const struct arrival *arrival)
{
	const struct event_header *header = arrival->header;
	struct task *task = arrival->task;
	struct event_kernel kernel;
	struct slots arguments, results;
	struct stream_event event;
	if (!take_head(arrival, &kernel))
		return nesting_malformed(nesting);
	size_t index = find_call(task, header->site_id, &kernel);
	/* Its entry was missed, and is counted so: the program took that of an earlier call in the
	 * same place, whose own return was missed and which is over here. */
	if (index == SIZE_MAX)
		return NULL;
	struct err *e = kernel_spans_leave(nesting, task, index + 1, ENDING_UNWOUND);
	if (e)
		return e;
	if (kernel.flags & EVENT_RETURN_FORGOTTEN) {
		task_pop_kernel_span(task);
		return NULL;
	}
	if (!make_event(nesting, task, index, &arguments, &event))
		return nesting_malformed(nesting);
	slots_init(&results, not_resident);
	if (slots_decode(event.site->return_plan, header->unavailable,
			 (const char *)arrival->body + sizeof(kernel),
			 arrival->size - sizeof(kernel), &results) < 0)
		return nesting_malformed(nesting);
	event.results = &results;
	event.duration_ns = header->time_ns - kernel.entry_time_ns;
	e = nesting_deliver(nesting, &event, task_top_kernel_span(task)->span.opened);
	task_pop_kernel_span(task);
	return e;
}
