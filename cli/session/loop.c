/* SPDX-License-Identifier: Apache-2.0 */
/* cli/session/loop.c — while a trace runs: from the rings through the stream to the output. */
#include "cli/session/parts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "cli/report.h"
#include "common/array.h"
#include "common/cleanup.h"
#include "common/now.h"

/* Records taken from the ring before the stream gets to deliver some of them. */
#define BATCH 4096
/* Reader's timer: while events come, and when it has been quiet for a while. BPF wakes the reader
 * earlier when the ring fills. */
#define BUSY_MS	       4
#define WAKER_MS       2 /* somebody may have been stopped, and waits for us */
#define IDLE_MS	       10
#define QUIET_AFTER_NS 100000000ULL
/* After Ctrl-C a command gets this long to end by itself, so that its end is in the trace; and so
 * do the threads of a process that ends. */
#define GRACE_NS 1000000000ULL
/* How often it is asked whether any followed process is left. */
#define LOOK_NS 50000000ULL

/* An entry that waits for its return becomes a record after this time, and how often that is looked
 * after: in time for the stream to show calls that take long. */
#define KEPT_NS 100000000ULL
/* System calls that take longer are shown before they return. */
#define LONG_CALL_NS 200000000ULL

int session_on_life(void *context, void *data, size_t size)
{
	struct session *session = context;
	session->error = stream_take(session->stream, data, size);
	return session->error ? -ENOMEM : 0;
}

int session_on_record(void *context, void *data, size_t size)
{
	struct session *session = context;
	if (session_on_life(context, data, size))
		return -ENOMEM;
	/* Not an error: the consumer position already includes this record. */
	return ++session->batch % BATCH ? 0 : -EAGAIN;
}

static struct err *take_error(struct session *session)
{
	return take_ptr(session->error);
}

bool session_is_sated(struct session *session)
{
	return stream_is_full(session->stream) ||
	       (session->spans && spans_are_full(session->spans)) || output_closed(session->output);
}

struct err *session_drain(struct session *session, bool (*is_enough)(struct session *session))
{
	int taken;
	do {
		/* Task life first, and all of it: it can be older than any hit that is read now. */
		uint64_t now = now_ns(CLOCK_BOOTTIME);
		taken = ring_buffer__consume(session->life);
		if (!session->error)
			taken = ring_buffer__consume(session->ring) ?: taken;
		struct err *e = take_error(session);
		e = e ? e : spaces_take(session->spaces);
		if (!e && kernel_losses_changed(session->kernel))
			e = stream_losses(session->stream, kernel_losses(session->kernel));
		if (!e)
			e = taken == -EAGAIN ? stream_release_some(session->stream, now)
					     : stream_release(session->stream, now);
		if (e)
			return e;
		if (taken != 0)
			session->active_ns = now;
	} while (taken == -EAGAIN && !is_enough(session));
	return output_flush(session->output);
}

/* The last threads of the last process end together: a debugger can hold one of them back. */
static bool waits_for_threads(struct session *session)
{
	uint64_t now = now_ns(CLOCK_BOOTTIME);
	if (!session->empty_ns)
		session->empty_ns = now;
	return now - session->empty_ns < GRACE_NS && kernel_is_ending(session->kernel);
}

static bool target_has_ended(struct session *session)
{
	struct plan *plan = &session->plan;
	int status;
	if (!plan->launch && !plan->processes.count)
		return false;
	if (plan->launch && !launch_has_ended(plan->launch, &status))
		return false;
	if (target_left(plan, &session->n_ended, session->options->quiet))
		return false;
	if (!session->options->follow && !session->shell)
		return true;
	if (!kernel_next_target(session->kernel, 0))
		return !waits_for_threads(session);
	session->empty_ns = 0;
	return false;
}

static struct err *on_joined(void *context, pid_t pid, uint64_t time_ns)
{
	struct session *session = context;
	return session->late ? late_joined(session->late, pid, time_ns) : NULL;
}

/* Files that were mapped. */
static struct err *take_mapped(struct session *session)
{
	if (session->shell)
		return shell_take(session->shell);
	return session->late ? late_take(session->late) : NULL;
}

/* Files first: what is mapped by an exec comes by both ways. */
struct err *session_take_news(struct session *session)
{
	const struct news_sink sink = {.context = session, .joined = on_joined};
	/* Who has stopped by now has its mapping in the list that is taken then. */
	waker_look(session->waker);
	struct err *e = take_mapped(session);
	waker_release(session->waker);
	return e ? e : kernel_read_news(session->kernel, &sink);
}

