/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli/plan/pairs.h — which sites of a plan begin and end the spans of `A ~~ B`, and where their
 * keys are.
 */
#ifndef UTRAIL_CLI_PLAN_PAIRS_H
#define UTRAIL_CLI_PLAN_PAIRS_H

#include "cli/options/options.h"
#include "cli/plan/plan.h"
#include "stream/spans.h"

/*
 * The plan has grown from site `first` on: finds the sides of the pairs among these, and has their
 * keys read. A side without such an argument is an error, or, when `late`, a note.
 */
struct err *pairs_plan(const struct options *options, struct plan *plan, size_t first,
		       bool late) must_check;
/* What stands between the stream and this sink; NULL, without an error, when there are no pairs. */
struct err *pairs_open(const struct options *options, const struct plan *plan,
		       const struct stream_sink *sink, struct spans **ret) must_check;

#endif
