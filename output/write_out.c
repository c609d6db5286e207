/* SPDX-License-Identifier: Apache-2.0 */
#include "output/write_out.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "common/now.h"

/* How often it is looked whether a signal is pending: poll() does not tell of a blocked one. */
#define LOOK_MS 100

bool write_out_may_wait(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 &&
	       (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || S_ISCHR(st.st_mode));
}

static bool is_to_end(void)
{
	sigset_t pending;
	sigemptyset(&pending);
	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
		sigismember(&pending, SIGHUP));
}

/* Room for some bytes; 0 or an errno. */
static int wait_for_room(int fd)
{
	uint64_t end_ns = 0;
	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
		int ready = poll(&poll_fd, 1, LOOK_MS);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return errno;
		if (!is_to_end())
			continue;
		uint64_t now = now_ns(CLOCK_MONOTONIC);
		if (!end_ns)
			end_ns = now + WRITE_OUT_GRACE_S * UINT64_C(1000000000);
		if (now >= end_ns)
			return ETIMEDOUT;
	}
}

/* Without waiting, whatever the descriptor's flags are, which others may share: where the kernel
 * can do that (pipes: 6.5), else as much as there is room for when there is any. */
static ssize_t write_some(int fd, const char *data, size_t size)
{
	struct iovec bytes = {.iov_base = (void *)data, .iov_len = size};
	ssize_t n = pwritev2(fd, &bytes, 1, -1, RWF_NOWAIT);
	if (n >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL))
		return n;
	int errnum = wait_for_room(fd);
	if (!errnum)
		return write(fd, data, size < PIPE_BUF ? size : PIPE_BUF);
	errno = errnum;
	return -1;
}

int write_out(int fd, bool may_wait, const char *data, size_t size, size_t *written)
{
	*written = 0;
	while (*written < size) {
		const char *rest = data + *written;
		ssize_t n = may_wait ? write_some(fd, rest, size - *written)
				     : write(fd, rest, size - *written);
		if (n >= 0) {
			*written += (size_t)n;
			continue;
		}
		int errnum = errno;
		if (errnum == EAGAIN || errnum == EWOULDBLOCK)
			errnum = wait_for_room(fd);
		if (errnum && errnum != EINTR)
			return errnum;
	}
	return 0;
}