/* True: stop now. */
static bool on_signals(struct session *session)
{
	struct signalfd_siginfo info;
	while (read(session->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		int signum = (int)info.ssi_signo;
		session->files_written |= signum == SIGIO;
		if (signum == SIGCHLD || signum == SIGIO)
			continue;
		bool again = session->stop_signal != 0;
		session->stop_signal = signum;
		/* From here on a second one ends us at once. */
		sigprocmask(SIG_SETMASK, &session->old_signals, NULL);
		if (!session->plan.launch || again)
			session->stopped = true;
		session->deadline_ns = now_ns(CLOCK_BOOTTIME) + GRACE_NS;
	}
	return session->stopped;
}

static bool is_over(struct session *session)
{
	uint64_t now = now_ns(CLOCK_BOOTTIME);
	if (on_signals(session) || session_is_sated(session) || output_failed(session->output) ||
	    session->ended)
		return true;
	if (session->deadline_ns && now >= session->deadline_ns)
		return true;
	if (now - session->looked_ns < LOOK_NS)
		return false;
	session->looked_ns = now;
	/* Who asks between batches is not the last one to ask. */
	session->ended = target_has_ended(session);
	return session->ended;
}

static struct err *wait_for_events(struct session *session)
{
	bool quiet = now_ns(CLOCK_BOOTTIME) - session->active_ns > QUIET_AFTER_NS;
	int busy_ms = session->waker ? WAKER_MS : BUSY_MS;
	struct pollfd fds[] = {
		{.fd = ring_buffer__epoll_fd(session->ring), .events = POLLIN},
		{.fd = session->signal_fd, .events = POLLIN},
		{.fd = -1, .events = POLLIN},
		{.fd = ring_buffer__epoll_fd(session->life), .events = POLLIN},
		{.fd = session->late	? late_fd(session->late)
		       : session->shell ? shell_fd(session->shell)
					: -1,
		 .events = POLLIN},
		{.fd = kernel_news_fd(session->kernel), .events = POLLIN},
		{.fd = spaces_fd(session->spaces), .events = POLLIN},
	};
	if (session->plan.processes.count == 1)
		fds[2].fd = process_pidfd(session->plan.processes.items[0]);
	bool ready = poll(fds, array_size(fds), quiet ? IDLE_MS : busy_ms) > 0;
	if (waker_look(session->waker))
		return session_take_news(session);
	if (!ready)
		return NULL;
	if (fds[1].revents || fds[2].revents)
		session->looked_ns = 0;
	return fds[4].revents || fds[5].revents ? session_take_news(session) : NULL;
}

static struct err *look_after_kept(struct session *session)
{
	uint64_t now = now_ns(CLOCK_BOOTTIME), left;
	if (now - session->kept_ns < KEPT_NS)
		return NULL;
	session->kept_ns = now;
	struct err *e = session->late ? late_look_at_depth(session->late) : NULL;
	/* A change of user has no event, and in files that are not known yet there is no probe at
	 * which it could be noticed. */
	if (!e && session->late && session->options->selection.n_users)
		e = kernel_select(session->kernel);
	e = e ? e : kernel_send_kept(session->kernel, now - KEPT_NS, &left);
	if (!e && session_shows_entries(session))
		e = kernel_send_long_calls(session->kernel, now - LONG_CALL_NS);
	return e;
}

static struct err *on_written(void *context, struct image *image)
{
	struct session *session = context;
	struct probe_set *set = &session->plan.set;
	size_t n_notes = set->notes.count;
	session->n_written++;
	struct err *e = probe_set_note(set,
				       "%s: opened for writing: its probes are out, and what runs "
				       "of it from now on is not seen",
				       image_path(image));
	if (session->options->quiet < 2)
		report_notes(set, n_notes);
	return e;
}

/* Somebody waits for this. */
static struct err *leave_written(struct session *session)
{
	const struct written_sink sink = {.context = session, .written = on_written};
	if (!session->files_written)
		return NULL;
	session->files_written = false;
	return kernel_leave_written(session->kernel, &sink);
}

struct err *session_loop(struct session *session)
{
	struct err *e = NULL;
	while (!e && !is_over(session)) {
		e = wait_for_events(session);
		e = e ? e : leave_written(session);
		e = e ? e : look_after_kept(session);
		e = e ? e : traps_look(session->traps, now_ns(CLOCK_BOOTTIME), false);
		e = e ? e
		      : books_look(&session->books, session->kernel, session->stream,
				   now_ns(CLOCK_BOOTTIME));
		e = e ? e : session_drain(session, is_over);
		if (!e && session->stats)
			e = stats_look(session->stats, session->kernel, session->output,
				       now_ns(CLOCK_BOOTTIME));
	}
	return e;
}
