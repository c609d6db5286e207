/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "cli/debuginfo/notes.h"
#include "cli/output_file.h"
#include "cli/plan/pairs.h"
#include "cli/process/privilege.h"
#include "cli/report.h"
#include "cli/session/running.h"
#include "cli/session/signals.h"
#include "cli/stat/table.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "kernel/syscalls.h"

/* --- set-up ------------------------------------------------------------------------------------
 */

static const char *syscall_name(uint32_t number)
{
	if (number & EVENT_CALL_NARROW)
		return syscall_narrow_name(number & ~EVENT_CALL_NARROW);
	const struct syscall_info *info = syscall_by_number(number);
	return info ? info->name : NULL;
}

/* For the names of what pointers lead to. */
static bool find_pointee(void *context, const struct stream_event *event, uint64_t address,
			 enum shown_leads leads, struct image **ret, uint64_t *ret_address)
{
	const struct session *session = context;
	return session->spaces &&
	       spaces_find_pointee(session->spaces, (pid_t)event->task->tgid, event->time_ns,
				   address, leads, ret, ret_address);
}

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
	how.syscall_name = syscall_name;
	how.finder = (struct shown_finder){session, find_pointee};
	how.color = output_file_wants_color(options, fd);
	how.show_comm = anyone || session->plan.selects || options->follow ||
			session->plan.processes.count > 1;
	session->shows_names = how.show_comm || how.format == OUTPUT_JSON;
	how.show_user = anyone || session->plan.selects;
	how.realtime_offset_ns = (int64_t)(now_ns(CLOCK_REALTIME) - now_ns(CLOCK_BOOTTIME));
	return output_create(fd, name, &how, &session->output);
}

/* What a system call was given, may that be shown before it has returned? */
static bool knows_entries(const struct session *session)
{
	const struct options *options = session->options;
	return !session->shell && !session->stats && !options->tally_only && !options->statuses;
}

bool session_shows_entries(const struct session *session)
{
	return session->options->output.format == OUTPUT_TEXT && knows_entries(session);
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
		.unwinder = stacks_unwinder(session->stacks),
		.max_events = session->options->max_events,
		.stacks_of_samples = session->options->stacks_of_samples,
		.where = session->options->where && !session->stats,
		.calls_wait = session->options->unfinished,
		.tell_blocked = session->options->where && plan->pair_sites.count,
	};
	if (session->shell)
		how.sink = shell_sink(session->shell, session->output);
	if (session->stats)
		how.sink = stats_sink(session->output);
	struct err *e = pairs_open(session->options, plan, &how.sink, &session->spans);
	if (e)
		return e;
	if (session->spans) {
		how.sink = spans_sink(session->spans);
		how.show_exec = how.show_exit = how.hidden_too = true;
		how.max_events = 0;
	}
	if (session->options->tally) {
		session->tally_sink = (struct tally_sink){.next = how.sink,
							  .is_only = session->options->tally_only};
		how.sink = tally_sink(&session->tally_sink);
	}
	return stream_create(&how, &session->stream);
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

/* Where hits leave no record: nothing is written to it but what the programs say of themselves. */
#define NO_RING (64U << 10)

static struct err *make_plan(struct session *session, unsigned int *ret_growth)
{
	const struct options *options = session->options;
	bool sums = options->command == COMMAND_STAT;
	const struct kernel_reader reader = {session_on_record, session};
	session->early = kernel_early_new(sums ? NO_RING : options->ring_size, &reader);
	*ret_growth = options->command == COMMAND_SHELL ? PLAN_GROWS_BY_ALL : 0;
	if (*ret_growth)
		return shell_plan(options, &session->plan, &session->shell);
	struct err *e = plan_make(options, &session->plan);
	if (!e && sums) {
		stats_plan(&session->plan);
		e = stats_open(options, &session->plan, &session->stats);
	}
	if (!e)
		*ret_growth = plan_growth(options, &session->plan);
	return e;
}

/* What has been mapped since the plan was made. */
static struct err *catch_up(struct session *session)
{
	if (session->shell)
		return shell_catch_up(session->shell);
	struct err *e = session->late ? late_catch_up(session->late) : NULL;
	size_t n_notes = session->plan.set.notes.count;
	e = e ? e : plan_note_waiting(session->options, &session->plan);
	if (session->options->quiet < 2)
		report_notes(&session->plan.set, n_notes);
	return e;
}

/* Of those that are there; before its exec a command is a copy of ourselves. */
static void count_compat(struct session *session)
{
	const struct kernel *kernel = session->kernel;
	for (pid_t pid = kernel_next_target(kernel, 0); session->plan.has_syscalls && pid;
	     pid = kernel_next_target(kernel, pid))
		session->compat_programs += process_is_compat(pid);
}

static uint32_t sum_rows(const struct session *session, bool growing)
{
	int cpus = libbpf_num_possible_cpus();
	return session->stats
		       ? stat_table_size(&session->plan.set, growing, cpus > 0 ? (uint32_t)cpus : 1)
		       : 0;
}

