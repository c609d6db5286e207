/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target/container.c — a container by its id: each of the programs that run containers puts one
 * into a control group whose name holds the id. The forms:
 *
 *	docker-ID.scope, libpod-ID.scope, cri-containerd-ID.scope, crio-ID.scope	systemd
 *	docker/ID, libpod_parent/libpod-ID, kubepods/.../ID, containerd's NAMESPACE/ID	cgroupfs
 *	machine-NAME.scope, systemd-nspawn@NAME.service	systemd-nspawn
 *	lxc.payload.NAME, lxc/NAME, lxc.payload/NAME	lxc, lxd, incus
 */
#include "target/selection.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"

/* Of an id: 64 for docker, podman, containerd, cri-o. */
#define ID_DIGITS 64
/* Groups below each other, and found in all: a tree that is made to keep us busy is left. */
#define DEPTH_MAX  16
#define GROUPS_MAX 65536

struct found {
	char *path; /* below the mount */
	char name[NAME_MAX + 1];
};

struct search {
	const struct cgroup_mount *mount;
	const char *wanted;
	char path[PATH_MAX];
	ARRAY_OF(struct found) found;
	size_t groups, containers; /* looked at; of them such as look like containers' */
};

static bool is_id(const char *text, size_t length)
{
	if (length != ID_DIGITS)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isxdigit((unsigned char)text[i]) || isupper((unsigned char)text[i]))
			return false;
	return true;
}

/* "\x2d" stands for "-" in the names of systemd's units. */
static void unescape(const char *text, size_t length, char *buffer, size_t size)
{
	size_t used = 0;
	for (size_t i = 0; i < length && used + 1 < size; used++) {
		char digits[3] = {0};
		bool escaped = length - i >= 4 && text[i] == '\\' && text[i + 1] == 'x' &&
			       isxdigit((unsigned char)text[i + 2]) &&
			       isxdigit((unsigned char)text[i + 3]);
		if (escaped)
			memcpy(digits, text + i + 2, 2);
		buffer[used] = escaped ? (char)strtol(digits, NULL, 16) : text[i];
		i += escaped ? 4 : 1;
	}
	buffer[used] = '\0';
}

/* What lies between a beginning and an end, if they are there. */
static bool between(const char *name, const char *begin, const char *end, char *buffer, size_t size)
{
	size_t length = strlen(name), first = strlen(begin), last = strlen(end);
	if (length <= first + last || strncmp(name, begin, first) != 0 ||
	    strcmp(name + length - last, end) != 0)
		return false;
	unescape(name + first, length - first - last, buffer, size);
	return true;
}

const char *container_of_name(const char *name, const char *parent, char *buffer, size_t size)
{
	static const char *const forms[][2] = {
		{"machine-", ".scope"}, {"systemd-nspawn@", ".service"}, {"lxc.payload.", ""}};
	size_t length = strlen(name);
	for (size_t i = 0; i < array_size(forms); i++)
		if (between(name, forms[i][0], forms[i][1], buffer, size))
			return buffer;
	if (strcmp(parent, "lxc") == 0 || strcmp(parent, "lxc.payload") == 0) {
		unescape(name, length, buffer, size);
		return buffer;
	}
	if (length > 6 && strcmp(name + length - 6, ".scope") == 0)
		length -= 6;
	const char *id = length > ID_DIGITS ? name + length - ID_DIGITS : name;
	/* libpod-conmon-ID is the helper beside the container. */
	if ((id != name && id[-1] != '-') || strstr(name, "conmon") ||
	    !is_id(id, length - (size_t)(id - name)))
		return NULL;
	unescape(id, ID_DIGITS, buffer, size);
	return buffer;
}

static struct err *keep_found(struct search *search, const char *name)
{
	struct found *found = array_push(&search->found);
	if (!found)
		return &err_nomem;
	snprintf(found->name, sizeof(found->name), "%s", name);
	found->path = strdup(search->path);
	return found->path ? NULL : &err_nomem;
}

static struct err *look_below(struct search *search, int fd, const char *name, size_t depth);

static struct err *look_at(struct search *search, int parent_fd, const char *parent,
			   const char *name, size_t depth)
{
	char id[NAME_MAX + 1];
	size_t length = strlen(search->path);
	struct err *e = NULL;
	if (length + strlen(name) + 2 > sizeof(search->path) || ++search->groups > GROUPS_MAX)
		return NULL;
	snprintf(search->path + length, sizeof(search->path) - length, "/%s", name);
	bool is_container = container_of_name(name, parent, id, sizeof(id)) != NULL;
	search->containers += is_container;
	/* What is below the container belongs to it. */
	if (is_container && strncmp(id, search->wanted, strlen(search->wanted)) == 0) {
		e = keep_found(search, id);
	} else {
		int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			e = look_below(search, fd, name, depth + 1);
	}
	search->path[length] = '\0';
	return e;
}

