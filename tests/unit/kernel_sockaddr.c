/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/sockaddr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/unit.h"

static void assert_text(const void *address, size_t length, const char *expected)
{
	char text[600];
	int got = sockaddr_format(address, length, text, sizeof(text));
	assert_int_equal(got, strlen(expected));
	assert_string_equal(text, expected);
}

static void internet_addresses(void **state)
{
	(void)state;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(80)};
	inet_pton(AF_INET, "127.0.0.1", &v4.sin_addr);
	assert_text(&v4, sizeof(v4), "{AF_INET, 127.0.0.1:80}");
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
	inet_pton(AF_INET6, "::1", &v6.sin6_addr);
	assert_text(&v6, sizeof(v6), "{AF_INET6, [::1]:80}");
	inet_pton(AF_INET6, "fe80::1", &v6.sin6_addr);
	v6.sin6_scope_id = 2;
	assert_text(&v6, sizeof(v6), "{AF_INET6, [fe80::1%2]:80}");
}

static void local_addresses(void **state)
{
	(void)state;
	const size_t head = offsetof(struct sockaddr_un, sun_path);
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	assert_text(&local, head, "{AF_UNIX}");
	strcpy(local.sun_path, "/path");
	assert_text(&local, head + 6, "{AF_UNIX, \"/path\"}");
	assert_text(&local, sizeof(local), "{AF_UNIX, \"/path\"}");
	/* Without the NUL, as bind() permits. */
	assert_text(&local, head + 5, "{AF_UNIX, \"/path\"}");
	memcpy(local.sun_path, "\0bus\0x", 6);
	assert_text(&local, head + 6, "{AF_UNIX, @\"bus\\x00x\"}");
}

static void hostile_names_stay_printable(void **state)
{
	(void)state;
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	strcpy(local.sun_path, "a\"\\\033[1m\xff");
	assert_text(&local, sizeof(local), "{AF_UNIX, \"a\\x22\\x5c\\x1b[1m\\xff\"}");
	char all[sizeof(local) + 64];
	memset(all, 0xff, sizeof(all));
	memcpy(all, &local.sun_family, sizeof(local.sun_family));
	char text[600];
	/* 108 bytes at most, whatever the length says. */
	assert_int_equal(sockaddr_format(all, sizeof(all), text, sizeof(text)),
			 strlen("{AF_UNIX, \"\"}") + 4 * 108UL);
	char small[8];
	assert_true(sockaddr_format(all, sizeof(all), small, sizeof(small)) > 8);
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

static void cut_and_foreign_addresses(void **state)
{
	(void)state;
	char text[64];
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	assert_int_equal(sockaddr_format(&v4, 0, text, sizeof(text)), -1);
	assert_int_equal(sockaddr_format(&v4, 1, text, sizeof(text)), -1);
	assert_text(&v4, 6, "{AF_2, 4 bytes}");
	struct sockaddr other = {.sa_family = AF_NETLINK};
	assert_text(&other, 12, "{AF_16, 10 bytes}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(internet_addresses),
		cmocka_unit_test(local_addresses),
		cmocka_unit_test(hostile_names_stay_printable),
		cmocka_unit_test(cut_and_foreign_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
