/* SPDX-License-Identifier: Apache-2.0 */
/* cli/options/shell.c — what `utrail shell` takes of the options. */
#include "cli/options/options.h"

struct err *options_add_redact(struct options *options, char *pattern)
{
	options->redact = true;
	char **kept = pattern ? array_push(&options->redact_patterns) : NULL;
	if (pattern && !kept)
		return &err_nomem;
	if (pattern)
		*kept = pattern;
	return NULL;
}

/* What is traced is known: of all that chooses it, only the processes make sense. */
struct err *options_check_shell(const struct options *options)
{
	const char *given = options->specs.count	   ? "-e"
			    : options->argv		   ? "a command"
			    : options->follow		   ? "-f"
			    : options->inside		   ? "--inside"
			    : options->fd_paths		   ? "-y"
			    : options->stacks		   ? "-k"
			    : options->max_events	   ? "--max-events"
			    : options->return_mode	   ? "--return"
			    : options->stop_on_load	   ? "--stop-on-load"
			    : options->interval_s > 0	   ? "--interval"
			    : options->histogram	   ? "--histogram"
			    : options->where		   ? "--where"
			    : options->unfinished	   ? "--unfinished"
			    : options->selection.n_names   ? "--comm"
			    : options->selection.n_cgroups ? "--cgroup"
							   : NULL;
	if (!given)
		return NULL;
	return err_hint(
		err_new(ERR_USAGE, 0, "utrail shell: %s has no meaning there", given),
		"utrail shell [-p PID] [-u USER] [--redact] [--json] [-o FILE]: what is typed into "
		"shells, and what it runs");
}
