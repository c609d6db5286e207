/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/sockaddr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int format_internet(const void *bytes, char *text, size_t size)
{
	struct sockaddr_in address;
	char host[INET_ADDRSTRLEN];
	memcpy(&address, bytes, sizeof(address));
	inet_ntop(AF_INET, &address.sin_addr, host, sizeof(host));
	return snprintf(text, size, "{AF_INET, %s:%u}", host, ntohs(address.sin_port));
}

static int format_internet6(const void *bytes, char *text, size_t size)
{
	struct sockaddr_in6 address;
	char host[INET6_ADDRSTRLEN], scope[16] = "";
	memcpy(&address, bytes, sizeof(address));
	inet_ntop(AF_INET6, &address.sin6_addr, host, sizeof(host));
	/* A link-local address means something only on its interface. */
	if (address.sin6_scope_id)
		snprintf(scope, sizeof(scope), "%%%u", address.sin6_scope_id);
	return snprintf(text, size, "{AF_INET6, [%s%s]:%u}", host, scope, ntohs(address.sin6_port));
}

/* Room for each byte of the longest name as \xNN. */
#define ESCAPED_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) * 4 + 1)

static void escape(const char *name, size_t length, char *text)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)name[i];
		if (byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\')
			*text++ = (char)byte;
		else
			text += sprintf(text, "\\x%02x", byte);
	}
	*text = '\0';
}

/* `name` holds the bytes after the family. */
static int format_unix(const char *name, size_t length, char *text, size_t size)
{
	char escaped[ESCAPED_MAX];
	const size_t longest = sizeof(((struct sockaddr_un *)0)->sun_path);
	if (length > longest)
		length = longest;
	/* unix(7): no name; a name that starts with NUL is abstract and all its bytes count. */
	if (length == 0)
		return snprintf(text, size, "{AF_UNIX}");
	if (name[0] == '\0') {
		escape(name + 1, length - 1, escaped);
		return snprintf(text, size, "{AF_UNIX, @\"%s\"}", escaped);
	}
	escape(name, strnlen(name, length), escaped);
	return snprintf(text, size, "{AF_UNIX, \"%s\"}", escaped);
}

int sockaddr_format(const void *bytes, size_t length, char *text, size_t size)
{
	sa_family_t family;
	if (length < sizeof(family))
		return -1;
	memcpy(&family, bytes, sizeof(family));
	if (family == AF_INET && length >= sizeof(struct sockaddr_in))
		return format_internet(bytes, text, size);
	if (family == AF_INET6 && length >= sizeof(struct sockaddr_in6))
		return format_internet6(bytes, text, size);
	if (family == AF_UNIX)
		return format_unix((const char *)bytes + sizeof(family), length - sizeof(family),
				   text, size);
	return snprintf(text, size, "{AF_%u, %zu bytes}", family, length - sizeof(family));
}
