/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/socket.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/array.h"
#include "probe/offsets.h"

/* Of the kernel's own dev_t, include/linux/kdev_t.h. */
#define MINOR_BITS 20

/* --- where the kernel has what ---------------------------------------------------------------- */

#define WANTED(type, member, inner, place)                                               \
	{                                                                                \
		type, member, inner, offsetof(struct fetch_socket_offsets, place), false \
	}
/* Unix and netlink sockets, and IPv6, may be modules, or left out. */
#define OPTIONAL(type, member, inner, place)                                            \
	{                                                                               \
		type, member, inner, offsetof(struct fetch_socket_offsets, place), true \
	}

static const struct offset_wanted all_wanted[] = {
	WANTED("file", "private_data", NULL, file_private),
	WANTED("inode", "i_mode", NULL, inode_mode),
	WANTED("inode", "i_rdev", NULL, inode_device),
	WANTED("socket", "sk", NULL, socket_sock),
	WANTED("socket_alloc", "vfs_inode", NULL, socket_inode),
	WANTED("sock_common", "skc_family", NULL, sock_family),
	WANTED("sock_common", "skc_rcv_saddr", NULL, sock_local),
	WANTED("sock_common", "skc_daddr", NULL, sock_remote),
	OPTIONAL("sock_common", "skc_v6_rcv_saddr", NULL, sock_local6),
	OPTIONAL("sock_common", "skc_v6_daddr", NULL, sock_remote6),
	WANTED("sock_common", "skc_num", NULL, sock_local_port),
	WANTED("sock_common", "skc_dport", NULL, sock_remote_port),
	WANTED("sock", "sk_type", NULL, sock_type),
	WANTED("sock", "sk_protocol", NULL, sock_protocol),
	WANTED("sock", "sk_prot_creator", NULL, sock_kind),
	WANTED("sock", "sk_socket", NULL, sock_socket),
	WANTED("proto", "name", NULL, kind_name),
	OPTIONAL("unix_sock", "peer", NULL, unix_peer),
	OPTIONAL("unix_sock", "addr", NULL, unix_address),
	OPTIONAL("unix_address", "len", NULL, address_length),
	OPTIONAL("unix_address", "name", NULL, address_name),
	OPTIONAL("netlink_sock", "portid", NULL, netlink_port),
	WANTED("inode", "i_private", NULL, inode_private),
	WANTED("pid", "numbers", NULL, pid_numbers),
};
_Static_assert(sizeof(all_wanted) / sizeof(all_wanted[0]) ==
		       sizeof(struct fetch_socket_offsets) / sizeof(__u32),
	       "one for each");

struct err *socket_offsets_find(struct fetch_socket_offsets *ret)
{
	return offsets_find(all_wanted, array_size(all_wanted), "what sockets are",
			    "one of the y in -yy", ret);
}

/* --- what it is --------------------------------------------------------------------------------
 */

static bool get_details(const char *bytes, size_t length, struct fetch_file *ret_file,
			struct fetch_details *ret)
{
	if (length < sizeof(*ret_file) + sizeof(*ret))
		return false;
	memcpy(ret_file, bytes, sizeof(*ret_file));
	memcpy(ret, bytes + sizeof(*ret_file), sizeof(*ret));
	return ret_file->flags & FETCH_FILE_DETAILS;
}

bool file_is_socket(const char *bytes, size_t length)
{
	struct fetch_file file;
	struct fetch_details details;
	return get_details(bytes, length, &file, &details) && S_ISSOCK(details.mode);
}

bool file_is_device(const char *bytes, size_t length, struct file_device *ret)
{
	struct fetch_file file;
	struct fetch_details details;
	if (!get_details(bytes, length, &file, &details) ||
	    !(S_ISCHR(details.mode) || S_ISBLK(details.mode)))
		return false;
	*ret = (struct file_device){
		.is_block = S_ISBLK(details.mode),
		.major = details.device >> MINOR_BITS,
		.minor = details.device & ((1U << MINOR_BITS) - 1),
	};
	return true;
}

uint32_t file_process(const char *bytes, size_t length)
{
	struct fetch_file file;
	struct fetch_details details;
	if (!get_details(bytes, length, &file, &details) || file_is_socket(bytes, length))
		return 0;
	return details.port_id;
}

static const char *kind_of(const struct fetch_details *details)
{
	if (details->family != AF_UNIX)
		return details->kind;
	switch (details->type) { /* the kernel's own name is "UNIX" for most of them */
	case SOCK_STREAM:
		return "UNIX-STREAM";
	case SOCK_DGRAM:
		return "UNIX-DGRAM";
	case SOCK_SEQPACKET:
		return "UNIX-SEQPACKET";
	default:
		return "UNIX";
	}
}

