/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/process/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct err *standard_take_places(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* Opened the wrong way round. The lowest free number is this one. */
		int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
		if (open("/dev/null", mode | O_CLOEXEC) < 0)
			return err_new(ERR_FAILED, errno,
				       "opening '/dev/null' in place of a "
				       "standard file that is closed");
	}
	return NULL;
}

struct err *standard_flush(void)
{
	int failed = fflush(stdout);
	return failed ? err_new(ERR_FAILED, errno, "writing to standard output") : NULL;
}
