/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "stream/exec.h"
#include "stream/queue.h"
#include "stream/tasks.h"

/* How long a record may be on its way from taking the time to the ring and still be sorted in:
 * a preempted task comes back within a few scheduler ticks. Delay of live output at most. */
#define WINDOW_NS 4000000ULL
/* A span without children is shown as one line when it ends; one that takes longer shows its entry
 * first, so that a call that hangs can be seen. */
#define PATIENCE_NS 200000000ULL

struct stream {
	struct stream_options options;
	struct queue queue;
	struct tasks tasks;
	struct stream_counts counts;
	struct loss_row *told; /* losses already turned into events, by site */
	uint64_t *blamed;      /* spans that ended for want of their lost return, by site */
	uint64_t released_ns;  /* time of the newest record let go */
	uint64_t looked_ns;    /* when open spans were last looked through */
};

const char *loss_cause_name(enum loss_cause cause)
{
	static const char *const names[] = {
		[LOSS_RING_FULL] = "ring full",
		[LOSS_RETURN_RING_FULL] = "ring full at return",
		[LOSS_NO_STORAGE] = "no memory for thread state",
		[LOSS_MISSED_RETURN] = "too many calls open",
		[LOSS_BOOKKEEPING] = "bookkeeping",
	};
	return cause < LOSS_CAUSES ? names[cause] : "unknown";
}

struct err *stream_create(const struct stream_options *options, struct stream **ret)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	if (!stream)
		return &err_nomem;
	stream->options = *options;
	stream->told = calloc(options->set->sites.count, sizeof(*stream->told));
	stream->blamed = calloc(options->set->sites.count, sizeof(*stream->blamed));
	if (!stream->told || !stream->blamed) {
		stream_destroy(stream);
		return &err_nomem;
	}
	*ret = stream;
	return NULL;
}

void stream_destroy(struct stream *stream)
{
	if (!stream)
		return;
	queue_deinit(&stream->queue);
	tasks_deinit(&stream->tasks);
	free(stream->told);
	free(stream->blamed);
	free(stream);
}

void stream_destroyp(struct stream **stream)
{
	stream_destroy(*stream);
}

bool stream_is_full(const struct stream *stream)
{
	return stream->options.max_events && stream->counts.events >= stream->options.max_events;
}

const struct stream_counts *stream_counts(const struct stream *stream)
{
	return &stream->counts;
}

struct err *stream_take(struct stream *stream, const void *record, size_t size)
{
	const struct event_header *header = record;
	stream->counts.records++;
	if (size < sizeof(*header) || header->size < sizeof(*header) || header->size > size) {
		stream->counts.malformed++;
		return NULL;
	}
	if (header->time_ns > stream->counts.newest_ns)
		stream->counts.newest_ns = header->time_ns;
	return queue_push(&stream->queue, record, header->size);
}

/* --- delivering ------------------------------------------------------------------------------ */

static const struct probe_site *find_site(const struct stream *stream, uint32_t site_id)
{
	const struct probe_set *set = stream->options.set;
	return site_id && site_id < set->sites.count ? set->sites.items[site_id] : NULL;
}

static struct err *deliver(struct stream *stream, const struct stream_event *event, bool was_opened)
{
	if (stream_is_full(stream))
		return NULL;
	stream->counts.events++;
	if (event->late)
		stream->counts.late++;
	return stream->options.sink.event(stream->options.sink.context, event, was_opened);
}

/* The event that an entry's copy stands for, without its ending. False: foreign bytes. */
static bool span_event(const struct stream *stream, const struct task *task,
		       const struct open_span *span, struct slots *arguments,
		       struct stream_event *ret)
{
	const struct probe_site *site = find_site(stream, span->header.site_id);
	if (!site)
		return false;
	slots_init(arguments, stream->options.unreadable);
	if (slots_decode(site->entry_plan, span->header.unavailable, span->payload,
			 span->payload_size, arguments) < 0)
		return false;
	*ret = (struct stream_event){
		.kind = STREAM_CALL,
		.time_ns = span->header.time_ns,
		.task = &task->info,
		.cpu = span->header.cpu,
		.depth = span->header.depth,
		.late = span->late,
		.site = site,
		.arguments = arguments,
	};
	return true;
}

