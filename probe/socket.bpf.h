/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/socket.bpf.h — what -yy tells of the file that a descriptor stands for: the number of a
 * device, protocol and addresses of a socket. For probe/file.bpf.h alone, which sees to it that the
 * descriptor led to this file from first to last: so its socket is there, too. What the socket
 * points to can go away meanwhile (a peer that closes): a read of freed memory tells an old or
 * another number, and does no harm.
 */
#ifndef UTRAIL_PROBE_SOCKET_BPF_H
#define UTRAIL_PROBE_SOCKET_BPF_H

#include "probe/kernel_read.bpf.h"

extern const volatile bool reads_sockets;
extern const volatile struct fetch_socket_offsets socket_offsets;

/* include/linux/socket.h, include/uapi/linux/stat.h */
#define SOCKET_UNIX    1
#define SOCKET_INET    2
#define SOCKET_INET6   10
#define SOCKET_NETLINK 16
#define SOCKET_FORMAT  0170000
#define SOCKET_MODE    0140000
#define REGULAR_MODE   0100000

/* Into a member of struct fetch_details; it stays zero when it cannot be read. */
#define SOCKET_INTO(to, base, offset) \
	read_kernel(&(to), sizeof(to), (const void *)((base) + socket_offsets.offset))

#define SOCKET_READ(base, offset)                        \
	({                                               \
		__u64 socket_value = 0;                  \
		SOCKET_INTO(socket_value, base, offset); \
		socket_value;                            \
	})

static __noinline int socket_unix(struct fetch_details *details, __u64 sock)
{
	if (!details || !socket_offsets.unix_address)
		return 0;
	__u64 address = SOCKET_READ(sock, unix_address);
	__u64 peer = SOCKET_READ(sock, unix_peer);
	__u64 socket = peer ? SOCKET_READ(peer, sock_socket) : 0;
	if (socket)
		details->peer = FILE_READ(socket + socket_offsets.socket_inode, inode_number);
	if (!address)
		return 0;
	/* With the family in front. */
	__u64 length = (__u32)SOCKET_READ(address, address_length) - sizeof(__u16);
	barrier_var(length);
	if (length > FETCH_SOCKET_NAME_MAX)
		return 0;
	if (!read_kernel(details->name, FETCH_SOCKET_NAME_MAX,
			 (const void *)(address + socket_offsets.address_name + sizeof(__u16))))
		details->name_length = (__u16)length;
	return 0;
}

static __noinline int socket_internet(struct fetch_details *details, __u64 sock)
{
	if (!details)
		return 0;
	SOCKET_INTO(details->local_port, sock, sock_local_port);
	SOCKET_INTO(details->remote_port, sock, sock_remote_port);
	if (details->family == SOCKET_INET) {
		read_kernel(details->local, 4, (const void *)(sock + socket_offsets.sock_local));
		read_kernel(details->remote, 4, (const void *)(sock + socket_offsets.sock_remote));
	} else {
		SOCKET_INTO(details->local, sock, sock_local6);
		SOCKET_INTO(details->remote, sock, sock_remote6);
	}
	return 0;
}

/* What the number of a pidfd's process would be, of any file that may be one: before 6.9 without a
 * type, since then one of pidfs (cb12fd8e0dab). Kernel numbers: not told in an inner namespace. */
static __noinline int socket_pid(struct fetch_details *details, __u64 file, __u64 inode)
{
	if (!details || in_namespace)
		return 0;
	__u64 pid = details->mode & SOCKET_FORMAT ? SOCKET_READ(inode, inode_private)
						  : SOCKET_READ(file, file_private);
	if (pid)
		SOCKET_INTO(details->port_id, pid, pid_numbers);
	return 0;
}

static __always_inline int socket_details(struct fetch_details *details, __u64 file, __u64 inode)
{
	__u16 mode = 0;
	if (!details)
		return 0;
	SOCKET_INTO(mode, inode, inode_mode);
	details->mode = mode;
	SOCKET_INTO(details->device, inode, inode_device);
	if (!(mode & SOCKET_FORMAT) || (mode & SOCKET_FORMAT) == REGULAR_MODE)
		return socket_pid(details, file, inode);
	if ((mode & SOCKET_FORMAT) != SOCKET_MODE)
		return 0;
	__u64 socket = SOCKET_READ(file, file_private);
	__u64 sock = socket ? SOCKET_READ(socket, socket_sock) : 0;
	if (!sock)
		return 0;
	SOCKET_INTO(details->family, sock, sock_family);
	SOCKET_INTO(details->type, sock, sock_type);
	SOCKET_INTO(details->protocol, sock, sock_protocol);
	__u64 kind = SOCKET_READ(sock, sock_kind);
	SOCKET_INTO(details->kind, kind, kind_name);
	if (details->family == SOCKET_UNIX)
		return socket_unix(details, sock);
	if (details->family == SOCKET_NETLINK && socket_offsets.netlink_port)
		SOCKET_INTO(details->port_id, sock, netlink_port);
	if (details->family == SOCKET_INET || details->family == SOCKET_INET6)
		return socket_internet(details, sock);
	return 0;
}

#endif
