/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/child/protocol.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* One call; a descriptor comes with the first byte of a message. */
static ssize_t receive_some(int socket, void *to, size_t size, int *ret_fd)
{
	union control control;
	struct iovec vector = {.iov_base = to, .iov_len = size};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t got;
	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header && header->cmsg_type == SCM_RIGHTS && *ret_fd < 0)
		memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	return got;
}

static bool receive_all(int socket, void *to, size_t size, int *ret_fd)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = receive_some(socket, (char *)to + done, size - done, ret_fd);
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

bool protocol_receive(int socket, struct message_header *ret, struct wire *to, int *ret_fd)
{
	char chunk[4096];
	*ret_fd = -1;
	wire_reset(to);
	bool ok = receive_all(socket, ret, sizeof(*ret), ret_fd) && ret->magic == PROTOCOL_MAGIC &&
		  ret->size <= PROTOCOL_REQUEST_MAX;
	for (uint32_t left = ok ? ret->size : 0; ok && left;) {
		uint32_t size = left < sizeof(chunk) ? left : (uint32_t)sizeof(chunk);
		ok = receive_all(socket, chunk, size, ret_fd);
		wire_put_bytes(to, chunk, ok ? size : 0);
		left -= size;
	}
	ok = ok && !to->bad;
	if (!ok && *ret_fd >= 0) {
		close(*ret_fd);
		*ret_fd = -1;
	}
	return ok;
}

static bool write_all(int socket, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = write(socket, (const char *)bytes + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

bool protocol_send(int socket, enum verb verb, uint32_t image, const struct wire *from,
		   const struct wire *rest)
{
	static const struct wire nothing;
	rest = rest ? rest : &nothing;
	const struct message_header header = {.magic = PROTOCOL_MAGIC,
					      .verb = verb,
					      .image = image,
					      .size = (uint32_t)(from->size + rest->size)};
	char small[2048];
	size_t size = sizeof(header) + from->size;
	if (from->bad || rest->bad || size > sizeof(small) ||
	    rest->size > PROTOCOL_ANSWER_MAX - from->size)
		return false;
	memcpy(small, &header, sizeof(header));
	if (from->size)
		memcpy(small + sizeof(header), from->bytes, from->size);
	/* In one piece where that is cheap: the other end wakes once. */
	if (rest->size > sizeof(small) - size)
		return write_all(socket, small, size) && write_all(socket, rest->bytes, rest->size);
	if (rest->size)
		memcpy(small + size, rest->bytes, rest->size);
	return write_all(socket, small, size + rest->size);
}
