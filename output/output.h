/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output/output.h — one writer per format.
 *
 * A writer takes events in stream order and writes whole lines; it never lets a byte of the target
 * reach a terminal unescaped. Writing goes through one buffer that is flushed when full and when
 * the stream is idle. A closed pipe ends the trace quietly (output_closed()); any other failure to
 * write is an error of output_flush(). After either, events are taken and counted, not written.
 */
#ifndef UTRAIL_OUTPUT_OUTPUT_H
#define UTRAIL_OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "output/redact.h"
#include "output/shown.h"
#include "stream/stream.h"

enum output_format {
	OUTPUT_TEXT,
	OUTPUT_JSON,
};

/* strace's -t, -tt, -ttt, -r */
enum output_time {
	TIME_DEFAULT, /* text: wall clock with microseconds, as -tt */
	TIME_SECONDS, /* -t: wall clock, seconds */
	TIME_MICROSECONDS,
	TIME_EPOCH,    /* -ttt: seconds since the epoch, with microseconds */
	TIME_RELATIVE, /* -r: since the previous line */
	TIME_NONE,
};

struct output_options {
	enum output_format format;
	enum output_time time;
	bool durations; /* -T; text shows them on spans with it, and always by default */
	bool color;	/* already decided: --color, NO_COLOR, is it a terminal */
	bool show_comm; /* more than one program is traced: show names */
	bool show_user; /* no PID was given: show uid and tty */
	/* -s: strings are cut when they are read; the writer cuts arrays. 0: no limit */
	uint32_t string_limit;
	uint32_t array_limit;	    /* elements of an array; 0: as string_limit */
	int64_t realtime_offset_ns; /* CLOCK_REALTIME - CLOCK_BOOTTIME at the start */
	/* Of this machine's system calls, "read", and with EVENT_CALL_NARROW those of 32-bit
	 * programs; NULL, or returns NULL: it has none */
	const char *(*syscall_name)(uint32_t number);
	struct shown_finder finder; /* .find may be NULL */
	struct redact *redact;	    /* what strings and arguments go through; NULL: shown as is.
				     * Borrowed */
};

struct output_header {
	uint64_t realtime_ns, boottime_ns;
	/* names and values, in pairs, NULL-terminated: {"syscall", "tp_btf", "return", "site",
	 * NULL} */
	const char *const *backends;
};

struct output_summary {
	uint64_t events, lost, missed, returns_lost;
	uint64_t stacks_lost;  /* of events that are there */
	uint64_t suppressed;   /* events beyond a rate limit */
	uint64_t filtered;     /* hits whose condition did not hold */
	uint64_t not_followed; /* of returns_lost: too many calls were open */
	uint64_t gaps;	       /* files whose probes came after their code may have run */
	uint64_t overwritten;  /* files that have lost probes in a process */
	bool summed;	       /* they were added up, and not told one by one */
	bool tallied;	       /* system calls were counted in the kernel: */
	uint64_t counted;
	bool lossless; /* hits waited when the buffer was filling: */
	uint64_t held, held_ns;
	uint64_t unwritten;    /* events among those that could not be written */
	uint64_t compat_calls; /* 32-bit system calls, which are not told */
	uint64_t written; /* files whose probes were taken out, as somebody opened them for writing
			   */
	/* 32-bit programs whose calls are not counted, either */
	uint64_t compat_programs;
};

/* What one probe has cost. */
struct output_cost {
	const struct probe *probe;
	uint64_t hits;	  /* calls, when it is a span */
	uint64_t returns; /* of them seen by probes of their own; counted in the costs, not in hits
			   */
	uint64_t total_ns;
	uint64_t ns_per_hit; /* entry and return together */
	double share;	     /* of the target's CPU time; negative: not known */
};

struct output;

/* Writes to `fd`, which stays the caller's. */
struct err *output_create(int fd, const char *fd_name, const struct output_options *options,
			  struct output **ret) must_check;
void output_destroy(struct output *output);

struct err *output_begin(struct output *output, const struct output_header *header) must_check;
/* For stream_sink: the context is the output. */
struct err *output_opened(void *output, const struct stream_event *event) must_check;
struct err *output_event(void *output, const struct stream_event *event,
			 bool was_opened) must_check;
struct err *output_flush(struct output *output) must_check;
/* JSON: an object. Text: nothing, as for the summary. */
struct err *output_cost(struct output *output, const struct output_cost *cost) must_check;
/* JSON: the summary object. Text: nothing (the summary goes to stderr, from cli/). */
struct err *output_end(struct output *output, const struct output_summary *summary) must_check;
/* The reader of our pipe has gone (EPIPE): nothing more can be written, and that is no error. */
bool output_closed(const struct output *output);
/* A write has failed otherwise; output_flush() tells why, once. */
bool output_failed(const struct output *output);
/* Events that were taken and not written. */
uint64_t output_unwritten(const struct output *output);
/* After a failure: the file ends with its last whole line. For a file that is ours alone. */
void output_trim(struct output *output);

#endif
