/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/netlink.bpf.h — of which protocol the netlink socket is that a descriptor stands for: what
 * its messages mean depends on it. For probe/fetch.bpf.c alone. As in probe/file.bpf.h, the
 * descriptor must lead to the same file at the end.
 */
#ifndef UTRAIL_PROBE_NETLINK_BPF_H
#define UTRAIL_PROBE_NETLINK_BPF_H

#include "probe/fetch.bpf.h"
#include "probe/file.bpf.h"

/* Has any plan a NETLINK operation? */
const volatile bool reads_netlink = false;

/* 1 + the protocol; 0: it is no such socket. */
static __noinline __u32 netlink_of(__s32 fd)
{
	__u16 family = 0, protocol = 0, mode = 0;
	__u64 path = file_path_of(fd, 0);
	if (!path)
		return 0;
	__u64 socket = SOCKET_READ(path - file_offsets.file_path, file_private);
	__u64 sock = socket ? SOCKET_READ(socket, socket_sock) : 0;
	if (!sock)
		return 0;
	SOCKET_INTO(family, sock, sock_family);
	if (family != SOCKET_NETLINK)
		return 0;
	SOCKET_INTO(protocol, sock, sock_protocol);
	/* Only a socket's file leads to a socket. */
	__u64 dentry = FILE_READ(path, path_dentry);
	SOCKET_INTO(mode, FILE_READ(dentry, dentry_inode), inode_mode);
	if ((mode & SOCKET_FORMAT) != SOCKET_MODE || file_path_of(fd, 0) != path)
		return 0;
	return protocol + 1U;
}

/* The descriptor in the accumulator becomes that. What is read again is as it was. */
static __always_inline void fetch_netlink(struct scratch *scratch)
{
	if (!reads_netlink)
		scratch->netlink = 0;
	else if (!scratch->keep_files)
		scratch->netlink = scratch->poisoned ? 0 : netlink_of((__s32)scratch->acc);
	fetch_load(scratch, scratch->netlink);
}

#endif
