/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/signals.h"

#include <errno.h>
#include <sys/signalfd.h>

struct err *signals_catch(sigset_t *ret_old, int *ret_fd)
{
	sigset_t wanted;
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGHUP);
	sigaddset(&wanted, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &wanted, ret_old) != 0)
		return err_new(ERR_FAILED, errno, "blocking signals");
	/* Never taken by its default, which would end us: it says that a file is written to. */
	sigaddset(&wanted, SIGIO);
	if (sigprocmask(SIG_BLOCK, &wanted, NULL) != 0)
		return err_new(ERR_FAILED, errno, "blocking signals");
	sigaddset(ret_old, SIGIO);
	/* Then write(2) says it: a reader that has gone, a file that may not grow. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* Whoever started us may have ignored it: then children's ends are told to nobody. The
	 * command has been forked by now, and has it as we had. */
	signal(SIGCHLD, SIG_DFL);
	*ret_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*ret_fd < 0)
		return err_new(ERR_FAILED, errno, "catching signals");
	return NULL;
}