static bool put_endpoint(char *to, size_t room, uint16_t family, const uint8_t *address,
			 uint16_t port)
{
	char text[INET6_ADDRSTRLEN];
	bool is_v6 = family == AF_INET6;
	if (!inet_ntop(family, address, text, sizeof(text)))
		return false;
	return snprintf(to, room, is_v6 ? "[%s]:%u" : "%s:%u", text, port) > 0;
}

static bool put_internet(char *to, size_t room, const char *kind,
			 const struct fetch_details *details)
{
	char local[INET6_ADDRSTRLEN + 16], remote[INET6_ADDRSTRLEN + 16];
	if (!details->local_port ||
	    !put_endpoint(local, sizeof(local), details->family, details->local,
			  details->local_port) ||
	    !put_endpoint(remote, sizeof(remote), details->family, details->remote,
			  ntohs(details->remote_port)))
		return false;
	if (details->remote_port)
		snprintf(to, room, "%s:[%s->%s]", kind, local, remote);
	else
		snprintf(to, room, "%s:[%s]", kind, local);
	return true;
}

/* A NUL in front: an abstract name, with an '@' for it. */
static void put_unix_name(char *to, size_t room, const struct fetch_details *details)
{
	size_t length = details->name_length, at = 0;
	const char *name = details->name;
	if (length > FETCH_SOCKET_NAME_MAX)
		length = FETCH_SOCKET_NAME_MAX;
	bool is_abstract = length && !name[0];
	if (!is_abstract)
		length = strnlen(name, length);
	if (!length)
		return;
	at += (size_t)snprintf(to, room, ",%s\"", is_abstract ? "@" : "");
	for (size_t i = is_abstract; i < length && at + 8 < room; i++) {
		unsigned char c = (unsigned char)name[i];
		bool is_plain = c >= ' ' && c < 0x7f && c != '"' && c != '\\';
		at += (size_t)snprintf(to + at, room - at, is_plain ? "%c" : "\\x%02x", c);
	}
	snprintf(to + at, room - at, "\"");
}

static void put_unix(char *to, size_t room, const char *kind, uint64_t inode,
		     const struct fetch_details *details)
{
	char peer[32] = "", name[FETCH_SOCKET_NAME_MAX * 4 + 16] = "";
	if (details->peer)
		snprintf(peer, sizeof(peer), "->%llu", (unsigned long long)details->peer);
	put_unix_name(name, sizeof(name), details);
	snprintf(to, room, "%s:[%llu%s%s]", kind, (unsigned long long)inode, peer, name);
}

static const char *netlink_name(uint16_t protocol)
{
	static const char *const names[] = {
		[NETLINK_ROUTE] = "ROUTE",	     [NETLINK_USERSOCK] = "USERSOCK",
		[NETLINK_SOCK_DIAG] = "SOCK_DIAG",   [NETLINK_XFRM] = "XFRM",
		[NETLINK_SELINUX] = "SELINUX",	     [NETLINK_AUDIT] = "AUDIT",
		[NETLINK_FIB_LOOKUP] = "FIB_LOOKUP", [NETLINK_CONNECTOR] = "CONNECTOR",
		[NETLINK_NETFILTER] = "NETFILTER",   [NETLINK_KOBJECT_UEVENT] = "KOBJECT_UEVENT",
		[NETLINK_GENERIC] = "GENERIC",	     [NETLINK_CRYPTO] = "CRYPTO",
	};
	return protocol < array_size(names) ? names[protocol] : NULL;
}

bool socket_text(const char *bytes, size_t length, char ret[FILE_PATH_MAX])
{
	struct fetch_file file;
	struct fetch_details details;
	if (!file_is_socket(bytes, length) || !get_details(bytes, length, &file, &details))
		return false;
	details.kind[sizeof(details.kind) - 1] = '\0';
	for (const char *c = details.kind; *c; c++)
		if (*c <= ' ' || *c > '~')
			details.kind[0] = '\0';
	const char *kind = kind_of(&details);
	const char *protocol = netlink_name(details.protocol);
	if (details.family == AF_UNIX)
		put_unix(ret, FILE_PATH_MAX, kind, file.inode, &details);
	else if (details.family == AF_NETLINK && details.port_id && protocol)
		snprintf(ret, FILE_PATH_MAX, "%s:[%s:%u]", kind, protocol, details.port_id);
	else if ((details.family != AF_INET && details.family != AF_INET6) ||
		 !put_internet(ret, FILE_PATH_MAX, kind, &details))
		snprintf(ret, FILE_PATH_MAX, "%s:[%llu]", *kind ? kind : "socket",
			 (unsigned long long)file.inode);
	return true;
}
