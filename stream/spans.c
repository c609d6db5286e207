/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/spans.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/cleanup.h"
#include "common/now.h"

#define KEY_TEXT_MAX 256

/* What two events must have in common. Compared as bytes: zeroed before it is filled. */
struct key {
	uint64_t process_ns; /* with tgid: a process, whatever its number is used for later */
	uint32_t pair, tgid;
	uint64_t number;
	uint32_t length; /* of text */
	uint32_t is_text;
	char text[KEY_TEXT_MAX];
};

struct open {
	struct key key;
	uint64_t time_ns;
	struct stream_task task;
	uint16_t cpu;
	bool is_hex;
	bool is_doubtful; /* something was lost since */
	bool has_where;
	struct event_where where;   /* of its thread, when it began */
	struct where_parts *parts;  /* what that was blocked in since; NULL: nothing */
	struct open *below;	    /* the one with the same key that began before */
	struct open *older, *newer; /* all */
	UT_hash_handle hh;	    /* the top of each key */
};

struct spans {
	struct spans_options options;
	struct span_pair *pairs;
	struct open *tops;
	struct open *oldest, *newest;
	size_t n_open;
	uint64_t count;
	uint64_t lost_until_ns; /* what began before may miss an end, or a beginning after it */
	bool has_lost;
};

static size_t key_size(const struct key *key)
{
	return offsetof(struct key, text) + key->length;
}

/* --- keys ------------------------------------------------------------------------------------- */

/* False: this event does not have it. */
static bool take_key(const struct spans *spans, size_t pair, enum span_side side,
		     const struct stream_event *event, struct key *key, bool *ret_is_hex)
{
	struct span_key value = {.number = event->task->tid};
	memset(key, 0, sizeof(*key));
	key->pair = (uint32_t)pair;
	key->tgid = event->task->tgid;
	key->process_ns = event->task->start_time_ns;
	*ret_is_hex = false;
	if (spans->pairs[pair].has_key &&
	    !spans->options.key(spans->options.context, pair, side, event, &value))
		return false;
	*ret_is_hex = value.is_hex;
	key->number = value.text ? 0 : value.number;
	key->is_text = value.text != NULL;
	/* Two longer ones may differ behind it. */
	if (value.text && value.length > KEY_TEXT_MAX)
		return false;
	key->length = value.text ? value.length : 0;
	if (key->length)
		memcpy(key->text, value.text, key->length);
	return true;
}

/* --- open spans ------------------------------------------------------------------------------- */

static void unlink_open(struct spans *spans, struct open *open)
{
	if (open->older)
		open->older->newer = open->newer;
	else
		spans->oldest = open->newer;
	if (open->newer)
		open->newer->older = open->older;
	else
		spans->newest = open->older;
	spans->n_open--;
	free(open->parts);
	free(open);
}

static struct open *find_top(const struct spans *spans, const struct key *key)
{
	struct open *top;
	HASH_FIND(hh, spans->tops, key, key_size(key), top);
	return top;
}

static void push(struct spans *spans, struct open *open)
{
	struct open *top = find_top(spans, &open->key);
	if (top)
		HASH_DEL(spans->tops, top);
	open->below = top;
	HASH_ADD_KEYPTR(hh, spans->tops, &open->key, key_size(&open->key), open);
	open->older = spans->newest;
	if (spans->newest)
		spans->newest->newer = open;
	else
		spans->oldest = open;
	spans->newest = open;
	spans->n_open++;
}

/* Takes the top of a key off; it is the caller's until unlink_open(). */
static void pop(struct spans *spans, struct open *top)
{
	struct open *below = top->below;
	HASH_DEL(spans->tops, top);
	if (below)
		HASH_ADD_KEYPTR(hh, spans->tops, &below->key, key_size(&below->key), below);
}

/* --- events ----------------------------------------------------------------------------------- */

bool spans_are_full(const struct spans *spans)
{
	return spans->options.max_events && spans->count >= spans->options.max_events;
}

uint64_t spans_count(const struct spans *spans)
{
	return spans->count;
}

