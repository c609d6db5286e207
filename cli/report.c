/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "output/escape.h"

/* In the words of ours lie names of processes and files, which are the target's: nothing of them
 * may command a terminal. */
static void put_line(const char *text)
{
	fputs("utrail: ", stderr);
	escape_print(stderr, text, "\\");
	fputc('\n', stderr);
}

int report_error(struct err *e)
{
	int status = err_kind(e);
	int errnum = err_errno(e);
	_cleanup_free_ char *text = err_text(e, "utrail");
	escape_print(stderr, text ? text : "utrail: out of memory\n", "\n\\");
	/* As a shell answers for a command that cannot be run. */
	if (strncmp(err_what(e), "cannot run ", 11) == 0)
		status = errnum == ENOENT ? 127 : 126;
	err_free(e);
	return status;
}

static void put_target(const struct plan *plan)
{
	if (plan->launch) {
		fprintf(stderr, "%d (", launch_pid(plan->launch));
		escape_print(stderr, launch_path(plan->launch), "");
		fputc(')', stderr);
		return;
	}
	for (size_t i = 0; i < plan->processes.count; i++) {
		if (i == 4) {
			fprintf(stderr, " and %zu more", plan->processes.count - i);
			break;
		}
		fprintf(stderr, "%s%d (", i ? ", " : "", process_pid(plan->processes.items[i]));
		escape_print(stderr, process_comm(plan->processes.items[i]), "");
		fputc(')', stderr);
	}
	if (plan->selects) {
		fputs("processes ", stderr);
		escape_print(stderr, plan->selects, "\\");
	}
	if (plan_is_for_all(plan))
		fputs("every process", stderr);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

void report_start(const struct plan *plan, const struct options *options)
{
	size_t sites = 0, syscalls = 0, probes = 0;
	const struct probe *last = NULL;
	for (size_t i = 1; i < plan->set.sites.count; i++) {
		const struct probe_site *site = plan->set.sites.items[i];
		if (!site->wire.kind || site->wire.kind == SITE_CATCH ||
		    (site->wire.flags & SITE_LIFE))
			continue;
		if (site->wire.kind == SITE_SYSCALL) {
			syscalls++;
			continue;
		}
		sites++;
		probes += site->probe != last;
		last = site->probe;
	}
	fputs("utrail: tracing ", stderr);
	put_target(plan);
	const char *separator = ": ";
	if (probes) {
		fprintf(stderr, "%s%zu probe%s at %zu site%s", separator, probes, plural(probes),
			sites, plural(sites));
		separator = ", ";
	}
	if (syscalls) {
		fprintf(stderr, "%s%zu system call%s", separator, syscalls, plural(syscalls));
		separator = ", ";
	}
	if (plan->show_exec || plan->show_fork || plan->show_exit) {
		fprintf(stderr, "%stask life", separator);
		separator = ", ";
	}
	if (plan->signals)
		fprintf(stderr, "%ssignals", separator);
	fputs(plan->launch || options->duration_s > 0 ? "\n" : "; Ctrl-C ends\n", stderr);
}

void report_waiting(const struct plan *plan, uint64_t count, bool any_runs)
{
	if (plan->selects && count)
		fprintf(stderr, "utrail: %" PRIu64 " process%s now\n", count,
			count == 1 ? " matches" : "es match");
	else if (plan->selects)
		fputs("utrail: no process matches yet: waiting\n", stderr);
	else if (plan_is_for_all(plan) && !any_runs)
		fputs("utrail: no process runs it yet: waiting\n", stderr);
}

void report_all_selected(uint64_t count)
{
	fprintf(stderr, "utrail: %" PRIu64 " process%s matched\n", count, count == 1 ? "" : "es");
}

void report_ended(const struct process *process)
{
	fprintf(stderr, "utrail: pid %d (", process_pid(process));
	escape_print(stderr, process_comm(process), "");
	fputs(") has ended\n", stderr);
}

void report_choices(const struct plan *plan, const char *const *backends, const char *calls_why)
{
	for (; *backends; backends += 2)
		fprintf(stderr, "utrail: %s: %s\n", backends[0], backends[1]);
	if (calls_why) {
		fputs("utrail: system calls: ", stderr);
		escape_print(stderr, calls_why, "\\");
		fputc('\n', stderr);
	}
	if (plan->verdict.why) {
		fputs("utrail: returns: ", stderr);
		escape_print(stderr, plan->verdict.why, "\\");
		fputc('\n', stderr);
	}
}

void report_risk(void)
{
	fputs("utrail: --return=trampoline: an exception, a switch of stacks or a seccomp filter can end "
	      "the target; -q hides this\n",
	      stderr);
}

void report_notes(const struct probe_set *set, size_t first)
{
	for (size_t i = first; i < set->notes.count; i++)
		put_line(set->notes.items[i].text);
}

void report_unseen_threads(size_t count)
{
	fprintf(stderr,
		"utrail: %zu thread%s could not be looked at: a system call that was still running "
		"there is not told (it takes CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH)\n",
		count, plural(count));
}

void report_summary(const struct output_summary *summary, bool whole)
{
	fprintf(stderr, "%" PRIu64 " event%s, %" PRIu64 " lost, %" PRIu64 " missed",
		summary->events, plural(summary->events), summary->lost, summary->missed);
	if (summary->returns_lost)
		fprintf(stderr, " (and %" PRIu64 " returns of delivered calls)",
			summary->returns_lost);
	if (summary->stacks_lost)
		fprintf(stderr, ", %" PRIu64 " stack%s lost", summary->stacks_lost,
			plural(summary->stacks_lost));
	if (summary->tallied)
		fprintf(stderr, ", %" PRIu64 " call%s counted", summary->counted,
			plural(summary->counted));
	if (summary->filtered)
		fprintf(stderr, ", %" PRIu64 " filtered", summary->filtered);
	if (summary->suppressed)
		fprintf(stderr, ", %" PRIu64 " suppressed", summary->suppressed);
	if (summary->gaps)
		fprintf(stderr, ", %" PRIu64 " file%s probed late", summary->gaps,
			plural(summary->gaps));
	if (summary->overwritten)
		fprintf(stderr, ", probes gone from %" PRIu64 " file%s", summary->overwritten,
			plural(summary->overwritten));
	if (summary->written)
		fprintf(stderr, ", %" PRIu64 " file%s not probed to the end", summary->written,
			plural(summary->written));
	if (summary->unwritten)
		fprintf(stderr, ", %" PRIu64 " of them not written", summary->unwritten);
	fputs(whole ? "\n" : ", not all of them told\n", stderr);
	if (summary->compat_calls)
		fprintf(stderr,
			"utrail: %" PRIu64
			" 32-bit system call%s not shown: only 64-bit ones are\n",
			summary->compat_calls, summary->compat_calls == 1 ? " is" : "s are");
	if (summary->compat_programs)
		fprintf(stderr,
			"utrail: %" PRIu64 " 32-bit program%s: %s system calls are not shown\n",
			summary->compat_programs, plural(summary->compat_programs),
			summary->compat_programs == 1 ? "its" : "their");
	if (summary->lossless)
		fprintf(stderr,
			"utrail: --lossless: %" PRIu64 " hit%s held back, %.6f seconds in all\n",
			summary->held, summary->held == 1 ? " was" : "s were",
			(double)summary->held_ns / 1e9);
	if (summary->lost && summary->summed)
		fputs("utrail: the table of what is counted was full, or memory short: fewer "
		      "functions help\n",
		      stderr);
	else if (summary->lost || summary->returns_lost > summary->not_followed ||
		 summary->stacks_lost)
		fputs("utrail: events were lost: a larger --ring-size, fewer probes or -o FILE "
		      "help\n",
		      stderr);
}

static void put_cost(const struct output_cost *cost)
{
	const struct probe *probe = cost->probe;
	const char *owner = probe->kind == PROBE_USDT	   ? probe->provider
			    : probe->kind == PROBE_SYSCALL ? ""
							   : probe->module;
	fprintf(stderr, "%10" PRIu64 " %8" PRIu64 " ", cost->hits, cost->ns_per_hit);
	if (cost->share >= 0)
		fprintf(stderr, "%6.1f%%  ", cost->share * 100);
	else
		fputs("      -  ", stderr);
	escape_print(stderr, owner ? owner : "", "\\");
	fputs(owner && *owner ? ":" : "", stderr);
	escape_print(stderr, probe->name, "\\");
	fputc('\n', stderr);
}

void report_costs(const struct cost_list *list)
{
	fputs("      hits   ns/hit   share  probe\n", stderr);
	for (size_t i = 0; i < list->items.count; i++)
		put_cost(&list->items.items[i]);
	if (list->cpu_ns)
		fprintf(stderr, "utrail: shares of %.6f seconds of the target's CPU time\n",
			(double)list->cpu_ns / 1e9);
}

void report_books(uint64_t attempts, uint64_t records, uint64_t failed)
{
	fprintf(stderr,
		"utrail: bug: %" PRIu64 " records were attempted, but %" PRIu64 " read and %" PRIu64
		" counted as lost\n",
		attempts, records, failed);
}

void report_malformed(uint64_t count)
{
	fprintf(stderr, "utrail: bug: %" PRIu64 " records were not understood\n", count);
}