/* The sink learns of the spans around what comes next, the outermost first. */
static struct err *open_spans(struct stream *stream, struct task *task)
{
	struct err *e = NULL;
	while (!e && task->n_opened < task->spans.count) {
		struct open_span *span = &task->spans.items[task->n_opened++];
		struct slots arguments;
		struct stream_event event;
		bool shown = stream->options.sink.opened && !stream_is_full(stream) &&
			     span_event(stream, task, span, &arguments, &event) &&
			     event.site->probe->kind == PROBE_CALL;
		if (!shown)
			continue;
		span->opened = true;
		e = stream->options.sink.opened(stream->options.sink.context, &event);
	}
	return e;
}

/* Was the return of such a span lost, rather than never made? As many as the loss table says. */
static enum stream_ending explain_ending(struct stream *stream, uint32_t site_id,
					 enum stream_ending ending)
{
	if (ending != ENDING_UNWOUND ||
	    stream->blamed[site_id] >= stream->told[site_id].count[LOSS_RETURN_RING_FULL])
		return ending;
	stream->blamed[site_id]++;
	return ENDING_LOST;
}

static struct err *end_span(struct stream *stream, struct task *task, enum stream_ending ending)
{
	struct open_span *span = task_top_span(task);
	struct slots arguments;
	struct stream_event event;
	struct err *e = NULL;
	if (span_event(stream, task, span, &arguments, &event)) {
		event.ending = explain_ending(stream, event.site->id, ending);
		e = deliver(stream, &event, span->opened);
	} else {
		stream->counts.malformed++;
	}
	task_pop_span(task);
	return e;
}

/* Ends the spans that BPF no longer has: `depth` of them are left. */
static struct err *end_spans_above(struct stream *stream, struct task *task, uint32_t depth,
				   enum stream_ending ending)
{
	struct err *e = NULL;
	struct open_span *top;
	while (!e && (top = task_top_span(task)) && top->header.depth >= depth)
		e = end_span(stream, task, ending);
	return e;
}

/* --- one record ------------------------------------------------------------------------------ */

struct arrival {
	const struct event_header *header;
	const void *body; /* what follows the header */
	size_t size;	  /* of it */
	struct task *task;
	bool late;
};

static struct stream_event begin_event(const struct arrival *arrival, enum stream_event_kind kind)
{
	return (struct stream_event){
		.kind = kind,
		.time_ns = arrival->header->time_ns,
		.task = &arrival->task->info,
		.cpu = arrival->header->cpu,
		.depth = arrival->header->depth,
		.late = arrival->late,
	};
}

static struct err *bad_record(struct stream *stream)
{
	stream->counts.malformed++;
	return NULL;
}

static struct err *on_entry(struct stream *stream, const struct arrival *arrival)
{
	const struct probe_site *site = find_site(stream, arrival->header->site_id);
	if (!site)
		return bad_record(stream);
	struct err *e =
		end_spans_above(stream, arrival->task, arrival->header->depth, ENDING_UNWOUND);
	if (!e)
		e = open_spans(stream, arrival->task);
	if (e)
		return e;
	if (!task_push_span(arrival->task, arrival->header, arrival->late))
		return &err_nomem;
	/* Nobody will see this one end: it is all there is. */
	if (!(site->wire.flags & SITE_HAS_RETURN))
		return end_span(stream, arrival->task, ENDING_UNKNOWN);
	return NULL;
}

/* A return whose entry was before tracing. */
static struct err *on_return_alone(struct stream *stream, const struct arrival *arrival)
{
	const struct probe_site *site = find_site(stream, arrival->header->site_id);
	struct slots arguments, results;
	slots_init(&arguments, "before tracing");
	slots_init(&results, stream->options.unreadable);
	if (!site || slots_decode(site->return_plan, arrival->header->unavailable,
				  (const char *)arrival->body + sizeof(struct event_return),
				  arrival->size - sizeof(struct event_return), &results) < 0)
		return bad_record(stream);
	struct stream_event event = begin_event(arrival, STREAM_CALL);
	event.site = site;
	event.arguments = &arguments;
	event.results = &results;
	event.ending = ENDING_RETURNED_ALONE;
	struct err *e = end_spans_above(stream, arrival->task, 0, ENDING_UNWOUND);
	return e ? e : deliver(stream, &event, false);
}

