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
#include "stream/where.h"
#include "symbols/stack.h"

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
	STREAM_SIGNAL, /* a thread gets one */
	STREAM_LOST,
	STREAM_SUPPRESSED, /* loss_count events of the site, beyond its rate limit */
	STREAM_MISSED,	   /* hits for which the kernel did not run our programs */
	STREAM_SPAN,	   /* between two probes: stream/spans.h */
	STREAM_BLOCKED,	   /* a thread was blocked; no event of its own */
	STREAM_VIEW,	   /* of a view of the kernel; time_ns is when it was over */
	STREAM_GAP,	   /* a file was mapped, and its probes came after duration_ns, or never */
};

enum stream_ending {
	ENDING_RETURNED,
	ENDING_RETURNED_ALONE, /* the call began before tracing, or in_parent: a result, but no
				* arguments, no duration; time_ns is that of the return */
	ENDING_TAIL_CALL,      /* left by a tail jump: duration, no result */
	ENDING_UNWOUND,	       /* no return seen: exception, longjmp, exit inside */
	ENDING_LOST,	       /* the return's record was lost */
	ENDING_OPEN,	       /* still running when tracing ended */
	ENDING_UNKNOWN,	       /* this probe does not see returns */
	ENDING_KILLED,	       /* a system call in which its thread was killed: duration, no result
				*/
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
	uint16_t depth; /* spans around it */
	bool late;	/* an event with a later time was delivered before */
	bool in_parent; /* ENDING_RETURNED_ALONE: the process is a copy of one in which it began */
	enum stream_ending ending;     /* CALL and SYSCALL */
	const struct probe_site *site; /* CALL, PROBE, USDT, SYSCALL, LOST (NULL: task life) */
	const struct slots *arguments; /* CALL, PROBE, USDT, SYSCALL: decoded by site->entry_plan */
	const struct slots
		*results; /* CALL, SYSCALL: by site->return_plan; NULL when not returned */
	int64_t syscall_result;
	uint32_t syscall_number; /* SYSCALL, whose end was seen */
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
	uint32_t exit_superseded_by; /* a thread of the process; 0: by none */
	bool is_hidden;		     /* EXEC, EXIT: see struct stream_options */
	/* SIGNAL: the first EVENT_SIGINFO bytes of its siginfo_t */
	int signal_number;
	bool signal_is_ignored;
	const void *signal_info;
	/* LOST */
	enum loss_cause loss_cause;
	uint64_t loss_count;		/* MISSED, too */
	const char *missed_who;		/* MISSED: whose programs, "system calls" */
	const struct stream_gap *gap;	/* GAP */
	const struct stream_span *span; /* SPAN */
	/* CALL, PROBE, USDT, SYSCALL: at the entry; NULL: not asked for */
	const struct stack *stack;
	/* CALL, SYSCALL, SPAN, when they have a duration; NULL: not asked for */
	const struct stream_where *where;
	/* What the thread had done when it began and when it ended, of one moment the same; NULL:
	 * not known */
	const struct event_where *where_begin, *where_end;
	const struct probe *inside; /* PROBE in the kernel: of the innermost open call, or NULL */
	uint64_t goroutine;	    /* CALL: its number, 0: none, or not known */
	uint32_t view_flags;	    /* VIEW: enum event_view_flags; `inside` is in what it began */
	const struct event_blocked *blocked; /* BLOCKED; time_ns is when it ran again */
};

enum span_ending {
	SPAN_WHOLE,
	SPAN_DOUBTFUL,	   /* records were lost in between: no duration is known */
	SPAN_BEGAN_BEFORE, /* its beginning was before tracing: time_ns is that of the end */
	SPAN_BEGIN_LOST,   /* or was lost, or there was none */
	SPAN_OPEN,	   /* when its thread or process, or tracing, ended */
	SPAN_NO_KEY,	   /* one side alone, whose key could not be read */
	SPAN_TOO_MANY,	   /* a beginning that is not followed: too many are open */
};

/* The task of the event is the one that began it. */
struct stream_span {
	enum span_ending ending;
	const char *name;
	bool has_key, is_text, is_hex;
	uint64_t number;
	const char *text;
	uint32_t text_length;
	uint64_t end_ns;
	uint32_t end_tid; /* 0: none */
};

/* Who takes the events. Any error ends the trace. */
struct stream_sink {
	void *context;
	/* A span is about to contain another event: its entry alone; may be NULL. */
	struct err *(*opened)(void *context, const struct stream_event *event);
	/* Something whole. `was_opened`: opened() was called for this span before. */
	struct err *(*event)(void *context, const struct stream_event *event, bool was_opened);
};

/* A user stack as it was taken. Pointers are valid until the call returns. */
struct stream_stack {
	const struct stream_task *task;
	const struct probe_site *site;
	uint64_t time_ns;
	const struct event_stack *taken;
	const void *bytes; /* taken->size of them */
	/* Return addresses of the calls around it that the kernel's return probes have replaced,
	 * the outermost first */
	const struct stack_repair *repairs;
	size_t n_repairs;
};

