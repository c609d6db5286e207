/* SPDX-License-Identifier: Apache-2.0 */
#include "output/sockaddr.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/array.h"
#include "output/escape.h"
#include "output/number.h"

static const char *const family_names[] = {
	[AF_UNSPEC] = "AF_UNSPEC",
	[AF_UNIX] = "AF_UNIX",
	[AF_INET] = "AF_INET",
	[AF_INET6] = "AF_INET6",
	[AF_NETLINK] = "AF_NETLINK",
	[AF_PACKET] = "AF_PACKET",
	[AF_BLUETOOTH] = "AF_BLUETOOTH",
	[AF_CAN] = "AF_CAN",
	[AF_TIPC] = "AF_TIPC",
	[AF_ALG] = "AF_ALG",
	[AF_VSOCK] = "AF_VSOCK",
	[AF_KCM] = "AF_KCM",
	[AF_QIPCRTR] = "AF_QIPCRTR",
	[AF_SMC] = "AF_SMC",
	[AF_XDP] = "AF_XDP",
};

static bool skip_word(const char **text, const char *word)
{
	size_t length = strlen(word);
	if (strncmp(*text, word, length) != 0)
		return false;
	*text += length;
	return true;
}

bool sockaddr_is_type(const struct type *type)
{
	const char *name = type->name;
	if (!name)
		return false;
	skip_word(&name, "const ");
	skip_word(&name, "struct ");
	if (!skip_word(&name, "sockaddr"))
		return false;
	/* sockaddr, sockaddr_in, sockaddr_storage; with or without the pointer's star;
	 * sockaddr:arg2 */
	return *name == '\0' || *name == '_' || *name == ' ' || *name == '*' || *name == ':';
}

/* An IPv4 address that is cut short is no address. */
static bool decode_internet(const char *bytes, uint32_t length, struct socket_address *ret)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	/* The kernel also takes 24 bytes, without the scope (SIN6_LEN_RFC2133). */
	const uint32_t v6_smallest = offsetof(struct sockaddr_in6, sin6_scope_id);
	if (ret->family == AF_INET && length >= offsetof(struct sockaddr_in, sin_zero)) {
		memcpy(&v4, bytes, offsetof(struct sockaddr_in, sin_zero));
		ret->port = ntohs(v4.sin_port);
		return inet_ntop(AF_INET, &v4.sin_addr, ret->host, sizeof(ret->host));
	}
	if (ret->family == AF_INET6 && length >= v6_smallest) {
		memset(&v6, 0, sizeof(v6));
		memcpy(&v6, bytes, length < sizeof(v6) ? v6_smallest : sizeof(v6));
		ret->port = ntohs(v6.sin6_port);
		ret->scope = v6.sin6_scope_id;
		return inet_ntop(AF_INET6, &v6.sin6_addr, ret->host, sizeof(ret->host));
	}
	return false;
}

static bool decode_unix(struct socket_address *ret)
{
	if (ret->family != AF_UNIX)
		return false;
	if (ret->rest_length && ret->rest[0] == '\0') {
		ret->form = SOCKADDR_ABSTRACT;
		ret->rest++;
		ret->rest_length--;
		return true;
	}
	ret->form = SOCKADDR_PATH;
	ret->rest_length = (uint32_t)strnlen(ret->rest, ret->rest_length);
	return true;
}

bool sockaddr_decode(const char *bytes, uint32_t length, struct socket_address *ret)
{
	*ret = (struct socket_address){.form = SOCKADDR_OTHER};
	if (length < sizeof(ret->family))
		return false;
	memcpy(&ret->family, bytes, sizeof(ret->family));
	if (ret->family < array_size(family_names))
		ret->family_name = family_names[ret->family];
	ret->rest = bytes + sizeof(ret->family);
	ret->rest_length = length - (uint32_t)sizeof(ret->family);
	struct sockaddr_nl netlink;
	if (decode_internet(bytes, length, ret)) {
		ret->form = SOCKADDR_INTERNET;
	} else if (decode_unix(ret)) {
		return true;
	} else if (ret->family == AF_NETLINK && length >= sizeof(netlink)) {
		memcpy(&netlink, bytes, sizeof(netlink));
		ret->form = SOCKADDR_NETLINK;
		ret->pid = netlink.nl_pid;
		ret->groups = netlink.nl_groups;
	}
	return true;
}

static void put_number(struct buffer *buffer, uint64_t number)
{
	char *to = buffer_reserve(buffer, NUMBER_MAX);
	buffer->used += (size_t)(number_unsigned(to, number) - to);
}

static void put_internet(struct buffer *buffer, const struct socket_address *address)
{
	bool is_v6 = address->family == AF_INET6;
	buffer_put_string(buffer, is_v6 ? ", [" : ", ");
	buffer_put_string(buffer, address->host);
	if (address->scope) {
		buffer_put_char(buffer, '%');
		put_number(buffer, address->scope);
	}
	buffer_put_string(buffer, is_v6 ? "]:" : ":");
	put_number(buffer, address->port);
}

static void put_rest(struct buffer *buffer, const char *before,
		     const struct socket_address *address)
{
	if (!address->rest_length)
		return;
	buffer_put_string(buffer, before);
	escape_quoted(buffer, address->rest, address->rest_length);
}

/* The kernel gives out negative ones where a process has several such sockets. */
static void put_port_id(struct buffer *buffer, int32_t port_id)
{
	if (port_id < 0)
		buffer_put_char(buffer, '-');
	put_number(buffer, port_id < 0 ? (uint64_t) - (int64_t)port_id : (uint64_t)port_id);
}

void sockaddr_put(struct buffer *buffer, const struct socket_address *address)
{
	buffer_put_char(buffer, '{');
	if (address->family_name)
		buffer_put_string(buffer, address->family_name);
	else
		put_number(buffer, address->family);
	switch (address->form) {
	case SOCKADDR_INTERNET:
		put_internet(buffer, address);
		break;
	case SOCKADDR_NETLINK:
		buffer_put_literal(buffer, ", pid=");
		put_port_id(buffer, (int32_t)address->pid);
		buffer_put_literal(buffer, ", groups=");
		put_number(buffer, address->groups);
		break;
	case SOCKADDR_ABSTRACT:
		put_rest(buffer, ", @", address);
		break;
	case SOCKADDR_PATH:
	case SOCKADDR_OTHER:
		put_rest(buffer, ", ", address);
		break;
	}
	buffer_put_char(buffer, '}');
}
