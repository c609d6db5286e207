/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns against fnmatch(3), users against passwd(5), containers' names against those in use. */
#include <fnmatch.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "target/selection.h"
#include "tests/unit/unit.h"

static bool matches(const char *glob, const char *comm)
{
	struct selection selection = {0};
	assert_ok(selection_add_comm(&selection, glob));
	assert_int_equal(selection.n_names, 1);
	return comm_patterns_match(&selection.names, comm);
}

static void agree(const char *glob, const char *comm)
{
	bool wanted = fnmatch(glob, comm, 0) == 0;
	if (matches(glob, comm) != wanted)
		fail_msg("'%s' and '%s': fnmatch() says %d", glob, comm, wanted);
}

static void known_patterns(void **state)
{
	static const char *const globs[] = {"*",	 "a",
					    "a*",	 "*a",
					    "a*b",	 "?",
					    "a?c",	 "**a**b*",
					    "[abc]",	 "[!abc]",
					    "[a-c]",	 "[]a]",
					    "[!]a]",	 "[a-]",
					    "a\\*b",	 "[",
					    "[a",	 "a[b-d]*",
					    "\\[a",	 "*[0-9]",
					    "[^a]",	 "aaaaaaaaaaaaaaa",
					    "*a*a*a*b*", "???????????????"};
	static const char *const comms[] = {"",
					    "a",
					    "b",
					    "ab",
					    "abc",
					    "axb",
					    "a*b",
					    "]",
					    "-",
					    "[",
					    "[a",
					    "acx",
					    "nginx7",
					    "aaaaaaaaaaaaaaa",
					    "aaaaaaaaaaaaaab",
					    "\xc3\xa4",
					    "a b",
					    "a/b",
					    ".a"};
	(void)state;
	for (size_t i = 0; i < array_size(globs); i++)
		for (size_t j = 0; j < array_size(comms); j++)
			agree(globs[i], comms[j]);
}

/* Of few letters, so that many match. */
static void random_text(char *buffer, const char *letters, size_t longest)
{
	size_t length = (size_t)random() % (longest + 1);
	for (size_t i = 0; i < length; i++)
		buffer[i] = letters[(size_t)random() % strlen(letters)];
	buffer[length] = '\0';
}

static void random_patterns(void **state)
{
	size_t matched = 0;
	(void)state;
	srandom(1);
	for (int i = 0; i < 100000; i++) {
		char glob[16], comm[16];
		random_text(glob, "ab*?*", 12);
		random_text(comm, "abc", 15);
		if (!*glob)
			continue;
		agree(glob, comm);
		matched += matches(glob, comm);
	}
	assert_true(matched > 1000);
}

static void several_at_once(void **state)
{
	struct selection selection = {0};
	(void)state;
	assert_ok(selection_add_comm(&selection, "aaaaaaaaaaaaaa*"));
	assert_ok(selection_add_comm(&selection, "b"));
	assert_ok(selection_add_comm(&selection, "*c"));
	assert_ok(selection_add_comm(&selection, "d?d"));
	static const char *const yes[] = {
		"aaaaaaaaaaaaaa", "aaaaaaaaaaaaaax", "b", "c", "xc", "dxd"};
	static const char *const no[] = {"", "a", "aaaaaaaaaaaaab", "bb", "cx", "dd", "dxdb", "ba"};
	for (size_t i = 0; i < array_size(yes); i++)
		assert_true(comm_patterns_match(&selection.names, yes[i]));
	for (size_t i = 0; i < array_size(no); i++)
		assert_false(comm_patterns_match(&selection.names, no[i]));
	assert_err(selection_add_comm(&selection, "e"), ERR_USAGE, "at most 4");
}

static void patterns_that_never_match(void **state)
{
	struct selection selection = {0};
	(void)state;
	assert_err(selection_add_comm(&selection, ""), ERR_USAGE, "is empty");
	assert_err(selection_add_comm(&selection, "sixteen-letters!"), ERR_USAGE,
		   "hint:  --comm 'sixteen-letters'");
	assert_err(selection_add_comm(&selection, "????????????????*"), ERR_USAGE, "15 bytes");
}

static void users(void **state)
{
	struct selection selection = {0};
	const struct passwd *nobody = getpwnam("nobody");
	(void)state;
	assert_non_null(nobody);
	assert_ok(selection_add_users(&selection, "nobody,0,4294967294"));
	assert_int_equal(selection.n_users, 3);
	assert_int_equal(selection.users[0], nobody->pw_uid);
	assert_int_equal(selection.users[1], 0);
	assert_int_equal(selection.users[2], 4294967294U);
	static const char *const bad[] = {
		"", "no-such-user", "4294967295", "99999999999999999999", "-1", "1,", ",", "1 2"};
	for (size_t i = 0; i < array_size(bad); i++)
		assert_err(selection_add_users(&selection, bad[i]), ERR_USAGE, "--user");
	assert_err(selection_add_users(&selection, "1,2,3,4,5,6,7,8,9"), ERR_USAGE, "at most 8");
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void names_of_containers(void **state)
{
	static const struct {
		const char *name, *parent, *id;
	} cases[] = {
		{"docker-" ID ".scope", "system.slice", ID},
		{ID, "docker", ID},
		{"libpod-" ID ".scope", "machine.slice", ID},
		{"libpod-" ID, "libpod_parent", ID},
		{"libpod-conmon-" ID ".scope", "machine.slice", NULL},
		{"cri-containerd-" ID ".scope", "kubepods-burstable-pod1.slice", ID},
		{"crio-" ID ".scope", "kubepods.slice", ID},
		{"crio-conmon-" ID ".scope", "kubepods.slice", NULL},
		{ID, "pod1", ID},
		{"machine-deb\\x2dten.scope", "machine.slice", "deb-ten"},
		{"systemd-nspawn@deb\\x2dten.service", "machine.slice", "deb-ten"},
		{"lxc.payload.web", "", "web"},
		{"web", "lxc", "web"},
		{"web", "lxc.payload", "web"},
		{"web", "", NULL},
		{"nginx.service", "system.slice", NULL},
		{"session-1.scope", "user-0.slice", NULL},
		{"docker-" ID "0.scope", "system.slice", NULL},
		{"x" ID, "docker", NULL},
		{"machine-.scope", "machine.slice", NULL},
		{"", "", NULL},
	};
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		char buffer[256];
		const char *id =
			container_of_name(cases[i].name, cases[i].parent, buffer, sizeof(buffer));
		if (!cases[i].id)
			assert_null(id);
		else
			assert_string_equal(id, cases[i].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_patterns),  cmocka_unit_test(random_patterns),
		cmocka_unit_test(several_at_once), cmocka_unit_test(patterns_that_never_match),
		cmocka_unit_test(users),	   cmocka_unit_test(names_of_containers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
