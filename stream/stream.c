/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream.h"

#include <stdlib.h>
#include <string.h>

#include "common/now.h"
#include "stream/losses.h"
#include "stream/nesting.h"
#include "stream/queue.h"

/* How long a record may be on its way from taking the time to the ring and still be sorted in:
 * a preempted task comes back within a few scheduler ticks. Delay of live output at most. */
#define WINDOW_NS 4000000ULL
/* A span without children is shown as one line when it ends; one that takes longer shows its entry
 * first, so that a call that hangs can be seen. */
#define PATIENCE_NS 200000000ULL

/* A limit of a thousand a second is exceeded all the time: that is told as often as this. */
#define SUPPRESSED_NS 1000000000ULL

struct stream {
	struct stream_options options;
	/* Task life has a ring of its own, and so an order of its own: what one ring holds back may
	 * be older than all that came from the other. */
	struct queue hits, life;
	struct nesting nesting;
	struct losses losses;
	struct stream_counts counts;
	uint64_t newest_hit_ns;	     /* of those taken in */
	uint64_t released_ns;	     /* time of the newest record let go */
	const struct loss_row *rows; /* as last seen; NULL: never */
	uint64_t suppressed_ns;	     /* when it was last told */
	bool suppressing;	     /* there may be more of it */
	uint64_t looked_ns;	     /* when open spans were last looked through */
};

struct err *stream_create(const struct stream_options *options, struct stream **ret)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	if (!stream)
		return &err_nomem;
	stream->options = *options;
	stream->nesting = (struct nesting){
		.options = &stream->options, .counts = &stream->counts, .losses = &stream->losses};
	struct err *e = losses_resize(&stream->losses, options->set->sites.count);
	if (e) {
		stream_destroy(stream);
		return e;
	}
	*ret = stream;
	return NULL;
}

void stream_begins(struct stream *stream, uint64_t time_ns)
{
	stream->nesting.began_ns = time_ns;
}

void stream_destroy(struct stream *stream)
{
	if (!stream)
		return;
	queue_deinit(&stream->hits);
	queue_deinit(&stream->life);
	tasks_deinit(&stream->nesting.tasks);
	goroutines_deinit(&stream->nesting.goroutines);
	losses_deinit(&stream->losses);
	free(stream);
}

void stream_destroyp(struct stream **stream)
{
	stream_destroy(*stream);
}

bool stream_is_full(const struct stream *stream)
{
	return nesting_is_full(&stream->nesting);
}

const struct stream_counts *stream_counts(const struct stream *stream)
{
	return &stream->counts;
}

static bool is_life(enum event_kind kind)
{
	return kind == EVENT_TASK || kind == EVENT_FORK || kind == EVENT_EXEC ||
	       kind == EVENT_EXIT || kind == EVENT_SIGNAL || kind == EVENT_RENAME;
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
	if (is_life(header->kind))
		return queue_push(&stream->life, record, header->size);
	if (header->time_ns > stream->newest_hit_ns)
		stream->newest_hit_ns = header->time_ns;
	return queue_push(&stream->hits, record, header->size);
}

/* --- in order ------------------------------------------------------------------------------- */

/* Calls that have been running for long show their entry. */
static struct err *show_long_spans(struct stream *stream, uint64_t now_ns)
{
	struct err *e = NULL;
	if (now_ns < stream->looked_ns + PATIENCE_NS)
		return NULL;
	stream->looked_ns = now_ns;
	struct task *task, *next;
	const struct task *waiting = stream->nesting.waiting;
	if (waiting && waiting->call.header.time_ns + PATIENCE_NS < now_ns)
		e = nesting_call_break(&stream->nesting);
	HASH_ITER (hh, stream->nesting.tasks.by_tid, task, next) {
		if (e)
			break;
		const struct kernel_span *inner = task_top_kernel_span(task);
		const struct open_span *top = inner ? &inner->span : task_top_span(task);
		if (top && top->header.time_ns + PATIENCE_NS < now_ns)
			e = nesting_open(&stream->nesting, task);
	}
	return e;
}

/* The one that has the oldest record; NULL: there is none. Of one time, who a thread is comes
 * first. */
static struct queue *oldest_queue(struct stream *stream)
{
	const struct event_header *hit = queue_oldest(&stream->hits);
	const struct event_header *life = queue_oldest(&stream->life);
	if (life && (!hit || life->time_ns <= hit->time_ns))
		return &stream->life;
	return hit ? &stream->hits : NULL;
}

