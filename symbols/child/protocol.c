/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/child/protocol.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/descriptors.h"

/* One call; a descriptor comes with the first byte of a message. */
static ssize_t receive_some(int socket, void *to, size_t size, int *ret_fd)
{
	int fd;
	ssize_t got = descriptors_receive(socket, to, size, &fd, 1);
	if (fd >= 0 && *ret_fd >= 0)
		close(fd);
	else if (fd >= 0)
		*ret_fd = fd;
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

static bool write_both(int socket, void *head, size_t size, const struct wire *rest)
{
	const struct iovec parts[] = {{head, size}, {rest->bytes, rest->size}};
	ssize_t done = 0;
	do
		done = writev(socket, parts, 2);
	while (done < 0 && errno == EINTR);
	if (done < (ssize_t)size)
		return false; /* the head of an answer is a few bytes: all of it, or nothing */
	size_t sent = (size_t)done - size;
	return descriptors_write(socket, rest->bytes + sent, rest->size - sent);
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
	/* In one piece: the other end wakes once. */
	if (rest->size > sizeof(small) - size)
		return write_both(socket, small, size, rest);
	if (rest->size)
		memcpy(small + size, rest->bytes, rest->size);
	return descriptors_write(socket, small, size + rest->size);
}
