/* SPDX-License-Identifier: Apache-2.0 */
/* cli/session/end.c — the end of a trace: all that was written is delivered, and the books are
 * closed. */
#include "cli/session/parts.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "cli/plan/pairs.h"
#include "cli/session/running.h"
#include "common/cleanup.h"
#include "common/now.h"
#include "kernel/status.h"

/* Once no record can be written any more, all of them are older than this from now. */
#define SETTLED_NS 10000000ULL

/* Takes in the rest; entries that still wait for their return among it. */
static struct err *drain_all(struct session *session)
{
	uint64_t left = 1;
	struct err *e = NULL;
	while (!e && left) {
		e = kernel_send_kept(session->kernel, UINT64_MAX, &left);
		e = e ? e : session_drain(session, session_is_sated);
		if (session_is_sated(session))
			break;
	}
	return e;
}

/* What tracing has left behind is a status of its own. */
static bool wants_running(const struct options *options)
{
	return !options->statuses || (options->statuses & STATUS_DETACHED);
}

/* Everything that was written before the probes went out is delivered. */
static struct err *deliver_rest(struct session *session)
{
	struct err *e = drain_all(session);
	if (!e)
		e = stream_losses(session->stream, kernel_losses(session->kernel));
	if (!e)
		e = stream_release(session->stream, now_ns(CLOCK_BOOTTIME) + SETTLED_NS);
	if (!e && session->plan.has_syscalls && !session->stats && wants_running(session->options))
		e = running_tell(&session->plan, session->kernel, &session->view, session->stream);
	if (!e)
		e = stream_finish(session->stream);
	if (!e && session->shell)
		e = shell_finish(session->shell);
	if (!e && session->spans)
		e = spans_finish(session->spans);
	if (!e && session->stats)
		e = stats_finish(session->stats, session->kernel, session->output,
				 session->ended_ns);
	return e ? e : books_close(&session->books, session->kernel, session->stream);
}

/* Where the programs that see system calls are not run for theirs. */
static uint64_t compat_programs(const struct session *session)
{
	if (!session->plan.has_syscalls || kernel_compat_calls(session->kernel) ||
	    kernel_tells_narrow(session->kernel))
		return 0;
	return session->compat_programs + stream_counts(session->stream)->compat_programs;
}

static struct output_summary sum_up(const struct session *session)
{
	const struct stream_counts *counts = stream_counts(session->stream);
	uint64_t held_ns, held = kernel_held(session->kernel, &held_ns);
	return (struct output_summary){.events = counts->events,
				       .summed = session->stats != NULL,
				       .lossless = session->options->lossless,
				       .held = held,
				       .held_ns = held_ns,
				       .lost = counts->lost,
				       .missed = counts->missed,
				       .returns_lost = counts->returns_lost,
				       .not_followed = counts->not_followed,
				       .stacks_lost = counts->stacks_lost,
				       .filtered = counts->filtered,
				       .suppressed = counts->suppressed,
				       .gaps = counts->gaps,
				       .overwritten = counts->overwritten,
				       .compat_calls = kernel_compat_calls(session->kernel),
				       .written = session->n_written,
				       .compat_programs = compat_programs(session),
				       .unwritten = output_unwritten(session->output)};
}

/* The table of -c and -C. */
static struct err *tell_tallies(struct session *session, struct output_summary *summary)
{
	_cleanup_(tally_list_deinit) struct tally_list list = {0};
	const struct tally_layout *layout = &session->options->tally_layout;
	struct err *e =
		tally_read(session->kernel, &session->plan.set, &session->tally_sink, &list);
	summary->tallied = true;
	summary->counted = tally_count(&list);
	if (session->options->tally_only)
		summary->events = 0;
	tally_sort(&list, layout);
	return e ? e : output_tallies(session->output, &list, layout);
}

static bool at_once(struct session *session)
{
	(void)session;
	return true;
}

/* What system calls that are still running were given, while their ends are still seen. Probes are
 * in: there may always be a next event, so no more than a batch is taken. */
static struct err *ask_for_entries(struct session *session)
{
	if (!session->plan.has_syscalls || !kernel_next_target(session->kernel, 0))
		return NULL;
	struct err *e = session_drain(session, at_once);
	if (e)
		return e;
	stream_keep_entries(session->stream);
	return kernel_send_long_calls(session->kernel, now_ns(CLOCK_BOOTTIME));
}

struct err *session_finish(struct session *session, struct err *e, struct output_summary *ret)
{
	struct err *ended = output_failed(session->output) ? take_ptr(e) : NULL;
	if (session->options->cost)
		cost_stop(&session->cost, session->kernel);
	/* The last files, too, are probed or told. */
	e = e ? e : session_take_news(session);
	e = e ? e : traps_look(session->traps, now_ns(CLOCK_BOOTTIME), true);
	e = e ? e : ask_for_entries(session);
	session->ended_ns = now_ns(CLOCK_BOOTTIME);
	/* What was written so far is shown while the kernel takes the probes out. */
	kernel_begin_stop(session->kernel);
	waker_close(take_ptr(session->waker));
	e = e ? e : session_drain(session, session_is_sated);
	kernel_stop(session->kernel);
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
	if (session->stats)
		ret->events = stats_count(session->stats);
	if (!e && session->options->cost)
		e = cost_tell(&session->cost, &session->plan.set, session->kernel, session->output);
	if (!e && session->options->tally)
		e = tell_tallies(session, ret);
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

int session_exit_status(struct session *session, const struct output_summary *summary)
{
	int status = 0;
	bool loss = summary->lost || summary->missed || summary->returns_lost || summary->gaps ||
		    summary->stacks_lost || summary->written || summary->overwritten;
	if (session->plan.launch && launch_has_ended(session->plan.launch, &status)) {
		if (WIFSIGNALED(status))
			return -WTERMSIG(status);
		if (WEXITSTATUS(status))
			return WEXITSTATUS(status);
	}
	return session->options->fail_on_loss && loss ? ERR_FAILED : 0;
}