/* Lets the oldest record go. */
static struct err *let_go(struct stream *stream, struct queue *queue)
{
	const struct event_header *oldest = queue_oldest(queue);
	/* What waited in the kernel is not what "late" is for. */
	bool late = oldest->time_ns < stream->released_ns && oldest->kind != EVENT_KEPT_ENTRY &&
		    oldest->kind != EVENT_SYSCALL_ENTRY;
	if (oldest->time_ns > stream->released_ns)
		stream->released_ns = oldest->time_ns;
	struct err *e = nesting_take(&stream->nesting, oldest, late);
	queue_pop(queue);
	return e;
}

/* What was left out for want of room in a rate limit, since it was last told. */
static struct err *tell_suppressed(struct stream *stream, const struct loss_row *rows)
{
	static const struct stream_task nobody;
	size_t count = rows ? stream->losses.n_sites : 0;
	struct err *e = NULL;
	for (uint32_t id = 1; !e && id < count; id++) {
		uint64_t fresh = losses_fresh(&stream->losses, id, LOSS_SUPPRESSED, &rows[id]);
		if (!fresh)
			continue;
		const struct stream_event event = {
			.kind = STREAM_SUPPRESSED,
			.time_ns = stream->counts.newest_ns,
			.task = &nobody,
			.site = nesting_site(&stream->nesting, id),
			.loss_count = fresh,
		};
		stream->counts.suppressed += fresh;
		stream->suppressed_ns = stream->counts.newest_ns;
		e = stream->options.sink.event(stream->options.sink.context, &event, false);
	}
	return e;
}

/* Once a second, if there may be anything. */
static struct err *suppressed_in_time(struct stream *stream)
{
	if (!stream->suppressing ||
	    stream->counts.newest_ns < stream->suppressed_ns + SUPPRESSED_NS)
		return NULL;
	stream->suppressing = false;
	return tell_suppressed(stream, stream->rows);
}

struct err *stream_release(struct stream *stream, uint64_t now_ns)
{
	struct err *e = NULL;
	struct queue *queue;
	while (!e && (queue = oldest_queue(stream)) &&
	       queue_oldest(queue)->time_ns + WINDOW_NS <= now_ns)
		e = let_go(stream, queue);
	e = e ? e : suppressed_in_time(stream);
	return e ? e : show_long_spans(stream, now_ns);
}

struct err *stream_release_some(struct stream *stream, uint64_t now_ns)
{
	uint64_t newest_ns = stream->newest_hit_ns;
	return stream_release(stream, newest_ns < now_ns ? newest_ns : now_ns);
}

/* Calls in goroutines: what was lost at one of their ends was a return. */
static void blame_entry(struct stream *stream, uint32_t *site_id, enum loss_cause *cause)
{
	const struct probe_site *site = nesting_site(&stream->nesting, *site_id);
	if (!site || !(site->wire.flags & SITE_GO) || *cause == LOSS_STACK)
		return;
	*site_id = site->wire.owner;
	if (probe_site_is_end(site))
		*cause = LOSS_RETURN_RING_FULL;
	/* The kernel has put it together: nothing can be taken for its end. */
	if (!(site->wire.flags & SITE_GO_KEPT))
		stream->losses.lost_ns[*site_id] = now_ns(CLOCK_BOOTTIME);
}

static struct err *tell_loss(struct stream *stream, uint32_t site_id, enum loss_cause cause,
			     uint64_t count)
{
	blame_entry(stream, &site_id, &cause);
	static const struct stream_task nobody;
	struct stream_event event = {
		.kind = STREAM_LOST,
		.time_ns = stream->counts.newest_ns,
		.task = &nobody,
		.site = nesting_site(&stream->nesting, site_id),
		.loss_cause = cause,
		.loss_count = count,
	};
	if (cause == LOSS_MISSED_RETURN)
		stream->counts.not_followed += count;
	if (cause == LOSS_RETURN_RING_FULL || cause == LOSS_MISSED_RETURN ||
	    cause == LOSS_RETURN_BUSY)
		stream->counts.returns_lost += count;
	else if (cause == LOSS_STACK)
		stream->counts.stacks_lost += count;
	else
		stream->counts.lost += count;
	return stream->options.sink.event(stream->options.sink.context, &event, false);
}

static struct err *tell_missed(struct stream *stream, const char *who, uint64_t count)
{
	static const struct stream_task nobody;
	const struct stream_event event = {
		.kind = STREAM_MISSED,
		.time_ns = stream->counts.newest_ns,
		.task = &nobody,
		.missed_who = who,
		.loss_count = count,
	};
	return stream->options.sink.event(stream->options.sink.context, &event, false);
}

