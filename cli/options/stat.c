/* SPDX-License-Identifier: Apache-2.0 */
/* cli/options/stat.c — what `utrail stat` takes of the options. */
#include <string.h>

#include "cli/options/options.h"

/* What is told of each event has no meaning where none is told. */
static const char *given_for_events(const struct options *options)
{
	return options->stacks			       ? "-k"
	       : options->fd_paths		       ? "-y"
	       : options->output.time == TIME_RELATIVE ? "-r"
	       : options->max_events		       ? "--max-events"
	       : options->rate.count		       ? "--rate"
	       : options->lossless		       ? "--lossless"
	       : options->redact		       ? "--redact"
	       : options->cost			       ? "--cost"
	       : options->tally			       ? "-c and -C"
	       : options->pairs.count		       ? "A ~~ B"
						       : NULL;
}

static bool is_task_life(const struct spec *spec)
{
	bool bare = !spec->kind_given && !spec->module && !spec->provider && spec->name;
	return spec->kind == PROBE_EXEC || spec->kind == PROBE_FORK || spec->kind == PROBE_EXIT ||
	       (bare && (strcmp(spec->name, "exec") == 0 || strcmp(spec->name, "fork") == 0 ||
			 strcmp(spec->name, "exit") == 0));
}

static struct err *check_others(const struct options *options)
{
	const char *given = options->interval_s > 0 ? "--interval"
			    : options->histogram    ? "--histogram"
			    : options->where	    ? "--where"
						    : NULL;
	if (!given)
		return NULL;
	return err_hint(err_new(ERR_USAGE, 0, "%s goes with 'utrail stat'", given),
			"utrail stat -p PID -e SPEC...: what is counted, and not shown one by one");
}

struct err *options_check_stat(const struct options *options)
{
	const char *given = given_for_events(options);
	if (options->command != COMMAND_STAT)
		return check_others(options);
	if (given)
		return err_hint(
			err_new(ERR_USAGE, 0, "utrail stat: %s has no meaning there", given),
			"it counts, and shows no single event; 'utrail' without 'stat' does");
	for (size_t i = 0; i < options->specs.count; i++)
		if (!options->specs.items[i].negated && is_task_life(&options->specs.items[i]))
			return err_hint(
				err_new(ERR_USAGE, 0,
					"utrail stat: '%s' is task life, which has no times",
					options->specs.items[i].text),
				"system calls have: syscall:execve, syscall:exit_group");
	return NULL;
}