static struct err *on_return(struct stream *stream, const struct arrival *arrival)
{
	const struct event_header *header = arrival->header;
	struct event_return ret;
	if (arrival->size < sizeof(ret))
		return bad_record(stream);
	memcpy(&ret, arrival->body, sizeof(ret));
	if (ret.flags & EVENT_RETURN_ALONE)
		return on_return_alone(stream, arrival);
	struct err *e = end_spans_above(stream, arrival->task, header->depth + 1U, ENDING_UNWOUND);
	if (e)
		return e;
	struct open_span *span = task_top_span(arrival->task);
	if (!span || span->header.depth != header->depth || span->header.span != header->span)
		return bad_record(stream);
	struct slots arguments, results;
	struct stream_event event;
	slots_init(&results, stream->options.unreadable);
	if (!span_event(stream, arrival->task, span, &arguments, &event))
		return bad_record(stream);
	if (ret.flags & EVENT_RETURN_TAIL_CALL) {
		event.ending = ENDING_TAIL_CALL;
	} else {
		if (slots_decode(event.site->return_plan, header->unavailable,
				 (const char *)arrival->body + sizeof(ret),
				 arrival->size - sizeof(ret), &results) < 0)
			return bad_record(stream);
		event.results = &results;
	}
	event.duration_ns = header->time_ns - span->header.time_ns;
	e = deliver(stream, &event, span->opened);
	task_pop_span(arrival->task);
	return e;
}

static struct err *on_instant(struct stream *stream, const struct arrival *arrival)
{
	const struct probe_site *site = find_site(stream, arrival->header->site_id);
	struct slots arguments;
	slots_init(&arguments, stream->options.unreadable);
	if (!site || slots_decode(site->entry_plan, arrival->header->unavailable, arrival->body,
				  arrival->size, &arguments) < 0)
		return bad_record(stream);
	struct stream_event event =
		begin_event(arrival, site->probe->kind == PROBE_USDT ? STREAM_USDT : STREAM_PROBE);
	event.site = site;
	event.arguments = &arguments;
	struct err *e = end_spans_above(stream, arrival->task, event.depth, ENDING_UNWOUND);
	e = e ? e : open_spans(stream, arrival->task);
	return e ? e : deliver(stream, &event, false);
}

static struct err *on_syscall(struct stream *stream, const struct arrival *arrival)
{
	/* The tracepoints cannot fault pages in. */
	static const char not_resident[] = "not resident";
	const struct probe_site *site = find_site(stream, arrival->header->site_id);
	struct slots arguments, results;
	struct event_syscall call;
	slots_init(&arguments, not_resident);
	slots_init(&results, not_resident);
	if (!site || arrival->size < sizeof(call))
		return bad_record(stream);
	memcpy(&call, arrival->body, sizeof(call));
	const char *slots = (const char *)arrival->body + sizeof(call);
	size_t size = arrival->size - sizeof(call);
	if (call.entry_size > size ||
	    slots_decode(site->entry_plan, call.entry_unavailable, slots, call.entry_size,
			 &arguments) < 0 ||
	    slots_decode(site->return_plan, arrival->header->unavailable, slots + call.entry_size,
			 size - call.entry_size, &results) < 0)
		return bad_record(stream);
	struct stream_event event = begin_event(arrival, STREAM_SYSCALL);
	event.time_ns = call.entry_time_ns;
	event.duration_ns = arrival->header->time_ns - call.entry_time_ns;
	event.site = site;
	event.arguments = &arguments;
	event.results = &results;
	event.syscall_result = call.result;
	exec_complete(arrival->task, site, stream->options.set->options.string_limit, &arguments);
	if (!(site->wire.flags & SITE_HAS_RETURN))
		event.ending = ENDING_UNKNOWN;
	struct err *e = end_spans_above(stream, arrival->task, event.depth, ENDING_UNWOUND);
	e = e ? e : open_spans(stream, arrival->task);
	e = e ? e : deliver(stream, &event, false);
	exec_forget(arrival->task);
	return e;
}

