/* SPDX-License-Identifier: Apache-2.0 */
/* cli/options/stat.c — what `utrail stat` takes of the options. */
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
	       : options->unfinished		       ? "--unfinished"
	       : options->pairs.count		       ? "A ~~ B"
						       : NULL;
}

/* NULL: it has times that can be added up. */
static struct err *check_spec(const struct options *options, const struct spec *spec)
{
	if (spec->kind == PROBE_KERNEL && options->where)
		return err_hint(
			err_new(ERR_USAGE, 0,
				"utrail stat: --where does not tell of '%s' where its time went",
				spec->text),
			"of functions and system calls it does: leave out the one or the other");
	if (!spec_is_life(spec, NULL))
		return NULL;
	return err_hint(err_new(ERR_USAGE, 0, "utrail stat: '%s' is task life, which has no times",
				spec->text),
			"system calls have: syscall:execve, syscall:exit_group");
}

static struct err *check_others(const struct options *options)
{
	const char *given = options->interval_s > 0 ? "--interval"
			    : options->histogram    ? "--histogram"
						    : NULL;
	bool has_events = options->command == COMMAND_TRACE || options->command == COMMAND_EXPLAIN;
	if (options->where && (options->tally_only || !has_events))
		return err_hint(
			err_new(ERR_USAGE, 0, "--where has no meaning there"),
			"utrail --where tells it of each call, 'utrail stat --where' of all "
			"calls of a function together");
	if (options->output.format == OUTPUT_JSON &&
	    (options->command == COMMAND_CHECK || options->command == COMMAND_EXPLAIN))
		return err_hint(
			err_new(ERR_USAGE, 0, "--json has no meaning there"),
			"'utrail list --json' tells what can be probed, for other programs");
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
	struct err *e = NULL;
	for (size_t i = 0; !e && i < options->specs.count; i++)
		if (!options->specs.items[i].negated)
			e = check_spec(options, &options->specs.items[i]);
	return e;
}
