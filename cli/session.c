/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "cli/attacher.h"
#include "cli/books.h"
#include "cli/heartbeat.h"
#include "cli/kernel.h"
#include "cli/late.h"
#include "cli/output_file.h"
#include "cli/pairs.h"
#include "cli/plan.h"
#include "cli/privilege.h"
#include "cli/report.h"
#include "cli/running.h"
#include "cli/shell.h"
#include "cli/signals.h"
#include "cli/waker.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "kernel/syscalls.h"
#include "output/output.h"
#include "stream/stream.h"

/* Records taken from the ring before the stream gets to deliver some of them. */
#define BATCH 4096
/* Reader's timer: while events come, and when it has been quiet for a while. BPF wakes the reader
 * earlier when the ring fills. */
#define BUSY_MS	       2
#define IDLE_MS	       10
#define QUIET_AFTER_NS 100000000ULL
/* After Ctrl-C a command gets this long to end by itself, so that its end is in the trace. */
#define GRACE_NS 1000000000ULL
/* Once no record can be written any more, all of them are older than this from now. */
#define SETTLED_NS 10000000ULL
/* How often it is asked whether any followed process is left. */
#define LOOK_NS 50000000ULL

/* An entry that waits for its return becomes a record after this time, and how often that is looked
 * after: in time for the stream to show calls that take long. */
#define KEPT_NS 100000000ULL

struct session {
	const struct options *options;
	struct plan plan;
	struct attacher *attacher;
	struct process_view view;
	struct kernel *kernel;
	struct stream *stream;
	struct output *output;
	struct ring_buffer *ring, *life; /* hits; task life */
	struct waker *waker;		 /* NULL: nobody is stopped for a new file */
	struct late *late;		 /* NULL: what is probed cannot change any more */
	struct shell *shell;		 /* `utrail shell`: it looks after that itself */
	struct redact *redact;
	struct spans *spans; /* NULL: no `A ~~ B` */
	int output_fd;	     /* of -o; -1: a standard stream */
	int signal_fd;
	sigset_t old_signals;
	struct err *error; /* of a callback, which cannot return it */
	struct books books;
	struct heartbeat *heartbeat; /* NULL: nobody waits for us */
	size_t batch;
	uint64_t deadline_ns; /* 0: none */
	uint64_t looked_ns, active_ns, kept_ns;
	int stop_signal;
	bool stopped;	/* by a signal: the end, whatever comes */
	bool any_runs;	/* somebody does what is probed in every process */
	size_t n_ended; /* of the plan's processes: the last ones */
};

/* --- set-up ------------------------------------------------------------------------------------
 */

static struct err *open_output(struct session *session)
{
	const struct options *options = session->options;
	struct output_options how = options->output;
	/* A command's own output stays clean: the trace goes beside it. */
	int fd = session->plan.launch ? STDERR_FILENO : STDOUT_FILENO;
	const char *name = session->plan.launch ? "standard error" : "standard output";
	struct err *e = NULL;
	if (options->output_path) {
		e = output_file_open(options->output_path, &session->output_fd);
		fd = session->output_fd;
		name = options->output_path;
	}
	if (e)
		return e;
	bool anyone = plan_is_for_all(&session->plan);
	how.redact = session->redact;
	how.color = output_file_wants_color(options, fd);
	how.show_comm = anyone || session->plan.selects || options->follow ||
			session->plan.processes.count > 1;
	how.show_user = anyone || session->plan.selects;
	how.realtime_offset_ns = (int64_t)(now_ns(CLOCK_REALTIME) - now_ns(CLOCK_BOOTTIME));
	return output_create(fd, name, &how, &session->output);
}

static struct err *open_stream(struct session *session)
{
	const struct plan *plan = &session->plan;
	struct stream_options how = {
		.set = &plan->set,
		.sink = {.context = session->output,
			 .opened = session->options->output.format == OUTPUT_TEXT ? output_opened
										  : NULL,
			 .event = output_event},
		.show_fork = plan->show_fork,
		.show_exec = plan->show_exec,
		.show_exit = plan->show_exit,
		.unreadable = kernel_unreadable(session->kernel),
		.max_events = session->options->max_events,
	};
	if (session->shell)
		how.sink = shell_sink(session->shell, session->output);
	struct err *e = pairs_open(session->options, plan, &how.sink, &session->spans);
	if (e)
		return e;
	if (session->spans) {
		how.sink = spans_sink(session->spans);
		how.show_exec = how.show_exit = true;
		how.max_events = 0;
	}
	return stream_create(&how, &session->stream);
}

/* --- events ------------------------------------------------------------------------------------
 */

