/* SPDX-License-Identifier: Apache-2.0 */
/* cli/report.h — the program's own messages, on standard error. */
#ifndef UTRAIL_CLI_REPORT_H
#define UTRAIL_CLI_REPORT_H

#include <stdint.h>

#include "cli/cost.h"
#include "cli/options/options.h"
#include "cli/plan/plan.h"
#include "common/err.h"
#include "output/output.h"

/* Prints and ends the error; returns the exit status. */
int report_error(struct err *e);
/* "utrail: tracing 4242 (srv): 3 probes at 5 sites, 371 system calls; Ctrl-C ends" */
void report_start(const struct plan *plan, const struct options *options);
/* Processes that match now, and those to come: none may be there yet. */
void report_waiting(const struct plan *plan, uint64_t count, bool any_runs);
/* How many have matched. */
void report_all_selected(uint64_t count);
/* One of several. */
void report_ended(const struct process *process);
/* -v: what was chosen, and why. `calls_why`: of system calls; NULL: none are traced. */
void report_choices(const struct plan *plan, const char *const *backends, const char *calls_why);
/* The return probes were insisted on, without a proof that they are safe. */
void report_risk(void);
/* What could not be done as asked, one line each, from note number `first` on. */
void report_notes(const struct probe_set *set, size_t first);
/* Their calls that had not returned are not told. */
void report_unseen_threads(size_t count);
/* "12 events, 0 lost, 0 missed"; not `whole`: an error kept some from being written. */
void report_summary(const struct output_summary *summary, bool whole);
/* A table: hits, cost of each, share of the target's time. */
void report_costs(const struct cost_list *list);
/* The accounts do not add up: a bug of ours, never kept quiet. */
void report_books(uint64_t attempts, uint64_t records, uint64_t failed);
void report_malformed(uint64_t count);

#endif
