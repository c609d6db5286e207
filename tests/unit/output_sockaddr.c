/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "output/sockaddr.h"

static void assert_shown(const void *bytes, size_t length, const char *expected)
{
	struct socket_address address;
	struct buffer buffer;
	assert_true(sockaddr_decode(bytes, (uint32_t)length, &address));
	assert_ok(buffer_init(&buffer, -1, ""));
	sockaddr_put(&buffer, &address);
	buffer_put_char(&buffer, '\0');
	assert_string_equal(buffer.data, expected);
	buffer_deinit(&buffer);
}

static void internet_addresses(void **state)
{
	(void)state;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(8080)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
	inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
	assert_shown(&v4, sizeof(v4), "{AF_INET, 192.0.2.1:8080}");
	assert_shown(&v4, 8, "{AF_INET, 192.0.2.1:8080}");
	assert_shown(&v4, 7, "{AF_INET, \"\\x1f\\x90\\xc0\\x00\\x02\"}");
	assert_shown(&v6, sizeof(v6), "{AF_INET6, [2001:db8::1]:443}");
	v6.sin6_scope_id = 2;
	assert_shown(&v6, sizeof(v6), "{AF_INET6, [2001:db8::1%2]:443}");
	assert_shown(&v6, 24, "{AF_INET6, [2001:db8::1]:443}");
}

static void unix_addresses(void **state)
{
	(void)state;
	struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/run/\033x"};
	assert_shown(&path, sizeof(path), "{AF_UNIX, \"/run/\\x1bx\"}");
	assert_shown(&path, 5, "{AF_UNIX, \"/ru\"}");
	assert_shown(&path, 2, "{AF_UNIX}"); /* unnamed */
	assert_shown("\1\0\0ab\0", 6, "{AF_UNIX, @\"ab\\x00\"}");
}

static void other_addresses(void **state)
{
	(void)state;
	struct sockaddr_nl netlink = {.nl_family = AF_NETLINK, .nl_pid = 7, .nl_groups = 3};
	assert_shown(&netlink, sizeof(netlink), "{AF_NETLINK, pid=7, groups=3}");
	assert_shown("\0\0", 2, "{AF_UNSPEC}");
	assert_shown("\xff\xff\1", 3, "{65535, \"\\x01\"}");
	struct socket_address address;
	assert_false(sockaddr_decode("\1", 1, &address));
	assert_false(sockaddr_decode(NULL, 0, &address));
}

static void types_are_known_by_name(void **state)
{
	(void)state;
	static const char *const yes[] = {"struct sockaddr *",	       "const struct sockaddr *",
					  "struct sockaddr_storage *", "sockaddr",
					  "struct sockaddr*",	       NULL};
	static const char *const no[] = {"void *", "struct sock *", "", "struct sockaddrs *", NULL};
	for (size_t i = 0; yes[i]; i++)
		assert_true(sockaddr_is_type(&(struct type){.name = yes[i]}));
	for (size_t i = 0; no[i]; i++)
		assert_false(sockaddr_is_type(&(struct type){.name = no[i]}));
	assert_false(sockaddr_is_type(&(struct type){.name = NULL}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(internet_addresses),
		cmocka_unit_test(unix_addresses),
		cmocka_unit_test(other_addresses),
		cmocka_unit_test(types_are_known_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
