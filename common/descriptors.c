/* SPDX-License-Identifier: Apache-2.0 */
#include "common/descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

void descriptors_keep_only(int fd)
{
	dup2(fd, 0);
#ifdef SYS_close_range
	if (syscall(SYS_close_range, 1U, ~0U, 0U) == 0)
		return;
#endif
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	for (rlim_t other = 1; other < limit.rlim_cur; other++)
		close((int)other);
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * DESCRIPTORS_MAX)];
};

/* For the BPF programs, and some hundred files of a target. */
#define ENOUGH 8192

void descriptors_allow_all(struct rlimit *ret_before)
{
	static const struct rlimit enough = {ENOUGH, ENOUGH};
	struct rlimit before = {0};
	getrlimit(RLIMIT_NOFILE, &before);
	/* CAP_SYS_RESOURCE raises the hard limit, too. */
	if (before.rlim_max >= ENOUGH || setrlimit(RLIMIT_NOFILE, &enough) != 0)
		descriptors_allow(&(struct rlimit){before.rlim_max, before.rlim_max});
	if (ret_before)
		*ret_before = before;
}

void descriptors_allow(const struct rlimit *limit)
{
	if (limit->rlim_max)
		setrlimit(RLIMIT_NOFILE, limit);
}

ssize_t descriptors_send(int socket, const struct iovec *parts, size_t n_parts, const int *fds,
			 size_t n_fds)
{
	union control control = {.header = {.cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS,
					    .cmsg_len = CMSG_LEN(sizeof(int) * n_fds)}};
	struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = n_parts};
	if (n_fds > DESCRIPTORS_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (n_fds) {
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * n_fds);
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL);
}

ssize_t descriptors_receive(int socket, void *to, size_t size, int *fds, size_t n_fds)
{
	union control control;
	struct iovec vector = {.iov_base = to, .iov_len = size};
	/* What is rounded up to would have room for one more. */
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_LEN(sizeof(int) * n_fds)};
	ssize_t got;
	for (size_t i = 0; i < n_fds; i++)
		fds[i] = -1;
	if (n_fds > DESCRIPTORS_MAX) {
		errno = EINVAL;
		return -1;
	}
	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(fds, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
	return got;
}

bool descriptors_write(int fd, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = write(fd, (const char *)bytes + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

bool descriptors_read(int fd, uint64_t offset, void *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = pread(fd, (char *)to + done, size - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}
