/* SPDX-License-Identifier: Apache-2.0 */
/* output/sockaddr.h — the bytes behind a `struct sockaddr *`, taken apart. */
#ifndef UTRAIL_OUTPUT_SOCKADDR_H
#define UTRAIL_OUTPUT_SOCKADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "output/buffer.h"
#include "symbols/type.h"

enum sockaddr_form {
	SOCKADDR_OTHER, /* rest: the bytes after the family */
	SOCKADDR_INTERNET,
	SOCKADDR_PATH,	   /* AF_UNIX: rest is the path */
	SOCKADDR_ABSTRACT, /* AF_UNIX: rest is the name without its leading NUL; may hold any byte
			    */
	SOCKADDR_NETLINK,
};

struct socket_address {
	enum sockaddr_form form;
	uint16_t family;
	const char *family_name; /* "AF_INET", NULL when unknown */
	char host[INET6_ADDRSTRLEN];
	uint16_t port;
	uint32_t scope;	      /* IPv6: interface of a link-local address, 0: none */
	uint32_t pid, groups; /* netlink */
	const char *rest;     /* inside the bytes given */
	uint32_t rest_length;
};

/* Is this the type of such an argument: "struct sockaddr *", "const struct sockaddr_in *"? */
bool sockaddr_is_type(const struct type *type);
/* False when there are too few bytes even for the family. */
bool sockaddr_decode(const char *bytes, uint32_t length, struct socket_address *ret);
/* {AF_INET, 127.0.0.1:80}, target bytes escaped. */
void sockaddr_put(struct buffer *buffer, const struct socket_address *address);

#endif