/* Who makes sense of stacks, in order of time, before their events are delivered. */
struct stream_unwinder {
	void *context;
	/* NULL: out of memory. Released with stack_free(). */
	struct stack *(*unwind)(void *context, const struct stream_stack *stack);
};

const char *loss_cause_name(enum loss_cause cause); /* "ring full" */

struct stream_options {
	const struct probe_set *set; /* outlives the stream */
	struct stream_sink sink;
	bool show_fork, show_exec, show_exit; /* task life as events, or only for bookkeeping */
	/* Execs and exits that are not shown, because of a condition, are given to the sink, marked
	 */
	bool hidden_too;
	const char *unreadable; /* what an unavailable slot means on this kernel; constant text */
	struct stream_unwinder unwinder; /* .unwind may be NULL when no site has SITE_STACK */
	uint64_t max_events;		 /* stop after so many; 0: no limit */
	bool stacks_of_samples;		 /* those of functions are not shown */
	bool where;			 /* spans are told with where their time went */
	bool tell_blocked;		 /* STREAM_BLOCKED is given to the sink */
	/* Entries of system calls come at once, and wait for their returns until something else is
	 * to be shown; else they come when they have waited already */
	bool calls_wait;
};

/* What was delivered and what was not. Times in nanoseconds, CLOCK_BOOTTIME. */
struct stream_counts {
	uint64_t records;      /* raw records taken in */
	uint64_t malformed;    /* of them, not understood: a bug, or a foreign writer */
	uint64_t events;       /* delivered to the sink, losses not included */
	uint64_t lost;	       /* events that the loss table counts as lost */
	uint64_t returns_lost; /* calls delivered without their return, for want of space */
	uint64_t stacks_lost;  /* of delivered events */
	uint64_t not_followed; /* of returns_lost, those for which the ring had room */
	uint64_t late;
	uint64_t suppressed;  /* events beyond a rate limit: not lost */
	uint64_t filtered;    /* hits whose condition did not hold: not lost */
	uint64_t missed;      /* hits that the kernel counts as missed */
	uint64_t gaps;	      /* files that were probed after they had been mapped, or not at all */
	uint64_t overwritten; /* files that have lost probes in a process */
	uint64_t compat_programs; /* 32-bit programs that traced processes became */
	uint64_t newest_ns;	  /* time of the newest record seen */
};

struct stream;

struct err *stream_create(const struct stream_options *options, struct stream **ret) must_check;
void stream_destroy(struct stream *stream);
void stream_destroyp(struct stream **stream);

/* Tracing began at that time: processes that begin later are copies of others. */
void stream_begins(struct stream *stream, uint64_t time_ns);

/* Takes in one raw record, copied. Malformed ones are counted, not an error. */
struct err *stream_take(struct stream *stream, const void *record, size_t size) must_check;
/* Lets go, in order, of what is older than the window. All that was written before `now_ns` was
 * taken in. */
struct err *stream_release(struct stream *stream, uint64_t now_ns) must_check;
/* The same while hits are left in their ring, and none of task life in its own: goes no further
 * than those that were taken in. */
struct err *stream_release_some(struct stream *stream, uint64_t now_ns) must_check;
/* Compares the loss table with what was told before; the difference becomes events. `rows` has as
 * many rows as the set has sites by now, and stays until the stream ends. */
struct err *stream_losses(struct stream *stream, const struct loss_row *rows) must_check;
/* So many hits more were missed by the programs of `who`, as the kernel counts. */
struct err *stream_missed(struct stream *stream, const char *who, uint64_t count) must_check;
/* The same of ends of calls that were delivered: these have no return. */
struct err *stream_missed_ends(struct stream *stream, const char *who, uint64_t count) must_check;
/* What a traced process runs in `module` is not seen, nor counted by anybody. */
enum gap_kind {
	GAP_LATE,	 /* it was mapped at from_ns, and probed at until_ns */
	GAP_UNMAPPED,	 /* the same, but it was unmapped by then */
	GAP_OVERWRITTEN, /* probes were in place at from_ns, some are not since until_ns at least */
};

struct stream_gap {
	uint32_t tgid;
	const char *module; /* as shown */
	uint64_t from_ns, until_ns;
	enum gap_kind kind;
};
struct err *stream_tell_gap(struct stream *stream, const struct stream_gap *gap) must_check;
/* A thread that nothing may have been seen of. */
struct stream_thread {
	uint32_t tgid, tid;
	const char *comm; /* empty: not known */
};
/* The trace ends: entries of system calls that come from now on are for stream_running(). */
void stream_keep_entries(struct stream *stream);
/* A system call that was still running when tracing ended, for what is known of it: not when it
 * began, so its time is `now_ns`, when it was seen to run. `arguments` are its words; where its
 * entry has come, that is shown. */
struct err *stream_running(struct stream *stream, const struct stream_thread *thread,
			   uint64_t now_ns, const struct probe_site *site,
			   const struct slots *arguments) must_check;
/* Lets go of everything; spans that are still open end as such. */
struct err *stream_finish(struct stream *stream) must_check;
/* max_events were delivered. */
bool stream_is_full(const struct stream *stream);
const struct stream_counts *stream_counts(const struct stream *stream);

#endif