static void learn_task(struct task *task, const struct event_task *event)
{
	task->info.parent_tgid = event->parent_tgid;
	task->info.uid = event->uid;
	task->info.gid = event->gid;
	task->info.tty = event->tty;
	task->info.start_time_ns = event->start_time_ns;
	memcpy(task->info.comm, event->comm, sizeof(task->info.comm));
	task->info.comm[EVENT_COMM - 1] = '\0';
}

static struct err *on_task(struct stream *stream, const struct arrival *arrival)
{
	struct event_task event;
	if (arrival->size < sizeof(event))
		return bad_record(stream);
	memcpy(&event, arrival->body, sizeof(event));
	learn_task(arrival->task, &event);
	return NULL;
}

static struct err *on_task_fork(struct stream *stream, const struct arrival *arrival)
{
	struct event_fork fork;
	if (arrival->size < sizeof(fork))
		return bad_record(stream);
	memcpy(&fork, arrival->body, sizeof(fork));
	struct task *parent = arrival->task;
	memcpy(parent->info.comm, fork.comm, sizeof(parent->info.comm));
	struct stream_event event = begin_event(arrival, STREAM_FORK);
	event.depth = (uint16_t)parent->spans.count;
	event.child_tgid = fork.child_tgid;
	event.child_tid = fork.child_tid;
	if (!stream->options.show_fork)
		return NULL;
	struct err *e = open_spans(stream, parent);
	return e ? e : deliver(stream, &event, false);
}

static struct err *on_task_exec(struct stream *stream, const struct arrival *arrival)
{
	struct event_exec exec;
	if (arrival->size < sizeof(exec))
		return bad_record(stream);
	memcpy(&exec, arrival->body, sizeof(exec));
	size_t text = arrival->size - sizeof(exec);
	if (exec.filename_size > text || exec.argv_size > text - exec.filename_size)
		return bad_record(stream);
	struct err *e = end_spans_above(stream, arrival->task, 0, ENDING_UNWOUND);
	learn_task(arrival->task, &exec.task);
	struct stream_event event = begin_event(arrival, STREAM_EXEC);
	event.filename = (const char *)arrival->body + sizeof(exec);
	e = e ? e : exec_keep(arrival->task, &exec, event.filename);
	event.argv = event.filename + exec.filename_size;
	event.argv_size = exec.argv_size;
	event.exec_flags = exec.flags;
	if (exec.filename_size == 0 || event.filename[exec.filename_size - 1] != '\0')
		event.filename = "";
	if (e || !stream->options.show_exec)
		return e;
	return deliver(stream, &event, false);
}

static struct err *on_task_exit(struct stream *stream, const struct arrival *arrival)
{
	struct event_exit exit;
	if (arrival->size < sizeof(exit))
		return bad_record(stream);
	memcpy(&exit, arrival->body, sizeof(exit));
	struct err *e = end_spans_above(stream, arrival->task, 0, ENDING_UNWOUND);
	memcpy(arrival->task->info.comm, exit.comm, sizeof(arrival->task->info.comm));
	struct stream_event event = begin_event(arrival, STREAM_EXIT);
	event.exit_code = exit.code;
	event.exit_is_last = exit.is_last;
	if (!e && stream->options.show_exit)
		e = deliver(stream, &event, false);
	tasks_remove(&stream->tasks, arrival->task);
	return e;
}

static struct err *on_record(struct stream *stream, const struct event_header *header)
{
	struct arrival arrival = {
		.header = header,
		.body = header + 1,
		.size = header->size - sizeof(*header),
		.task = tasks_get(&stream->tasks, header->tgid, header->tid),
		.late = header->time_ns < stream->released_ns,
	};
	if (!arrival.task)
		return &err_nomem;
	if (!arrival.late)
		stream->released_ns = header->time_ns;
	switch (header->kind) {
	case EVENT_ENTRY:
		return on_entry(stream, &arrival);
	case EVENT_RETURN:
		return on_return(stream, &arrival);
	case EVENT_INSTANT:
		return on_instant(stream, &arrival);
	case EVENT_SYSCALL:
		return on_syscall(stream, &arrival);
	case EVENT_TASK:
		return on_task(stream, &arrival);
	case EVENT_FORK:
		return on_task_fork(stream, &arrival);
	case EVENT_EXEC:
		return on_task_exec(stream, &arrival);
	case EVENT_EXIT:
		return on_task_exit(stream, &arrival);
	default:
		return bad_record(stream);
	}
}