static struct err *pass_on(struct spans *spans, const struct stream_event *event, bool was_opened)
{
	bool counts = event->kind != STREAM_LOST && event->kind != STREAM_MISSED &&
		      event->kind != STREAM_SUPPRESSED && event->kind != STREAM_GAP;
	if (counts && spans_are_full(spans))
		return NULL;
	spans->count += counts;
	return spans->options.sink.event(spans->options.sink.context, event, was_opened);
}

static struct err *tell(struct spans *spans, const struct key *key, bool is_hex,
			struct stream_span *span, struct stream_event *event)
{
	span->name = spans->pairs[key->pair].name;
	span->has_key = spans->pairs[key->pair].has_key;
	span->is_text = key->is_text;
	span->is_hex = is_hex;
	span->number = key->number;
	span->text = key->text;
	span->text_length = key->length;
	event->kind = STREAM_SPAN;
	event->span = span;
	return pass_on(spans, event, false);
}

/* When a probe that begins or ends a span was passed. */
static uint64_t moment(const struct stream_event *event, enum span_side side)
{
	bool has_end = event->ending == ENDING_RETURNED || event->ending == ENDING_TAIL_CALL;
	if (event->kind == STREAM_CALL && has_end)
		return event->time_ns + event->duration_ns;
	if (event->kind == STREAM_SYSCALL && side == SPAN_END && has_end)
		return event->time_ns + event->duration_ns;
	return event->time_ns;
}

/* What the thread had done by then. */
static const struct event_where *done_by(const struct stream_event *event, enum span_side side)
{
	bool has_end = event->ending == ENDING_RETURNED || event->ending == ENDING_TAIL_CALL;
	bool at_end = event->kind == STREAM_CALL || side == SPAN_END;
	return at_end && has_end ? event->where_end : event->where_begin;
}

/* False: out of memory. */
static bool keep_where(struct open *open, const struct stream_event *event)
{
	const struct event_where *where = done_by(event, SPAN_BEGIN);
	open->has_where = where != NULL;
	if (where)
		open->where = *where;
	/* A system call is told when it has returned. */
	return event->kind != STREAM_SYSCALL || !event->where ||
	       where_add_all(&open->parts, event->where->parts);
}

/* A call that has no return was not passed where a return is meant. */
static bool is_passed(const struct stream_event *event)
{
	if (event->kind == STREAM_SYSCALL)
		return event->ending != ENDING_OPEN && event->ending != ENDING_KILLED;
	return event->kind != STREAM_CALL || event->ending == ENDING_RETURNED ||
	       event->ending == ENDING_RETURNED_ALONE;
}

static struct err *tell_orphan(struct spans *spans, const struct stream_event *event,
			       const struct key *key, bool is_hex, enum span_ending ending,
			       enum span_side side)
{
	struct stream_span span = {.ending = ending, .end_tid = event->task->tid};
	struct stream_event out = {.time_ns = moment(event, side),
				   .task = event->task,
				   .cpu = event->cpu,
				   .late = event->late};
	span.end_ns = out.time_ns;
	return tell(spans, key, is_hex, &span, &out);
}

static struct err *begin(struct spans *spans, size_t pair, const struct stream_event *event)
{
	struct key key;
	bool is_hex;
	if (!take_key(spans, pair, SPAN_BEGIN, event, &key, &is_hex))
		return tell_orphan(spans, event, &key, false, SPAN_NO_KEY, SPAN_BEGIN);
	if (spans->n_open >= SPANS_OPEN_MAX) {
		/* Its end would find another one, or none. */
		spans->has_lost = true;
		spans->lost_until_ns = event->time_ns;
		return tell_orphan(spans, event, &key, is_hex, SPAN_TOO_MANY, SPAN_BEGIN);
	}
	struct open *open = calloc(1, sizeof(*open));
	if (!open)
		return &err_nomem;
	open->key = key;
	open->is_hex = is_hex;
	open->time_ns = moment(event, SPAN_BEGIN);
	/* The end of one that comes late may have been told already. */
	open->is_doubtful =
		event->late || (spans->has_lost && open->time_ns <= spans->lost_until_ns);
	open->task = *event->task;
	open->cpu = event->cpu;
	push(spans, open);
	return keep_where(open, event) ? NULL : &err_nomem;
}