static struct err *open_rings(struct session *session)
{
	session->ring = kernel_early_ring(session->early);
	if (!session->ring)
		session->ring = ring_buffer__new(kernel_ring_fd(session->kernel), session_on_record,
						 session, NULL);
	session->life =
		ring_buffer__new(kernel_life_fd(session->kernel), session_on_life, session, NULL);
	return session->ring && session->life
		       ? NULL
		       : err_new(ERR_FAILED, errno, "mapping the event buffer");
}

static bool shows_values(const struct options *options)
{
	return options->command == COMMAND_TRACE && !options->tally_only;
}

/* What comes late may show them, too. Those of all processes have names in the probed file alone:
 * what the whole machine maps is too much to follow. */
static bool may_show_pointers(const struct session *session, unsigned int growth)
{
	return (growth & (PLAN_GROWS_BY_CALLS | PLAN_GROWS_BY_INSTANTS)) ||
	       (!plan_is_for_all(&session->plan) && probe_set_shows_pointers(&session->plan.set));
}

/* Must it be known what the targets have mapped? */
static bool wants_spaces(const struct session *session, unsigned int growth)
{
	const struct options *options = session->options;
	return options->stacks != STACKS_NONE ||
	       (shows_values(options) &&
		(may_show_pointers(session, growth) || probe_set_shows_code(&session->plan.set)));
}

/* Where mappings cannot be watched, what is mapped is read when the first stack comes. */
static struct err *open_spaces(struct session *session, unsigned int growth)
{
	const struct options *options = session->options;
	const struct spaces_parts parts = {.plan = &session->plan,
					   .kernel = session->kernel,
					   .view = &session->view,
					   .waits = options->stacks == STACKS_NONE,
					   .data = shows_values(options) &&
						   may_show_pointers(session, growth)};
	struct err *unwatched = NULL;
	struct err *e = spaces_open(&parts, &session->spaces, &unwatched);
	if (unwatched && !parts.waits)
		report_error(unwatched);
	else
		err_free(unwatched);
	return e;
}

/* Before anything of a target is read. */
static struct err *start_children(struct session *session)
{
	const struct options *options = session->options;
	if (options->command == COMMAND_SHELL || plan_is_in_files(options))
		session->head_start = head_start_begin();
	return attacher_start(&session->attacher);
}

static struct err *prepare(struct session *session)
{
	const struct options *options = session->options;
	struct features features;
	struct err *e = output_file_redact(session->options, &session->redact);
	e = e ? e : features_check_privilege();
	e = e ? e : start_children(session);
	unsigned int growth = 0;
	e = e ? e : make_plan(session, &growth);
	e = e ? e : traps_note_debuggers(&session->plan);
	bool has_spaces = !e && wants_spaces(session, growth);
	/* What a command maps is not known before it runs. */
	if (!growth && !session->plan.has_syscalls && !has_spaces && !session->plan.launch)
		session->dismissed = take_ptr(session->attacher);
	attacher_dismiss(session->dismissed);
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
	const struct kernel_options how = {
		.ring_size = session->stats ? NO_RING : options->ring_size,
		.sum_rows = sum_rows(session, growth != 0),
		.where = options->where,
		.filters = plan_has_conditions(options),
		.rates = options->rate.count || plan_has_rates(options),
		.rate = options->rate,
		.follow = options->follow || session->shell,
		.cost = options->cost,
		.lossless = options->lossless,
		.stack_how = stacks_how(options),
		.stacks_of_samples = options->stacks_of_samples,
		.stack_bytes = options->stack_bytes,
		.stack_depth = (uint32_t)options->stack_depth,
		.growth = growth,
		.selection = &options->selection,
		.stop_on_load = growth && options->stop_on_load,
		.names = session->shows_names && !session->shell && !session->stats &&
			 !options->tally_only,
		.tally = options->tally,
		.tally_only = options->tally_only,
		.statuses = options->statuses,
		.entries = options->unfinished && session_shows_entries(session),
		.long_calls = knows_entries(session),
		.syscall_backend = options->syscall_backend,
		.early = session->early};
	size_t n_notes = session->plan.set.notes.count;
	head_start_end(&session->head_start);
	e = kernel_load(&session->plan, &features, &how, &session->kernel);
	if (!e && has_spaces)
		e = open_spaces(session, growth);
	e = e ? e : stacks_open(options, &session->plan, session->spaces, &session->stacks);
	if (!e && options->cost)
		e = cost_calibrate(kernel_form(session->kernel), &session->cost.forms);
	e = e ? e : open_stream(session);
	if (!e && how.stop_on_load)
		e = waker_start(kernel_stops_fd(session->kernel),
				kernel_known_files_fd(session->kernel), &session->waker);
	if (!e && how.growth)
		e = watch_mappings(session);
	if (options->quiet < 2)
		report_notes(&session->plan.set, n_notes);
	n_notes = session->plan.set.notes.count;
	e = e ? e : kernel_attach(session->kernel);
	if (options->quiet < 2)
		report_notes(&session->plan.set, n_notes);
	e = e ? e : kernel_select(session->kernel);
	e = e ? e : catch_up(session);
	if (!e)
		count_compat(session);
	e = e ? e : spaces_look(session->spaces);
	return e ? e : open_rings(session);
}