struct err *stream_missed(struct stream *stream, const char *who, uint64_t count)
{
	stream->counts.missed += count;
	/* They may have been anywhere. */
	struct err *e = losses_resize(&stream->losses, stream->options.set->sites.count);
	if (e)
		return e;
	for (size_t id = 0; id < stream->losses.n_sites; id++)
		stream->losses.lost_ns[id] = now_ns(CLOCK_BOOTTIME);
	return tell_missed(stream, who, count);
}

struct err *stream_losses(struct stream *stream, const struct loss_row *rows)
{
	size_t count = stream->options.set->sites.count;
	struct err *e = losses_resize(&stream->losses, count);
	for (uint32_t site = 0; !e && site < count; site++) {
		/* They count up: what is 0 was 0 before. */
		if (losses_is_blank(&rows[site]))
			continue;
		for (int cause = 0; !e && cause < LOSS_CAUSES; cause++) {
			if (cause == LOSS_SUPPRESSED)
				continue;
			uint64_t fresh = losses_fresh(&stream->losses, site, cause, &rows[site]);
			if (cause == LOSS_FILTERED)
				stream->counts.filtered += fresh;
			else if (fresh && cause == LOSS_UNSEEN)
				e = stream_missed(stream, "times off the CPU", fresh);
			else if (fresh && cause != LOSS_BOOKKEEPING)
				e = tell_loss(stream, site, cause, fresh);
		}
	}
	stream->rows = rows;
	stream->suppressing = true;
	return e ? e : suppressed_in_time(stream);
}

struct err *stream_missed_ends(struct stream *stream, const char *who, uint64_t count)
{
	stream->counts.returns_lost += count;
	return tell_missed(stream, who, count);
}

struct err *stream_tell_gap(struct stream *stream, const struct stream_gap *gap)
{
	struct task *task = tasks_get(&stream->nesting.tasks, gap->tgid, gap->tgid);
	if (!task)
		return &err_nomem;
	const struct stream_event event = {
		.kind = STREAM_GAP,
		.time_ns = gap->from_ns,
		.duration_ns = gap->until_ns - gap->from_ns,
		.task = &task->info,
		.late = gap->from_ns < stream->released_ns,
		.gap = gap,
	};
	if (gap->kind == GAP_OVERWRITTEN)
		stream->counts.overwritten++;
	else
		stream->counts.gaps++;
	return stream->options.sink.event(stream->options.sink.context, &event, false);
}

void stream_keep_entries(struct stream *stream)
{
	stream->nesting.ends = true;
}

struct err *stream_running(struct stream *stream, const struct stream_thread *thread,
			   uint64_t now_ns, const struct probe_site *site,
			   const struct slots *arguments)
{
	struct task *task = tasks_get(&stream->nesting.tasks, thread->tgid, thread->tid);
	struct slots given;
	if (!task)
		return &err_nomem;
	char comm[EVENT_COMM] = "";
	memcpy(comm, thread->comm, strnlen(thread->comm, sizeof(comm)));
	if (comm[0])
		task_rename(task, comm);
	if (nesting_call_arguments(&stream->nesting, task, site, arguments, &given))
		arguments = &given;
	const struct stream_event event = {
		.kind = STREAM_SYSCALL,
		.time_ns = now_ns,
		.task = &task->info,
		.depth = (uint16_t)task->spans.count,
		.site = site,
		.arguments = arguments,
		.ending = ENDING_OPEN,
		.stack = task_stack_of(task, site),
	};
	bool was_opened = nesting_call_end(&stream->nesting, task, site, 0);
	struct err *e = nesting_open(&stream->nesting, task);
	return e ? e : nesting_deliver(&stream->nesting, &event, was_opened);
}

static struct err *leave_all(struct stream *stream)
{
	struct err *e = NULL;
	struct task *task, *next;
	HASH_ITER (hh, stream->nesting.tasks.by_tid, task, next) {
		if (e)
			break;
		e = kernel_spans_leave(&stream->nesting, task, 0, ENDING_OPEN);
		e = e ? e : nesting_leave(&stream->nesting, task, 0, ENDING_OPEN);
	}
	return e;
}

struct err *stream_finish(struct stream *stream)
{
	const struct loss_row *rows = stream->rows;
	struct err *e = NULL;
	struct queue *queue;
	while (!e && (queue = oldest_queue(stream)))
		e = let_go(stream, queue);
	e = e ? e : tell_suppressed(stream, rows);
	e = e ? e : goroutines_finish(&stream->nesting);
	return e ? e : leave_all(stream);
}
