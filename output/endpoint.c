/* SPDX-License-Identifier: Apache-2.0 */
#include "output/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* struct view_endpoint: family, port, address */
#define ENDPOINT_BYTES 20
#define PORT_AT	       2
#define ADDRESS_AT     4

bool endpoint_is_type(const struct type *type)
{
	return type->kind == TYPE_BYTES && type->size == ENDPOINT_BYTES &&
	       strcmp(type->name, "endpoint") == 0;
}

bool endpoint_text(const char *bytes, uint32_t length, char ret[ENDPOINT_MAX])
{
	char address[INET6_ADDRSTRLEN];
	uint16_t family, port;
	if (length < ENDPOINT_BYTES)
		return false;
	memcpy(&family, bytes, sizeof(family));
	memcpy(&port, bytes + PORT_AT, sizeof(port));
	if ((family != AF_INET && family != AF_INET6) ||
	    !inet_ntop(family, bytes + ADDRESS_AT, address, sizeof(address)))
		return false;
	snprintf(ret, ENDPOINT_MAX, family == AF_INET6 ? "[%s]:%u" : "%s:%u", address, port);
	return true;
}