static struct err *end(struct spans *spans, size_t pair, const struct stream_event *event)
{
	struct key key;
	bool is_hex;
	if (!take_key(spans, pair, SPAN_END, event, &key, &is_hex))
		return tell_orphan(spans, event, &key, false, SPAN_NO_KEY, SPAN_END);
	struct open *top = find_top(spans, &key);
	if (!top)
		return tell_orphan(spans, event, &key, is_hex,
				   spans->has_lost || spans->options.from_start ? SPAN_BEGIN_LOST
										: SPAN_BEGAN_BEFORE,
				   SPAN_END);
	uint64_t time_ns = moment(event, SPAN_END);
	struct stream_span span = {
		.ending = top->is_doubtful ? SPAN_DOUBTFUL : SPAN_WHOLE,
		.end_ns = time_ns,
		.end_tid = event->task->tid,
	};
	struct stream_event out = {
		.time_ns = top->time_ns,
		.duration_ns = time_ns > top->time_ns ? time_ns - top->time_ns : 0,
		.task = &top->task,
		.cpu = top->cpu,
		.late = event->late,
	};
	struct stream_where where = {.unknown = "it ended in another thread"};
	if (top->task.tid == event->task->tid)
		where = where_between(top->has_where ? &top->where : NULL, done_by(event, SPAN_END),
				      out.duration_ns, top->parts);
	out.where = spans->options.where && span.ending == SPAN_WHOLE ? &where : NULL;
	pop(spans, top);
	struct err *e = tell(spans, &key, top->is_hex, &span, &out);
	unlink_open(spans, top);
	return e;
}

static struct err *tell_open(struct spans *spans, struct open *open, uint64_t now_ns)
{
	struct stream_span span = {.ending = SPAN_OPEN, .end_ns = now_ns};
	struct stream_event out = {.time_ns = open->time_ns, .task = &open->task, .cpu = open->cpu};
	return tell(spans, &open->key, open->is_hex, &span, &out);
}

/* A thread or a process is no more, or is another program: what it left open stays so. */
static struct err *leave(struct spans *spans, uint32_t tgid, uint32_t tid, uint64_t time_ns)
{
	struct err *e = NULL;
	for (struct open *open = spans->oldest, *next; !e && open; open = next) {
		next = open->newer;
		bool by_thread = !spans->pairs[open->key.pair].has_key;
		if (open->key.tgid != tgid || (tid && (!by_thread || open->key.number != tid)))
			continue;
		struct open *top = find_top(spans, &open->key);
		if (top == open) {
			pop(spans, open);
		} else {
			while (top && top->below != open)
				top = top->below;
			if (top)
				top->below = open->below;
		}
		e = tell_open(spans, open, time_ns);
		unlink_open(spans, open);
	}
	return e;
}

/* The loss was before now, and after what was delivered so far: what is open may have ended, and
 * what is still on its way may have begun before it. */
static void doubt(struct spans *spans)
{
	spans->has_lost = true;
	spans->lost_until_ns = now_ns(CLOCK_BOOTTIME);
	for (struct open *open = spans->oldest; open; open = open->newer)
		open->is_doubtful = true;
}

/* What should have come before it may have been told already: of those that have its key, which end
 * is whose is not known. */
static void doubt_late(struct spans *spans, size_t pair, enum span_side side,
		       const struct stream_event *event)
{
	struct key key;
	bool is_hex;
	if (!take_key(spans, pair, side, event, &key, &is_hex))
		return;
	for (struct open *open = find_top(spans, &key); open; open = open->below)
		open->is_doubtful = true;
}

static bool is_of_pairs(const struct spans *spans, const struct probe_site *site)
{
	for (size_t i = 0; site && i < spans->options.n_pairs; i++)
		if (spans->options.side(spans->options.context, i, site))
			return true;
	return false;
}

