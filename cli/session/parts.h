/* SPDX-License-Identifier: Apache-2.0 */
/* cli/session/parts.h — a run of utrail, shared by the files that it is spread over. Private to
 * session*.c. */
#ifndef UTRAIL_CLI_SESSION_PARTS_H
#define UTRAIL_CLI_SESSION_PARTS_H

#include <signal.h>

#include "cli/books.h"
#include "cli/cost.h"
#include "cli/kernel/kernel.h"
#include "cli/plan/plan.h"
#include "cli/process/attacher.h"
#include "cli/process/heartbeat.h"
#include "cli/process/waker.h"
#include "cli/session/late.h"
#include "cli/session/session.h"
#include "cli/session/target_end.h"
#include "cli/session/traps.h"
#include "cli/shell/shell.h"
#include "cli/stacks/stacks.h"
#include "cli/stat/stat.h"
#include "cli/tally.h"
#include "output/output.h"
#include "stream/spans.h"
#include "stream/stream.h"
#include "uprobe/head_start.h"

struct ring_buffer;

struct session {
	const struct options *options;
	struct plan plan;
	struct attacher *attacher;
	struct attacher *dismissed; /* one that is not needed; until it has ended */
	struct head_start head_start;
	struct process_view view;
	struct kernel *kernel;
	struct kernel_early *early; /* made while the plan was */
	struct stream *stream;
	struct output *output;
	struct ring_buffer *ring, *life; /* hits; task life */
	struct waker *waker;		 /* NULL: nobody is stopped for a new file */
	struct late *late;		 /* NULL: what is probed cannot change any more */
	struct traps *traps;		 /* NULL: not yet */
	struct spaces *spaces;		 /* what is mapped; NULL: nobody asks */
	struct stacks *stacks;		 /* NULL: none are asked for */
	struct shell *shell;		 /* `utrail shell`: it looks after that itself */
	struct stats *stats;		 /* `utrail stat` */
	struct redact *redact;
	struct spans *spans; /* NULL: no `A ~~ B` */
	bool shows_names;    /* of threads */
	int output_fd;	     /* of -o; -1: a standard stream */
	int signal_fd;
	sigset_t old_signals;
	struct err *error; /* of a callback, which cannot return it */
	struct books books;
	struct cost cost;	      /* --cost */
	struct tally_sink tally_sink; /* -c, -C */
	struct heartbeat *heartbeat;  /* NULL: nobody waits for us */
	size_t batch;
	uint64_t deadline_ns; /* 0: none */
	uint64_t looked_ns, active_ns, kept_ns;
	uint64_t empty_ns; /* since when none of those followed is left; 0: some are */
	uint64_t ended_ns; /* when the probes were taken out */
	int stop_signal;
	bool stopped;		  /* by a signal: the end, whatever comes */
	bool any_runs;		  /* somebody does what is probed in every process */
	uint64_t compat_programs; /* 32-bit programs that are traced from the start */
	bool files_written;	  /* some that are probed are about to be */
	uint64_t n_written;	  /* files whose probes had to go for that */
	size_t n_ended;		  /* of the plan's processes: the last ones */
	bool ended;		  /* nobody is left to trace */
};

/* For the rings: of hits, and of task life. `context` is the session. */
int session_on_record(void *context, void *data, size_t size);
int session_on_life(void *context, void *data, size_t size);

/* Is a system call shown in two parts when it takes long? */
bool session_shows_entries(const struct session *session);
/* Nobody takes any more. */
bool session_is_sated(struct session *session);
/* Takes in what is there, and delivers what has waited long enough. Events may come faster than
 * that: it is asked between batches whether to go on. */
struct err *session_drain(struct session *session,
			  bool (*is_enough)(struct session *session)) must_check;
/* Files that were mapped, processes that have come to match. */
struct err *session_take_news(struct session *session) must_check;
/* Until the target ends, or we are to. */
struct err *session_loop(struct session *session) must_check;

/* `e`: what has ended the trace, or NULL. Events that cannot be written are counted all the same.
 */
struct err *session_finish(struct session *session, struct err *e,
			   struct output_summary *ret) must_check;
/* Of utrail: its command's, or what --fail-on-loss asks for. */
int session_exit_status(struct session *session, const struct output_summary *summary);

#endif
