/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream/stream.h — from raw records to one ordered, nested stream of events.
 *
 * Records reach the ring in the order in which programs wrote them, not in the order of their
 * times: a task can be preempted between taking the time and writing. The stream holds records back
 * for a short window and lets them go in order of time; one that comes later still is delivered and
 * flagged. It pairs entries with returns per thread, keeps who each thread is, and turns loss
 * counters into loss events in place.
 */
#ifndef UTRAIL_STREAM_STREAM_H
#define UTRAIL_STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "probe/probe.h"
#include "stream/event.h"

/* One thread, as far as the stream knows it. */
struct stream_task {
	uint32_t tgid, tid, parent_tgid, uid, gid, tty;
	uint64_t start_time_ns;
	char comm[EVENT_COMM];
};

enum stream_event_kind {
	STREAM_CALL,  /* a span: entry and return of a function */
	STREAM_PROBE, /* a hit of one place: offset, entry or return alone */
	STREAM_USDT,
	STREAM_SYSCALL,
	STREAM_EXEC,
	STREAM_FORK,
	STREAM_EXIT,
	STREAM_LOST,
};

enum stream_ending {
	ENDING_RETURNED,
	ENDING_TAIL_CALL, /* left by a tail jump: duration, no result */
	ENDING_UNWOUND,	  /* no return seen: exception, longjmp, exit inside */
	ENDING_LOST,	  /* the return's record was lost */
	ENDING_OPEN,	  /* still running when tracing ended */
	ENDING_UNKNOWN,	  /* this probe does not see returns */
};

/*
 * One event, decoded. Pointers are valid until the sink's call returns. Times are CLOCK_BOOTTIME.
 */
struct stream_event {
	enum stream_event_kind kind;
	uint64_t time_ns;     /* when it began */
	uint64_t duration_ns; /* spans and system calls; valid with ENDING_RETURNED and TAIL_CALL */
	const struct stream_task *task; /* never NULL; comm is "" when not known */
	uint16_t cpu;
	uint16_t depth;		       /* spans around it */
	bool late;		       /* an event with a later time was delivered before */
	enum stream_ending ending;     /* CALL and SYSCALL */
	const struct probe_site *site; /* CALL, PROBE, USDT, SYSCALL, LOST (NULL: task life) */
	const struct slots *arguments; /* CALL, PROBE, USDT, SYSCALL: decoded by site->entry_plan */
	const struct slots
		*results; /* CALL, SYSCALL: by site->return_plan; NULL when not returned */
	int64_t syscall_result;
	/* EXEC: NUL-separated */
	const char *filename;
	const char *argv;
	size_t argv_size;
	uint32_t exec_flags; /* enum event_exec_flags */
	/* FORK */
	uint32_t child_tgid, child_tid;
	/* EXIT: as wait(2) tells it */
	uint32_t exit_code;
	bool exit_is_last;
	/* LOST */
	enum loss_cause loss_cause;
	uint64_t loss_count;
};

/* Who takes the events. Any error ends the trace. */
struct stream_sink {
	void *context;
	/* A span is about to contain another event: its entry alone; may be NULL. */
	struct err *(*opened)(void *context, const struct stream_event *event);
	/* Something whole. `was_opened`: opened() was called for this span before. */
	struct err *(*event)(void *context, const struct stream_event *event, bool was_opened);
};

const char *loss_cause_name(enum loss_cause cause); /* "ring full" */

#endif
