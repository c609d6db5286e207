/* SPDX-License-Identifier: Apache-2.0 */
#include "target/selection.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/cleanup.h"

bool selection_is_empty(const struct selection *selection)
{
	return !selection->n_names && !selection->n_users && !selection->n_cgroups;
}

void selection_describe(struct selection *selection, const char *kind, const char *word)
{
	size_t used = strlen(selection->words);
	snprintf(selection->words + used, sizeof(selection->words) - used, "%s%s %s",
		 used ? ", " : "", kind, word);
}

static struct err *too_many(const char *option, size_t most)
{
	return err_new(ERR_USAGE, 0, "%s: at most %zu can be given", option, most);
}

/* --- names ------------------------------------------------------------------------------------ */

/* The bytes that one place takes. */
struct place {
	bool takes[256];
};

/* `[...]` at `at`; NULL: it is not closed, and the bracket means itself, as for fnmatch(3). */
static const char *read_class(const char *at, struct place *ret)
{
	const char *start = ++at;
	bool negated = *at == '!' || *at == '^';
	bool listed[256] = {false};
	if (negated)
		start = ++at;
	while (*at && (*at != ']' || at == start)) {
		at += *at == '\\' && at[1];
		unsigned char first = (unsigned char)*at++, last = first;
		if (at[0] == '-' && at[1] && at[1] != ']') {
			at += at[1] == '\\' && at[2] ? 2 : 1;
			last = (unsigned char)*at++;
		}
		for (unsigned int c = first; c <= last; c++)
			listed[c] = true;
	}
	if (*at != ']')
		return NULL;
	for (size_t c = 1; c < sizeof(listed); c++)
		ret->takes[c] = listed[c] != negated;
	return at + 1;
}

static const char *read_place(const char *at, struct place *ret)
{
	*ret = (struct place){0};
	if (*at == '?') {
		memset(ret->takes + 1, true, sizeof(ret->takes) - 1);
		return at + 1;
	}
	const char *end = *at == '[' ? read_class(at, ret) : NULL;
	if (end)
		return end;
	at += *at == '\\' && at[1];
	ret->takes[(unsigned char)*at] = true;
	return at + 1;
}

static struct err *too_long(const char *glob)
{
	struct err *e = err_why(err_new(ERR_USAGE, 0, "--comm: '%s' can never match", glob),
				"the name of a process has %d bytes at most: longer ones are cut",
				SELECT_PATTERN_BYTES);
	if (strpbrk(glob, "*?[\\"))
		return e;
	return err_hint(e, "--comm '%.*s'", SELECT_PATTERN_BYTES, glob);
}

struct err *selection_add_comm(struct selection *selection, const char *glob)
{
	struct comm_patterns *names = &selection->names;
	size_t first = selection->n_names * SELECT_PATTERN_BITS, places = 0;
	if (selection->n_names == SELECT_PATTERNS_MAX)
		return too_many("--comm", SELECT_PATTERNS_MAX);
	if (!*glob)
		return err_hint(err_new(ERR_USAGE, 0, "--comm: the name is empty"),
				"a name or pattern: --comm 'nginx*'");
	for (const char *at = glob; *at;) {
		uint64_t bit = 1ULL << (first + places);
		struct place place;
		if (*at == '*') {
			names->stays |= bit;
			at++;
			continue;
		}
		if (places == SELECT_PATTERN_BYTES)
			return too_long(glob);
		at = read_place(at, &place);
		for (size_t c = 0; c < sizeof(place.takes); c++)
			names->takes[c] |= place.takes[c] ? bit : 0;
		places++;
	}
	names->begin |= 1ULL << first;
	names->end |= 1ULL << (first + places);
	selection->n_names++;
	selection_describe(selection, "named", glob);
	return NULL;
}

bool comm_patterns_match(const struct comm_patterns *patterns, const char *comm)
{
	uint64_t places = patterns->begin;
	for (size_t i = 0; comm[i] && i < SELECT_PATTERN_BYTES; i++) {
		unsigned char c = (unsigned char)comm[i];
		places = (places & patterns->takes[c]) << 1 | (places & patterns->stays);
	}
	return (places & patterns->end) != 0;
}

/* --- users ------------------------------------------------------------------------------------ */

static struct err *find_user(const char *word, uint32_t *ret)
{
	char *end;
	errno = 0;
	unsigned long long number = strtoull(word, &end, 10);
	/* -1 is "no user" in system calls. */
	if (word[0] >= '0' && word[0] <= '9' && !*end) {
		if (errno || number >= UINT32_MAX)
			return err_why(err_new(ERR_USAGE, 0, "--user: '%s' will not do", word),
				       "numbers of users go from 0 to %u", UINT32_MAX - 1);
		*ret = (uint32_t)number;
		return NULL;
	}
	errno = 0;
	const struct passwd *user = getpwnam(word);
	if (!user)
		return err_hint(err_new(ERR_USAGE, 0, "--user: there is no user '%s'", word),
				"'getent passwd' lists them; one of a container is given by its "
				"number on the host: -u 100999");
	*ret = user->pw_uid;
	return NULL;
}

