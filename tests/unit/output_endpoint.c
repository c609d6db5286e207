/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of connections, as inet_ntop(3) writes addresses. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "kernel/view_records.h"
#include "output/endpoint.h"

static void assert_shown(int family, const char *address, uint16_t port, const char *wanted)
{
	struct view_endpoint end = {.family = (uint16_t)family, .port = port};
	char text[ENDPOINT_MAX];
	assert_int_equal(inet_pton(family, address, end.address), 1);
	assert_true(endpoint_text((const char *)&end, sizeof(end), text));
	assert_string_equal(text, wanted);
}

static void addresses(void **state)
{
	(void)state;
	assert_shown(AF_INET, "127.0.0.1", 80, "127.0.0.1:80");
	assert_shown(AF_INET, "255.255.255.255", 65535, "255.255.255.255:65535");
	assert_shown(AF_INET6, "::1", 443, "[::1]:443");
	assert_shown(AF_INET6, "fe80:1234:5678:9abc:def0:1234:5678:9abc", 65535,
		     "[fe80:1234:5678:9abc:def0:1234:5678:9abc]:65535");
	assert_shown(AF_INET6, "::ffff:10.0.0.1", 1, "[::ffff:10.0.0.1]:1");
}

static void no_addresses(void **state)
{
	struct view_endpoint end = {.family = AF_UNIX};
	char text[ENDPOINT_MAX];
	(void)state;
	assert_false(endpoint_text((const char *)&end, sizeof(end), text));
	end.family = AF_INET;
	assert_false(endpoint_text((const char *)&end, sizeof(end) - 1, text));
	assert_false(endpoint_text(NULL, 0, text));
}

static void types_by_name(void **state)
{
	(void)state;
	assert_true(endpoint_is_type(
		&(struct type){.kind = TYPE_BYTES, .size = 20, .name = "endpoint"}));
	assert_false(endpoint_is_type(
		&(struct type){.kind = TYPE_BYTES, .size = 16, .name = "endpoint"}));
	assert_false(
		endpoint_is_type(&(struct type){.kind = TYPE_BYTES, .size = 20, .name = "buffer"}));
	assert_false(endpoint_is_type(
		&(struct type){.kind = TYPE_STRING, .size = 20, .name = "endpoint"}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(no_addresses),
		cmocka_unit_test(types_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