static struct err *on_hit(struct spans *spans, const struct stream_event *event, bool was_opened)
{
	struct err *e = NULL;
	bool is_ours = false;
	for (size_t i = 0; !e && i < spans->options.n_pairs; i++) {
		unsigned int side = spans->options.side(spans->options.context, i, event->site);
		if (side & SPAN_END && event->late)
			doubt_late(spans, i, SPAN_END, event);
		if (side & SPAN_BEGIN && event->late)
			doubt_late(spans, i, SPAN_BEGIN, event);
		is_ours |= side != SPAN_NONE;
		/* A probe that is both ends what it began before. */
		if (!e && side & SPAN_END && is_passed(event))
			e = end(spans, i, event);
		if (!e && side & SPAN_BEGIN && is_passed(event))
			e = begin(spans, i, event);
	}
	if (e || (is_ours && !spans->options.is_shown(spans->options.context, event->site)))
		return e;
	return pass_on(spans, event, was_opened);
}

static struct err *on_blocked(struct spans *spans, const struct stream_event *event)
{
	bool is_added = true;
	for (struct open *open = spans->oldest; is_added && open; open = open->newer)
		if (open->task.tid == event->task->tid && open->time_ns <= event->blocked->from_ns)
			is_added = where_add(&open->parts, event->blocked, event->time_ns);
	return is_added ? NULL : &err_nomem;
}

static struct err *on_event(void *context, const struct stream_event *event, bool was_opened)
{
	struct spans *spans = context;
	struct err *e = NULL;
	switch (event->kind) {
	case STREAM_BLOCKED:
		return on_blocked(spans, event);
	case STREAM_CALL:
	case STREAM_PROBE:
	case STREAM_USDT:
	case STREAM_SYSCALL:
		return on_hit(spans, event, was_opened);
	case STREAM_LOST:
	case STREAM_SUPPRESSED:
		/* Of probes of others nothing follows. */
		if (is_of_pairs(spans, event->site))
			doubt(spans);
		break;
	case STREAM_MISSED:
	case STREAM_GAP:
		doubt(spans);
		break;
	case STREAM_EXEC:
		e = leave(spans, event->task->tgid, 0, event->time_ns);
		if (!spans->options.show_exec || event->is_hidden)
			return e;
		break;
	case STREAM_EXIT:
		e = leave(spans, event->task->tgid, event->exit_is_last ? 0 : event->task->tid,
			  event->time_ns);
		if (!spans->options.show_exit || event->is_hidden)
			return e;
		break;
	default:
		break;
	}
	return e ? e : pass_on(spans, event, was_opened);
}

/* An entry alone; of those that only end spans nobody is told. */
static struct err *on_opened(void *context, const struct stream_event *event)
{
	struct spans *spans = context;
	if (is_of_pairs(spans, event->site) &&
	    !spans->options.is_shown(spans->options.context, event->site))
		return NULL;
	return spans->options.sink.opened(spans->options.sink.context, event);
}

struct err *spans_create(const struct spans_options *options, struct spans **ret)
{
	struct spans *spans = calloc(1, sizeof(*spans));
	if (!spans)
		return &err_nomem;
	spans->options = *options;
	spans->pairs = calloc(options->n_pairs + 1, sizeof(*spans->pairs));
	if (!spans->pairs) {
		free(spans);
		return &err_nomem;
	}
	memcpy(spans->pairs, options->pairs, options->n_pairs * sizeof(*spans->pairs));
	*ret = spans;
	return NULL;
}

void spans_destroy(struct spans *spans)
{
	if (!spans)
		return;
	HASH_CLEAR(hh, spans->tops);
	while (spans->oldest)
		unlink_open(spans, spans->oldest);
	free(spans->pairs);
	free(spans);
}

struct stream_sink spans_sink(struct spans *spans)
{
	return (struct stream_sink){.context = spans,
				    .opened = spans->options.sink.opened ? on_opened : NULL,
				    .event = on_event};
}

struct err *spans_finish(struct spans *spans)
{
	struct err *e = NULL;
	uint64_t now = now_ns(CLOCK_BOOTTIME);
	/* From here on nobody looks for one. */
	HASH_CLEAR(hh, spans->tops);
	while (!e && spans->oldest) {
		e = tell_open(spans, spans->oldest, now);
		unlink_open(spans, spans->oldest);
	}
	return e;
}
