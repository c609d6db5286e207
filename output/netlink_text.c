/* SPDX-License-Identifier: Apache-2.0 */
#include "output/netlink_text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

static void put_hardware(const struct shown *shown, char ret[NETLINK_TEXT_MAX])
{
	size_t at = 0;
	ret[0] = '\0';
	for (uint32_t i = 0; i < shown->length && at + sizeof(":ff") <= NETLINK_TEXT_MAX; i++)
		at += (size_t)snprintf(ret + at, NETLINK_TEXT_MAX - at, i ? ":%02x" : "%02x",
				       (unsigned char)shown->bytes[i]);
}

static void put_subsystem(const struct shown *shown, char ret[NETLINK_TEXT_MAX])
{
	if (shown->name)
		snprintf(ret, NETLINK_TEXT_MAX, "%s<<8|%s", shown->bytes, shown->name);
	else
		snprintf(ret, NETLINK_TEXT_MAX, "%s<<8|%#x", shown->bytes,
			 (unsigned int)(shown->number & UINT8_MAX));
}

const char *netlink_text(const struct shown *shown, char ret[NETLINK_TEXT_MAX])
{
	int family = shown->length == sizeof(struct in_addr) ? AF_INET : AF_INET6;
	if (shown->kind == SHOWN_HARDWARE)
		put_hardware(shown, ret);
	else if (shown->kind == SHOWN_SUBSYSTEM)
		put_subsystem(shown, ret);
	else if (!inet_ntop(family, shown->bytes, ret, NETLINK_TEXT_MAX))
		ret[0] = '\0';
	return ret;
}

void netlink_put(struct buffer *buffer, const struct shown *shown)
{
	char text[NETLINK_TEXT_MAX];
	if (shown->kind == SHOWN_PORT) {
		snprintf(text, sizeof(text), "htons(%u)", (unsigned int)shown->number);
		buffer_put_string(buffer, text);
		return;
	}
	bool is_address = shown->kind == SHOWN_ADDRESS;
	if (is_address)
		buffer_put_string(buffer, shown->length == sizeof(struct in_addr)
						  ? "inet_addr(\""
						  : "inet_pton(AF_INET6, \"");
	buffer_put_string(buffer, netlink_text(shown, text));
	if (is_address)
		buffer_put_string(buffer, "\")");
}
