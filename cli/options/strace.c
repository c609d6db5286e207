/* SPDX-License-Identifier: Apache-2.0 */
/* cli/options/strace.c — letters that strace has, where they mean more or less than there. */
#include "cli/options/options.h"

struct err *options_follow(struct options *options)
{
	if (options->follow)
		return err_hint(err_new(ERR_USAGE, 0,
					"-ff: one file for each process, as strace writes, is not "
					"there"),
				"-f writes one stream, each line with its process");
	options->follow = true;
	return NULL;
}

struct err *options_next_time(struct options *options)
{
	enum output_time *time = &options->output.time;
	if (*time == TIME_EPOCH)
		return err_hint(err_new(ERR_USAGE, 0, "-tttt is not known"),
				"-t: wall clock; -tt: with microseconds; -ttt: since the epoch");
	*time = *time == TIME_SECONDS	     ? TIME_MICROSECONDS
		: *time == TIME_MICROSECONDS ? TIME_EPOCH
					     : TIME_SECONDS;
	return NULL;
}