static int on_life(void *context, void *data, size_t size)
{
	struct session *session = context;
	session->error = stream_take(session->stream, data, size);
	return session->error ? -ENOMEM : 0;
}

static int on_record(void *context, void *data, size_t size)
{
	struct session *session = context;
	if (on_life(context, data, size))
		return -ENOMEM;
	/* Not an error: the consumer position already includes this record. */
	return ++session->batch % BATCH ? 0 : -EAGAIN;
}

static struct err *take_error(struct session *session)
{
	return take_ptr(session->error);
}

/* Nobody takes any more. */
static bool is_sated(struct session *session)
{
	return stream_is_full(session->stream) ||
	       (session->spans && spans_are_full(session->spans)) || output_closed(session->output);
}

/* Takes in what is there, and delivers what has waited long enough. Events may come faster than
 * that: it is asked between batches whether to go on. */
static struct err *drain(struct session *session, bool (*is_enough)(struct session *session))
{
	int taken;
	do {
		/* Task life first, and all of it: it can be older than any hit that is read now. */
		uint64_t now = now_ns(CLOCK_BOOTTIME);
		taken = ring_buffer__consume(session->life);
		if (!session->error)
			taken = ring_buffer__consume(session->ring) ?: taken;
		struct err *e = take_error(session);
		e = e ? e : stream_losses(session->stream, kernel_losses(session->kernel));
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

static bool has_ended(const struct process *process)
{
	struct pollfd fd = {.fd = process_pidfd(process), .events = POLLIN};
	return fd.fd < 0 ? !process_is_alive(process) : poll(&fd, 1, 0) != 0;
}

/* Of several processes, each end is told: the rest may take long. */
static size_t processes_left(struct session *session)
{
	struct plan *plan = &session->plan;
	size_t left = plan->processes.count - session->n_ended;
	for (size_t i = 0; i < left; i++) {
		struct process *process = plan->processes.items[i];
		if (!has_ended(process))
			continue;
		if (left > 1 && !session->options->quiet)
			report_ended(process);
		/* Those that are left are first. */
		plan->processes.items[i--] = plan->processes.items[--left];
		plan->processes.items[left] = process;
		session->n_ended++;
	}
	return left;
}

static bool target_has_ended(struct session *session)
{
	struct plan *plan = &session->plan;
	int status;
	if (!plan->launch && !plan->processes.count)
		return false;
	if (plan->launch && !launch_has_ended(plan->launch, &status))
		return false;
	if (processes_left(session))
		return false;
	bool follows = session->options->follow || session->shell;
	return !follows || !kernel_next_target(session->kernel, 0);
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
static struct err *take_news(struct session *session)
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
		if (signum == SIGCHLD)
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
	if (on_signals(session) || is_sated(session) || output_failed(session->output))
		return true;
	if (session->deadline_ns && now >= session->deadline_ns)
		return true;
	if (now - session->looked_ns < LOOK_NS)
		return false;
	session->looked_ns = now;
	return target_has_ended(session);
}

static struct err *wait_for_events(struct session *session)
{
	bool quiet = now_ns(CLOCK_BOOTTIME) - session->active_ns > QUIET_AFTER_NS;
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
	};
	if (session->plan.processes.count == 1)
		fds[2].fd = process_pidfd(session->plan.processes.items[0]);
	bool ready = poll(fds, array_size(fds), quiet ? IDLE_MS : BUSY_MS) > 0;
	if (waker_look(session->waker))
		return take_news(session);
	if (!ready)
		return NULL;
	if (fds[1].revents || fds[2].revents)
		session->looked_ns = 0;
	return fds[4].revents || fds[5].revents ? take_news(session) : NULL;
}

static struct err *look_after_kept(struct session *session)
{
	uint64_t now = now_ns(CLOCK_BOOTTIME), left;
	if (now - session->kept_ns < KEPT_NS)
		return NULL;
	session->kept_ns = now;
	struct err *e = session->late ? late_look_at_depth(session->late) : NULL;
	return e ? e : kernel_send_kept(session->kernel, now - KEPT_NS, &left);
}

static struct err *loop(struct session *session)
{
	struct err *e = NULL;
	while (!e && !is_over(session)) {
		e = wait_for_events(session);
		e = e ? e : look_after_kept(session);
		e = e ? e
		      : books_look(&session->books, session->kernel, session->stream,
				   now_ns(CLOCK_BOOTTIME));
		e = e ? e : drain(session, is_over);
	}
	return e;
}

/* --- the end -----------------------------------------------------------------------------------
 */

/* Takes in the rest; entries that still wait for their return among it. */
static struct err *drain_all(struct session *session)
{
	uint64_t left = 1;
	struct err *e = NULL;
	while (!e && left) {
		e = kernel_send_kept(session->kernel, UINT64_MAX, &left);
		e = e ? e : drain(session, is_sated);
		if (is_sated(session))
			break;
	}
	return e;
}

/* Everything that was written before the probes went out is delivered. */
static struct err *deliver_rest(struct session *session)
{
	struct err *e = drain_all(session);
	if (!e)
		e = stream_release(session->stream, now_ns(CLOCK_BOOTTIME) + SETTLED_NS);
	if (!e && session->plan.has_syscalls)
		e = running_tell(&session->plan, session->kernel, &session->view, session->stream);
	if (!e)
		e = stream_finish(session->stream);
	if (!e && session->shell)
		e = shell_finish(session->shell);
	if (!e && session->spans)
		e = spans_finish(session->spans);
	return e ? e : books_close(&session->books, session->kernel, session->stream);
}

static struct output_summary sum_up(const struct session *session)
{
	const struct stream_counts *counts = stream_counts(session->stream);
	uint64_t held_ns, held = kernel_held(session->kernel, &held_ns);
	return (struct output_summary){.events = counts->events,
				       .lossless = session->options->lossless,
				       .held = held,
				       .held_ns = held_ns,
				       .lost = counts->lost,
				       .missed = counts->missed,
				       .returns_lost = counts->returns_lost,
				       .filtered = counts->filtered,
				       .suppressed = counts->suppressed,
				       .gaps = counts->gaps,
				       .unwritten = output_unwritten(session->output)};
}

/* `e`: what has ended the trace, or NULL. Events that cannot be written are counted all the same.
 */
static struct err *finish(struct session *session, struct err *e, struct output_summary *ret)
{
	struct err *ended = output_failed(session->output) ? take_ptr(e) : NULL;
	/* The last files, too, are probed or told. */
	e = e ? e : take_news(session);
	kernel_stop(session->kernel);
	waker_close(take_ptr(session->waker));
	if (!e)
		e = deliver_rest(session);
	if (e && !ended && output_failed(session->output)) {
		ended = take_ptr(e);
		e = deliver_rest(session);
	}
	*ret = sum_up(session);
	/* Its events are commands. */
	if (session->shell)
		ret->events = shell_count(session->shell);
	if (session->spans)
		ret->events = spans_count(session->spans);
	if (!e)
		e = output_end(session->output, ret);
	if (!e)
		e = output_flush(session->output);
	if (session->output_fd >= 0)
		output_trim(session->output);
	ret->unwritten = output_unwritten(session->output);
	if (!ended)
		return e;
	err_free(e);
	return ended;
}

static int exit_status(struct session *session, const struct output_summary *summary)
{
	int status = 0;
	bool loss = summary->lost || summary->missed || summary->returns_lost || summary->gaps;
	if (session->plan.launch && launch_has_ended(session->plan.launch, &status)) {
		if (WIFSIGNALED(status))
			return -WTERMSIG(status);
		if (WEXITSTATUS(status))
			return WEXITSTATUS(status);
	}
	return session->options->fail_on_loss && loss ? ERR_FAILED : 0;
}

/* --- phases ------------------------------------------------------------------------------------
 */

/* Without it what comes later is not seen, and all else is. */
static struct err *watch_mappings(struct session *session)
{
	if (session->shell)
		return shell_watch(session->shell, session->kernel, session->stream,
				   &session->view);
	const struct late_parts parts = {.options = session->options,
					 .plan = &session->plan,
					 .kernel = session->kernel,
					 .stream = session->stream,
					 .view = &session->view,
					 .waker = session->waker};
	struct err *e = late_open(&parts, &session->late);
	if (!e || e == &err_nomem)
		return e;
	report_error(e);
	return NULL;
}

static struct err *make_plan(struct session *session, bool *ret_growing)
{
	const struct options *options = session->options;
	*ret_growing = options->command == COMMAND_SHELL;
	if (*ret_growing)
		return shell_plan(options, &session->plan, &session->shell);
	struct err *e = plan_make(options, &session->plan);
	*ret_growing = !e && plan_may_grow(options, &session->plan);
	return e;
}

/* What has been mapped since the plan was made. */
static struct err *catch_up(struct session *session)
{
	if (session->shell)
		return shell_catch_up(session->shell);
	return session->late ? late_catch_up(session->late) : NULL;
}

static struct err *prepare(struct session *session)
{
	const struct options *options = session->options;
	struct features features;
	struct err *e = output_file_redact(session->options, &session->redact);
	e = e ? e : features_check_privilege();
	/* Before anything of a target is read. */
	e = e ? e : attacher_start(&session->attacher);
	bool growing = false;
	e = e ? e : make_plan(session, &growing);
	if (!growing && !session->plan.has_syscalls)
		attacher_close(take_ptr(session->attacher));
	session->view = attacher_view(session->attacher);
	session->any_runs = session->shell != NULL;
	if (!e && !options->quiet && !session->shell && plan_is_for_all(&session->plan))
		session->any_runs = plan_any_process_runs(&session->plan);
	/* Not before: the command must start with the signals that we were started with. */
	e = e ? e : signals_catch(&session->old_signals, &session->signal_fd);
	e = e ? e : open_output(session);
	if (e)
		return e;
	if (options->quiet < 2)
		report_notes(&session->plan.set, 0);
	features_detect(&features);
	const struct kernel_options how = {.ring_size = options->ring_size,
					   .filters = plan_has_conditions(options),
					   .rates = options->rate.count || plan_has_rates(options),
					   .rate = options->rate,
					   .follow = options->follow || session->shell,
					   .lossless = options->lossless,
					   .growing = growing,
					   .selection = &options->selection,
					   .stop_on_load = growing && options->stop_on_load};
	e = kernel_load(&session->plan, &features, &how, &session->kernel);
	e = e ? e : open_stream(session);
	if (!e && how.stop_on_load)
		e = waker_start(kernel_stops_fd(session->kernel),
				kernel_known_files_fd(session->kernel), &session->waker);
	if (!e && how.growing)
		e = watch_mappings(session);
	e = e ? e : kernel_attach(session->kernel);
	e = e ? e : kernel_select(session->kernel);
	e = e ? e : catch_up(session);
	if (e)
		return e;
	session->ring = ring_buffer__new(kernel_ring_fd(session->kernel), on_record, session, NULL);
	session->life = ring_buffer__new(kernel_life_fd(session->kernel), on_life, session, NULL);
	return session->ring && session->life
		       ? NULL
		       : err_new(ERR_FAILED, errno, "mapping the event buffer");
}

static struct err *begin(struct session *session)
{
	const struct output_header header = {.realtime_ns = now_ns(CLOCK_REALTIME),
					     .boottime_ns = now_ns(CLOCK_BOOTTIME),
					     .backends = kernel_backends(session->kernel)};
	struct err *e = plan_check_alive(&session->plan);
	e = e ? e : privilege_drop(session->kernel, session->plan.launch != NULL);
	e = e ? e : output_begin(session->output, &header);
	if (e)
		return e;
	if (session->options->lossless)
		e = heartbeat_start(kernel_reader_clock(session->kernel), &session->heartbeat);
	if (e)
		return e;
	kernel_start(session->kernel);
	session->active_ns = header.boottime_ns;
	if (session->options->duration_s > 0)
		session->deadline_ns =
			header.boottime_ns + (uint64_t)(session->options->duration_s * 1e9);
	if (session->options->verbose)
		report_choices(&session->plan, header.backends);
	if (!session->options->quiet && session->options->return_mode == RETURN_TRAMPOLINE)
		report_risk();
	if (!session->options->quiet)
		report_start(&session->plan, session->options);
	if (!session->options->quiet)
		report_waiting(&session->plan, kernel_selected(session->kernel), session->any_runs);
	if (!session->plan.launch)
		return NULL;
	return launch_release(session->plan.launch);
}

static void session_deinit(struct session *session)
{
	heartbeat_stop(session->heartbeat);
	ring_buffer__free(session->ring);
	ring_buffer__free(session->life);
	late_close(session->late);
	shell_close(session->shell);
	spans_destroy(session->spans);
	kernel_close(session->kernel);
	waker_close(session->waker);
	stream_destroy(session->stream);
	output_destroy(session->output);
	redact_destroy(session->redact);
	closep(&session->output_fd);
	closep(&session->signal_fd);
	plan_deinit(&session->plan);
	attacher_close(session->attacher);
}

struct err *session_run(const struct options *options, int *ret_status)
{
	struct session session = {.options = options, .output_fd = -1, .signal_fd = -1};
	struct output_summary summary = {0};
	struct err *e = prepare(&session);
	e = e ? e : begin(&session);
	bool began = !e;
	e = e ? e : loop(&session);
	if (began) {
		e = finish(&session, e, &summary);
		/* After an error, or when nobody takes any more, not all was read. */
		if ((!e || output_failed(session.output)) && !is_sated(&session))
			books_check(session.kernel, session.stream, session.plan.set.sites.count);
		if (!options->quiet && session.plan.selects)
			report_all_selected(kernel_selected(session.kernel));
		if (!options->quiet)
			report_summary(&summary, !e || output_failed(session.output));
	}
	*ret_status = e ? 0 : exit_status(&session, &summary);
	session_deinit(&session);
	return e;
}