static struct err *open_traps(struct session *session)
{
	const struct traps_parts parts = {.plan = &session->plan,
					  .kernel = session->kernel,
					  .stream = session->stream,
					  .view = &session->view,
					  .holds = !session->attacher};
	return traps_open(&parts, now_ns(CLOCK_BOOTTIME), &session->traps);
}

static struct err *begin(struct session *session)
{
	const struct output_header header = {.realtime_ns = now_ns(CLOCK_REALTIME),
					     .boottime_ns = now_ns(CLOCK_BOOTTIME),
					     .backends = kernel_backends(session->kernel)};
	bool probing = kernel_adds_perf_probes(session->kernel);
	struct err *e = plan_check_alive(&session->plan);
	/* It has had time to end by now. */
	attacher_close(take_ptr(session->dismissed));
	e = e ? e : open_traps(session);
	e = e ? e : attacher_settle(session->attacher, probing);
	if (probing)
		kernel_probe_through(session->kernel, session->attacher);
	e = e ? e : privilege_drop(session->kernel, session->plan.launch != NULL);
	e = e ? e : output_begin(session->output, &header);
	if (e)
		return e;
	if (session->options->lossless)
		e = heartbeat_start(kernel_reader_clock(session->kernel), &session->heartbeat);
	if (e)
		return e;
	if (session->options->cost)
		cost_start(&session->cost, session->kernel);
	session->plan.server.is_asked = false;
	kernel_start(session->kernel);
	session->active_ns = header.boottime_ns;
	stream_begins(session->stream, header.boottime_ns);
	if (session->stats)
		stats_start(session->stats, header.boottime_ns);
	if (session->options->duration_s > 0)
		session->deadline_ns =
			header.boottime_ns + (uint64_t)(session->options->duration_s * 1e9);
	if (session->options->verbose)
		report_choices(&session->plan, header.backends, kernel_calls_why(session->kernel));
	if (session->options->verbose)
		debug_report(&session->plan);
	if (!session->options->quiet && session->options->return_mode == RETURN_TRAMPOLINE)
		report_risk();
	if (!session->options->quiet)
		report_start(&session->plan, session->options);
	if (!session->options->quiet)
		report_waiting(&session->plan, kernel_selected(session->kernel), session->any_runs);
	/* A command has nothing of what is probed before it runs. */
	return session->plan.launch ? launch_release(session->plan.launch)
				    : traps_look(session->traps, header.boottime_ns, true);
}

static void session_deinit(struct session *session)
{
	head_start_end(&session->head_start);
	heartbeat_stop(session->heartbeat);
	cost_list_deinit(&session->cost.list);
	ring_buffer__free(session->ring);
	ring_buffer__free(session->life);
	late_close(session->late);
	traps_close(session->traps);
	shell_close(session->shell);
	stats_close(session->stats);
	spans_destroy(session->spans);
	tally_sink_deinit(&session->tally_sink);
	kernel_close(session->kernel);
	waker_close(session->waker);
	stream_destroy(session->stream);
	stacks_close(session->stacks);
	spaces_close(session->spaces);
	output_destroy(session->output);
	redact_destroy(session->redact);
	closep(&session->output_fd);
	closep(&session->signal_fd);
	plan_deinit(&session->plan);
	/* Until then, whoever waits for the symbolizer asks it for something to do. */
	kernel_early_close(session->early);
	attacher_close(session->attacher);
	attacher_close(session->dismissed);
}

struct err *session_run(const struct options *options, int *ret_status)
{
	struct session session = {
		.options = options, .output_fd = -1, .signal_fd = -1, .head_start = {.pipe = -1}};
	struct output_summary summary = {0};
	struct err *e = prepare(&session);
	e = e ? e : begin(&session);
	bool began = !e;
	e = e ? e : session_loop(&session);
	if (began) {
		e = session_finish(&session, e, &summary);
		/* After an error, or when nobody takes any more, not all was read. */
		if ((!e || output_failed(session.output)) && !session_is_sated(&session))
			books_check(session.kernel, session.stream, session.plan.set.sites.count);
		if (!options->quiet && session.plan.selects)
			report_all_selected(kernel_selected(session.kernel));
		if (!options->quiet)
			report_summary(&summary, !e || output_failed(session.output));
		if (options->cost && options->output.format == OUTPUT_TEXT)
			report_costs(&session.cost.list);
	}
	*ret_status = e ? 0 : session_exit_status(&session, &summary);
	session_deinit(&session);
	return e;
}
