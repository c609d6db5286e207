/* SPDX-License-Identifier: Apache-2.0 */
/* Each line of a table: what is given, what may be seen of it. */
#include "output/redact.h"

#include <string.h>

#include "unit.h"

struct pair {
	const char *given, *shown;
};

static struct redact *make(const char *const *patterns, size_t count)
{
	struct redact *redact = NULL;
	assert_null(redact_create(patterns, count, &redact));
	return redact;
}

static void check_text(struct redact *redact, const char *given, const char *shown)
{
	struct redacted got = redact_text(redact, given, strlen(given));
	if (got.size != strlen(shown) || memcmp(got.bytes, shown, got.size) != 0)
		fail_msg("'%s': got '%.*s', wanted '%s'", given, (int)got.size, got.bytes, shown);
}

static const struct pair commands[] = {
	{"backup --password=hunter2 --verbose", "backup --password=*** --verbose"},
	{"backup --password hunter2 x", "backup --password *** x"},
	{"PGPASSWORD=hunter2 psql -h db", "PGPASSWORD=*** psql -h db"},
	{"export DB_PASSWD='two words'; ls", "export DB_PASSWD=***; ls"},
	{"MYSQL_PWD=\"a b\" mysql", "MYSQL_PWD=*** mysql"},
	{"deploy --api-key=abc --dry-run", "deploy --api-key=*** --dry-run"},
	{"echo $TOKEN", "echo $TOKEN"},
	{"curl -d '{\"token\": \"abc\"}' host", "curl -d '{\"token\": ***}' host"},
	{"curl -H 'Authorization: Bearer abc.def' host", "curl -H 'Authorization: ***' host"},
	{"git clone https://me:hunter2@host/x.git", "git clone https://me:***@host/x.git"},
	{"git clone https://host:8080/x@y", "git clone https://host:8080/x@y"},
	{"mysql -uroot -phunter2 db", "mysql -uroot -p*** db"},
	{"/usr/bin/mysqldump -phunter2 db", "/usr/bin/mysqldump -p*** db"},
	{"mkdir -p dir/sub; mysql -P 3306", "mkdir -p dir/sub; mysql -P 3306"},
	{"mysql db; mkdir -pv a", "mysql db; mkdir -pv a"},
	{"curl -s -u me:hunter2 host", "curl -s -u me:*** host"},
	{"sshpass -p hunter2 ssh host", "sshpass -p *** ssh host"},
	{"aws AKIAABCDEFGHIJKLMNOP x", "aws *** x"},
	{"AWS_SECRET_ACCESS_KEY=a/b+c aws s3 ls", "AWS_SECRET_ACCESS_KEY=*** aws s3 ls"},
	{"x ghp_0123456789abcdefABCDEF", "x ***"},
	{"PWD=/root ls", "PWD=/root ls"},
	{"ls -la | wc -l", "ls -la | wc -l"},
	{"", ""},
};

static void hides_secrets_of_commands(void **state)
{
	(void)state;
	struct redact *redact = make(NULL, 0);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		check_text(redact, commands[i].given, commands[i].shown);
	redact_destroy(redact);
}

/* '|' stands for NUL. */
static const struct pair arguments[] = {
	{"backup|--password=two words|x|", "backup|--password=***|x|"},
	{"backup|--password|two words|x|", "backup|--password|***|x|"},
	{"mysql|-uroot|-phunter2|db|", "mysql|-uroot|-p***|db|"},
	{"/usr/bin/curl|-u|me:hunter2|host|", "/usr/bin/curl|-u|me:***|host|"},
	{"mkdir|-p|dir|", "mkdir|-p|dir|"},
	{"env|TOKEN=a b|sh|", "env|TOKEN=***|sh|"},
	{"ls|-la|", "ls|-la|"},
	{"x|--token|cut of", "x|--token|***"},
};

static void hides_secrets_of_arguments(void **state)
{
	(void)state;
	struct redact *redact = make(NULL, 0);
	for (size_t i = 0; i < sizeof(arguments) / sizeof(*arguments); i++) {
		char given[128], shown[128];
		size_t size = strlen(arguments[i].given);
		strcpy(given, arguments[i].given);
		for (size_t at = 0; at < size; at++)
			given[at] = given[at] == '|' ? '\0' : given[at];
		struct redacted got = redact_argv(redact, given, size);
		assert_true(got.size < sizeof(shown));
		for (size_t at = 0; at < got.size; at++)
			shown[at] = got.bytes[at] ? got.bytes[at] : '|';
		shown[got.size] = '\0';
		assert_string_equal(shown, arguments[i].shown);
	}
	redact_destroy(redact);
}

static void takes_patterns_of_the_user(void **state)
{
	(void)state;
	const char *const patterns[] = {"card=([0-9]+)", "agent [0-9]{3}"};
	struct redact *redact = make(patterns, 2);
	check_text(redact, "pay card=4111 now", "pay card=*** now");
	check_text(redact, "call agent 007 and agent 008", "call *** and ***");
	check_text(redact, "pay --password=x", "pay --password=***");
	struct redacted got = redact_argv(redact, "call\0agent\000007\0", 15);
	/* A space of the pattern is also what is between two arguments, which stay two. */
	assert_int_equal(got.size, 13);
	assert_memory_equal(got.bytes, "call\0***\0***\0", 13);
	redact_destroy(redact);
}

static void refuses_bad_patterns(void **state)
{
	(void)state;
	const char *const patterns[] = {"a("};
	struct redact *redact = NULL;
	struct err *e = redact_create(patterns, 1, &redact);
	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_USAGE);
	assert_non_null(strstr(err_what(e), "a("));
	assert_null(redact);
	err_free(e);
}

/* Bytes that are no text, matches of nothing, long lines; and no redaction at all. */
static void survives_odd_input(void **state)
{
	(void)state;
	const char *const patterns[] = {"x*"};
	struct redact *redact = make(patterns, 1);
	static char lots[8000];
	memset(lots, 'a', sizeof(lots));
	assert_int_equal(redact_text(redact, lots, sizeof(lots)).size, sizeof(lots));
	assert_int_equal(redact_text(redact, "\xff\0\xfe", 3).size, 3);
	memset(lots, 'x', sizeof(lots));
	assert_int_equal(redact_text(redact, lots, sizeof(lots)).size, 3);
	redact_destroy(redact);
	struct redacted same = redact_text(NULL, "--password=x", 12);
	assert_int_equal(same.size, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hides_secrets_of_commands),
		cmocka_unit_test(hides_secrets_of_arguments),
		cmocka_unit_test(takes_patterns_of_the_user),
		cmocka_unit_test(refuses_bad_patterns),
		cmocka_unit_test(survives_odd_input),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
