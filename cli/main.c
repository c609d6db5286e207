/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/inspect.h"
#include "cli/options/options.h"
#include "cli/process/privilege.h"
#include "cli/process/standard.h"
#include "cli/report.h"
#include "cli/session/session.h"

/* Ends as the command did: of the same signal, without a second core file. */
static void die_of(int signum)
{
	const struct rlimit none = {0};
	sigset_t all;
	setrlimit(RLIMIT_CORE, &none);
	signal(signum, SIG_DFL);
	sigemptyset(&all);
	sigaddset(&all, signum);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	raise(signum);
}

static struct err *run(const struct options *options, int *ret_status)
{
	switch (options->command) {
	case COMMAND_LIST:
		return inspect_list(options);
	case COMMAND_EXPLAIN:
		return inspect_explain(options);
	case COMMAND_CHECK:
		return inspect_check(ret_status);
	case COMMAND_TRACE:
	case COMMAND_SHELL:
	case COMMAND_STAT:
		break;
	}
	return session_run(options, ret_status);
}

int main(int argc, char **argv)
{
	struct options options;
	int status = 0;
	struct err *e = standard_take_places();
	e = e ? e : privilege_check_start();
	e = e ? e : options_parse(argc, argv, &options);
	if (e)
		return report_error(e);
	if (!options.finished)
		e = run(&options, &status);
	e = e ? e : standard_flush();
	options_deinit(&options);
	if (e)
		return report_error(e);
	if (status < 0)
		die_of(-status);
	return status < 0 ? 128 - status : status;
}