struct err *selection_add_users(struct selection *selection, const char *text)
{
	_cleanup_free_ char *words = strdup(text);
	char *rest = words;
	if (!words)
		return &err_nomem;
	if (!*text)
		return err_hint(err_new(ERR_USAGE, 0, "--user: no user given"),
				"names or numbers: -u www-data, -u 1000,1001");
	for (char *word; (word = strsep(&rest, ","));) {
		uint32_t uid = 0;
		if (selection->n_users == SELECT_MAX)
			return too_many("--user", SELECT_MAX);
		struct err *e = find_user(word, &uid);
		if (e)
			return e;
		selection->users[selection->n_users++] = uid;
	}
	selection_describe(selection, "of user", text);
	return NULL;
}

/* --- control groups --------------------------------------------------------------------------- */

static bool is_cgroup2(const char *path)
{
	struct statfs fs;
	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* The lines of /proc/self/mountinfo, see proc(5): ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [...] -
 * TYPE SOURCE OPTIONS. */
struct err *cgroup_find_mount(struct cgroup_mount *ret)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	bool has_v1 = false;
	while (file && getline(&line, &size, file) > 0) {
		const char *type = strstr(line, " - ");
		has_v1 |= type && strncmp(type, " - cgroup ", 10) == 0;
		if (type && strncmp(type, " - cgroup2 ", 11) == 0 &&
		    sscanf(line, "%*s %*s %*s %255s %255s", ret->root, ret->path) == 2 &&
		    is_cgroup2(ret->path))
			return NULL;
	}
	struct err *e = err_new(ERR_UNSUPPORTED, 0, "control groups cannot be told apart here");
	e = err_why(
		e, "%s",
		has_v1 ? "only version 1 is mounted, which has no group that a process is in as "
			 "a whole"
		       : "no control groups are mounted (version 2, type cgroup2)");
	return err_hint(e, "%s",
			has_v1 ? "-p PID,... names processes; -f follows their children"
			       : "mount -t cgroup2 none /sys/fs/cgroup");
}

static uint64_t path_hash(const struct cgroup_mount *mount, const char *path)
{
	uint64_t hash = SELECT_HASH_BEGIN;
	for (const char *c = strcmp(mount->root, "/") == 0 ? "" : mount->root; *c; c++)
		hash = select_hash_step(hash, *c);
	for (const char *c = path; *c; c++)
		hash = select_hash_step(hash, *c);
	return hash;
}

struct err *selection_keep_cgroup(struct selection *selection, const struct cgroup_mount *mount,
				  const char *path)
{
	char whole[PATH_MAX];
	struct stat st;
	snprintf(whole, sizeof(whole), "%s%s", mount->path, path);
	if (stat(whole, &st) != 0)
		return err_new(ERR_FAILED, errno, "opening '%s'", whole);
	if (selection->n_cgroups == SELECT_MAX)
		return too_many("--cgroup and --container", SELECT_MAX);
	selection->cgroups[selection->n_cgroups++] =
		(struct selected_cgroup){.id = st.st_ino, .path_hash = path_hash(mount, path)};
	return NULL;
}

/* What follows the mount point, when the path lies there. */
static const char *below_mount(const struct cgroup_mount *mount, const char *path)
{
	size_t length = strlen(mount->path);
	if (strncmp(path, mount->path, length) != 0 || (path[length] && path[length] != '/'))
		return NULL;
	return path + length;
}

static struct err *no_cgroup(const struct cgroup_mount *mount, const char *path)
{
	struct statfs fs;
	struct err *e = err_new(ERR_USAGE, 0, "--cgroup: there is no control group '%s'", path);
	if (statfs(path, &fs) == 0 && fs.f_type == CGROUP_SUPER_MAGIC)
		return err_why(e,
			       "it is one of version 1, which has no group that a process is in "
			       "as a whole; version 2 is mounted at %s",
			       mount->path);
	e = err_why(e, "it is neither a directory below %s nor the path of one", mount->path);
	return err_hint(e, "of a running process: cat /proc/PID/cgroup (the line 0::); all: "
			   "systemd-cgls");
}

struct err *selection_add_cgroup(struct selection *selection, const char *path)
{
	struct cgroup_mount mount;
	struct stat st;
	struct err *e = cgroup_find_mount(&mount);
	if (e)
		return e;
	char whole[PATH_MAX], real[PATH_MAX];
	bool named = below_mount(&mount, path) != NULL;
	int length = snprintf(whole, sizeof(whole), "%s%s%s", named ? "" : mount.path,
			      *path == '/' ? "" : "/", path);
	if (!*path || (size_t)length >= sizeof(whole) || !realpath(whole, real) ||
	    stat(real, &st) != 0 || !S_ISDIR(st.st_mode) || !is_cgroup2(real) ||
	    !below_mount(&mount, real))
		return no_cgroup(&mount, path);
	e = selection_keep_cgroup(selection, &mount, below_mount(&mount, real));
	if (!e)
		selection_describe(selection, "in control group", path);
	return e;
}
