/* SPDX-License-Identifier: Apache-2.0 */
/* cli/plan/suggest.h — the errors of a spec that matches nothing: the reason, and the nearest
 * names. */
#ifndef UTRAIL_CLI_PLAN_SUGGEST_H
#define UTRAIL_CLI_PLAN_SUGGEST_H

#include "cli/plan/plan.h"

/* No such file is mapped, or to be found. */
struct err *suggest_module(struct plan *plan, const struct spec *spec) must_check;
/* The files are there, the name is not in them, or what has it must not be probed: then the set's
 * notes from `first_note` on say so. */
struct err *suggest_match(struct plan *plan, const struct spec *spec, size_t first_note) must_check;
/* The name is not in these files. `named`: one that cannot be read is an error. */
struct err *suggest_in(struct plan *plan, const struct spec *spec,
		       const struct plan_modules *modules, bool named) must_check;

/* The same for a source line: suggest_line.c. */
struct err *suggest_line(struct plan *plan, const struct spec *spec) must_check;

#endif