/* --- in order ------------------------------------------------------------------------------- */

/* Calls that have been running for long show their entry. */
static struct err *show_long_spans(struct stream *stream, uint64_t now_ns)
{
	struct err *e = NULL;
	if (now_ns - stream->looked_ns < PATIENCE_NS)
		return NULL;
	stream->looked_ns = now_ns;
	struct task *task, *next;
	HASH_ITER (hh, stream->tasks.by_tid, task, next) {
		struct open_span *top = task_top_span(task);
		if (top && top->header.time_ns + PATIENCE_NS < now_ns)
			e = open_spans(stream, task);
		if (e)
			break;
	}
	return e;
}

struct err *stream_release(struct stream *stream, uint64_t now_ns)
{
	struct err *e = NULL;
	const struct event_header *header;
	while (!e && (header = queue_oldest(&stream->queue)) &&
	       header->time_ns + WINDOW_NS <= now_ns) {
		e = on_record(stream, header);
		queue_pop(&stream->queue);
	}
	return e ? e : show_long_spans(stream, now_ns);
}

static struct err *tell_loss(struct stream *stream, uint32_t site_id, enum loss_cause cause,
			     uint64_t count)
{
	static const struct stream_task nobody;
	struct stream_event event = {
		.kind = STREAM_LOST,
		.time_ns = stream->counts.newest_ns,
		.task = &nobody,
		.site = find_site(stream, site_id),
		.loss_cause = cause,
		.loss_count = count,
	};
	if (cause == LOSS_RETURN_RING_FULL || cause == LOSS_MISSED_RETURN)
		stream->counts.returns_lost += count;
	else
		stream->counts.lost += count;
	return stream->options.sink.event(stream->options.sink.context, &event, false);
}

struct err *stream_losses(struct stream *stream, const struct loss_row *rows)
{
	struct err *e = NULL;
	size_t count = stream->options.set->sites.count;
	for (size_t i = 0; !e && i < count; i++) {
		for (int cause = 0; !e && cause < LOSS_CAUSES; cause++) {
			uint64_t now = __atomic_load_n(&rows[i].count[cause], __ATOMIC_RELAXED);
			uint64_t fresh = now - stream->told[i].count[cause];
			if (!fresh)
				continue;
			stream->told[i].count[cause] = now;
			if (cause == LOSS_BOOKKEEPING)
				continue;
			e = tell_loss(stream, (uint32_t)i, cause, fresh);
		}
	}
	return e;
}

struct err *stream_running(struct stream *stream, uint32_t tgid, uint32_t tid,
			   const struct probe_site *site, const struct slots *arguments)
{
	struct task *task = tasks_get(&stream->tasks, tgid, tid);
	if (!task)
		return &err_nomem;
	const struct stream_event event = {
		.kind = STREAM_SYSCALL,
		.time_ns = stream->counts.newest_ns,
		.task = &task->info,
		.depth = (uint16_t)task->spans.count,
		.site = site,
		.arguments = arguments,
		.ending = ENDING_OPEN,
	};
	struct err *e = open_spans(stream, task);
	return e ? e : deliver(stream, &event, false);
}

struct err *stream_finish(struct stream *stream)
{
	struct err *e = NULL;
	const struct event_header *header;
	while (!e && (header = queue_oldest(&stream->queue))) {
		e = on_record(stream, header);
		queue_pop(&stream->queue);
	}
	struct task *task, *next;
	HASH_ITER (hh, stream->tasks.by_tid, task, next) {
		if (e)
			break;
		e = end_spans_above(stream, task, 0, ENDING_OPEN);
	}
	return e;
}