/* Takes the descriptor. */
static struct err *look_below(struct search *search, int fd, const char *name, size_t depth)
{
	DIR *dir = fdopendir(fd);
	struct err *e = NULL;
	if (!dir) {
		close(fd);
		return NULL;
	}
	for (struct dirent *entry; !e && depth < DEPTH_MAX && (entry = readdir(dir));)
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			e = look_at(search, dirfd(dir), name, entry->d_name, depth);
	closedir(dir);
	return e;
}

/* A name that is typed whole wins over those that only begin so. */
static const char *choose(const struct search *search)
{
	const char *name = NULL;
	for (size_t i = 0; i < search->found.count; i++) {
		const char *other = search->found.items[i].name;
		if (strcmp(other, search->wanted) == 0)
			return other;
		if (name && strcmp(name, other) != 0)
			return NULL;
		name = other;
	}
	return name;
}

static struct err *ambiguous(const struct search *search)
{
	return err_hint(
		err_why(err_new(ERR_USAGE, 0, "--container: '%s' is not unique", search->wanted),
			"among others '%.24s' and '%.24s' begin so", search->found.items[0].name,
			search->found.items[search->found.count - 1].name),
		"give more of the id");
}

/* Is it there, but in hierarchies of version 1 alone? By the group of a running process. */
static bool is_in_version_1(const char *wanted)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	bool found = false;
	DIR *proc = opendir("/proc");
	for (struct dirent *entry; !found && proc && (entry = readdir(proc));) {
		char path[64 + NAME_MAX];
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cgroup", entry->d_name);
		_cleanup_fclose_ FILE *file = fopen(path, "re");
		while (!found && file && getline(&line, &size, file) > 0) {
			char *last = strrchr(line, '/');
			char id[NAME_MAX + 1];
			line[strcspn(line, "\n")] = '\0';
			found = last && strncmp(line, "0::", 3) != 0 &&
				container_of_name(last + 1, "", id, sizeof(id)) &&
				strncmp(id, wanted, strlen(wanted)) == 0;
		}
	}
	if (proc)
		closedir(proc);
	return found;
}

static struct err *not_found(const struct search *search)
{
	struct err *e = err_new(ERR_USAGE, 0, "--container: none has the id '%s'", search->wanted);
	if (is_in_version_1(search->wanted))
		return err_hint(err_why(e, "it is there in control groups of version 1 only, which "
					   "have no group that a process is in as a whole"),
				"-p PID,... names its processes; -f follows their children");
	e = err_why(e,
		    "looked at: the names of %zu control groups below %s, %zu of them of "
		    "containers (docker, podman, containerd, cri-o, systemd-nspawn, lxc)",
		    search->groups, search->mount->path, search->containers);
	return err_hint(e, "ids: docker ps -q, podman ps -q, crictl ps -q, machinectl, lxc-ls; of "
			   "a name: docker inspect -f '{{.Id}}' NAME");
}

static struct err *find(struct search *search)
{
	int fd = open(search->mount->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_new(ERR_FAILED, errno, "opening '%s'", search->mount->path);
	struct err *e = look_below(search, fd, "", 0);
	if (e)
		return e;
	return search->found.count ? NULL : not_found(search);
}

struct err *selection_add_container(struct selection *selection, const char *id)
{
	struct cgroup_mount mount;
	if (!*id)
		return err_hint(err_new(ERR_USAGE, 0, "--container: no id given"),
				"a running container's: docker ps -q");
	struct err *e = cgroup_find_mount(&mount);
	if (e)
		return e;
	struct search *search = calloc(1, sizeof(*search));
	if (!search)
		return &err_nomem;
	search->mount = &mount;
	search->wanted = id;
	e = find(search);
	const char *name = e ? NULL : choose(search);
	if (!e && !name)
		e = ambiguous(search);
	for (size_t i = 0; !e && i < search->found.count; i++)
		if (strcmp(search->found.items[i].name, name) == 0)
			e = selection_keep_cgroup(selection, &mount, search->found.items[i].path);
	if (!e)
		selection_describe(selection, "in container", id);
	for (size_t i = 0; i < search->found.count; i++)
		free(search->found.items[i].path);
	free(search->found.items);
	free(search);
	return e;
}
