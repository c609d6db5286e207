/* SPDX-License-Identifier: Apache-2.0 */
/* cli/select.c — processes that are chosen by what they are: does that go with the rest? */
#include "cli/options/options.h"

struct err *options_check_selection(const struct options *options)
{
	static const char kinds[] = "--comm, --user, --cgroup and --container";
	bool traces = options->command == COMMAND_TRACE || options->command == COMMAND_STAT;
	bool named = options->argv || options->pids.count;
	bool chosen = !selection_is_empty(&options->selection);
	if (options->stop_on_load && (!traces || (!named && !chosen)))
		return err_hint(err_new(ERR_USAGE, 0, "--stop-on-load: whom?"),
				"it goes with a process, a command, or a choice of processes, that "
				"are traced");
	if (!chosen)
		return NULL;
	if (!traces)
		return err_hint(err_new(ERR_USAGE, 0, "%s choose what is traced", kinds),
				"'list', 'explain' and 'check' take -p PID");
	if (options->pids.count)
		return err_hint(err_why(err_new(ERR_USAGE, 0,
						"both processes and a choice of them "
						"were given"),
					"-p names processes, %s choose among all", kinds),
				"use either; several kinds of choice may be combined");
	if (options->argv)
		return err_hint(err_new(ERR_USAGE, 0,
					"both a choice of processes and a command were given"),
				"use either %s, or -- CMD", kinds);
	return NULL;
}
